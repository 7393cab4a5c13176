/**
 * The kernels without WebAssembly, for a process that may not have its memory: V8 reserves 10 GiB of address
 * space for each, which `ulimit -v` can forbid, and `--jitless` has no WebAssembly at all. They give the same
 * bytes and sums, several times slower.
 */
import { fold } from './fold.ts';
import type { Kernels } from './kernels.ts';

/** Words added before the sum is folded: their sum, and a folded one, are an int32 without its sign. */
const WORDS_AT_ONCE = 32_000;

export class PlainKernels implements Kernels {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(buffer: ArrayBufferLike) {
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  copy(destination: number, source: number, length: number): void {
    checkRange(this.bytes, destination, length);
    checkRange(this.bytes, source, length);
    this.bytes.copyWithin(destination, source, source + length);
  }

  sum(offset: number, length: number, initial: number): number {
    checkRange(this.bytes, offset, length);
    const { view } = this;
    const evenEnd = offset + (length & ~1);
    let total = initial;
    for (let at = offset; at < evenEnd; ) {
      const end = Math.min(evenEnd, at + 2 * WORDS_AT_ONCE);
      for (; at < end; at += 2) total += view.getUint16(at);
      total = fold(total);
    }
    if ((length & 1) !== 0) total = fold(total + (this.bytes[evenEnd] << 8));
    return total;
  }

  copySum(destination: number, source: number, length: number, initial: number): number {
    this.copy(destination, source, length);
    return this.sum(source, length, initial);
  }
}

/** `copyWithin` would clip the range in silence. */
function checkRange(bytes: Uint8Array, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > bytes.length) {
    throw new RangeError('kernels: the range leaves the memory');
  }
}
