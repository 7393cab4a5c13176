/**
 * The memory plan: every holder of a part of the region asks for it here, before the region exists, and says
 * why. The region is then allocated with exactly the sum. Nothing asks again after start, so that no pool,
 * ring or table ever grows.
 */
import { assert } from '../assert/assert.ts';

export interface Holding {
  /** Who holds it, unique in the plan, e.g. `card0.transmitPool`. */
  readonly name: string;
  /** Address of its first byte. */
  readonly offset: number;
  readonly byteLength: number;
  /** Why it has this size, one line. */
  readonly reason: string;
}

/**
 * Bytes a region may have: its addresses are int32, and the last 64 KiB of those are left to what is no
 * memory, such as the addresses of static frames.
 */
export const REGION_BYTES_MAX = 0x7fff_0000;

export class MemoryPlan {
  readonly holdings: Holding[] = [];
  private readonly names = new Set<string>();
  /** Address 0 is never given out, so that 0 can mean "no address". */
  private nextOffset = 128;

  /**
   * Reserves bytes. @param alignment power of two; 128 keeps holders off each other's cache lines.
   * @returns the address. @throws RangeError when the region would pass `REGION_BYTES_MAX`.
   */
  reserve(name: string, byteLength: number, reason: string, alignment = 128): number {
    assert(
      alignment > 0 && (alignment & (alignment - 1)) === 0,
      'memory plan: an alignment is a power of two',
    );
    assert(Number.isInteger(byteLength) && byteLength > 0, 'memory plan: a holder asks for whole bytes');
    const offset = Math.ceil(this.nextOffset / alignment) * alignment;
    if (this.names.has(name)) throw new RangeError(`"${name}" is planned twice`);
    this.nextOffset = offset + byteLength;
    if (this.nextOffset > REGION_BYTES_MAX) {
      throw new RangeError(
        `"${name}" with its ${byteLength} bytes would make the shared region larger than ` +
          `${REGION_BYTES_MAX} bytes: make it, or another part of it, smaller`,
      );
    }
    this.names.add(name);
    this.holdings.push({ name, offset, byteLength, reason });
    return offset;
  }

  /** Bytes planned so far. */
  get byteLength(): number {
    return this.nextOffset;
  }
}
