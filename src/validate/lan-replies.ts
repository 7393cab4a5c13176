/**
 * What a network port answers in lists: contexts of packets, and buckets with packets in them or without;
 * and what follows from its other answers.
 */
import {
  REQUEST_STATUS_ABORT_DIRTY,
  REQUEST_STATUS_ABORT_NO_DATA,
  REQUEST_STATUS_ABORT_PARTIAL,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_PROCESS_ABORT_DIRTY,
  REQUEST_STATUS_PROCESS_ABORT_NO_DATA,
  REQUEST_STATUS_PROCESS_ABORT_PARTIAL,
  REQUEST_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import { frameRequestStatus } from '../i2o/frame.ts';
import {
  getLanBucketBucketContext,
  getLanBucketPacketFlags,
  getLanBucketPacketLength,
  getLanBucketPacketOffset,
  getLanBucketPacketStatus,
  getLanPacketSendReplyCount,
  getLanReceivePostReplyBucketsRemaining,
  LAN_BUCKET_WORDS,
  LAN_DETAILED_STATUS_CANCELED,
  LAN_DETAILED_STATUS_SUSPENDED,
  LAN_LIST_PACKETS,
  LAN_LIST_RETURNED,
  LAN_PACKET_FLAG_ERROR,
  LAN_PACKET_FLAG_LAST_BUCKET,
  LAN_PACKET_FLAG_LAST_PACKET,
  LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD,
  LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD,
  LAN_PACKET_SEND,
  LAN_PACKET_SEND_REPLY_LIST_MAX,
  LAN_PACKET_SEND_REPLY_LIST_WORD,
  LAN_PACKET_STATUS_GOOD,
  LAN_PACKET_STATUS_TOO_LONG,
  LAN_RECEIVE_POST,
  LAN_RECEIVE_POST_REPLY_LIST_MAX,
  LAN_RECEIVE_POST_REPLY_LIST_WORD,
  LAN_REPLY_MODE_NEVER,
  LAN_REPLY_MODE_ON_ERROR,
  LAN_RESET,
  LAN_SDU_SEND,
  LAN_SUSPEND,
} from '../i2o/lan.gen.ts';
import { UTIL_PARAMS_SET } from '../i2o/utility.gen.ts';
import { hex } from './findings.ts';
import type { LanBatching, LanPortState } from './lan-ports.ts';
import { BAD_PACKET, type LanRequests, portKey } from './lan-requests.ts';
import type { LanTrial } from './lan-trial.ts';
import { flags as enumerated, type MessageRow } from './message-rows.ts';
import type { RequestJudge } from './requests.ts';
import type { StatusJudge } from './statuses.ts';
import { BATCHED, ILLEGAL_HERE, MALFORMED, MODE_MASK, MODE_SHIFT, PORT_SHIFT } from './transactions.ts';
import type { Trial } from './trial.ts';

const TRL_WORD = 3;
/** How many transactions the control word says that there are. */
const COUNT_MASK = 0xff;
const ETHERNET_HEADER_BYTES = 14;
const KNOWN_FLAGS =
  LAN_PACKET_FLAG_ERROR |
  LAN_PACKET_FLAG_NETWORK_CHECKSUM_GOOD |
  LAN_PACKET_FLAG_TRANSPORT_CHECKSUM_GOOD |
  LAN_PACKET_FLAG_LAST_PACKET |
  LAN_PACKET_FLAG_LAST_BUCKET;

export class LanReplies {
  readonly acceptedRule = 'L-02';
  private readonly trial: Trial;
  private readonly lan: LanTrial;
  private readonly requests: RequestJudge;
  private readonly posted: LanRequests;
  private readonly statuses: StatusJudge;
  private readonly packetStatuses = enumerated('LanPacketStatus');

  constructor(
    trial: Trial,
    lan: LanTrial,
    requests: RequestJudge,
    posted: LanRequests,
    statuses: StatusJudge,
  ) {
    this.trial = trial;
    this.lan = lan;
    this.requests = requests;
    this.posted = posted;
    this.statuses = statuses;
  }

  /** A reply with a list: MULTIPLE is set. // Hot path. */
  list(row: MessageRow, words: Int32Array, at: number, sizeWords: number, port: number): void {
    const status = frameRequestStatus(words, at);
    const success = status === REQUEST_STATUS_SUCCESS;
    this.statuses.judge(row, words[at + 4], status, words[at + TRL_WORD] & COUNT_MASK);
    this.trial.coverage.reply(row, success);
    const own = this.lan.ports.all[port];
    const sends = row.functionCode !== LAN_RECEIVE_POST;
    const sound = sends
      ? this.contexts(row, words, at, sizeWords, port)
      : this.buckets(row, words, at, sizeWords, port, success);
    if (sound) this.cause(row, words[at + 4], own, sends);
    this.lan.ports.reply(row, port, success, false);
  }

  /**
   * An answer to one of a port's messages as a whole has been found. @param illegal it was to be refused.
   */
  answered(
    row: MessageRow,
    words: Int32Array,
    at: number,
    port: number,
    success: boolean,
    illegal: boolean,
  ): void {
    this.concluded(row, words[at + 4], port, success, illegal);
  }

  /** The request was not delivered. */
  failed(row: MessageRow, port: number): void {
    this.concluded(row, 0, port, false, true);
  }

  private concluded(row: MessageRow, word4: number, port: number, success: boolean, illegal: boolean): void {
    const { lan } = this;
    const own = lan.ports.all[port];
    if (row.functionCode === UTIL_PARAMS_SET) {
      if (success && own.asked !== undefined) Object.assign(own.batching, own.asked);
      own.asked = undefined;
      return;
    }
    if (!row.ofPort) return;
    if (success && illegal) this.fault('L-02', row, `it succeeded at port ${port}`);
    const suspended = (word4 & 0xffff) === LAN_DETAILED_STATUS_SUSPENDED;
    if (suspended && !illegal && word4 >>> 24 === REQUEST_STATUS_ERROR_NO_DATA)
      this.fault('L-05', row, `port ${port} was not suspended when it was posted`);
    if (row.functionCode === LAN_RESET || row.functionCode === LAN_SUSPEND) {
      if (success) this.ended(row, port, own);
      lan.ports.reply(row, port, success, illegal);
      return;
    }
    // A list is never answered as a whole but by a refusal.
    if (!success) {
      if (row.functionCode === LAN_SDU_SEND) this.lan.wire.wrapped -= 1;
      own.takenFrame = Math.max(own.takenFrame, this.trial.transactions.takenFrame);
      this.posted.refused(this.trial.transactions.takenFrame);
    }
  }

  /** Rule L-04: a reset or a suspension is answered. */
  private ended(row: MessageRow, port: number, own: LanPortState): void {
    const { transactions, rows } = this.trial;
    if (own.endsBuckets && !this.lan.buckets.unsure && this.lan.buckets.withCard[port] > 0) {
      const context = this.lan.buckets.oldestOf(port);
      const count = this.lan.buckets.withCard[port];
      this.fault('L-04', row, `${count} buckets of port ${port} are not back, of context ${hex(context)}`);
    }
    if (own.endsPackets) {
      let left = 0;
      const before = transactions.takenFrame;
      transactions.forget((entry) => {
        const isPacket = rows[transactions.row[entry]].functionCode === LAN_PACKET_SEND;
        const ofPort = transactions.flags[entry] >>> PORT_SHIFT === port;
        if (isPacket && ofPort && transactions.frame[entry] < before) left += 1;
        return false;
      });
      if (left > 0) this.fault('L-04', row, `${left} packets of port ${port} are not back`);
    }
    own.endsBuckets = false;
    own.endsPackets = false;
  }

  /** Contexts of packets. @returns whether the list was as it must be. */
  private contexts(row: MessageRow, words: Int32Array, at: number, sizeWords: number, port: number): boolean {
    const own = this.lan.ports.all[port];
    const status = frameRequestStatus(words, at);
    const count = getLanPacketSendReplyCount(words, at);
    if (!own.hasSent) return this.fault('T-01', row, `contexts of port ${port}, and nothing was ever sent`);
    if (words[at + 2] !== own.sendInitiator)
      this.fault('T-05', row, `contexts with InitiatorContext ${hex(words[at + 2])}`);
    const word3 = words[at + TRL_WORD];
    if (
      (word3 & ~0xff) >>> 0 !== (LAN_LIST_PACKETS << 24) >>> 0 ||
      !counts(count, LAN_PACKET_SEND_REPLY_LIST_MAX)
    )
      return this.fault('F-06', row, `control word ${hex(word3, 8)}`);
    if (sizeWords < LAN_PACKET_SEND_REPLY_LIST_WORD + count)
      return this.fault('F-03', row, `${count} contexts in ${sizeWords} words`);
    this.behind(row, sizeWords, LAN_PACKET_SEND_REPLY_LIST_WORD + count);
    this.batching(row, count, own, (batching) => batching.transmitCount);
    let before = 0;
    for (let i = 0; i < count; i++) {
      const number = this.packet(
        row,
        words[at + 2],
        words[at + LAN_PACKET_SEND_REPLY_LIST_WORD + i],
        port,
        status,
      );
      if (number > 0 && number < before)
        this.fault('L-07', row, `context ${i} was sent before that before it`);
      if (number > 0) before = number;
    }
    return true;
  }

  /** One packet's context has come back. @returns the packet's number; 0 where it is none that was sent. */
  private packet(row: MessageRow, initiator: number, context: number, port: number, status: number): number {
    const success = status === REQUEST_STATUS_SUCCESS;
    const { transactions } = this.trial;
    const key = portKey(initiator, port);
    const found =
      transactions.take(row.index, key, context, true) || transactions.takeQuiet(row.index, key, context);
    if (!found || (transactions.takenFlags & BATCHED) === 0) {
      if (this.lan.hidden) return 0;
      const before = transactions.wasAnswered(row.index, key, context);
      this.fault(before ? 'T-02' : 'T-01', row, `context ${hex(context)} of port ${port}`);
      return 0;
    }
    const { takenFlags: flags, takenSocket: number, takenFrame } = transactions;
    const own = this.lan.ports.all[port];
    own.takenFrame = Math.max(own.takenFrame, takenFrame);
    this.lan.loans.end(number);
    this.lan.returned += 1;
    const mode = (flags >>> MODE_SHIFT) & MODE_MASK;
    const what = `context ${hex(context)} of port ${port}`;
    if ((flags & (MALFORMED | ILLEGAL_HERE)) !== 0)
      this.fault('L-02', row, `${what}, whose request was to be refused`);
    else if (success && (flags & BAD_PACKET) !== 0) this.fault('L-08', row, `${what}, told of as sent`);
    else if (success && mode >= LAN_REPLY_MODE_ON_ERROR)
      this.fault(
        'T-04',
        row,
        `success of ${what}; its reply mode is ${mode === LAN_REPLY_MODE_NEVER ? 'Never' : 'OnError'}`,
      );
    else if (mode === LAN_REPLY_MODE_NEVER && !mayReport(own))
      this.fault('T-04', row, `${what}; its reply mode is Never`);
    if (success) this.lan.wire.sent(number);
    else if (status === REQUEST_STATUS_ABORT_NO_DATA || status === REQUEST_STATUS_PROCESS_ABORT_NO_DATA)
      this.lan.wire.kept(number);
    return number;
  }

  /** Buckets. @returns whether the list was as it must be. */
  private buckets(
    row: MessageRow,
    words: Int32Array,
    at: number,
    sizeWords: number,
    port: number,
    success: boolean,
  ): boolean {
    const own = this.lan.ports.all[port];
    const word3 = words[at + TRL_WORD];
    const count = word3 & 0xff;
    if (!own.hasPosted) return this.fault('T-01', row, `buckets of port ${port}, and none was ever posted`);
    if (words[at + 2] !== own.receiveInitiator)
      this.fault('T-05', row, `buckets with InitiatorContext ${hex(words[at + 2])}`);
    const kind = success ? LAN_LIST_PACKETS : LAN_LIST_RETURNED;
    const wanted = ((kind << 24) | ((LAN_BUCKET_WORDS - 1) << 8)) >>> 0;
    if ((word3 & ~0xff) >>> 0 !== wanted || !counts(count, LAN_RECEIVE_POST_REPLY_LIST_MAX))
      return this.fault('F-06', row, `control word ${hex(word3, 8)}`);
    if (sizeWords < LAN_RECEIVE_POST_REPLY_LIST_WORD + count * LAN_BUCKET_WORDS)
      return this.fault('F-03', row, `${count} buckets in ${sizeWords} words`);
    this.behind(row, sizeWords, LAN_RECEIVE_POST_REPLY_LIST_WORD + count * LAN_BUCKET_WORDS);
    this.batching(row, count, own, (batching) => batching.receiveCount);
    for (let i = 0; i < count; i++) {
      const bucket = at + LAN_RECEIVE_POST_REPLY_LIST_WORD + i * LAN_BUCKET_WORDS;
      const bytes = this.lan.buckets.giveBack(port, getLanBucketBucketContext(words, bucket));
      if (success) this.filled(row, words, bucket, bytes, i === count - 1, own);
      else if (words[bucket + 1] !== 0 || words[bucket + 2] !== 0)
        this.fault('F-10', row, `a bucket without a packet, with ${hex(words[bucket + 1], 8)}`);
    }
    this.lan.buckets.remaining(port, getLanReceivePostReplyBucketsRemaining(words, at));
    return true;
  }

  /** Rule F-10. @param bytes of the bucket; below 0 where it is none that was posted. */
  private filled(
    row: MessageRow,
    words: Int32Array,
    at: number,
    bytes: number,
    last: boolean,
    own: LanPortState,
  ): void {
    const offset = getLanBucketPacketOffset(words, at);
    const flags = getLanBucketPacketFlags(words, at);
    const length = getLanBucketPacketLength(words, at);
    const status = getLanBucketPacketStatus(words, at);
    this.trial.sums.delivered += length;
    const room = bytes < 0 ? Number.MAX_SAFE_INTEGER : bytes - offset;
    const error = (flags & LAN_PACKET_FLAG_ERROR) !== 0;
    const tooLong = status === LAN_PACKET_STATUS_TOO_LONG;
    const wrong =
      (flags & ~KNOWN_FLAGS) !== 0 ||
      (flags & LAN_PACKET_FLAG_LAST_PACKET) === 0 ||
      ((flags & LAN_PACKET_FLAG_LAST_BUCKET) !== 0) !== last ||
      error !== (status !== LAN_PACKET_STATUS_GOOD) ||
      this.packetStatuses[status] !== 1 ||
      length > room ||
      (tooLong && bytes >= 0 && length !== room) ||
      (!error && (length < ETHERNET_HEADER_BYTES || length > own.packetBytesMax));
    if (!wrong) {
      if (!error) this.lan.wire.filled(length);
      return;
    }
    const where = `${length} bytes at ${offset} of a bucket of ${bytes}`;
    this.fault('F-10', row, `${where}, flags ${hex(flags, 2)}, status ${hex(status, 2)}`);
  }

  /** Rule L-06. @param countOf a batching's most of the kind; 0 for none. */
  private batching(
    row: MessageRow,
    count: number,
    own: LanPortState,
    countOf: (batching: LanBatching) => number,
  ): void {
    const most = Math.max(limit(own.batching, countOf), own.asked ? limit(own.asked, countOf) : 0);
    if (count > most) this.fault('L-06', row, `${count} in one reply, at most ${most} may share one`);
  }

  /** Rule T-09, finer than the status alone: what has ended them ends what it says, at this port. */
  private cause(row: MessageRow, word4: number, own: LanPortState, packets: boolean): void {
    const status = word4 >>> 24;
    const aborted = status >= REQUEST_STATUS_ABORT_DIRTY && status <= REQUEST_STATUS_ABORT_PARTIAL;
    const ended =
      status >= REQUEST_STATUS_PROCESS_ABORT_DIRTY && status <= REQUEST_STATUS_PROCESS_ABORT_PARTIAL;
    if ((aborted || ended) && (word4 & 0xffff) !== LAN_DETAILED_STATUS_CANCELED)
      this.fault('F-05', row, `ReqStatus ${hex(status, 2)} with DetailedStatusCode ${word4 & 0xffff}`);
    if (!ended || this.requests.deviceEnding) return;
    if (!(packets ? own.endsPackets : own.endsBuckets))
      this.fault('T-09', row, `ReqStatus ${hex(status, 2)}, and no reset or suspension gives them back`);
  }

  /** Rule F-11. @param end the word behind the last of the list. */
  private behind(row: MessageRow, sizeWords: number, end: number): void {
    if (sizeWords > end)
      this.fault('F-11', row, `a reply of ${sizeWords} words, of which ${end} mean something`);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}

function counts(count: number, most: number): boolean {
  return count > 0 && count <= most;
}

function limit(batching: LanBatching, countOf: (batching: LanBatching) => number): number {
  if (batching.unknown) return Number.MAX_SAFE_INTEGER;
  if (batching.disabled) return 1;
  return countOf(batching) || Number.MAX_SAFE_INTEGER;
}

function mayReport({ batching, asked }: LanPortState): boolean {
  return batching.reportErrors || batching.unknown || asked !== undefined;
}
