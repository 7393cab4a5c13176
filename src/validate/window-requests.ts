/**
 * What the host posts at a port of the window class: whether the card has to take it, who waits for what, and
 * what the window holds from then on. Each fill, packet and placement is a transaction of its own, whose
 * context is in the list.
 */
import { frameInitiatorContext, frameTransactionContext } from '../i2o/frame.ts';
import * as spec from '../i2o/window.gen.ts';
import { hex } from './findings.ts';
import { portKey } from './lan-requests.ts';
import type { MessageRow } from './message-rows.ts';
import { BATCHED, DETAIL_STATE, MALFORMED, PORT_SHIFT, UNSEEN } from './transactions.ts';
import type { Trial } from './trial.ts';
import { CANNOT_TELL } from './window-ports.ts';
import type { WindowTrial } from './window-trial.ts';

/** A flag of a packet above those of transactions.ts: the card must not send it. */
export const BAD_PACKET = 1 << 7;
const ETHERNET_HEADER_BYTES = 14;
/** Longest headers that the class has. */
const HEADER_BYTES_MAX = 128;
/** Pieces from which on a card may say that they are too many: the class names no number. */
const PIECES_MANY = 15;
/** With them a card of one port has given up all that its window held. */
const ALL_RESOURCES =
  spec.WINDOW_RESOURCE_TRANSMITS | spec.WINDOW_RESOURCE_FRAMES | spec.WINDOW_RESOURCE_FILLS;
/** More than the largest frame has room for. */
const PIECES_MAX = 1024;
/** Every code is so, for all that can be told. */
const ANY_REASON = -1;
/** Transactions are numbered from 1, and begin again below this. */
const NUMBERS = 0x7fffffff;
/** Functions with a list of transactions. */
const BATCHES: readonly number[] = [spec.WINDOW_FILL, spec.WINDOW_SEND, spec.WINDOW_PLACE];

/** Codes of the window's own begin here; those below are the LAN class's too. */
const OWN_CODES = 0x20;
const OWN_BITS = 20;

/** A code of the class as a bit of what may be said of a request. */
export function reasonBit(code: number): number {
  return 1 << (code < OWN_CODES ? code : OWN_BITS + code - OWN_CODES);
}

export class WindowRequests {
  private readonly trial: Trial;
  private readonly window: WindowTrial;
  private numbers = 0;
  /** Of the request at hand: codes of the class that it may be refused by, as bits; and whether it must be. */
  private reasons = 0;
  private mustRefuse = false;
  /** Whether the card takes it cannot be told. */
  private open = false;
  /** The last frame whose list the tables hold, and host memory that it names, in bytes. */
  private listFrame = 0;
  private hostBytes = 0;
  /** Of its pieces those that were filled or released: which, of what slot, and whether filled. */
  private readonly markedPiece = new Int32Array(PIECES_MAX);
  private readonly markedSlot = new Int32Array(PIECES_MAX);
  private readonly markedFill = new Uint8Array(PIECES_MAX);
  private marked = 0;

  constructor(trial: Trial, window: WindowTrial) {
    this.trial = trial;
    this.window = window;
  }

  /** Whether its answers are found by `ask`. */
  hasOwnAnswers({ functionCode }: MessageRow): boolean {
    return functionCode >= spec.WINDOW_HEADERS && functionCode <= spec.WINDOW_RELEASE;
  }

  /** Whether it gives back what others have named. */
  endsOthers({ functionCode }: MessageRow): boolean {
    return functionCode === spec.WINDOW_RESET || functionCode === spec.WINDOW_SUSPEND;
  }

  /** @returns whether the port takes the request, as far as can be told. // Hot path. */
  inState(row: MessageRow, words: Int32Array, at: number, port: number): boolean {
    const { ports, mirror, lists } = this.window;
    const fate = ports.request(row, port);
    this.open = fate === CANNOT_TELL;
    this.reasons = fate > 0 ? reasonBit(fate) : 0;
    this.mustRefuse = fate > 0;
    if (row.functionCode === spec.WINDOW_OPEN) this.judgeOpen(words, at);
    else if (this.hasOwnAnswers(row)) {
      if (lists.chained) this.open = true;
      else this.judgeList(row, port);
      if (!mirror.isKnown && !this.mustRefuse) this.open = true;
    }
    // What cannot be told may be refused by whatever code.
    this.trial.transactions.asking[DETAIL_STATE] = this.open ? ANY_REASON : this.reasons;
    return this.open || !this.mustRefuse;
  }

  /** Notes who waits for what. // Hot path. */
  ask(row: MessageRow, words: Int32Array, at: number, port: number, flags: number): void {
    const { transactions, findings } = this.trial;
    const { lists, ports } = this.window;
    const own = ports.all[port];
    const context = frameInitiatorContext(words, at);
    const initiator = portKey(context, port);
    const word3 = frameTransactionContext(words, at);
    own.posted[row.functionCode] = 1;
    own.initiator[row.functionCode] = context;
    this.listFrame = findings.frame;
    if (flags === MALFORMED) transactions.asking[DETAIL_STATE] = ANY_REASON;
    const waits = flags !== 0 || this.open;
    if (flags !== 0) transactions.ask(row.index, initiator, word3, port, flags);
    else transactions.mention(row.index, initiator, word3, port, this.open ? UNSEEN : 0);
    if (flags === MALFORMED || !BATCHES.includes(row.functionCode)) return;
    const sends = row.functionCode === spec.WINDOW_SEND;
    for (let i = 0; i < lists.named; i++) {
      const bad = sends && !lists.chained && this.isBad(i, words, at, own.packetBytesMax);
      const flagged = flags | BATCHED | (bad ? BAD_PACKET : 0) | (port << PORT_SHIFT);
      const number = this.number();
      if (waits) transactions.mention(row.index, initiator, lists.context[i], number, flagged);
      else {
        transactions.ask(row.index, initiator, lists.context[i], number, flagged);
        this.lend(row.functionCode, i, number);
      }
    }
  }

  /** What a request does besides waiting for an answer. // Hot path. */
  effects(row: MessageRow, words: Int32Array, at: number, port: number, good: boolean): void {
    const { ports, mirror, sums, lists } = this.window;
    const own = ports.all[port];
    if (this.hasOwnAnswers(row)) {
      if (!good || this.open) sums.unsure = true;
      if (good && this.open) mirror.unsure = true;
    }
    this.open = false;
    if (!good) return;
    switch (row.functionCode) {
      case spec.WINDOW_OPEN:
        own.askedBytes = spec.getWindowOpenTransmitBytes(words, at);
        break;
      case spec.WINDOW_HEADERS:
        own.hasHeaders = true;
        own.wholeBytesMax = spec.getWindowHeadersWholeBytesMax(words, at);
        break;
      case spec.WINDOW_RESET:
      case spec.WINDOW_SUSPEND:
        this.ends(row.functionCode, spec.getWindowResetResourceFlags(words, at), port);
        break;
      case spec.WINDOW_FILL:
        sums.filled += this.hostBytes;
        break;
      case spec.WINDOW_SEND:
        sums.sent += lists.bytes;
        break;
      case spec.WINDOW_PLACE:
        sums.placed += this.hostBytes;
        break;
      case spec.WINDOW_RELEASE:
        sums.released += lists.bytes;
        break;
    }
  }

  /**
   * A request was refused that was taken to be good, or not delivered: nothing of it has happened.
   * @param frame that posted it.
   */
  refused(row: MessageRow, port: number, frame: number): void {
    const { window, trial } = this;
    const { transactions } = trial;
    window.sums.unsure = true;
    if (row.functionCode === spec.WINDOW_HEADERS) window.ports.all[port].hasHeaders = false;
    if (!this.hasOwnAnswers(row)) return;
    transactions.forget((entry) => {
      const mine = transactions.row[entry] === row.index && transactions.frame[entry] === frame;
      if (!mine || (transactions.flags[entry] & BATCHED) === 0) return false;
      this.end(row.functionCode, transactions.socket[entry]);
      return true;
    });
    if (row.functionCode !== spec.WINDOW_FILL && row.functionCode !== spec.WINDOW_RELEASE) return;
    // What came behind it was judged as if it had been taken.
    if (this.listFrame !== frame) window.mirror.unsure = true;
    else this.unmark();
  }

  /** A transaction has come back: its memory is the host's again. */
  end(functionCode: number, number: number): void {
    const { loans, places, mirror } = this.window;
    if (functionCode === spec.WINDOW_PLACE) places.end(number);
    else loans.end(number);
    if (functionCode === spec.WINDOW_SEND) mirror.sending?.end(number);
  }

  /** What of a WindowOpen can be told. */
  private judgeOpen(words: Int32Array, at: number): void {
    const { mirror } = this.window;
    const bytes = spec.getWindowOpenTransmitBytes(words, at);
    const { shape } = mirror;
    if (shape === undefined || mirror.unsure) {
      if (!this.mustRefuse) this.open = true;
      return;
    }
    const split = mirror.transmitBytes > 0 ? bytes !== mirror.transmitBytes : bytes < mirror.filledEnd;
    if (bytes <= shape.transmitBytesMax && !split) return;
    this.mustRefuse = true;
    this.reasons |= reasonBit(spec.WINDOW_DETAILED_STATUS_WRONG_SPLIT);
  }

  /** Rules W-06 to W-10, and W-14: what the list names. */
  private judgeList(row: MessageRow, port: number): void {
    const { lists, mirror } = this.window;
    this.marked = 0;
    if (row.functionCode === spec.WINDOW_HEADERS) {
      this.judgeHeaders(row, port);
      return;
    }
    if (lists.mixed)
      this.flaw(row, 'W-06', spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION, 'a piece of the wrong memory');
    if (BATCHES.includes(row.functionCode)) this.judgeTransactions(row);
    // A refusal by the port's state is certain, and of what else is wrong nothing comes.
    if (!mirror.isKnown || lists.mixed || this.reasons === ANY_REASON) return;
    for (let piece = 0; piece < lists.pieces; piece++) this.judgePiece(row, piece);
    if (this.mustRefuse || this.open) this.unmark();
  }

  private judgeHeaders(row: MessageRow, port: number): void {
    const { lists, mirror, ports } = this.window;
    const { shape } = mirror;
    const bytes = shape === undefined ? lists.headersBytes : shape.slotCount * shape.slotBytes;
    const fits = lists.oneStretch && lists.headersBytes === bytes;
    if (fits && !ports.all[port].hasHeaders) return;
    const seen = fits
      ? `port ${port} has some already`
      : `${lists.headersBytes} bytes, not ${bytes} in one stretch`;
    this.flaw(row, 'W-14', spec.WINDOW_DETAILED_STATUS_WRONG_HEADERS, seen);
  }

  /** Rule W-06. */
  private judgeTransactions(row: MessageRow): void {
    const { lists } = this.window;
    const sends = row.functionCode === spec.WINDOW_SEND;
    this.reasons |= reasonBit(spec.WINDOW_DETAILED_STATUS_OUT_OF_MEMORY);
    this.hostBytes = 0;
    let piece = 0;
    for (let i = 0; i < lists.named; i++) {
      const first = piece;
      let bytes = 0;
      for (; piece < lists.pieces && lists.owns[piece] === i; piece++) bytes += lists.length[piece];
      const host = lists.hostBytes[i];
      this.hostBytes += host;
      if (piece - first >= PIECES_MANY)
        this.reasons |= reasonBit(spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION);
      const good = sends ? host <= HEADER_BYTES_MAX : bytes === host;
      if (good) continue;
      const seen = sends ? `headers of ${host} bytes` : `${host} bytes of the host's, ${bytes} of the window`;
      this.flaw(row, 'W-06', spec.WINDOW_DETAILED_STATUS_BAD_TRANSACTION, seen);
    }
  }

  /** Rules W-07 to W-10. What is filled, or released, is marked so. */
  private judgePiece(row: MessageRow, piece: number): void {
    const { mirror, lists } = this.window;
    const { functionCode } = row;
    const address = lists.address[piece];
    const length = lists.length[piece];
    const seen = `${length} bytes at ${hex(address)}`;
    const inSlots = mirror.slotAt(address) >= 0;
    const fills = functionCode === spec.WINDOW_FILL;
    const releases = functionCode === spec.WINDOW_RELEASE;
    const inPart = mirror.isInTransmitPart(address, length);
    if (fills ? !inPart : functionCode === spec.WINDOW_PLACE ? !inSlots : !inPart && !inSlots)
      this.flaw(row, 'W-07', spec.WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW, seen);
    else if (inSlots && !mirror.isHeld(address, length, releases))
      this.flaw(row, 'W-09', spec.WINDOW_DETAILED_STATUS_NOT_HELD, seen);
    else if (!inSlots && fills && !mirror.isEmpty(address, length))
      this.flaw(row, 'W-08', spec.WINDOW_DETAILED_STATUS_ALREADY_FILLED, `${seen}, which hold something`);
    else if (!inSlots && !fills && !mirror.isFilled(address, length))
      this.flaw(row, 'W-08', spec.WINDOW_DETAILED_STATUS_NOT_FILLED, `${seen}, which hold nothing`);
    else if (fills || releases) {
      if (releases && (mirror.sending?.lentAt(address, length) ?? -1) >= 0)
        this.trial.findings.report('W-10', row.index, `${row.name}: ${seen}, of a packet that is out`);
      this.mark(piece, address, length);
    }
  }

  /** A piece is filled, or released. */
  private mark(piece: number, address: number, length: number): void {
    const { mirror } = this.window;
    this.markedSlot[piece] = mirror.slotAt(address);
    this.markedFill[piece] = 0;
    if (this.markedSlot[piece] >= 0) mirror.release(this.markedSlot[piece]);
    else if (mirror.isEmpty(address, length)) {
      mirror.fill(address, length);
      this.markedFill[piece] = 1;
    } else mirror.empty(address, length);
    this.markedPiece[this.marked++] = piece;
  }

  /** What was marked of the request at hand is as it was before. */
  private unmark(): void {
    const { mirror, lists } = this.window;
    while (this.marked > 0) {
      const piece = this.markedPiece[--this.marked];
      const address = lists.address[piece];
      const length = lists.length[piece];
      if (this.markedSlot[piece] >= 0) mirror.restore(this.markedSlot[piece], length);
      else if (this.markedFill[piece] === 1) mirror.empty(address, length);
      else mirror.fill(address, length);
    }
  }

  /** A reset or a suspension begins. @param resources WINDOW_RESOURCE_ bits. */
  private ends(functionCode: number, resources: number, port: number): void {
    const { ports, mirror } = this.window;
    const own = ports.all[port];
    own.isEnding = true;
    own.endsPackets = (resources & spec.WINDOW_RESOURCE_TRANSMITS) !== 0;
    own.endsFrames = (resources & spec.WINDOW_RESOURCE_FRAMES) !== 0;
    if (own.endsFrames) {
      own.hasHeaders = false;
      mirror.forgetFrames(port);
    }
    if ((resources & spec.WINDOW_RESOURCE_FILLS) !== 0) mirror.forgetFills();
    if (functionCode !== spec.WINDOW_RESET) return;
    own.isOpen = false;
    if (ports.all.every(({ isOpen }) => !isOpen)) mirror.transmitBytes = 0;
    if (resources === ALL_RESOURCES && ports.all.length === 1) mirror.unsure = false;
  }

  /** Rule W-16: whether a packet is too short, or too long. */
  private isBad(packet: number, words: Int32Array, at: number, longest: number): boolean {
    const { lists } = this.window;
    let bytes = lists.hostBytes[packet];
    for (let piece = 0; piece < lists.pieces; piece++)
      if (lists.owns[piece] === packet) bytes += lists.length[piece];
    const whole = spec.getWindowSendSegmentBytes(words, at) === 0;
    return bytes < ETHERNET_HEADER_BYTES || (whole && bytes > longest);
  }

  private lend(functionCode: number, named: number, number: number): void {
    const { lists, loans, places, mirror } = this.window;
    const to = functionCode === spec.WINDOW_PLACE ? places : loans;
    to.lend(number, lists.hostAddress[named], lists.hostBytes[named]);
    if (functionCode !== spec.WINDOW_SEND) return;
    for (let piece = 0; piece < lists.pieces; piece++) {
      if (lists.owns[piece] === named)
        mirror.sending?.lend(number, lists.address[piece], lists.length[piece]);
    }
  }

  private flaw(row: MessageRow, rule: string, code: number, seen: string): void {
    this.mustRefuse = true;
    this.reasons |= reasonBit(code);
    this.trial.findings.report(rule, row.index, `${row.name}: ${seen}`);
  }

  private number(): number {
    this.numbers = this.numbers === NUMBERS ? 1 : this.numbers + 1;
    return this.numbers;
  }
}
