/**
 * The pages of a host that runs for a while: nearly all are in use. Some are held for good (`pinned`: kernel
 * objects, programs); the others hold files, and are given up again, the oldest first. On a host that has
 * just read one large file the oldest pages lie side by side; the longer it has run, the less a page's age
 * has to do with its place. `mixed` says how far that has gone: on a young host not at all.
 */
import { assert } from '../../assert/assert.ts';
import type { Random } from '../../time/random.ts';
import { NO_PAGE } from './buddy-zone.ts';
import { GFP_KERNEL } from './gfp.ts';
import type { PageAllocator, Zone } from './page-allocator.ts';

export interface PageCacheOptions {
  /** Share of all pages that are held for good, 0 to below 1. */
  readonly pinned: number;
  /** Share of reclaimed pages that lie anywhere, 0 to 1; the others lie beside the one before. */
  readonly mixed: number;
}

/** Numbers of a random word. */
const WORDS = 0x1_0000_0000;

/** The file pages of one zone, as a ring from the oldest to the newest. */
interface FilePages {
  readonly pages: Int32Array;
  oldest: number;
  count: number;
}

export class PageCache {
  private readonly allocator: PageAllocator;
  private readonly random: Random;
  private mixedOf: number;
  private readonly files: readonly FilePages[];
  private readonly pinned: Int32Array;
  private pinnedCount = 0;

  /** @param allocator whose pages are all in use: from now on, by this cache. */
  constructor(allocator: PageAllocator, { pinned }: Pick<PageCacheOptions, 'pinned'>, random: Random) {
    assert(allocator.freePages === 0, 'page cache: it begins on a host whose pages are all in use');
    this.allocator = allocator;
    this.random = random;
    this.mixedOf = 0;
    const total = allocator.zones.reduce((sum, { buddy }) => sum + buddy.pages, 0);
    this.pinned = new Int32Array(Math.ceil(total * Math.min(1, pinned * 1.1) + 64));
    const pinnedOf = Math.round(pinned * WORDS);
    this.files = allocator.zones.map((zone) => this.fill(zone, pinnedOf));
  }

  /** Pages that hold files, and can be given up. */
  get filePages(): number {
    let sum = 0;
    for (let i = 0; i < this.files.length; i++) sum += this.files[i].count;
    return sum;
  }

  get pinnedPages(): number {
    return this.pinnedCount;
  }

  /** A page is read into. @returns whether there was one. */
  read(): boolean {
    const { allocator } = this;
    const page = allocator.allocate(0, GFP_KERNEL);
    if (page === NO_PAGE) return false;
    this.hold(allocator.zones.indexOf(allocator.zoneOf(page)), page);
    return true;
  }

  /** Reads into every page that is free, whatever the marks say. */
  readAll(): void {
    for (const [i, { base, buddy }] of this.allocator.zones.entries()) {
      for (let page = buddy.take(0); page !== NO_PAGE; page = buddy.take(0)) this.hold(i, base + page);
    }
  }

  /** From now on so large a share of the pages given up lies anywhere. */
  set mixed(share: number) {
    this.mixedOf = Math.round(share * WORDS);
  }

  /** What was held for good is held elsewhere: a new page is taken, and any of the old ones given back. */
  movePinned(): boolean {
    if (this.pinnedCount === 0) return false;
    const page = this.allocator.allocate(0, GFP_KERNEL);
    if (page === NO_PAGE) return false;
    const place = this.random.below(this.pinnedCount);
    this.allocator.free(this.pinned[place], 0);
    this.pinned[place] = page;
    return true;
  }

  /** Gives up to so many file pages of a zone back. @returns how many. */
  reclaim(zone: number, count: number): number {
    const files = this.files[zone];
    const wanted = Math.min(count, files.count);
    for (let i = 0; i < wanted; i++) this.allocator.free(this.oldest(files), 0);
    return wanted;
  }

  private hold(zone: number, page: number): void {
    const files = this.files[zone];
    const { pages } = files;
    pages[(files.oldest + files.count) % pages.length] = page;
    files.count += 1;
  }

  private oldest(files: FilePages): number {
    const { pages, oldest } = files;
    if (this.random.nextInt32() >>> 0 < this.mixedOf) {
      const other = (oldest + this.random.below(files.count)) % pages.length;
      const page = pages[other];
      pages[other] = pages[oldest];
      pages[oldest] = page;
    }
    files.oldest = (oldest + 1) % pages.length;
    files.count -= 1;
    return pages[oldest];
  }

  private fill({ base, buddy }: Zone, pinnedOf: number): FilePages {
    const { random, pinned } = this;
    const pages = new Int32Array(buddy.pages);
    let count = 0;
    for (let page = base; page < base + buddy.pages; page++) {
      if (pinnedOf > 0 && random.nextInt32() >>> 0 < pinnedOf && this.pinnedCount < pinned.length) {
        pinned[this.pinnedCount++] = page;
      } else pages[count++] = page;
    }
    return { pages, oldest: 0, count };
  }
}
