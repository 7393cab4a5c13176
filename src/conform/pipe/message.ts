/**
 * Messages of the pipe protocol as bytes: written one after the other, and read back from whatever pieces
 * they arrive in. A message that there is not ends the reading with a fault: it is checked here, once.
 */

import { PipeFault } from './fault.ts';
import {
  PIPE_FAULT_JUNK,
  PIPE_FIELD_COUNTS,
  PIPE_HEADER_BYTES,
  PIPE_MESSAGE_NAMES,
  PIPE_PAYLOAD_BYTES_MAX,
  PIPE_TAILED,
  PIPE_VERSION,
} from './pipe.gen.ts';

const NOTHING = new Uint8Array(0);

export interface PipeMessage {
  /** A PIPE_ message type. */
  readonly type: number;
  /** The message's fields, a word each. */
  readonly fields: Int32Array;
  /** What follows them. */
  readonly tail: Uint8Array;
}

export class MessageWriter {
  private readonly parts: Uint8Array[] = [];

  /** @param tail is copied, and filled up with `fill` to whole words. */
  write(type: number, fields: readonly number[] = [], tail: Uint8Array = NOTHING, fill = 0): void {
    const size = fields.length * 4 + ((tail.length + 3) & ~3);
    if (size > PIPE_PAYLOAD_BYTES_MAX) throw new RangeError(`a message of ${size} bytes is too long`);
    const bytes = new Uint8Array(PIPE_HEADER_BYTES + size).fill(fill);
    const view = new DataView(bytes.buffer);
    [type, PIPE_VERSION, size, ...fields].forEach((word, i) => {
      view.setInt32(i * 4, word | 0, true);
    });
    bytes.set(tail, PIPE_HEADER_BYTES + fields.length * 4);
    this.parts.push(bytes);
  }

  /** @returns the bytes of all messages written since it was last called. */
  take(): Uint8Array {
    const bytes = new Uint8Array(this.parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.parts.length = 0;
    return bytes;
  }
}

export class MessageReader {
  private bytes = NOTHING;
  private at = 0;

  push(chunk: Uint8Array): void {
    const rest = this.bytes.subarray(this.at);
    const joined = new Uint8Array(rest.length + chunk.length);
    joined.set(rest);
    joined.set(chunk, rest.length);
    this.bytes = joined;
    this.at = 0;
  }

  /** @returns the next message; undefined until all of it has come. @throws PipeFault for what is none. */
  next(): PipeMessage | undefined {
    const { bytes, at } = this;
    if (bytes.length - at < PIPE_HEADER_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const type = view.getUint32(0, true);
    const size = checkedSize(type, view.getUint32(4, true), view.getUint32(8, true));
    if (bytes.length - at < PIPE_HEADER_BYTES + size) return undefined;
    const fields = new Int32Array(PIPE_FIELD_COUNTS[type]);
    for (let i = 0; i < fields.length; i++) fields[i] = view.getInt32(PIPE_HEADER_BYTES + i * 4, true);
    const start = at + PIPE_HEADER_BYTES;
    this.at = start + size;
    return { type, fields, tail: bytes.slice(start + fields.length * 4, start + size) };
  }
}

function checkedSize(type: number, version: number, size: number): number {
  const name = PIPE_MESSAGE_NAMES[type];
  const junk = (what: string): PipeFault => new PipeFault(PIPE_FAULT_JUNK, what);
  if (name === undefined) throw junk(`there is no message type 0x${type.toString(16)}`);
  if (version !== PIPE_VERSION) throw junk(`${name} is of version ${version}, not ${PIPE_VERSION}`);
  const least = PIPE_FIELD_COUNTS[type] * 4;
  const most = PIPE_TAILED.includes(type) ? PIPE_PAYLOAD_BYTES_MAX : least;
  if (size < least || size > most || size % 4 !== 0)
    throw junk(
      `${name} has ${size} bytes, not ${least === most ? least : `${least} to ${most}, whole words`}`,
    );
  return size;
}

/** @param low @param high words of a time. @returns nanoseconds; Infinity for never. */
export function timeOf(low: number, high: number): number {
  if (low === -1 && high === -1) return Number.POSITIVE_INFINITY;
  return (high >>> 0) * 2 ** 32 + (low >>> 0);
}

/** @returns the two words of a time in nanoseconds. */
export function wordsOfTime(ns: number): readonly [low: number, high: number] {
  if (ns === Number.POSITIVE_INFINITY) return [-1, -1];
  return [(ns % 2 ** 32) | 0, Math.floor(ns / 2 ** 32) | 0];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

export function textBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A text as the other side wrote it: what is not printable is shown as a question mark. */
export function tailText(tail: Uint8Array): string {
  return decoder
    .decode(tail)
    .replace(/[^\x20-\x7e]/g, '?')
    .trimEnd();
}
