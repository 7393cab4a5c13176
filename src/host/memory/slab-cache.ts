/**
 * Objects of one size, cut from slabs of pages. A slab that is the one in use gives its objects until it has
 * none; then one that is used in part takes its place, or a new one of the page allocator. A slab without
 * objects in use goes back, but for a few. After mm/slub.c of Linux 2.6.24, for one processor.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { NO_PAGE } from './buddy-zone.ts';
import { GFP_COMPOUND } from './gfp.ts';
import { PAGE_BYTES } from './marks.ts';
import type { PageAllocator } from './page-allocator.ts';
import { type SlabRules, slabOrder } from './size-classes.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** No object, slab, or end of a list. */
export const NONE = -1;
/** Empty slabs that are kept (MIN_PARTIAL of mm/slub.c). */
const EMPTY_KEPT = 2;

export class SlabCache {
  readonly objectBytes: number;
  /** Order of a slab, and the objects it holds. */
  readonly order: number;
  readonly perSlab: number;
  /** Objects in use, and slabs that have pages. */
  inUse = 0;
  slabs = 0;
  private readonly pages: PageAllocator;
  private readonly slabFlags: number;
  /** By slab: its first page, its objects in use, its first free object, its neighbours in the list. */
  private readonly pageOf: Int32Array;
  private readonly used: Int32Array;
  private readonly freeHead: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** By object: the next one of its slab that is free; `IN_USE`. */
  private readonly nextFree: Int32Array;
  /** Numbers of slabs without pages, as a stack. */
  private readonly spare: Int32Array;
  private spareCount: number;
  /** Slabs used in part or not at all, beside the one in use. */
  private partial = NONE;
  private empty = 0;
  private current = NONE;

  /** @param objectsMax that are in use at once. */
  constructor(pages: PageAllocator, objectBytes: number, rules: SlabRules, objectsMax: number) {
    this.pages = pages;
    this.objectBytes = objectBytes;
    this.order = slabOrder(objectBytes, rules);
    this.perSlab = Math.floor((PAGE_BYTES << this.order) / objectBytes);
    this.slabFlags = this.order > 0 ? GFP_COMPOUND : 0;
    // Each object may have a slab to itself.
    const slabs = objectsMax + EMPTY_KEPT + 1;
    this.pageOf = new Int32Array(slabs).fill(NO_PAGE);
    this.used = new Int32Array(slabs);
    this.freeHead = new Int32Array(slabs);
    this.next = new Int32Array(slabs);
    this.previous = new Int32Array(slabs);
    this.nextFree = new Int32Array(slabs * this.perSlab);
    this.spare = Int32Array.from({ length: slabs }, (_, i) => slabs - 1 - i);
    this.spareCount = slabs;
  }

  /** Takes an object. // Hot path. @param flags of gfp.ts. @returns its number; NONE where there is none. */
  take(flags: number): number {
    let slab = this.current;
    if (slab === NONE || this.freeHead[slab] === NONE) {
      slab = this.nextSlab(flags);
      if (slab === NONE) return NONE;
    }
    const object = this.freeHead[slab];
    this.freeHead[slab] = this.nextFree[object];
    if (COSTLY) this.nextFree[object] = IN_USE;
    this.used[slab] += 1;
    this.inUse += 1;
    return object;
  }

  /** Gives an object back that `take` gave. // Hot path. */
  give(object: number): void {
    const slab = (object / this.perSlab) | 0;
    if (COSTLY) {
      assert(this.nextFree[object] === IN_USE, 'slab cache: an object comes back once');
    }
    const wasFull = this.freeHead[slab] === NONE;
    this.nextFree[object] = this.freeHead[slab];
    this.freeHead[slab] = object;
    this.used[slab] -= 1;
    this.inUse -= 1;
    if (slab === this.current) return;
    if (wasFull) this.link(slab);
    if (this.used[slab] > 0) return;
    if (this.empty < EMPTY_KEPT) this.empty += 1;
    else this.discard(slab);
  }

  /** Gives the pages of every slab back that has no object in use. */
  shrink(): void {
    for (let slab = this.partial; slab !== NONE; ) {
      const after = this.next[slab];
      if (this.used[slab] === 0) this.discard(slab);
      slab = after;
    }
    this.empty = 0;
    const { current } = this;
    if (current !== NONE && this.used[current] === 0) {
      this.current = NONE;
      this.release(current);
    }
  }

  /** @returns the slab to take from now. */
  private nextSlab(flags: number): number {
    let slab = this.partial;
    if (slab === NONE) slab = this.newSlab(flags);
    else {
      this.unlink(slab);
      if (this.used[slab] === 0) this.empty -= 1;
    }
    // The one before is full, and in no list.
    if (slab !== NONE) this.current = slab;
    return slab;
  }

  private newSlab(flags: number): number {
    if (this.spareCount === 0) return NONE;
    const page = this.pages.allocate(this.order, flags | this.slabFlags);
    if (page === NO_PAGE) return NONE;
    const slab = this.spare[--this.spareCount];
    this.pageOf[slab] = page;
    const first = slab * this.perSlab;
    for (let i = 0; i < this.perSlab; i++) this.nextFree[first + i] = first + i + 1;
    this.nextFree[first + this.perSlab - 1] = NONE;
    this.freeHead[slab] = first;
    this.slabs += 1;
    return slab;
  }

  private discard(slab: number): void {
    this.unlink(slab);
    this.release(slab);
  }

  private release(slab: number): void {
    this.pages.free(this.pageOf[slab], this.order);
    this.pageOf[slab] = NO_PAGE;
    this.spare[this.spareCount++] = slab;
    this.slabs -= 1;
  }

  private link(slab: number): void {
    const head = this.partial;
    this.next[slab] = head;
    this.previous[slab] = NONE;
    if (head !== NONE) this.previous[head] = slab;
    this.partial = slab;
  }

  private unlink(slab: number): void {
    const after = this.next[slab];
    const before = this.previous[slab];
    if (before === NONE) this.partial = after;
    else this.next[before] = after;
    if (after !== NONE) this.previous[after] = before;
  }
}

/** What `nextFree` says of an object in use, where that is asserted. */
const IN_USE = -2;
