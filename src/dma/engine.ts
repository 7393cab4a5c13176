/**
 * The one place that moves payload bytes (design rule 3). A copy is done by a processor, a DMA by the card; both are
 * counted under the reason the caller gives. A reason is the index of a counter of times; the counter after it counts
 * bytes (spec/counters.yaml keeps them in such pairs).
 */
import { STAGING_COPIES, STAGING_COPIES_BYTES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Kernels } from './kernels.ts';
import type { Region } from './region.ts';

/** Below this a byte loop is faster than `set`, which needs a view of the source (see bench/copy). */
const LOOP_BYTES_MAX = 96;
const WORD_MASK = 7;

export class DmaEngine {
  private readonly bytes: Uint8Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly staging: number;
  private readonly stagingBytes: number;

  /**
   * @param staging address of scratch memory for copies between a program's memory and the region, a multiple of 8. V8 copies
   *   to and from shared memory a word at a time, or a byte at a time where the ends differ in phase; the kernel copies with
   *   wide moves. So the kernel takes what another core's cache holds, to or from scratch memory of the program's phase, and
   *   V8's copy stays within the first-level cache: 8 GB/s of TCP_STREAM instead of 3.9.
   * @param stagingBytes its size less 8; 0 for an engine that does not do such copies.
   */
  constructor(region: Region, ledger: Ledger, staging = 0, stagingBytes = 0) {
    this.staging = staging;
    this.stagingBytes = stagingBytes;
    this.bytes = region.bytes;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
  }

  /** Moves bytes within the region. // Hot path: 18 ns for 64 B, 155 ns for 4 KiB. */
  move(reason: number, source: number, destination: number, length: number): void {
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    this.kernels.copy(destination, source, length);
  }

  /**
   * Moves bytes within the region and adds them to an Internet checksum in the same pass.
   * @param sum partial sum so far, as `Kernels.sum` gives it. @returns the new partial sum.
   */
  moveSum(reason: number, source: number, destination: number, length: number, sum: number): number {
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
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    const bytes = this.bytes;
    if (length <= LOOP_BYTES_MAX) {
      for (let i = 0; i < length; i++) bytes[destination + i] = source[sourceOffset + i];
      return;
    }
    const phase = (source.byteOffset + sourceOffset) & WORD_MASK;
    if (this.stagingBytes === 0) {
      bytes.set(source.subarray(sourceOffset, sourceOffset + length), destination);
      return;
    }
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, this.stagingBytes);
      const at = sourceOffset + done;
      const whole = count === source.length; // the usual case, which needs no view and so no garbage
      bytes.set(whole ? source : source.subarray(at, at + count), this.staging + phase);
      this.stage(this.staging + phase, destination + done, count);
      done += count;
    }
  }

  /** Copies from the region to a program's memory. // Hot path: as `copyIn`. */
  copyOut(reason: number, source: number, target: Uint8Array, targetOffset: number, length: number): void {
    this.counters[reason] += 1;
    this.counters[reason + 1] += length;
    const bytes = this.bytes;
    if (length <= LOOP_BYTES_MAX) {
      for (let i = 0; i < length; i++) target[targetOffset + i] = bytes[source + i];
      return;
    }
    const phase = (target.byteOffset + targetOffset) & WORD_MASK;
    if (this.stagingBytes === 0) {
      target.set(bytes.subarray(source, source + length), targetOffset);
      return;
    }
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, this.stagingBytes);
      const from = this.staging + phase;
      this.stage(source + done, from, count);
      target.set(bytes.subarray(from, from + count), targetOffset + done);
      done += count;
    }
  }

  private stage(source: number, destination: number, length: number): void {
    this.counters[STAGING_COPIES] += 1;
    this.counters[STAGING_COPIES_BYTES] += length;
    this.kernels.copy(destination, source, length);
  }
}
