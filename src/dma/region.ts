/**
 * The shared region: one memory that host and card both see, and every view of it, made once. It is the
 * memory of the WebAssembly kernels too, so that they and the typed arrays see the same bytes. Addresses are
 * byte offsets into it.
 */
import { assert } from '../assert/assert.ts';
import { instantiateKernels, type Kernels } from './kernels.ts';

const PAGE_BYTES = 65536;
/** Pages of 2 GiB: an address is an int32 that is not negative. */
const PAGES_MAX = 32768;

export class Region {
  readonly memory: WebAssembly.Memory;
  /** Every byte. */
  readonly bytes: Uint8Array;
  /** Words for frames, indices and Atomics: word index = address >> 2. */
  readonly words: Int32Array;
  /** Doubles for the ledger: index = address >> 3. */
  readonly doubles: Float64Array;
  /** Big-endian access for packet headers. */
  readonly view: DataView;
  readonly kernels: Kernels;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory.buffer);
    this.words = new Int32Array(memory.buffer);
    this.doubles = new Float64Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.kernels = instantiateKernels(memory);
  }

  get byteLength(): number {
    return this.bytes.byteLength;
  }
}

/**
 * Allocates the region's memory, once.
 * @param byteLength at least this many bytes; rounded up to 64 KiB pages.
 */
export function allocateRegion(byteLength: number): Region {
  const pages = Math.ceil(byteLength / PAGE_BYTES);
  assert(pages > 0 && pages <= PAGES_MAX, 'region: every address in it is an int32');
  return new Region(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
}
