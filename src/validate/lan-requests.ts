/**
 * What the host posts at a network port: who waits for what, and what the card has from then on. Each packet
 * is a transaction of its own, whose context is in the list; so is each bucket.
 */
import { frameInitiatorContext, frameTransactionContext } from '../i2o/frame.ts';
import {
  GROUP_LAN_BATCH_CONTROL,
  GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS,
  GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_COUNT,
  GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT,
  GROUP_LAN_OPERATION,
  GROUP_LAN_OPERATION_USER_FLAGS,
} from '../i2o/groups.gen.ts';
import {
  getLanPacketSendReplyMode,
  getLanResetResourceFlags,
  LAN_BATCH_FLAG_DISABLED,
  LAN_BATCH_FLAG_FORCED,
  LAN_PACKET_SEND,
  LAN_RECEIVE_POST,
  LAN_REPLY_MODE_ON_ERROR,
  LAN_RESET,
  LAN_RESOURCE_BUCKETS,
  LAN_RESOURCE_TRANSMITS,
  LAN_SDU_SEND,
  LAN_SUSPEND,
  LAN_USER_FLAG_REPORT_TRANSMIT_ERRORS,
} from '../i2o/lan.gen.ts';
import { ELEMENT_KIND_IMMEDIATE } from '../i2o/list/element-types.ts';
import { SGL_END_OF_BUFFER, sglBytesOf, sglShapeOf } from '../i2o/list/sgl.ts';
import { PARAMS_OPERATION_FIELD_SET, UTIL_PARAMS_SET_SGL_WORD } from '../i2o/utility.gen.ts';
import { LanBatching } from './lan-ports.ts';
import type { LanTrial } from './lan-trial.ts';
import { type MessageRow, SEVERAL_NEVER } from './message-rows.ts';
import { BATCHED, MALFORMED, MODE_SHIFT, PORT_SHIFT } from './transactions.ts';
import type { Trial } from './trial.ts';

/** Flags of a packet above those of transactions.ts and the mode: the card must not send it. */
export const BAD_PACKET = 1 << 7;
/** Packets are numbered from 1, and begin again below this. */
const NUMBERS = 0x7fffffff;
const ETHERNET_HEADER_BYTES = 14;
/** Bytes of an operation list's head, and of an operation before its field indices. */
const LIST_HEAD_BYTES = 4;
const OPERATION_HEAD_BYTES = 6;

/** Contexts of one port are not those of another. */
export function portKey(initiatorContext: number, port: number): number {
  return (initiatorContext + Math.imul(port, 0x9e3779b1)) | 0;
}

export class LanRequests {
  private readonly trial: Trial;
  private readonly lan: LanTrial;
  private packets = 0;

  constructor(trial: Trial, lan: LanTrial) {
    this.trial = trial;
    this.lan = lan;
  }

  /** Whether its answers come in lists. */
  hasOwnAnswers(row: MessageRow): boolean {
    return row.several !== SEVERAL_NEVER || row.functionCode === LAN_RECEIVE_POST;
  }

  /** @returns whether the port takes the request. */
  inState(row: MessageRow, _words: Int32Array, _at: number, port: number): boolean {
    return this.lan.ports.request(row, port);
  }

  /** Whether it gives back what others have named. */
  endsOthers({ functionCode }: MessageRow): boolean {
    return functionCode === LAN_RESET || functionCode === LAN_SUSPEND;
  }

  /** Notes who waits for what answer of LanPacketSend, LanSduSend or LanReceivePost. // Hot path. */
  ask(row: MessageRow, words: Int32Array, at: number, port: number, flags: number): void {
    const { transactions } = this.trial;
    const initiator = portKey(frameInitiatorContext(words, at), port);
    const word3 = frameTransactionContext(words, at);
    const sends = row.functionCode !== LAN_RECEIVE_POST;
    const mode = sends ? getLanPacketSendReplyMode(words, at) : 0;
    // A refusal, as a whole, has word 3 of its request; what must be refused waits for one.
    if (flags !== 0) transactions.ask(row.index, initiator, word3, port, flags);
    else transactions.mention(row.index, initiator, word3, port, mode << MODE_SHIFT);
    if (!sends || flags === MALFORMED) return;
    const { lists, ports } = this.lan;
    const { packetBytesMax } = ports.all[port];
    for (let i = 0; i < lists.named; i++) {
      const bytes = lists.bytesOf[i];
      const bad = !lists.chained && (bytes < ETHERNET_HEADER_BYTES || bytes > packetBytesMax);
      const own = flags | BATCHED | (mode << MODE_SHIFT) | (bad ? BAD_PACKET : 0) | (port << PORT_SHIFT);
      const number = this.number();
      if (flags === 0 && !bad) this.lan.wire.post(number, bytes, mode < LAN_REPLY_MODE_ON_ERROR);
      if (flags !== 0 || mode >= LAN_REPLY_MODE_ON_ERROR)
        transactions.mention(row.index, initiator, lists.context[i], number, own);
      else {
        transactions.ask(row.index, initiator, lists.context[i], number, own);
        this.lend(i, number);
      }
    }
  }

  /** What a request does besides waiting for an answer. // Hot path. */
  effects(row: MessageRow, words: Int32Array, at: number, port: number, good: boolean): void {
    const { ports, buckets, lists } = this.lan;
    const own = ports.all[port];
    switch (row.functionCode) {
      case LAN_PACKET_SEND:
      case LAN_SDU_SEND:
        own.sendInitiator = frameInitiatorContext(words, at);
        own.hasSent = true;
        if (lists.chained) this.lan.hidden = true;
        if (lists.chained) this.lan.wire.unsure = true;
        if (row.functionCode === LAN_SDU_SEND) this.lan.wire.wrapped += 1;
        if (good) this.trial.sums.sent += lists.bytes;
        else this.trial.sums.unsure = true;
        break;
      case LAN_RECEIVE_POST:
        own.receiveInitiator = frameInitiatorContext(words, at);
        own.hasPosted = true;
        if (lists.chained) buckets.unsure = true;
        if (!good) break;
        for (let i = 0; i < lists.pieces; i++) {
          const { context, owns, address, length } = lists;
          buckets.post(port, context[owns[i]], address[i], length[i]);
        }
        break;
      case LAN_RESET:
      case LAN_SUSPEND:
        if (good) this.ends(getLanResetResourceFlags(words, at), port);
        break;
    }
  }

  /** UtilParamsSet to a port: what it sets of what is judged, where the frame itself has the list. */
  settings(words: Int32Array, at: number, sizeWords: number, port: number): void {
    const own = this.lan.ports.all[port];
    const asked = new LanBatching();
    Object.assign(asked, own.asked ?? own.batching);
    const first = words[at + UTIL_PARAMS_SET_SGL_WORD];
    const immediate = (sglShapeOf(first) & ~SGL_END_OF_BUFFER) === ELEMENT_KIND_IMMEDIATE;
    const list = at + UTIL_PARAMS_SET_SGL_WORD + 1;
    const bytes = sglBytesOf(first);
    if (!immediate || list + (bytes >> 2) > at + sizeWords) asked.unknown = true;
    else if (!readOperation(words, list, bytes, asked)) asked.unknown = true;
    // What cannot be both is refused in a result list, which no trace has.
    if (asked.disabled && asked.forced) asked.unknown = true;
    own.asked = asked;
  }

  /** A request was refused, or not delivered: nothing of it has become the card's. */
  refused(frame: number): void {
    const { transactions } = this.trial;
    transactions.forget((entry) => {
      const row = this.trial.rows[transactions.row[entry]];
      if (!row.ofPort || transactions.frame[entry] !== frame) return false;
      if ((transactions.flags[entry] & BATCHED) === 0) return false;
      this.lan.loans.end(transactions.socket[entry]);
      return true;
    });
    this.lan.buckets.refused(frame);
    this.trial.sums.unsure = true;
  }

  private ends(resources: number, port: number): void {
    const own = this.lan.ports.all[port];
    own.endsPackets = (resources & LAN_RESOURCE_TRANSMITS) !== 0;
    own.endsBuckets = (resources & LAN_RESOURCE_BUCKETS) !== 0;
  }

  private lend(named: number, number: number): void {
    const { lists, loans } = this.lan;
    for (let piece = 0; piece < lists.pieces; piece++) {
      if (lists.owns[piece] === named) loans.lend(number, lists.address[piece], lists.length[piece]);
    }
  }

  private number(): number {
    this.packets = this.packets === NUMBERS ? 1 : this.packets + 1;
    return this.packets;
  }
}

/**
 * Reads an operation list of one operation that sets single fields.
 * @returns false for any other, of which it is not known what it does.
 */
function readOperation(words: Int32Array, list: number, bytes: number, to: LanBatching): boolean {
  const half = (byte: number): number => (words[list + (byte >> 2)] >>> ((byte & 2) * 8)) & 0xffff;
  if (bytes < LIST_HEAD_BYTES + OPERATION_HEAD_BYTES || half(0) !== 1) return false;
  const group = half(LIST_HEAD_BYTES + 2);
  const isBatching = group === GROUP_LAN_BATCH_CONTROL.number;
  if (!isBatching && group !== GROUP_LAN_OPERATION.number) return true;
  const fields = half(LIST_HEAD_BYTES + 4);
  if (half(LIST_HEAD_BYTES) !== PARAMS_OPERATION_FIELD_SET || fields !== 1) return false;
  const field = half(LIST_HEAD_BYTES + OPERATION_HEAD_BYTES);
  const value = half(LIST_HEAD_BYTES + OPERATION_HEAD_BYTES + 2);
  if (!isBatching) {
    if (field === GROUP_LAN_OPERATION_USER_FLAGS)
      to.reportErrors = (value & LAN_USER_FLAG_REPORT_TRANSMIT_ERRORS) !== 0;
  } else if (field === GROUP_LAN_BATCH_CONTROL_BATCH_FLAGS) {
    to.disabled = (value & LAN_BATCH_FLAG_DISABLED) !== 0;
    to.forced = (value & LAN_BATCH_FLAG_FORCED) !== 0;
  } else if (field === GROUP_LAN_BATCH_CONTROL_MAX_RX_BATCH_COUNT) to.receiveCount = value;
  else if (field === GROUP_LAN_BATCH_CONTROL_MAX_TX_BATCH_COUNT) to.transmitCount = value;
  return true;
}
