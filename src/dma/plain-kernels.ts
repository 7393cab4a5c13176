/**
 * The kernels without WebAssembly, for a process that may not have its memory: V8 reserves 10 GiB of address
 * space for each, which `ulimit -v` can forbid, and `--jitless` has no WebAssembly at all. They give the same
 * bytes and sums, several times slower.
 */
import type { Kernels } from './kernels.ts';

/** Words added before the sum is folded: their sum, and a folded one, are an int32 without its sign. */
const WORDS_AT_ONCE = 32_000;

export function plainKernels(buffer: SharedArrayBuffer): Kernels {
  const bytes = new Uint8Array(buffer);
  const view = new DataView(buffer);

  function copy(destination: number, source: number, length: number): void {
    checkRange(bytes, destination, length);
    checkRange(bytes, source, length);
    bytes.copyWithin(destination, source, source + length);
  }

  function sum(offset: number, length: number, initial: number): number {
    checkRange(bytes, offset, length);
    const evenEnd = offset + (length & ~1);
    let total = initial;
    for (let at = offset; at < evenEnd; ) {
      const end = Math.min(evenEnd, at + 2 * WORDS_AT_ONCE);
      for (; at < end; at += 2) total += view.getUint16(at);
      total = fold(total);
    }
    if ((length & 1) !== 0) total = fold(total + (bytes[evenEnd] << 8));
    return total;
  }

  function copySum(destination: number, source: number, length: number, initial: number): number {
    copy(destination, source, length);
    return sum(source, length, initial);
  }

  return { copy, sum, copySum };
}

/** `copyWithin` would clip the range in silence. */
function checkRange(bytes: Uint8Array, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > bytes.length) {
    throw new RangeError('kernels: the range leaves the memory');
  }
}

/** One's-complement addition: what passed 16 bits is added again (RFC 1071 section 2 (B)). */
function fold(total: number): number {
  const once = (total & 0xffff) + (total >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
