/** Size classes and slabs: which order a receive buffer asks for, and that objects are shared by no two. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GFP_KERNEL } from '../../../src/host/memory/gfp.ts';
import { PageAllocator } from '../../../src/host/memory/page-allocator.ts';
import {
  classBytes,
  pageOrder,
  receiveBufferBytes,
  SLAB_RULES,
  slabOrder,
} from '../../../src/host/memory/size-classes.ts';
import { NONE, SlabCache } from '../../../src/host/memory/slab-cache.ts';

const pagesOf = (pages: number): PageAllocator =>
  new PageAllocator({ zones: [{ name: 'Normal', pages }], kernel: 'era', minFreeKbytes: 0, inUse: false });

describe('the order of a receive buffer', () => {
  it('is 1 without jumbo frames: two pages for four buffers of the 2 KiB class', () => {
    expect(receiveBufferBytes(1500)).toBe(1976);
    expect(classBytes(receiveBufferBytes(1500))).toBe(2048);
    expect(slabOrder(2048, SLAB_RULES)).toBe(1);
    expect(new SlabCache(pagesOf(64), 2048, SLAB_RULES, 8).perSlab).toBe(4);
  });

  it('is 2 with jumbo frames, and 0 where slabs have one page', () => {
    expect(pageOrder(receiveBufferBytes(9000))).toBe(2);
    expect(slabOrder(2048, { minObjects: 4, maxOrder: 0 })).toBe(0);
    expect(slabOrder(1024, SLAB_RULES)).toBe(0);
    expect(slabOrder(2048, { minObjects: 2, maxOrder: 1 })).toBe(0);
  });

  it('is refused by name beyond what there is', () => {
    expect(() => classBytes(4000)).toThrow('no size class has 4000 bytes');
    expect(() => pageOrder(5 << 20)).toThrow('no block of pages has 5242880 bytes');
  });
});

describe('slabs', () => {
  it('lend each object to one, keep their pages while one is in use, and give all back in the end', () => {
    const steps = fc.array(fc.nat(), { maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.constantFrom(96, 1024, 2048), (all, bytes) => {
        const pages = pagesOf(256);
        const slabs = new SlabCache(pages, bytes, SLAB_RULES, 64);
        const held: number[] = [];
        for (const step of all) {
          if (step % 3 > 0 && held.length < 64) {
            const object = slabs.take(GFP_KERNEL);
            expect(object).not.toBe(NONE);
            expect(held).not.toContain(object);
            held.push(object);
          } else if (held.length > 0) slabs.give(held.splice(step % held.length, 1)[0]);
          expect(slabs.inUse).toBe(held.length);
          const used = new Set(held.map((object) => Math.floor(object / slabs.perSlab))).size;
          expect(slabs.slabs).toBeGreaterThanOrEqual(used);
          // One in use, and two that are kept.
          expect(slabs.slabs).toBeLessThanOrEqual(used + 3);
          expect(pages.freePages).toBe(256 - slabs.slabs * 2 ** slabs.order);
        }
        for (const object of held) slabs.give(object);
        slabs.shrink();
        expect([slabs.slabs, pages.freePages]).toEqual([0, 256]);
        pages.zones[0].buddy.check();
      }),
      { numRuns: 50 },
    );
  });

  it('have none when the page allocator has none, and go on with what comes back', () => {
    const pages = pagesOf(4);
    const slabs = new SlabCache(pages, 2048, SLAB_RULES, 64);
    const held = Array.from({ length: 4 }, () => slabs.take(GFP_KERNEL));
    expect(slabs.take(GFP_KERNEL)).not.toBe(NONE);
    while (slabs.take(GFP_KERNEL) !== NONE);
    expect(slabs.inUse).toBeLessThanOrEqual(8);
    expect(pages.refused[1]).toBeGreaterThan(0);
    slabs.give(held[1]);
    expect(slabs.take(GFP_KERNEL)).toBe(held[1]);
  });
});
