/**
 * A kernel's page allocator: zones, what each keeps free, and who may go how far below that. It asks the
 * zones from the highest down, first above their low marks; then it wakes reclaim and asks again above their
 * least marks, of which a caller that cannot wait may use a part. One that can wait reclaims for itself.
 * After `__alloc_pages`, `get_page_from_freelist` and `zone_watermark_ok` of mm/page_alloc.c, 2.6.24;
 * `modern` is Linux 6 as far as its check of the marks differs. The lists of single pages that each
 * processor keeps, and the blocks that a modern kernel sets aside for atomic callers, are not modelled.
 */
import { assert } from '../../assert/assert.ts';
import { BuddyZone, NO_PAGE, ORDER_MAX, ORDERS } from './buddy-zone.ts';
import { GFP_HIGH, GFP_MAY_WAIT } from './gfp.ts';
import { type Kernel, lowmemReserves, type Marks, marksOf, type ZoneSize } from './marks.ts';

/** Times a caller that can wait reclaims before it is told that there is nothing. */
const DIRECT_TRIES = 8;
/** Pages that it reclaims each time (SWAP_CLUSTER_MAX of include/linux/swap.h). */
const DIRECT_PAGES = 32;

/** A zone of a host. Its pages are numbered from `base` on. */
export interface Zone {
  readonly name: string;
  readonly base: number;
  readonly buddy: BuddyZone;
  readonly marks: Marks;
  /** Pages kept back, by the highest zone that whoever asks could have had. */
  readonly reserve: readonly number[];
}

/** Who frees pages that are in use. */
export interface Reclaim {
  /** Free pages are short for blocks of this order. */
  wake(order: number): void;
  /** Frees as many pages as it can, at once. @returns how many. */
  reclaim(pages: number): number;
}

/** Nobody frees any. */
const NO_RECLAIM: Reclaim = { wake: () => undefined, reclaim: () => 0 };

export interface PageAllocatorOptions {
  readonly zones: readonly ZoneSize[];
  readonly kernel: Kernel;
  readonly minFreeKbytes: number;
  /** Whether every page is in use at first. */
  readonly inUse: boolean;
}

export class PageAllocator {
  /** Lowest first. */
  readonly zones: readonly Zone[];
  readonly kernel: Kernel;
  readonly minFreeKbytes: number;
  /** Requests served and refused, by order. */
  readonly served: Float64Array = new Float64Array(ORDERS);
  readonly refused: Float64Array = new Float64Array(ORDERS);
  reclaim: Reclaim = NO_RECLAIM;
  /** Whoever is told of a request that is refused. */
  onRefused: ((order: number, flags: number) => void) | undefined;

  constructor({ zones, kernel, minFreeKbytes, inUse }: PageAllocatorOptions) {
    const marks = marksOf(zones, minFreeKbytes, kernel);
    const reserves = lowmemReserves(zones);
    let base = 0;
    this.kernel = kernel;
    this.minFreeKbytes = minFreeKbytes;
    this.zones = zones.map(({ name, pages }, i) => {
      const zone = {
        name,
        base,
        buddy: new BuddyZone(pages, inUse),
        marks: marks[i],
        reserve: reserves[i],
      };
      base += pages;
      return zone;
    });
  }

  get freePages(): number {
    let free = 0;
    for (let i = 0; i < this.zones.length; i++) free += this.zones[i].buddy.freePages;
    return free;
  }

  /**
   * Takes a block. // Hot path. @param flags of gfp.ts.
   * @returns its first page, now the caller's; NO_PAGE where it may have none.
   */
  allocate(order: number, flags: number): number {
    let page = this.fromZones(order, flags, true);
    if (page === NO_PAGE) {
      this.reclaim.wake(order);
      page = this.fromZones(order, flags, false);
      if (page === NO_PAGE && (flags & GFP_MAY_WAIT) !== 0) page = this.afterReclaim(order, flags);
    }
    if (page === NO_PAGE) {
      this.refused[order] += 1;
      this.onRefused?.(order, flags);
      return NO_PAGE;
    }
    this.served[order] += 1;
    return page;
  }

  /** Gives a block back that `allocate` gave, with this order. // Hot path. */
  free(page: number, order: number): void {
    const { base, buddy } = this.zoneOf(page);
    buddy.give(page - base, order);
  }

  /** The zone that a page is of. */
  zoneOf(page: number): Zone {
    const { zones } = this;
    for (let i = zones.length - 1; i >= 0; i--) if (page >= zones[i].base) return zones[i];
    assert(false, 'page allocator: a page is of one of its zones');
  }

  /**
   * Whether a zone may give a block of this order away (`zone_watermark_ok`).
   * @param mark pages that are to stay free. @param highest zone that whoever asks could have had.
   * @param flags what a caller may use of the mark: none where it is asked for the low or the high one.
   */
  isAbove(zone: Zone, order: number, mark: number, highest: number, flags: number): boolean {
    const { buddy } = zone;
    let free = buddy.freePages - (1 << order) + 1;
    let min = mark;
    if ((flags & GFP_HIGH) !== 0) min -= min >> 1;
    // Whoever cannot wait may try harder (ALLOC_HARDER, later ALLOC_NON_BLOCK).
    if ((flags & GFP_MAY_WAIT) === 0) min -= min >> 2;
    if (free <= min + zone.reserve[highest]) return false;
    if (this.kernel === 'modern') return order === 0 || buddy.has(order);
    for (let at = 0; at < order; at++) {
      // Shorter blocks are of no use for this one; and of longer ones fewer need be free.
      free -= buddy.blocks[at] << at;
      min >>= 1;
      if (free <= min) return false;
    }
    return true;
  }

  private fromZones(order: number, flags: number, aboveLow: boolean): number {
    assert(order >= 0 && order <= ORDER_MAX, 'page allocator: a request is of one of the orders');
    const { zones } = this;
    const highest = zones.length - 1;
    for (let i = highest; i >= 0; i--) {
      const zone = zones[i];
      const ok = aboveLow
        ? this.isAbove(zone, order, zone.marks.low, highest, GFP_MAY_WAIT)
        : this.isAbove(zone, order, zone.marks.min, highest, flags);
      if (!ok) continue;
      const page = zone.buddy.take(order);
      if (page !== NO_PAGE) return zone.base + page;
    }
    return NO_PAGE;
  }

  private afterReclaim(order: number, flags: number): number {
    for (let i = 0; i < DIRECT_TRIES; i++) {
      if (this.reclaim.reclaim(DIRECT_PAGES) === 0) break;
      const page = this.fromZones(order, flags, false);
      if (page !== NO_PAGE) return page;
    }
    return NO_PAGE;
  }
}
