/** Memory that one side must leave alone: filled with a pattern before a storm, compared after it. */
import type { Holding } from '../../src/dma/plan.ts';
import type { Region } from '../../src/dma/region.ts';
import type { Random } from '../../src/time/random.ts';

interface Guard {
  readonly name: string;
  readonly offset: number;
  readonly expected: Uint8Array;
}

export class Guards {
  private readonly region: Region;
  private readonly guards: Guard[] = [];

  constructor(region: Region) {
    this.region = region;
  }

  /** Fills a part of the region with noise and watches it. */
  fill(name: string, offset: number, byteLength: number, random: Random): void {
    for (let i = 0; i < byteLength; i++) this.region.bytes[offset + i] = random.nextInt32() >>> 24;
    this.guards.push({ name, offset, expected: this.region.bytes.slice(offset, offset + byteLength) });
  }

  /** Watches what no holder has: before the first, between two, after the last. */
  fillGaps(holdings: readonly Holding[], random: Random): void {
    let at = 0;
    for (const { name, offset, byteLength } of holdings.toSorted((a, b) => a.offset - b.offset)) {
      if (offset > at) this.fill(`before ${name}`, at, offset - at, random);
      at = Math.max(at, offset + byteLength);
    }
    this.fill('behind everything', at, this.region.byteLength - at, random);
  }

  /** @throws Error that names the first byte that changed. */
  check(): void {
    for (const { name, offset, expected } of this.guards) {
      const now = this.region.bytes;
      for (let i = 0; i < expected.length; i++) {
        if (now[offset + i] !== expected[i]) {
          throw new Error(`${name}: byte ${i} of ${expected.length} (address ${offset + i}) was written`);
        }
      }
    }
  }
}
