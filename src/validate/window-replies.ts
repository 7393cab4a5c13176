/**
 * What a port of the window class answers: contexts of fills, packets and placements, records of packets that
 * have come, and what follows from its other answers.
 */
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import { frameRequestStatus } from '../i2o/frame.ts';
import * as spec from '../i2o/window.gen.ts';
import { hex } from './findings.ts';
import { portKey } from './lan-requests.ts';
import type { MessageRow } from './message-rows.ts';
import type { RequestJudge } from './requests.ts';
import type { StatusJudge } from './statuses.ts';
import { BATCHED, DETAIL_STATE, ILLEGAL_HERE, MALFORMED, PORT_SHIFT, UNSEEN } from './transactions.ts';
import type { Trial } from './trial.ts';
import type { WindowShape } from './window-mirror.ts';
import type { WindowPortState } from './window-ports.ts';
import { BAD_PACKET, reasonBit, type WindowRequests } from './window-requests.ts';
import type { WindowTrial } from './window-trial.ts';

const TRL_WORD = 3;
/** How many transactions the control word says that there are. */
const COUNT_MASK = 0xff;
/** Of the control word: MULTIPLE, and the words of an element beside its first. */
const CONTEXTS_CONTROL = 0x80000000;
const RECORDS_CONTROL = 0x80000100;
const ETHERNET_HEADER_BYTES = 14;
const KNOWN_FLAGS = spec.WINDOW_FRAME_FLAG_CHECKSUMS_GOOD | spec.WINDOW_FRAME_FLAG_HEADERS_ONLY;

export class WindowReplies {
  readonly acceptedRule = 'W-02';
  private readonly trial: Trial;
  private readonly window: WindowTrial;
  private readonly requests: RequestJudge;
  private readonly posted: WindowRequests;
  private readonly statuses: StatusJudge;

  constructor(
    trial: Trial,
    window: WindowTrial,
    requests: RequestJudge,
    posted: WindowRequests,
    statuses: StatusJudge,
  ) {
    this.trial = trial;
    this.window = window;
    this.requests = requests;
    this.posted = posted;
    this.statuses = statuses;
  }

  /** A reply with a list: MULTIPLE is set. // Hot path. */
  list(row: MessageRow, words: Int32Array, at: number, sizeWords: number, port: number): void {
    const status = frameRequestStatus(words, at);
    const success = status === REQUEST_STATUS_SUCCESS;
    const { functionCode } = row;
    const own = this.window.ports.all[port];
    this.statuses.judge(row, words[at + 4], status, words[at + TRL_WORD] & COUNT_MASK);
    this.trial.coverage.reply(row, success);
    const context = words[at + 2];
    const records = functionCode === spec.WINDOW_HEADERS;
    if (own.posted[functionCode] === 0)
      this.fault('T-01', row, `a list of port ${port}, and nothing was posted`);
    else if (context !== own.initiator[functionCode])
      this.fault('T-05', row, `a list with InitiatorContext ${hex(context)}`);
    const word3 = words[at + TRL_WORD];
    const count = word3 & 0xff;
    const control = records ? RECORDS_CONTROL : CONTEXTS_CONTROL;
    const listWord = records ? spec.WINDOW_HEADERS_REPLY_LIST_WORD : spec.WINDOW_FILL_REPLY_LIST_WORD;
    const entryWords = records ? spec.WINDOW_FRAME_WORDS : 1;
    if ((word3 & ~0xff) >>> 0 !== control || count === 0)
      this.fault('F-06', row, `control word ${hex(word3, 8)}`);
    else if (sizeWords < listWord + count * entryWords)
      this.fault('F-03', row, `${count} in a list of ${sizeWords} words`);
    else if (sizeWords > listWord + count * entryWords)
      this.fault('F-11', row, `a list of ${count} in ${sizeWords} words`);
    else if (records) this.records(row, words, at, count, port, success);
    else this.contexts(row, words, at, count, port, success);
    if (success || this.requests.deviceEnding) return;
    this.cause(row, status, own);
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
    if (!row.ofPort) return;
    const { transactions } = this.trial;
    const own = this.window.ports.all[port];
    if (success && illegal) this.fault('W-02', row, `it succeeded at port ${port}`);
    if (!success) {
      this.reason(row, words[at + 4], port);
      own.takenFrame = Math.max(own.takenFrame, transactions.takenFrame);
      const silent = (transactions.takenFlags & (ILLEGAL_HERE | MALFORMED)) !== 0;
      if (!silent) this.posted.refused(row, port, transactions.takenFrame);
    }
    if (success && row.functionCode === spec.WINDOW_OPEN) this.opened(row, words, at, own);
    const ends = row.functionCode === spec.WINDOW_RESET || row.functionCode === spec.WINDOW_SUSPEND;
    if (ends) this.ended(row, port, own, success);
    this.window.ports.reply(row, port, success, illegal);
  }

  /** A request was not delivered. */
  failed(row: MessageRow, port: number): void {
    if (!row.ofPort) return;
    this.posted.refused(row, port, this.trial.transactions.takenFrame);
    this.window.ports.reply(row, port, false, true);
  }

  /** Rule W-05. The request's own facts are what `transactions` took last. */
  private reason(row: MessageRow, word4: number, port: number): void {
    const { taken, takenFlags } = this.trial.transactions;
    const reasons = taken[DETAIL_STATE];
    if (word4 >>> 24 !== REQUEST_STATUS_ERROR_NO_DATA || (takenFlags & (MALFORMED | UNSEEN)) !== 0) return;
    const code = word4 & 0xffff;
    if (reasons === -1 || (reasons & reasonBit(code)) !== 0 || row.errno[code] !== 1) return;
    const name = spec.WINDOW_DETAILED_STATUS_NAMES[code] ?? hex(code);
    this.fault('W-05', row, `port ${port} refused it as ${name}, which it was not`);
  }

  /** Rule W-13. */
  private opened(row: MessageRow, words: Int32Array, at: number, own: WindowPortState): void {
    const { mirror } = this.window;
    own.isOpen = true;
    const shape: WindowShape = {
      transmitAddress: spec.getWindowOpenReplyTransmitAddress(words, at),
      transmitBytesMax: spec.getWindowOpenReplyTransmitBytesMax(words, at),
      slotsAddress: spec.getWindowOpenReplySlotsAddress(words, at),
      slotCount: spec.getWindowOpenReplySlotCount(words, at),
      slotBytes: spec.getWindowOpenReplySlotBytes(words, at),
      framesMax: spec.getWindowOpenReplyFramesMax(words, at),
    };
    const wrong = this.shapeFault(shape, own.askedBytes);
    if (
      wrong === '' &&
      (mirror.shape !== undefined || mirror.open(shape, this.packetsMax, this.trial.findings))
    ) {
      if (mirror.transmitBytes === 0) mirror.transmitBytes = own.askedBytes;
      return;
    }
    this.fault('W-13', row, wrong || 'a window of no size');
    mirror.unsure = true;
  }

  private shapeFault(shape: WindowShape, askedBytes: number): string {
    const { shape: before } = this.window.mirror;
    const { transmitAddress, transmitBytesMax, slotsAddress, slotCount, slotBytes, framesMax } = shape;
    const keys = Object.keys(shape) as (keyof WindowShape)[];
    const other = before && keys.find((key) => shape[key] !== before[key]);
    if (other !== undefined) return `${other} ${shape[other]}, and ${before![other]} before`;
    if (askedBytes > transmitBytesMax)
      return `${askedBytes} bytes were asked for, transmitBytesMax is ${transmitBytesMax}`;
    if (framesMax <= 0 || framesMax >= slotCount) return `framesMax ${framesMax} of ${slotCount} slots`;
    const slotsEnd = slotsAddress + slotCount * slotBytes;
    const apart = slotsEnd <= transmitAddress || slotsAddress >= transmitAddress + transmitBytesMax;
    return apart ? '' : 'slots that lie in the transmit part';
  }

  /** Packets that a host can have sent at once, by what its memory has room for. */
  private get packetsMax(): number {
    const { packets, transmit } = this.trial.head.memory;
    return packets?.count ?? transmit.count;
  }

  /** Rule W-04: a reset or a suspension is answered. */
  private ended(row: MessageRow, port: number, own: WindowPortState, success: boolean): void {
    const { transactions, rows } = this.trial;
    if (success && own.endsPackets) {
      let left = 0;
      const before = transactions.takenFrame;
      transactions.forget((entry) => {
        const isPacket = rows[transactions.row[entry]].functionCode === spec.WINDOW_SEND;
        const ofPort = transactions.flags[entry] >>> PORT_SHIFT === port;
        if (isPacket && ofPort && transactions.frame[entry] < before) left += 1;
        return false;
      });
      if (left > 0) this.fault('W-04', row, `${left} packets of port ${port} are not back`);
    }
    own.isEnding = false;
    own.endsPackets = false;
    own.endsFrames = false;
  }

  private contexts(
    row: MessageRow,
    words: Int32Array,
    at: number,
    count: number,
    port: number,
    success: boolean,
  ): void {
    let before = 0;
    for (let i = 0; i < count; i++) {
      const context = words[at + spec.WINDOW_FILL_REPLY_LIST_WORD + i];
      const number = this.context(row, words[at + 2], context, port, success);
      if (number > 0 && number < before)
        this.fault('W-15', row, `context ${i} is of a transaction posted before that before it`);
      if (number > 0) before = number;
    }
  }

  /** One context has come back. @returns the transaction's number; 0 where it is none that was posted. */
  private context(
    row: MessageRow,
    initiator: number,
    context: number,
    port: number,
    success: boolean,
  ): number {
    const { transactions } = this.trial;
    const { mirror, sums, ports } = this.window;
    const key = portKey(initiator, port);
    const found =
      transactions.take(row.index, key, context, true) || transactions.takeQuiet(row.index, key, context);
    if (!found || (transactions.takenFlags & BATCHED) === 0) {
      if (mirror.unsure) return 0;
      const before = transactions.wasAnswered(row.index, key, context);
      this.fault(before ? 'T-02' : 'T-01', row, `context ${hex(context)} of port ${port}`);
      return 0;
    }
    const { takenFlags: flags, takenSocket: number, takenFrame } = transactions;
    const own = ports.all[port];
    own.takenFrame = Math.max(own.takenFrame, takenFrame);
    this.posted.end(row.functionCode, number);
    if (row.functionCode === spec.WINDOW_SEND) sums.sendsBack += 1;
    else if (row.functionCode === spec.WINDOW_FILL) sums.fillsBack += 1;
    const what = `context ${hex(context)} of port ${port}`;
    if ((flags & (MALFORMED | ILLEGAL_HERE)) !== 0)
      this.fault('W-02', row, `${what}, whose request was to be refused`);
    else if (success && (flags & BAD_PACKET) !== 0) this.fault('W-16', row, `${what}, told of as sent`);
    return number;
  }

  private records(
    row: MessageRow,
    words: Int32Array,
    at: number,
    count: number,
    port: number,
    success: boolean,
  ): void {
    const { mirror, ports } = this.window;
    const own = ports.all[port];
    if (!success) {
      this.fault('F-04', row, `records with word 4 ${hex(words[at + 4], 8)}`);
      return;
    }
    if (!own.hasHeaders && !(own.isEnding && own.endsFrames) && own.isKnown)
      this.fault('W-03', row, `records of port ${port}, which has no memory for headers`);
    else if (!own.isOpen && !own.isEnding && own.isKnown)
      this.fault('W-03', row, `records of port ${port}, whose window is closed`);
    for (let i = 0; i < count; i++)
      this.record(row, words, at + spec.WINDOW_HEADERS_REPLY_LIST_WORD + i * spec.WINDOW_FRAME_WORDS, port);
    const left = spec.getWindowHeadersReplyFramesLeft(words, at) >>> 0;
    if (!mirror.isKnown) return;
    const { framesMax } = mirror.shape!;
    if (mirror.framesHeld > framesMax)
      this.fault('W-12', row, `the host holds ${mirror.framesHeld} packets of at most ${framesMax}`);
    else if (left > framesMax - mirror.framesHeld)
      this.fault('W-12', row, `framesLeft ${left}, and ${mirror.framesHeld} of ${framesMax} are held`);
  }

  /** Rule W-11. */
  private record(row: MessageRow, words: Int32Array, at: number, port: number): void {
    const { mirror, ports, sums } = this.window;
    const own = ports.all[port];
    const address = spec.getWindowFrameFrameAddress(words, at);
    const length = spec.getWindowFrameFrameLength(words, at);
    const header = spec.getWindowFrameHeaderLength(words, at);
    const flags = spec.getWindowFrameFrameFlags(words, at);
    sums.told += length;
    const slot = mirror.slotAt(address);
    const { shape } = mirror;
    const end = shape === undefined ? 0 : shape.slotsAddress + (slot + 1) * shape.slotBytes;
    const headersOnly = (flags & spec.WINDOW_FRAME_FLAG_HEADERS_ONLY) !== 0;
    const checked = (flags & spec.WINDOW_FRAME_FLAG_CHECKSUMS_GOOD) !== 0;
    const brought = headersOnly
      ? checked && header >= ETHERNET_HEADER_BYTES && length - header > own.wholeBytesMax
      : header === 0;
    const wrong =
      (flags & ~KNOWN_FLAGS) !== 0 ||
      !brought ||
      length < ETHERNET_HEADER_BYTES ||
      length > own.packetBytesMax ||
      (shape !== undefined && (slot < 0 || address + length > end));
    const where = `${length} bytes at ${hex(address)}, headers of ${header}, flags ${hex(flags)}`;
    if (wrong) this.fault('W-11', row, where);
    else if (mirror.isKnown && mirror.holds(slot))
      this.fault('W-11', row, `${where}, in a slot that the host holds`);
    // What a reset gives back was told of before the card came to it.
    else if (mirror.isKnown && !(own.isEnding && own.endsFrames)) mirror.hold(slot, address, length, port);
  }

  /** Rule T-09: what has ended packets gives them back, at this port. */
  private cause(row: MessageRow, status: number, own: WindowPortState): void {
    if (!this.statuses.isProcessAbort(status) || own.endsPackets) return;
    this.fault('T-09', row, `ReqStatus ${hex(status, 2)}, and no reset or suspension gives them back`);
  }

  private fault(rule: string, row: MessageRow, seen: string): false {
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
    return false;
  }
}
