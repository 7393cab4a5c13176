/** Blocks of pages against a model that knows only which pages are free. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BuddyZone, NO_PAGE, ORDER_MAX, ORDERS } from '../../../src/host/memory/buddy-zone.ts';

/** The blocks that free pages make when every two buddies are one: there is but one such division. */
function blocksOf(free: readonly boolean[]): number[] {
  const blocks = new Array(ORDERS).fill(0);
  const isFree = (page: number, order: number): boolean => {
    for (let i = page; i < page + (1 << order); i++) if (free[i] !== true) return false;
    return true;
  };
  for (let page = 0; page < free.length; ) {
    let order = ORDER_MAX;
    while (order >= 0 && (page % (1 << order) !== 0 || !isFree(page, order))) order--;
    if (order >= 0) blocks[order] += 1;
    page += order >= 0 ? 1 << order : 1;
  }
  return blocks;
}

interface Taken {
  readonly page: number;
  readonly order: number;
}

class Model {
  readonly zone: BuddyZone;
  readonly free: boolean[];
  readonly taken: Taken[];

  constructor(pages: number, inUse: boolean) {
    this.zone = new BuddyZone(pages, inUse);
    this.free = new Array(pages).fill(!inUse);
    this.taken = inUse ? this.free.map((_, page) => ({ page, order: 0 })) : [];
  }

  take(order: number): void {
    const had = blocksOf(this.free).some((blocks, at) => at >= order && blocks > 0);
    const page = this.zone.take(order);
    expect(page !== NO_PAGE).toBe(had);
    if (page === NO_PAGE) return;
    expect(page % (1 << order)).toBe(0);
    for (let i = page; i < page + (1 << order); i++) {
      expect(this.free[i]).toBe(true);
      this.free[i] = false;
    }
    this.taken.push({ page, order });
  }

  give(place: number): void {
    const [block] = this.taken.splice(place % this.taken.length, 1);
    this.zone.give(block.page, block.order);
    for (let i = block.page; i < block.page + (1 << block.order); i++) this.free[i] = true;
  }

  agree(): void {
    expect([...this.zone.blocks]).toEqual(blocksOf(this.free));
    expect(this.zone.freePages).toBe(this.free.filter((is) => is).length);
    this.zone.check();
  }
}

const steps = fc.array(
  fc.oneof(
    fc.record({ take: fc.nat({ max: 4 }), give: fc.constant(-1) }),
    fc.record({ take: fc.constant(-1), give: fc.nat() }),
  ),
  { maxLength: 120 },
);

describe('a zone of blocks', () => {
  it('is divided as its free pages say, whatever was taken and given back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.boolean(), steps, (pages, inUse, all) => {
        const model = new Model(pages, inUse);
        model.agree();
        for (const { take, give } of all) {
          if (take >= 0) model.take(take);
          else if (model.taken.length > 0) model.give(give);
          model.agree();
        }
        while (model.taken.length > 0) model.give(0);
        model.agree();
        expect(model.zone.freePages).toBe(pages);
      }),
      { numRuns: 60 },
    );
  });

  it('splits a long block, and is whole again when all of it is back', () => {
    const zone = new BuddyZone(1 << ORDER_MAX, false);
    expect(zone.take(0)).toBe(0);
    expect([...zone.blocks]).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
    zone.give(0, 0);
    expect([...zone.blocks]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  it('merges no block with one that lies beyond the end of the zone', () => {
    const zone = new BuddyZone(3, false);
    expect([...zone.blocks.subarray(0, 3)]).toEqual([1, 1, 0]);
    const pages = [zone.take(0), zone.take(0), zone.take(0)];
    expect([...pages].sort()).toEqual([0, 1, 2]);
    expect(zone.take(0)).toBe(NO_PAGE);
    for (const page of pages) zone.give(page, 0);
    zone.check();
  });

  it('tells what is free in blocks that are long enough', () => {
    const zone = new BuddyZone(16, true);
    for (const page of [0, 2, 3, 8, 9, 10, 11]) zone.give(page, 0);
    expect([0, 1, 2, 3].map((order) => zone.freeFrom(order))).toEqual([7, 6, 4, 0]);
    expect([0, 1, 2, 3].map((order) => zone.has(order))).toEqual([true, true, true, false]);
  });
});
