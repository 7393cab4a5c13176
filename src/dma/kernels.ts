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

/** What stands before the flags of the one import, the memory: its name, and its kind. */
const IMPORT = '\x06memory\x02';
/** Those flags: memory of several threads that has a maximum, and memory of one thread that has. */
const SHARED_MEMORY = 3;
const OWN_MEMORY = 1;

/** Compiled once a thread for each kind of memory, when first needed. */
const compiled: (WebAssembly.Module | undefined)[] = [];

/** A `WebAssembly.Memory`. Programs that import the library need no declarations of WebAssembly for it. */
export interface KernelMemory {
  readonly buffer: ArrayBufferLike;
}

/** @param memory of at most 65536 pages, shared or not: the code is the same. */
export function instantiateKernels(memory: KernelMemory): Kernels {
  const flags = memory.buffer instanceof SharedArrayBuffer ? SHARED_MEMORY : OWN_MEMORY;
  compiled[flags] ??= new WebAssembly.Module(codeFor(flags));
  return new WebAssembly.Instance(compiled[flags], { env: { memory } }).exports as unknown as Kernels;
}

/** A module names the kind of memory that it imports, and is refused another. */
function codeFor(flags: number): Uint8Array {
  const code = Buffer.from(KERNELS_BASE64, 'base64');
  code[code.indexOf(IMPORT, 0, 'latin1') + IMPORT.length] = flags;
  return code;
}
