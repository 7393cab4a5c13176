/** Which bytes of a stretch of memory hold something: a bit for each. */
import { assert } from '../assert/assert.ts';

const BITS = 32;
const BIT_MASK = BITS - 1;
const WORD_SHIFT = 5;

export class FilledBytes {
  /** Bytes that hold something. */
  count = 0;
  private readonly byteLength: number;
  private readonly bits: Int32Array;

  /** @param byteLength of the memory, at least 1. */
  constructor(byteLength: number) {
    assert(byteLength > 0, 'filled bytes: there is memory that can be filled');
    this.byteLength = byteLength;
    this.bits = new Int32Array(Math.ceil(byteLength / BITS));
  }

  /** Whether all of a stretch holds something. // Hot path of a simulation. */
  all(from: number, length: number): boolean {
    return this.compare(from, length, -1);
  }

  /** Whether none of it does. */
  none(from: number, length: number): boolean {
    return this.compare(from, length, 0);
  }

  /** All of a stretch, of which none held anything, holds something now. */
  fill(from: number, length: number): void {
    assert(this.none(from, length), 'filled bytes: what is filled was empty');
    this.change(from, length, -1);
    this.count += length;
  }

  /** None of a stretch, of which all held something, does so now. */
  empty(from: number, length: number): void {
    assert(this.all(from, length), 'filled bytes: what is emptied was filled');
    this.change(from, length, 0);
    this.count -= length;
  }

  /** Nothing holds anything. @returns bytes that did. */
  clear(): number {
    const { count } = this;
    this.bits.fill(0);
    this.count = 0;
    return count;
  }

  /** How far the highest byte that holds something lies from the first; 0: none does. */
  get end(): number {
    for (let word = this.bits.length - 1; word >= 0; word--) {
      if (this.bits[word] !== 0) return word * BITS + BITS - Math.clz32(this.bits[word]);
    }
    return 0;
  }

  /** Whether every bit of a stretch is as in `wanted`, which is 0 or all ones. */
  private compare(from: number, length: number, wanted: number): boolean {
    this.checkStretch(from, length);
    const { bits } = this;
    const end = from + length;
    for (let at = from; at < end; at = (at | BIT_MASK) + 1) {
      const mask = maskOf(at, end);
      if ((bits[at >>> WORD_SHIFT] & mask) !== (wanted & mask)) return false;
    }
    return true;
  }

  private change(from: number, length: number, value: number): void {
    const { bits } = this;
    const end = from + length;
    for (let at = from; at < end; at = (at | BIT_MASK) + 1) {
      const mask = maskOf(at, end);
      bits[at >>> WORD_SHIFT] = (bits[at >>> WORD_SHIFT] & ~mask) | (value & mask);
    }
  }

  private checkStretch(from: number, length: number): void {
    assert(
      from >= 0 && length > 0 && from + length <= this.byteLength,
      'filled bytes: a stretch lies in the memory',
    );
  }
}

/** Bits of the word of byte `at` for the bytes from there on, up to `end` or the word's end. */
function maskOf(at: number, end: number): number {
  const from = at & BIT_MASK;
  const count = Math.min(BITS - from, end - at);
  return count === BITS ? -1 : ((1 << count) - 1) << from;
}
