/**
 * Copy and checksum kernels over the shared region, in WebAssembly (kernels.wat, assembled into
 * kernels.gen.ts): the region is their memory, so no view and no garbage is made by a call. Called by the DMA
 * engine for every payload byte that moves, and by the stack and the device for checksums. Read RFC 1071
 * first.
 *
 * Offsets and lengths are bytes. Every kernel throws `WebAssembly.RuntimeError` when a range leaves the
 * memory; the plain ones (plain-kernels.ts) throw `RangeError`.
 */
import { KERNELS_BASE64 } from './kernels.gen.ts';

export interface Kernels {
  /** Copies; the ranges may overlap. // Hot path: see bench/kernels. */
  copy(destination: number, source: number, length: number): void;
  /**
   * Internet checksum partial sum: the one's-complement sum of the range's big-endian 16-bit words, an odd
   * last byte being the high byte of a last word, added to `initial`. To go on over several ranges, all but
   * the last have an even length. The checksum field is the complement: `~sum & 0xffff`.
   * @param initial an earlier partial sum, 0 to 65535. @returns 0 to 65535; 0 only when every byte and
   *   `initial` are 0.
   */
  sum(offset: number, length: number, initial: number): number;
  /** `copy` and `sum` of the source in one pass. The ranges must not overlap. */
  copySum(destination: number, source: number, length: number, initial: number): number;
}

/** Compiled once a thread, when first needed. */
let compiled: WebAssembly.Module | undefined;

/** @param memory shared, at most 65536 pages. */
export function instantiateKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(Buffer.from(KERNELS_BASE64, 'base64'));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}
