/**
 * Writes a trace to a file (format.ts): events gather in one buffer, which is written when it is full, twice
 * a second while events come, and at the end. Takes its calls from a recorder, or from whoever copies a
 * trace.
 *
 * A file that can be written no further (a full disk) stops the trace, not the program: `failure` then says
 * why.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { Encoder } from '@msgpack/msgpack';
import { assert } from '../assert/assert.ts';
import {
  EVENT_ACQUIRED_POSTED,
  EVENT_NOTIFICATION,
  EVENT_OWNER,
  EVENT_PACKET,
  EVENT_POLLED,
  EVENT_POSTED,
  EVENT_RECEIVED,
  EVENT_RECEIVED_RELEASED,
  EVENT_WRITE,
} from './format.ts';
import {
  INBOUND,
  OUTBOUND,
  SIDE_CARD,
  SIDE_HOST,
  type TraceEnd,
  type TraceHead,
  type TraceSink,
} from './sink.ts';

const BUFFER_BYTES = 1 << 20;
/** While events come, what is in the buffer is never older than this. */
const FLUSH_NS = 500e6;
/** Words shorter than this have no header whose size could be believed. */
const WORDS_MIN = 3;

/** An event that waits for the next, to be folded with it. */
const NOTHING = 0;
const ACQUIRED = 1;
const RECEIVED = 2;

export class FileSink implements TraceSink {
  /** Why the file is not whole, as Node says it; empty while it is. */
  failure = '';
  /** The same in the system's words alone. */
  reason = '';
  private file: number;
  private readonly encoder = new Encoder<undefined>({ initialBufferSize: 1 << 16 });
  private readonly buffer = new Uint8Array(BUFFER_BYTES);
  private used = 0;
  private lastNs = 0;
  private flushedNs = 0;
  private frameWords = 0;
  private waiting = NOTHING;
  private waitingNs = 0;
  private waitingSlot = 0;
  /** Bytes of the frame received that waits for its release. */
  private waitingBytes: Uint8Array = new Uint8Array(0);
  private waitingLength = 0;

  /** Creates the file, or empties it. @throws as fs.openSync does. */
  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  head(head: TraceHead): void {
    this.frameWords = head.frameBytes >> 2;
    this.waitingBytes = new Uint8Array(head.frameBytes);
    this.lastNs = 0;
    // The format's name comes first: it is the signature.
    const { format, ...rest } = head;
    this.put({ format, ...rest });
    this.flush();
  }

  frame(direction: number, timeNs: number, slot: number, words: Int32Array, at: number): void {
    assert(this.frameWords > 0, 'trace file: the head comes before the first frame');
    const length = wordsOf(words[at], this.frameWords) * 4;
    const bytes = new Uint8Array(words.buffer, words.byteOffset + at * 4, length);
    if (direction === INBOUND) {
      if (this.waiting === ACQUIRED && this.waitingSlot === slot) {
        this.waiting = NOTHING;
        const acquired = this.delta(this.waitingNs);
        this.put([EVENT_ACQUIRED_POSTED, acquired, slot, bytes, this.delta(timeNs)]);
        return;
      }
      this.settle();
      this.put([EVENT_POSTED, this.delta(timeNs), slot, bytes]);
      return;
    }
    this.settle();
    this.waiting = RECEIVED;
    this.waitingNs = timeNs;
    this.waitingSlot = slot;
    this.waitingLength = length;
    for (let i = 0; i < length; i++) this.waitingBytes[i] = bytes[i];
  }

  owner(direction: number, timeNs: number, slot: number, side: number): void {
    if (
      direction === OUTBOUND &&
      side === SIDE_CARD &&
      this.waiting === RECEIVED &&
      this.waitingSlot === slot
    ) {
      this.waiting = NOTHING;
      const received = this.delta(this.waitingNs);
      const bytes = this.waitingBytes.subarray(0, this.waitingLength);
      this.put([EVENT_RECEIVED_RELEASED, received, slot, bytes, this.delta(timeNs)]);
      return;
    }
    this.settle();
    if (direction === INBOUND && side === SIDE_HOST) {
      this.waiting = ACQUIRED;
      this.waitingNs = timeNs;
      this.waitingSlot = slot;
      return;
    }
    this.put([EVENT_OWNER, this.delta(timeNs), direction, slot, side]);
  }

  notification(kind: number, timeNs: number): void {
    this.settle();
    this.put([EVENT_NOTIFICATION, this.delta(timeNs), kind]);
  }

  write(side: number, timeNs: number, address: number, length: number): void {
    this.settle();
    this.put([EVENT_WRITE, this.delta(timeNs), side, address, length]);
  }

  polled(timeNs: number, address: number, value: number): void {
    this.settle();
    this.put([EVENT_POLLED, this.delta(timeNs), address, value]);
  }

  packet(
    timeNs: number,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    length: number,
    packetLength: number,
  ): void {
    this.settle();
    const kept = bytes.subarray(offset, offset + length);
    this.put([EVENT_PACKET, timeNs - this.lastNs, sent, packetLength, kept]);
  }

  end(timeNs: number, end: TraceEnd): void {
    this.settle();
    this.put({ end: this.delta(timeNs), ...end });
    this.flush();
  }

  /** Writes what has gathered, but for an event that waits to be folded. */
  flush(): void {
    let done = 0;
    try {
      while (done < this.used && this.failure === '') {
        done += writeSync(this.file, this.buffer, done, this.used - done);
      }
    } catch (error) {
      this.fail(error);
    }
    this.used = 0;
    this.flushedNs = this.lastNs;
  }

  /** Writes everything and closes the file. Nothing may follow. */
  close(): void {
    if (this.file < 0) return;
    this.settle();
    this.flush();
    try {
      closeSync(this.file);
    } catch (error) {
      if (this.failure === '') this.fail(error); // one of a network may say only here that it is not whole
    }
    this.file = -1;
  }

  private fail(error: unknown): void {
    const { errno = 0, message } = error as NodeJS.ErrnoException;
    this.failure = message;
    this.reason = getSystemErrorMap().get(errno)?.[1] ?? message;
  }

  /** Writes an event that waited for one to be folded with, which did not come. */
  private settle(): void {
    const { waiting } = this;
    if (waiting === NOTHING) return;
    this.waiting = NOTHING;
    const delta = this.delta(this.waitingNs);
    if (waiting === ACQUIRED) this.put([EVENT_OWNER, delta, INBOUND, this.waitingSlot, SIDE_HOST]);
    else {
      this.put([EVENT_RECEIVED, delta, this.waitingSlot, this.waitingBytes.subarray(0, this.waitingLength)]);
    }
  }

  /** Nanoseconds since the event before. */
  private delta(timeNs: number): number {
    const delta = timeNs - this.lastNs;
    assert(delta >= 0, 'trace file: the times of events do not fall');
    this.lastNs = timeNs;
    return delta;
  }

  private put(object: unknown): void {
    assert(this.file >= 0, 'trace file: nothing follows the close');
    const bytes = this.encoder.encodeSharedRef(object);
    const { length } = bytes;
    assert(length <= BUFFER_BYTES, 'trace file: an event fits the buffer');
    if (this.used + length > BUFFER_BYTES || this.lastNs - this.flushedNs > FLUSH_NS) this.flush();
    this.buffer.set(bytes, this.used);
    this.used += length;
  }
}

/** Words of a frame to keep: what its header says, or all of them where that cannot be. */
export function wordsOf(word0: number, frameWords: number): number {
  const sizeWords = word0 >>> 16;
  return sizeWords >= WORDS_MIN && sizeWords <= frameWords ? sizeWords : frameWords;
}
