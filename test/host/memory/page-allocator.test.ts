/** What a kernel keeps free, and who gets how far below that: against the arithmetic written out again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_PAGE } from '../../../src/host/memory/buddy-zone.ts';
import {
  GFP_ATOMIC,
  GFP_COMPOUND,
  GFP_HIGH,
  GFP_KERNEL,
  GFP_MAY_WAIT,
} from '../../../src/host/memory/gfp.ts';
import {
  type Kernel,
  LOWMEM_KB_LEAST,
  lowmemReserves,
  marksOf,
  minFreeKbytesDefault,
  zonesOf,
} from '../../../src/host/memory/marks.ts';
import { PageAllocator } from '../../../src/host/memory/page-allocator.ts';

const LOWMEM_KB = 8_259_000;

describe('what is kept free', () => {
  it('is 11495 kB by itself on a host with 8,259,000 kB, and the same for a modern kernel', () => {
    expect(minFreeKbytesDefault(LOWMEM_KB, 'era')).toBe(11495);
    expect(minFreeKbytesDefault(LOWMEM_KB, 'modern')).toBe(11495);
  });

  it('has bounds, the upper of which was raised', () => {
    expect(minFreeKbytesDefault(100, 'era')).toBe(128);
    expect(minFreeKbytesDefault(2 ** 33, 'era')).toBe(65_536);
    expect(minFreeKbytesDefault(2 ** 33, 'modern')).toBe(262_144);
  });

  it('is shared by zones as they are large, with two marks above', () => {
    const zones = [
      { name: 'A', pages: 1000 },
      { name: 'B', pages: 3000 },
    ];
    expect(marksOf(zones, 1600, 'era')).toEqual([
      { min: 100, low: 125, high: 150 },
      { min: 300, low: 375, high: 450 },
    ]);
    const [, modern] = marksOf([zones[0], { name: 'B', pages: 3_000_000 }], 4000, 'modern');
    expect(modern).toEqual({ min: 999, low: 3999, high: 6999 });
  });

  it('protects lower zones from those who could have had a higher one', () => {
    const zones = zonesOf(LOWMEM_KB);
    expect(zones.map(({ name }) => name)).toEqual(['DMA', 'DMA32', 'Normal']);
    expect(zones.reduce((sum, { pages }) => sum + pages, 0)).toBe(LOWMEM_KB / 4);
    const [, dma32, normal] = zones.map(({ pages }) => pages);
    expect(lowmemReserves(zones)).toEqual([
      [0, Math.floor(dma32 / 256), Math.floor((dma32 + normal) / 256)],
      [0, 0, Math.floor(normal / 256)],
      [0, 0, 0],
    ]);
  });

  it('is refused by name for memory no such host has', () => {
    expect(() => zonesOf(LOWMEM_KB_LEAST - 4)).toThrow(/^"lowmem" expected .* from 32768 to .* got 32764$/);
    expect(zonesOf(LOWMEM_KB_LEAST)).toHaveLength(2);
  });
});

/** The check as the kernel's source has it, over counts of blocks. */
function passes(
  kernel: Kernel,
  blocks: readonly number[],
  order: number,
  mark: number,
  high: boolean,
  waits: boolean,
): boolean {
  let free = blocks.reduce((sum, count, at) => sum + count * 2 ** at, 0) - 2 ** order + 1;
  let min = mark;
  if (high) min -= Math.floor(min / 2);
  if (!waits) min -= Math.floor(min / 4);
  if (free <= min) return false;
  if (kernel === 'modern') return order === 0 || blocks.slice(order).some((count) => count > 0);
  for (let at = 0; at < order; at++) {
    free -= blocks[at] * 2 ** at;
    min = Math.floor(min / 2);
    if (free <= min) return false;
  }
  return true;
}

function oneZone(kernel: Kernel, pages: number, minFreeKbytes: number): PageAllocator {
  const zones = [{ name: 'Normal', pages }];
  return new PageAllocator({ zones, kernel, minFreeKbytes, inUse: true });
}

describe('who may have a block', () => {
  it('is decided as the kernel decides it', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat({ max: 255 }), { maxLength: 200 }),
        fc.nat({ max: 400 }),
        fc.nat({ max: 3 }),
        fc.constantFrom<Kernel>('era', 'modern'),
        fc.boolean(),
        fc.boolean(),
        (freed, mark, order, kernel, high, waits) => {
          const pages = oneZone(kernel, 256, 64);
          for (const page of freed) pages.free(page, 0);
          const [zone] = pages.zones;
          const flags = (high ? GFP_HIGH : 0) | (waits ? GFP_MAY_WAIT : 0);
          const expected = passes(kernel, [...zone.buddy.blocks], order, mark, high, waits);
          expect(pages.isAbove(zone, order, mark, 0, flags)).toBe(expected);
        },
      ),
    );
  });

  it('lets those who cannot wait further down than those who can', () => {
    // A least mark of 100 pages: 100 for who can wait, 37 for who cannot.
    const left = (flags: number): number => {
      const pages = oneZone('era', 1024, 400);
      for (let page = 0; page < 512; page++) pages.free(page, 0);
      while (pages.allocate(0, flags) !== NO_PAGE);
      return pages.freePages;
    };
    expect(left(GFP_KERNEL)).toBe(100);
    expect(left(GFP_ATOMIC)).toBe(100 - 50 - 12);
  });

  it('refuses two pages side by side while single pages abound, and a modern kernel does not', () => {
    const scattered = (kernel: Kernel): PageAllocator => {
      const pages = oneZone(kernel, 4096, 400);
      for (let page = 0; page < 2000; page += 2) pages.free(page, 0);
      for (let page = 3000; page < 3008; page++) pages.free(page, 0);
      return pages;
    };
    const era = scattered('era');
    expect(era.allocate(1, GFP_ATOMIC | GFP_COMPOUND)).toBe(NO_PAGE);
    expect(era.allocate(0, GFP_ATOMIC)).not.toBe(NO_PAGE);
    expect([era.refused[1], era.served[0]]).toEqual([1, 1]);
    expect(scattered('modern').allocate(1, GFP_ATOMIC)).toBe(3000);
  });

  it('asks lower zones when the highest has no more, and keeps their reserve', () => {
    const zones = [
      { name: 'DMA32', pages: 2048 },
      { name: 'Normal', pages: 256 * 512 },
    ];
    const pages = new PageAllocator({ zones, kernel: 'era', minFreeKbytes: 0, inUse: true });
    for (let page = 0; page < 2048; page++) pages.free(page, 0);
    for (let page = 2048; page < 2051; page++) pages.free(page, 0);
    const taken = [];
    for (let page = pages.allocate(0, GFP_ATOMIC); page !== NO_PAGE; page = pages.allocate(0, GFP_ATOMIC)) {
      taken.push(page);
    }
    expect(taken.slice(0, 3).every((page) => page >= 2048)).toBe(true);
    expect(taken.slice(3).every((page) => page < 2048)).toBe(true);
    expect(pages.freePages).toBe(512);
  });
});

describe('reclaim', () => {
  it('is woken below the low mark, and done by those alone who can wait', () => {
    const pages = oneZone('era', 1024, 400);
    const woken: number[] = [];
    const kept = Array.from({ length: 1024 }, (_, page) => page);
    let direct = 0;
    pages.reclaim = {
      wake: (order) => woken.push(order),
      reclaim: (count) => {
        direct += 1;
        for (let i = 0; i < count; i++) pages.free(kept.pop() as number, 0);
        return count;
      },
    };
    for (let i = 0; i < 50; i++) pages.free(kept.pop() as number, 0);
    expect(pages.allocate(0, GFP_ATOMIC)).not.toBe(NO_PAGE);
    expect([woken, direct]).toEqual([[0], 0]);
    expect(pages.allocate(0, GFP_KERNEL)).not.toBe(NO_PAGE);
    expect([woken, direct]).toEqual([[0, 0], 2]);
  });
});
