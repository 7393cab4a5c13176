/**
 * The image of a connection: all that one stack must know to go on with what another has begun, as plain
 * bytes. Ours; the state that Microsoft's chimney delegates to its target (NDIS, TCP_OFFLOAD_STATE_CONST,
 * _CACHED and _DELEGATED) is the same in kind. Words of 32 bits, least significant byte first:
 *
 *   0 magic   1 version   2 bytes of the whole   3 fields
 *   4 ranges that the peer holds   5 late segments   6 elements to be sent
 *   7 bytes received in order   8 bytes received late   9 bytes to be sent   10 records of what was sent
 *   the fields (`image-fields.ts`), then pairs: start and end of each range, start and length of each late
 *   segment; then a word for each element: its length, doubled, plus 1 where more follows soon; then three
 *   for each record: its end, the microseconds since it was sent, and its segments times 8 plus its flags
 *   then the bytes: in order, late, to be sent
 *
 * Whoever takes a connection over trusts nothing of it: each word is read once, checked, then used.
 */
import { assert } from '../../../assert/assert.ts';
import { atOrBefore } from '../../seq.ts';
import { RECOVERY_FAST } from '../control-block/recovery-state.ts';
import { SENDING_TIMERS, TIMER_ACK, TIMER_KEEPALIVE, TIMERS_MOVABLE } from '../control-block/timers.ts';
import { HELD, LOST, RESENT } from '../sent-segments.ts';
import { CLOSE_WAIT, CLOSING, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, LAST_ACK } from '../state.ts';
import { fieldPlace, IMAGE_FIELDS, SPAN_MAX } from './image-fields.ts';

export const IMAGE_MAGIC = 0x43504354;
export const IMAGE_VERSION = 5;
const HEADER_WORDS = 11;
const RECORD_WORDS = 3;
const WORD_BYTES = 4;
const WINDOW_FIELD_MAX = 65535;
/** Ranges that one connection's scoreboard may have, and late segments: each took a packet slot. */
export const RANGES_MAX = 128;
const LATE_MAX = 65535;
const RECORD_SEGMENTS_MAX = 65535;
export const RECORD_FLAG_BITS = 3;
const RECORD_FLAGS = HELD | LOST | RESENT;

/** States in which a connection can be handed over: both ends have agreed on it, and its end has not come. */
export function isMovable(state: number): boolean {
  return (
    state === ESTABLISHED ||
    state === FIN_WAIT_1 ||
    state === FIN_WAIT_2 ||
    state === CLOSE_WAIT ||
    state === CLOSING ||
    state === LAST_ACK
  );
}

/** What the words before the payload of an image are to be. */
export interface ImageShape {
  readonly ranges: number;
  readonly late: number;
  readonly elements: number;
  readonly inOrderBytes: number;
  readonly lateBytes: number;
  readonly sendBytes: number;
  readonly records: number;
}

export function imageWords({ ranges, late, elements, records }: ImageShape): number {
  const sections = 2 * ranges + 2 * late + elements + RECORD_WORDS * records;
  return HEADER_WORDS + IMAGE_FIELDS.length + sections;
}

export function imageBytes(shape: ImageShape): number {
  assert(shape.ranges >= 0 && shape.elements >= 0, 'image: nothing is held less than not at all');
  return imageWords(shape) * WORD_BYTES + shape.inOrderBytes + shape.lateBytes + shape.sendBytes;
}

function headerOf(shape: ImageShape): readonly number[] {
  const { ranges, late, elements, inOrderBytes, lateBytes, sendBytes, records } = shape;
  const head = [IMAGE_MAGIC, IMAGE_VERSION, imageBytes(shape), IMAGE_FIELDS.length];
  return [...head, ranges, late, elements, inOrderBytes, lateBytes, sendBytes, records];
}

/** Puts the words of an image down one after the other. */
export class ImageWriter {
  private readonly view: DataView;
  private at: number;

  constructor(view: DataView, address: number, shape: ImageShape) {
    this.view = view;
    this.at = address;
    assert(address % WORD_BYTES === 0, 'image: it begins on a word');
    for (const word of headerOf(shape)) this.word(word);
  }

  /** Where the next word, or the first byte behind the words, goes. */
  get address(): number {
    return this.at;
  }

  word(value: number): void {
    assert(value === (value | 0), 'image: a word is an int32');
    this.view.setInt32(this.at, value, true);
    this.at += WORD_BYTES;
  }
}

/** A stretch of sequence numbers. */
export interface Stretch {
  readonly seq: number;
  readonly length: number;
}

/** One of the sends of a connection that are not acknowledged. */
export interface ImageElement {
  readonly length: number;
  /** Whether more follows soon: its end is no reason for a short segment. */
  readonly more: boolean;
}

/** A segment, or a packet of some, that was sent and is not acknowledged (`sent-segments.ts`). */
export interface ImageRecord {
  /** It begins where the one before it ends, the first at `sndUna`. */
  readonly end: number;
  readonly sentAgoUs: number;
  readonly segments: number;
  /** HELD, LOST, RESENT. */
  readonly flags: number;
}

/** An image that was read and found good. */
export class ConnectionImage {
  readonly ranges: readonly Stretch[];
  readonly late: readonly Stretch[];
  readonly elements: readonly ImageElement[];
  readonly records: readonly ImageRecord[];
  readonly inOrderBytes: number;
  readonly lateBytes: number;
  readonly sendBytes: number;
  /** Where its payload lies: first what was received in order, then late, then what is to be sent. */
  readonly payloadAt: number;
  readonly byteLength: number;
  private readonly fields: Int32Array;

  /**
   * @param address of its first byte. @param length bytes that may be read there.
   * @throws ImageRefused for what is no image, or not one of a connection that could be.
   */
  constructor(view: DataView, address: number, length: number) {
    const shape = readHeader(view, address, length);
    const words = new Int32Array(imageWords(shape));
    for (let i = 0; i < words.length; i++) words[i] = view.getInt32(address + i * WORD_BYTES, true);
    // Read again with all the others: whoever wrote it may be writing still.
    refuseUnless(
      headerOf(shape).every((word, i) => words[i] === word),
      'length',
    );
    this.byteLength = words[2];
    const { ranges, late, elements, inOrderBytes, lateBytes, sendBytes, records } = shape;
    this.inOrderBytes = inOrderBytes;
    this.lateBytes = lateBytes;
    this.sendBytes = sendBytes;
    this.payloadAt = address + words.length * WORD_BYTES;
    let at = HEADER_WORDS + IMAGE_FIELDS.length;
    this.fields = words.subarray(HEADER_WORDS, at);
    const pairs = (count: number): Int32Array[] =>
      Array.from({ length: count }, (_, i) => words.subarray(at + 2 * i, at + 2 * i + 2));
    this.ranges = pairs(ranges).map(([seq, end]) => ({ seq, length: (end - seq) | 0 }));
    at += 2 * ranges;
    this.late = pairs(late).map(([seq, bytes]) => ({ seq, length: bytes }));
    at += 2 * late;
    this.elements = Array.from(words.subarray(at, at + elements), (word) => ({
      length: word >>> 1,
      more: (word & 1) !== 0,
    }));
    at += elements;
    this.records = Array.from({ length: records }, (_, i) => {
      const [end, sentAgoUs, rest] = words.subarray(at + RECORD_WORDS * i, at + RECORD_WORDS * (i + 1));
      return { end, sentAgoUs, segments: rest >>> RECORD_FLAG_BITS, flags: rest & RECORD_FLAGS };
    });
    this.check();
  }

  /** The word of a field. @param path as `ImageField` has it. */
  word(path: string): number {
    return this.fields[fieldPlace(path)];
  }

  /** The word of the field at a place of `IMAGE_FIELDS`. */
  wordAt(place: number): number {
    assert(place >= 0 && place < this.fields.length, 'image: a word is of a field that there is');
    return this.fields[place];
  }

  private check(): void {
    IMAGE_FIELDS.forEach(({ path, min, max }, i) => {
      refuseUnless(this.fields[i] >= min && this.fields[i] <= max, path);
    });
    refuseUnless(isMovable(this.word('state')), 'state');
    this.checkSending();
    this.checkReceiving();
    this.checkQueues();
    this.checkRecords();
    this.checkTimers();
  }

  /** How far one number lies behind another. */
  private gap(from: string, to: string): number {
    return (this.word(to) - this.word(from)) | 0;
  }

  private checkSending(): void {
    const state = this.word('state');
    const fin = this.word('finQueued');
    const open = state === ESTABLISHED || state === CLOSE_WAIT;
    refuseUnless(fin === (open ? 0 : 1), 'finQueued');
    for (const [from, to] of [
      ['sndUna', 'sndNxt'],
      ['sndNxt', 'sndMax'],
    ]) {
      refuseUnless(this.gap(from, to) >= 0 && this.gap(from, to) <= SPAN_MAX, to);
    }
    const unsent = (this.gap('sndMax', 'sndEnd') + fin) | 0;
    refuseUnless(unsent >= 0 && unsent <= SPAN_MAX, 'sndEnd');
    const acknowledged = this.gap('sndUna', 'sndEnd') < 0;
    refuseUnless(!acknowledged || (fin === 1 && this.gap('sndEnd', 'sndUna') === 1), 'sndUna');
    refuseUnless(state !== FIN_WAIT_2 || acknowledged, 'sndUna');
    refuseUnless(!acknowledged || state === FIN_WAIT_2, 'state');
    refuseUnless(this.word('sndWnd') <= this.word('sndWndMax'), 'sndWnd');
    const outstanding = this.gap('sndUna', 'sndMax');
    const toRecover = this.gap('sndUna', 'recovery.recover');
    refuseUnless(toRecover <= outstanding, 'recovery.recover');
    const fast = this.word('recovery.phase') === RECOVERY_FAST;
    refuseUnless(!fast || (toRecover > 0 && outstanding > 0), 'recovery.phase');
  }

  private checkReceiving(): void {
    const state = this.word('state');
    const ended = state === CLOSE_WAIT || state === CLOSING || state === LAST_ACK;
    const taken = this.word('received.finTaken');
    refuseUnless(taken === (ended ? 1 : 0), 'received.finTaken');
    refuseUnless(taken === 0 || this.word('received.finKnown') === 1, 'received.finKnown');
    refuseUnless(taken === 0 || this.gap('received.finSeq', 'rcvNxt') === 1, 'received.finSeq');
    const window = this.gap('rcvNxt', 'rcvAdv');
    // What the field of a header can offer with the connection's shift.
    const offerable = Math.min(SPAN_MAX, WINDOW_FIELD_MAX * 2 ** this.word('rcvScale'));
    // The FIN alone may have been taken beyond what was offered; what is offered after it counts from there.
    refuseUnless(window + taken >= 0 && window <= offerable, 'rcvAdv');
    const largest = this.word('received.bufferBytesMax');
    refuseUnless(this.word('received.bufferBytes') <= largest, 'received.bufferBytes');
    const twice = this.gap('received.duplicateStart', 'received.duplicateEnd');
    refuseUnless(twice >= 0 && twice <= SPAN_MAX, 'received.duplicateEnd');
  }

  private checkQueues(): void {
    let at = this.word('sndUna');
    const outstanding = this.gap('sndUna', 'sndMax');
    refuseUnless(this.ranges.length === 0 || this.word('sackPermitted') === 1, 'ranges');
    this.ranges.forEach(({ seq, length }, i) => {
      const gap = (seq - at) | 0;
      refuseUnless(length > 0 && gap >= (i === 0 ? 0 : 1) && gap <= SPAN_MAX, 'ranges');
      at = (seq + length) | 0;
      refuseUnless(((at - this.word('sndUna')) | 0) <= outstanding, 'ranges');
    });
    at = (this.word('rcvNxt') + 1) | 0;
    const room = this.gap('rcvNxt', 'rcvAdv');
    let lateBytes = 0;
    for (const { seq, length } of this.late) {
      const gap = (seq - at) | 0;
      refuseUnless(length > 0 && length <= SPAN_MAX && gap >= 0 && gap <= SPAN_MAX, 'late');
      at = (seq + length) | 0;
      refuseUnless(((at - this.word('rcvNxt')) | 0) <= room, 'late');
      lateBytes += length;
    }
    refuseUnless(this.late.length === 0 || this.word('received.finTaken') === 0, 'late');
    refuseUnless(lateBytes === this.lateBytes, 'late bytes');
    const toSend = Math.max(0, this.gap('sndUna', 'sndEnd'));
    refuseUnless(toSend <= SPAN_MAX && toSend === this.sendBytes, 'bytes to be sent');
    let elementBytes = 0;
    for (const { length } of this.elements) {
      refuseUnless(length > 0, 'elements');
      elementBytes += length;
    }
    refuseUnless(elementBytes === toSend, 'elements');
    const held = this.inOrderBytes + this.word('received.unconsumedBytes');
    refuseUnless(held <= SPAN_MAX, 'bytes in order');
  }

  private checkRecords(): void {
    if (this.records.length === 0) return;
    refuseUnless(this.word('sackPermitted') === 1 && this.gap('sndNxt', 'sndMax') === 0, 'records');
    let at = this.word('sndUna');
    for (const { end, sentAgoUs, segments, flags } of this.records) {
      const bytes = (end - at) | 0;
      refuseUnless(bytes > 0 && bytes <= SPAN_MAX, 'records');
      refuseUnless(sentAgoUs >= 0 && sentAgoUs <= SPAN_MAX, 'records');
      refuseUnless(segments >= 1 && segments <= RECORD_SEGMENTS_MAX, 'records');
      refuseUnless((flags & (HELD | LOST)) !== (HELD | LOST), 'records');
      at = end;
      refuseUnless(atOrBefore(at, this.word('sndMax')), 'records');
    }
    refuseUnless(at === this.word('sndMax'), 'records');
    const fast = this.word('recovery.phase') === RECOVERY_FAST;
    refuseUnless(!fast || this.word('rack.flightBefore') > 0, 'rack.flightBefore');
    const undoable = this.word('rack.undoable') === 1;
    refuseUnless(!undoable || this.word('congestion.undoWindow') > 0, 'congestion.undoWindow');
  }

  private checkTimers(): void {
    const armed = this.word('timers.armed');
    const both = armed & SENDING_TIMERS;
    refuseUnless((armed & ~TIMERS_MOVABLE) === 0 && (both & (both - 1)) === 0, 'timers.armed');
    const near = (path: string): void => {
      refuseUnless(Math.abs(this.word(path)) <= SPAN_MAX, path);
    };
    if (both !== 0) near('timers.retransmitAt');
    if ((armed & TIMER_ACK) !== 0) near('timers.ackAt');
    if ((armed & TIMER_KEEPALIVE) !== 0) near('timers.keepAliveAtMs');
    const owed = this.word('acks.owed') !== 0;
    refuseUnless((armed & TIMER_ACK) === 0 || owed, 'acks.owed');
    refuseUnless(this.word('acks.pushed') === 0 || owed, 'acks.pushed');
  }
}

/** An image cannot be taken over. */
export class ImageRefused extends RangeError {
  /** What is wrong with it: a field, a section, or what the stack has no room for. */
  readonly what: string;

  constructor(what: string) {
    assert(what !== '', 'image: a refusal has a name');
    super(`the image of a connection was refused: ${what}`);
    this.what = what;
  }
}

function refuseUnless(good: boolean, what: string): void {
  if (!good) throw new ImageRefused(what);
}

/** Reads how many there are of everything, and that all of it fits. */
function readHeader(view: DataView, address: number, length: number): ImageShape {
  refuseUnless(length >= HEADER_WORDS * WORD_BYTES && address + length <= view.byteLength, 'length');
  const header = Int32Array.from({ length: HEADER_WORDS }, (_, i) => view.getInt32(address + 4 * i, true));
  const [magic, version, total, fields, ranges, late, elements, ...counts] = header;
  const [inOrderBytes, lateBytes, sendBytes, records] = counts;
  refuseUnless(magic === IMAGE_MAGIC, 'magic');
  refuseUnless(version === IMAGE_VERSION, 'version');
  refuseUnless(total > 0 && total <= length, 'length');
  refuseUnless(fields === IMAGE_FIELDS.length, 'fields');
  refuseUnless(ranges >= 0 && ranges <= RANGES_MAX, 'ranges');
  refuseUnless(late >= 0 && late <= LATE_MAX, 'late');
  for (const [count, what] of [
    [elements, 'elements'],
    [inOrderBytes, 'bytes in order'],
    [lateBytes, 'late bytes'],
    [sendBytes, 'bytes to be sent'],
    [records, 'records'],
  ] as const) {
    refuseUnless(count >= 0 && count <= length, what);
  }
  const shape = { ranges, late, elements, inOrderBytes, lateBytes, sendBytes, records };
  refuseUnless(imageBytes(shape) === total, 'length');
  return shape;
}
