/**
 * The one place that moves payload bytes, so that the ledger counts every copy. A processor makes a copy and
 * the card a DMA; both are counted under the reason that the caller gives. A reason is the index of a counter
 * of times, and the counter after it counts bytes (spec/counters.yaml keeps them in such pairs).
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { STAGING_COPIES, STAGING_COPIES_BYTES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Kernels } from './kernels.ts';
import type { Region } from './region.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Up to this many bytes a loop is faster than `set`, which needs a view of the source (bench/kernels.ts). */
const LOOP_BYTES_MAX = 96;
const WORD_MASK = 7;

export class DmaEngine {
  private readonly bytes: Uint8Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly staging: number;
  private readonly stagingBytes: number;

  /**
   * @param staging address of scratch memory for copies between a program's memory and the region, a multiple
   *   of 8. V8 copies to and from shared memory a word at a time, or a byte at a time where the two addresses
   *   differ modulo 8; the kernel copies with wide moves. So the kernel moves the bytes, which may lie in
   *   another core's cache, to or from scratch memory whose address agrees with the program's modulo 8, and
   *   V8's copy stays within the first-level cache. TCP_STREAM reached 8 GB/s that way instead of 3.9.
   * @param stagingBytes bytes staged at a time, 8 fewer than the scratch memory has; 0 for an engine without
   *   scratch memory.
   */
  constructor(region: Region, ledger: Ledger, staging = 0, stagingBytes = 0) {
    assert(staging % 8 === 0 && stagingBytes >= 0, 'dma engine: scratch memory begins on a double word');
    assert(
      stagingBytes === 0 || (staging > 0 && staging + stagingBytes + WORD_MASK <= region.byteLength),
      'dma engine: scratch memory of every phase lies in the region',
    );
    this.staging = staging;
    this.stagingBytes = stagingBytes;
    this.bytes = region.bytes;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
  }

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

  /** Copies from a program's memory into the region. // Hot path: 64 B in 25 ns, 16 KiB in 0.6 µs. */
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
      for (let i = 0; i < length; i++) bytes[destination + i] = source[sourceOffset + i];
      return;
    }
    this.copyInLong(source, sourceOffset, destination, length);
  }

  /** Copies from the region to a program's memory. // Hot path: as `copyIn`. */
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

  /** Apart from `copyIn`, so that V8 can inline what short copies need into the calls that make them. */
  private copyInLong(source: Uint8Array, sourceOffset: number, destination: number, length: number): void {
    const { bytes, staging, stagingBytes } = this;
    if (stagingBytes === 0) {
      bytes.set(source.subarray(sourceOffset, sourceOffset + length), destination);
      return;
    }
    const phase = (source.byteOffset + sourceOffset) & WORD_MASK;
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, stagingBytes);
      const at = sourceOffset + done;
      const whole = count === source.length; // the usual case, which needs no view and so no garbage
      bytes.set(whole ? source : source.subarray(at, at + count), staging + phase);
      this.stage(staging + phase, destination + done, count);
      done += count;
    }
  }

  private copyOutLong(source: number, target: Uint8Array, targetOffset: number, length: number): void {
    const { bytes, staging, stagingBytes } = this;
    if (stagingBytes === 0) {
      target.set(bytes.subarray(source, source + length), targetOffset);
      return;
    }
    const from = staging + ((target.byteOffset + targetOffset) & WORD_MASK);
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, stagingBytes);
      this.stage(source + done, from, count);
      target.set(bytes.subarray(from, from + count), targetOffset + done);
      done += count;
    }
  }

  /** Moves bytes to or from the scratch memory by the kernel, and counts that apart. */
  private stage(source: number, destination: number, length: number): void {
    this.counters[STAGING_COPIES] += 1;
    this.counters[STAGING_COPIES_BYTES] += length;
    this.kernels.copy(destination, source, length);
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
