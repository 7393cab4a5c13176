/**
 * The one place that moves payload bytes, so that the ledger counts every copy. A processor makes a copy and
 * the card a DMA; both are counted under the reason that the caller gives. A reason is the index of a counter
 * of times, and the counter after it counts bytes (spec/counters.yaml keeps them in such pairs).
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Kernels } from './kernels.ts';
import { bufferAt, type PoolArea } from './pool-area.ts';
import type { Region } from './region.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Up to this many bytes a loop is faster than any call (bench/kernels.ts). */
const LOOP_BYTES_MAX = 96;
/**
 * From here on a whole array is copied by `set`, in 17 ns whatever its length; the loop takes 1.1 ns a byte.
 * A part of one would need a view, which costs as much as the loop saves.
 */
const SET_BYTES_MIN = 16;
/** Up to this many bytes that `set` can move by whole words, it is faster than `fill` (bench/kernels.ts). */
const SET_BYTES_MAX = 768;
const WORD_MASK = 7;
/** Buckets whose views are kept, which take 0.1 MB: those with the lowest numbers are in use most. */
const VIEWS_MAX = 1024;
const NO_BUCKETS: PoolArea = { offset: 0, count: 0, bufferBytes: 1 };

/**
 * Fills a range of bytes with those of `value`, from its first on, as often as it takes: with a value no
 * shorter than the range, a copy of its beginning, which Node makes by `memcpy`. That is why it is used here.
 * V8 copies to and from shared memory by `set` a word at a time, or a byte at a time where the two addresses
 * differ modulo 8. 16 KiB in the first-level cache take 0.17 µs by `fill`, 0.64 by `set` between addresses
 * that agree and 7 between others; a call of `fill` costs 55 ns, of `set` 20. As `fill` cuts the value, no
 * view of just the bytes to be moved has to be made.
 */
const fill: (this: Uint8Array, value: Uint8Array, offset: number, end: number) => void =
  Buffer.prototype.fill;

export class DmaEngine {
  private readonly bytes: Uint8Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  /** V8's `set` moves bytes of memory that is not shared as fast as `fill` does, whatever the addresses. */
  private readonly shared: boolean;
  private readonly buckets: PoolArea;
  /** Of each bucket a view of the region from its first byte on. */
  private readonly views: readonly Uint8Array[];

  /** @param buckets what programs read from over and over, where they do: views of them are made at once. */
  constructor(region: Region, ledger: Ledger, buckets: PoolArea = NO_BUCKETS) {
    this.bytes = region.bytes;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.shared = region.isShared;
    this.buckets = buckets;
    const views = this.shared ? Math.min(buckets.count, VIEWS_MAX) : 0;
    this.views = Array.from({ length: views }, (_, i) =>
      this.bytes.subarray(buckets.offset + i * buckets.bufferBytes),
    );
  }

  /** A call begins that moves so many bytes of its program's: for an engine that works by commands. */
  begins(_length: number): void {}

  /** Moves bytes within the region. // Hot path: 18 ns for 64 B, 155 ns for 4 KiB. */
  move(reason: number, source: number, destination: number, length: number): void {
    if (COSTLY) checkMove(source, destination, length);
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    this.kernels.copy(destination, source, length);
  }

  /**
   * Moves bytes within the region and adds them to an Internet checksum in the same pass.
   * @param sum partial sum so far, as `Kernels.sum` gives it. @returns the new partial sum.
   */
  moveSum(reason: number, source: number, destination: number, length: number, sum: number): number {
    if (COSTLY) checkMoveSum(source, destination, length);
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    return this.kernels.copySum(destination, source, length, sum);
  }

  /**
   * The kernel has moved bytes between the region and a file, in one call: that is the card's DMA.
   * @param stretches of the region they lay in.
   */
  movedByKernel(reason: number, length: number, stretches: number = 1): void {
    assert(length >= 0 && stretches >= 0, 'dma engine: what the kernel has moved is some bytes or none');
    this.counters[reason] += stretches;
    this.counters[reason + 1] += length;
  }

  /** Copies from a program's memory into the region. // Hot path: 64 B in 17 ns, 16 KiB in 0.2 µs. */
  copyIn(
    reason: number,
    source: Uint8Array,
    sourceOffset: number,
    destination: number,
    length: number,
  ): void {
    if (COSTLY) this.checkCopyIn(source, sourceOffset, destination, length);
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    const bytes = this.bytes;
    if (length <= LOOP_BYTES_MAX) {
      if (length >= SET_BYTES_MIN && length === source.length) bytes.set(source, destination);
      else for (let i = 0; i < length; i++) bytes[destination + i] = source[sourceOffset + i];
      return;
    }
    this.copyInLong(source, sourceOffset, destination, length);
  }

  /** Copies from the region to a program's memory. // Hot path: 1.1 ns a byte to 96. */
  copyOut(reason: number, source: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (COSTLY) this.checkCopyOut(source, target, targetOffset, length);
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    const bytes = this.bytes;
    if (length <= LOOP_BYTES_MAX) {
      for (let i = 0; i < length; i++) target[targetOffset + i] = bytes[source + i];
      return;
    }
    this.copyOutLong(source, target, targetOffset, length);
  }

  /** Copies between two places of a program's own memory, of no region. */
  copyBetween(reason: number, source: Uint8Array, offset: number, target: Uint8Array, length: number): void {
    assert(
      offset >= 0 && offset + length <= source.length,
      'dma engine: what is copied between lies in memory',
    );
    assert(length <= target.length, 'dma engine: what is copied between has its place');
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    target.set(source.subarray(offset, offset + length));
  }

  /** Apart from `copyIn`, so that V8 can inline what short copies need into the calls that make them. */
  private copyInLong(source: Uint8Array, sourceOffset: number, destination: number, length: number): void {
    const { bytes } = this;
    const exact = length === source.length;
    if (!this.shared) {
      bytes.set(exact ? source : source.subarray(sourceOffset, sourceOffset + length), destination);
    } else if (exact && length <= SET_BYTES_MAX && ((source.byteOffset ^ destination) & WORD_MASK) === 0) {
      bytes.set(source, destination);
    } else {
      const from = sourceOffset === 0 ? source : source.subarray(sourceOffset);
      fill.call(bytes, from, destination, destination + length);
    }
  }

  private copyOutLong(source: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (this.shared) fill.call(target, this.viewFrom(source), targetOffset, targetOffset + length);
    else target.set(this.bytes.subarray(source, source + length), targetOffset);
  }

  /** A view of the region from an address on, which costs 25 ns and garbage where it has to be made. */
  private viewFrom(address: number): Uint8Array {
    const bucket = bufferAt(this.buckets, address);
    return bucket >= 0 && bucket < this.views.length ? this.views[bucket] : this.bytes.subarray(address);
  }

  private checkCopyIn(source: Uint8Array, sourceOffset: number, destination: number, length: number): void {
    assert(
      sourceOffset >= 0 && length >= 0 && sourceOffset + length <= source.length,
      'dma engine: what is copied in lies in the program’s memory',
    );
    assert(
      destination > 0 && destination + length <= this.bytes.length,
      'dma engine: what is copied in has its place in the region',
    );
  }

  private checkCopyOut(source: number, target: Uint8Array, targetOffset: number, length: number): void {
    assert(
      source > 0 && length >= 0 && source + length <= this.bytes.length,
      'dma engine: what is copied out lies in the region',
    );
    assert(
      targetOffset >= 0 && targetOffset + length <= target.length,
      'dma engine: what is copied out has its place in the program’s memory',
    );
  }
}

function checkMove(source: number, destination: number, length: number): void {
  assert(
    source > 0 && destination > 0 && length >= 0,
    'dma engine: bytes move between two addresses that are not none',
  );
}

function checkMoveSum(source: number, destination: number, length: number): void {
  assert(
    source + length <= destination || destination + length <= source,
    'dma engine: bytes that are summed as they move do not move onto themselves',
  );
}
