/**
 * Reads trace files (format.ts) and calls a sink as a live card would. Bytes are pushed in as they come, from
 * a file or a pipe; no more of them is kept than one object is long. Everything is checked here, once, so
 * that a sink may believe what it is told.
 *
 * What cannot be read is a `TraceDamage`; everything before it has been delivered by then.
 */
import { Decoder } from '@msgpack/msgpack';
import {
  EVENT_ACQUIRED_POSTED,
  EVENT_BYTES_MAX,
  EVENT_ITEMS,
  EVENT_NOTIFICATION,
  EVENT_OWNER,
  EVENT_PACKET,
  EVENT_POLLED,
  EVENT_POSTED,
  EVENT_RECEIVED,
  EVENT_RECEIVED_RELEASED,
  EVENT_WRITE,
  MAP_BYTES_MAX,
  SIGNATURE,
} from './format.ts';
import { checkEnd, checkHead, isRecord } from './head.ts';
import { INVALID, objectEnd } from './scan.ts';
import {
  INBOUND,
  OUTBOUND,
  SIDE_CARD,
  SIDE_HOST,
  type TraceEnd,
  type TraceHead,
  type TraceSink,
} from './sink.ts';

/** `foreign`: not a trace at all; `truncated`: a trace that was cut; `corrupt`: one that was damaged. */
export type DamageKind = 'foreign' | 'truncated' | 'corrupt';

/** A file that cannot be read on. The message is one line for the user. */
export class TraceDamage extends Error {
  readonly kind: DamageKind;
  readonly atByte: number;

  constructor(kind: DamageKind, atByte: number, message: string) {
    super(message);
    this.kind = kind;
    this.atByte = atByte;
  }
}

/** Decoded at once, so that bytes pushed in larger pieces do not become more objects at a time. */
const PIECE_BYTES = 1 << 16;
const NO_WORDS = new Int32Array(0);
/** How a file begins that gzip has made (RFC 1952, section 2.3.1). */
const GZIP = [0x1f, 0x8b];

export class TraceReader {
  /** Traces begun, and whether the last of them has ended. */
  traces = 0;
  private ended = true;
  private readonly sinkFor: (trace: number) => TraceSink;
  private sink: TraceSink | undefined;
  private readonly decoder = new Decoder<undefined>();
  private rest: Uint8Array = new Uint8Array(0);
  /** Bytes of the file before `rest`. */
  private consumed = 0;
  private timeNs = 0;
  private words: Int32Array = NO_WORDS;
  private wordBytes: Uint8Array = new Uint8Array(0);
  private inboundCount = 0;
  private outboundCount = 0;
  private regionBytes = 0;

  /** @param sinkFor gives the sink of each trace in the file, counted from 0. */
  constructor(sinkFor: (trace: number) => TraceSink) {
    this.sinkFor = sinkFor;
  }

  /**
   * Takes the next bytes of the file and delivers what they complete.
   * @throws TraceDamage; push no more then.
   */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      this.pushPiece(bytes.subarray(at, Math.min(at + PIECE_BYTES, bytes.length)));
    }
  }

  /** The file has ended. @throws TraceDamage when the trace has not. */
  finish(): void {
    if (this.ended && this.rest.length === 0 && this.traces > 0) return;
    const total = this.consumed + this.rest.length;
    if (total === 0) throw new TraceDamage('foreign', 0, 'not a trace: it is empty');
    if (this.traces === 0 && !signed(this.rest)) throw foreign(this.rest);
    throw new TraceDamage(
      'truncated',
      total,
      `the trace was cut: it ends at byte ${total} without its end record`,
    );
  }

  private pushPiece(piece: Uint8Array): void {
    const bytes = this.rest.length === 0 ? plain(piece) : plain(Buffer.concat([this.rest, piece]));
    if (this.traces === 0 && !signed(bytes)) throw foreign(bytes);
    let whole = 0;
    let next = 0;
    while (next >= 0 && whole < bytes.length) {
      next = objectEnd(bytes, whole, bytes.length);
      if (next >= 0) whole = next;
    }
    this.deliver(bytes, whole);
    this.rest = bytes.slice(whole);
    this.consumed += whole;
    if (next === INVALID) throw this.corrupt(this.consumed, 'no MessagePack of a trace');
    const longest = this.rest.length > 0 && (this.rest[0] & 0xf0) === 0x90 ? EVENT_BYTES_MAX : MAP_BYTES_MAX;
    if (this.rest.length > longest) throw this.corrupt(this.consumed, 'an object without end');
  }

  /** Decodes and delivers the objects that fill the first `end` bytes. */
  private deliver(bytes: Uint8Array, end: number): void {
    const decoded = this.decoder.decodeMulti(bytes.subarray(0, end));
    let objects = 0;
    let decoding = true;
    try {
      for (;;) {
        decoding = true;
        const next = decoded.next();
        if (next.done === true) return;
        decoding = false;
        if (Array.isArray(next.value)) this.event(next.value as unknown[]);
        else this.map(next.value);
        objects += 1;
      }
    } catch (error) {
      if (!decoding && !(error instanceof NotATrace)) throw error;
      let at = 0;
      for (let i = 0; i < objects; i++) at = objectEnd(bytes, at, end);
      throw this.corrupt(this.consumed + at, error instanceof Error ? error.message : String(error));
    }
  }

  private corrupt(atByte: number, what: string): TraceDamage {
    return new TraceDamage('corrupt', atByte, `the trace is damaged at byte ${atByte}: ${what}`);
  }

  private map(object: unknown): void {
    if (!isRecord(object)) throw new NotATrace('neither an event nor a map');
    if (object['format'] === 'inic-trace') this.begin(checked(() => checkHead(object)));
    else if (object['end'] !== undefined && !this.ended)
      this.finished(
        object['end'],
        checked(() => checkEnd(object)),
      );
    else throw new NotATrace('a map that is neither head nor end');
  }

  private begin(head: TraceHead): void {
    if (!this.ended) throw new NotATrace('a head before the end of the trace before');
    const { memory } = head;
    this.ended = false;
    this.timeNs = 0;
    this.words = new Int32Array(head.frameBytes >> 2);
    this.wordBytes = new Uint8Array(this.words.buffer);
    this.inboundCount = memory.inbound.count;
    this.outboundCount = memory.outbound.count;
    this.regionBytes = memory.regionBytes;
    this.sink = this.sinkFor(this.traces);
    this.traces += 1;
    this.sink.head(head);
  }

  private finished(delta: unknown, end: TraceEnd): void {
    const timeNs = this.after(delta);
    this.ended = true;
    this.sink!.end(timeNs, end);
  }

  /** One event. // Hot path: a million and more a second. */
  private event(event: unknown[]): void {
    const { sink } = this;
    if (sink === undefined || this.ended) throw new NotATrace('an event outside of a trace');
    const kind = event[0] as number;
    if (event.length !== EVENT_ITEMS[kind]) throw new NotATrace('an event of no known kind');
    switch (kind) {
      case EVENT_POSTED:
        this.frame(sink, INBOUND, this.after(event[1]), event[2], event[3]);
        break;
      case EVENT_ACQUIRED_POSTED: {
        const slot = slotOf(event[2], this.inboundCount);
        sink.owner(INBOUND, this.after(event[1]), slot, SIDE_HOST);
        this.frame(sink, INBOUND, this.after(event[4]), slot, event[3]);
        break;
      }
      case EVENT_RECEIVED:
        this.frame(sink, OUTBOUND, this.after(event[1]), event[2], event[3]);
        break;
      case EVENT_RECEIVED_RELEASED:
        this.frame(sink, OUTBOUND, this.after(event[1]), event[2], event[3]);
        sink.owner(OUTBOUND, this.after(event[4]), event[2] as number, SIDE_CARD);
        break;
      case EVENT_OWNER: {
        const direction = bit(event[2], 'a direction');
        const slot = slotOf(event[3], direction === INBOUND ? this.inboundCount : this.outboundCount);
        sink.owner(direction, this.after(event[1]), slot, bit(event[4], 'a side'));
        break;
      }
      case EVENT_NOTIFICATION:
        sink.notification(bit(event[2], 'a notification'), this.after(event[1]));
        break;
      case EVENT_WRITE:
        this.written(sink, event);
        break;
      case EVENT_POLLED:
        sink.polled(this.after(event[1]), this.address(event[2]), int32(event[3]));
        break;
      case EVENT_PACKET:
        this.packet(sink, event);
        break;
    }
  }

  private frame(sink: TraceSink, direction: number, timeNs: number, slot: unknown, bytes: unknown): void {
    const { wordBytes } = this;
    if (!(bytes instanceof Uint8Array)) throw new NotATrace('a frame that is no bytes');
    const { length } = bytes;
    if ((length & 3) !== 0 || length > wordBytes.length || length === 0) {
      throw new NotATrace(`a frame of ${length} bytes`);
    }
    const number = slotOf(slot, direction === INBOUND ? this.inboundCount : this.outboundCount);
    wordBytes.set(bytes);
    wordBytes.fill(0, length);
    sink.frame(direction, timeNs, number, this.words, 0);
  }

  private written(sink: TraceSink, event: unknown[]): void {
    const side = bit(event[2], 'a side');
    const address = this.address(event[3]);
    const length = event[4];
    if (
      !Number.isSafeInteger(length) ||
      (length as number) < 0 ||
      address + (length as number) > this.regionBytes
    ) {
      throw new NotATrace('a write outside the memory');
    }
    sink.write(side, this.after(event[1]), address, length as number);
  }

  private packet(sink: TraceSink, event: unknown[]): void {
    const [, delta, sent, packetLength, bytes] = event;
    const timeNs = this.timeNs + (delta as number);
    if (!Number.isSafeInteger(timeNs)) throw new NotATrace('a packet without a time');
    if (typeof sent !== 'boolean') throw new NotATrace('a packet without a direction');
    if (!(bytes instanceof Uint8Array) || bytes.length > EVENT_BYTES_MAX)
      throw new NotATrace('a packet without bytes');
    if (!Number.isSafeInteger(packetLength) || (packetLength as number) < bytes.length) {
      throw new NotATrace('a packet shorter than its bytes');
    }
    sink.packet(Math.max(timeNs, 0), sent, bytes, 0, bytes.length, packetLength as number);
  }

  private after(delta: unknown): number {
    const timeNs = this.timeNs + (delta as number);
    if (!Number.isSafeInteger(timeNs) || (delta as number) < 0) throw new NotATrace('a time that goes back');
    this.timeNs = timeNs;
    return timeNs;
  }

  private address(value: unknown): number {
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) >= this.regionBytes) {
      throw new NotATrace('an address outside the memory');
    }
    return value as number;
  }
}

/** What is wrong with an object, without where. */
class NotATrace extends Error {}

/** Runs a check of a map. */
function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw error instanceof RangeError ? new NotATrace(error.message) : error;
  }
}

function foreign(bytes: Uint8Array): TraceDamage {
  const compressed = bytes[0] === GZIP[0] && bytes[1] === GZIP[1];
  const why = compressed ? 'it is compressed; gunzip it first' : 'it does not begin as one of inic does';
  return new TraceDamage('foreign', 0, `not a trace: ${why}`);
}

/**
 * Whether bytes, as many as there are, begin as a trace does: a map whose first entry is the format's name.
 */
function signed(bytes: Uint8Array): boolean {
  const head = bytes[0];
  const map = (head & 0xf0) === 0x80 || head === 0xde;
  const start = head === 0xde ? 3 : 1;
  for (let i = 0; i < SIGNATURE.length && start + i < bytes.length; i++) {
    if (bytes[start + i] !== SIGNATURE[i]) return false;
  }
  return map;
}

/** The same bytes, not as Node's Buffer, whose views are slower to make. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

function slotOf(value: unknown, count: number): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= count) {
    throw new NotATrace(`a frame slot ${String(value)} of ${count}`);
  }
  return value as number;
}

function bit(value: unknown, what: string): number {
  if (value !== 0 && value !== 1) throw new NotATrace(`${what} ${String(value)}`);
  return value;
}

function int32(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) !== ((value as number) | 0))
    throw new NotATrace('no 32-bit word');
  return value as number;
}
