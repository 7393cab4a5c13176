/**
 * The shared region: one memory that host and card both see, and every view of it, made once. It is the
 * memory of the WebAssembly kernels too, so that they and the typed arrays see the same bytes; where the
 * process may not have such a memory, it is a plain one, with plain kernels. Addresses are byte offsets into
 * it. Where host and card are one thread it need not be shared memory, which V8 copies to and from the more
 * slowly (`DmaEngine`).
 */
import { assert } from '../assert/assert.ts';
import { instantiateKernels, type Kernels } from './kernels.ts';
import { PlainKernels } from './plain-kernels.ts';

/** What one thread hands another, to see the same region: a `WebAssembly.Memory`, or a plain one. */
export interface RegionMemory {
  readonly buffer: ArrayBufferLike;
}

const PAGE_BYTES = 65536;
const MEBIBYTE = 1048576;
/** Pages of 2 GiB: an address is an int32 that is not negative. */
const PAGES_MAX = 32768;

export class Region {
  readonly memory: RegionMemory;
  /** Every byte. */
  readonly bytes: Uint8Array;
  /** Words for frames, indices and Atomics: word index = address >> 2. */
  readonly words: Int32Array;
  /** Doubles for the ledger: index = address >> 3. */
  readonly doubles: Float64Array;
  /** Big-endian access for packet headers. */
  readonly view: DataView;
  readonly kernels: Kernels;

  constructor(memory: RegionMemory) {
    const { buffer } = memory;
    this.memory = memory;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.view = new DataView(buffer);
    this.kernels = isWasm(memory) ? instantiateKernels(memory) : new PlainKernels(buffer);
  }

  get byteLength(): number {
    return this.bytes.byteLength;
  }

  /** Whether several threads may see it. */
  get isShared(): boolean {
    return this.memory.buffer instanceof SharedArrayBuffer;
  }

  /** Whether the process could not have WebAssembly memory, so that plain kernels copy and sum. */
  get isPlain(): boolean {
    return !isWasm(this.memory);
  }
}

/**
 * Allocates the region's memory, once.
 * @param byteLength at least this many bytes; rounded up to 64 KiB pages.
 * @param shared false where one thread alone is to see it.
 * @throws Error with one line when the process cannot have so much.
 */
export function allocateRegion(byteLength: number, shared = true): Region {
  const pages = Math.ceil(byteLength / PAGE_BYTES);
  assert(pages > 0 && pages <= PAGES_MAX, 'region: every address in it is an int32');
  return new Region(wasmMemory(pages, shared) ?? new PlainMemory(pages, shared));
}

function isWasm(memory: RegionMemory): memory is WebAssembly.Memory {
  return typeof WebAssembly !== 'undefined' && memory instanceof WebAssembly.Memory;
}

/** @returns undefined where there is no WebAssembly, or not the address space that V8 reserves for it. */
function wasmMemory(pages: number, shared: boolean): WebAssembly.Memory | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch {
    return undefined;
  }
}

class PlainMemory implements RegionMemory {
  readonly buffer: ArrayBufferLike;

  constructor(pages: number, shared: boolean) {
    const bytes = pages * PAGE_BYTES;
    try {
      this.buffer = shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes);
    } catch {
      const mebibytes = Math.ceil((pages * PAGE_BYTES) / MEBIBYTE);
      throw new Error(`the card needs ${mebibytes} MiB of memory for its region, which the system refuses`);
    }
  }
}
