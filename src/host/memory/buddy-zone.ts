/**
 * One zone's free pages as blocks of 1 to 1024 pages, a power of two each, beginning at a multiple of their
 * length. A block is taken from the list of its order, or split off a longer one; a block that comes back is
 * merged with its buddy (the other half of the block of twice the length) for as long as that is free.
 * Lists are last in, first out, as `__free_one_page` and `__rmqueue` of mm/page_alloc.c have them. Mobility
 * groups, which that file has had since 2.6.24, are not modelled.
 *
 * Everything lies in arrays as long as the zone, so that nothing is allocated after the constructor.
 */
import { assert } from '../../assert/assert.ts';

/** The longest block has 2 to the power of this many pages. */
export const ORDER_MAX = 10;
export const ORDERS: number = ORDER_MAX + 1;
/** No page, or the end of a list. */
export const NO_PAGE = -1;

export class BuddyZone {
  readonly pages: number;
  /** Free blocks, by order. */
  readonly blocks: Int32Array = new Int32Array(ORDERS);
  freePages = 0;
  private readonly heads: Int32Array = new Int32Array(ORDERS).fill(NO_PAGE);
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** By page: order + 1 of the free block that begins there, -(order + 1) of one in use, 0 within a block. */
  private readonly state: Int8Array;

  /** @param inUse whether each page is in use at first, as a block of its own; else all are free. */
  constructor(pages: number, inUse: boolean) {
    assert(pages > 0, 'buddy zone: it has pages');
    this.pages = pages;
    this.next = new Int32Array(pages);
    this.previous = new Int32Array(pages);
    this.state = new Int8Array(pages);
    if (inUse) this.state.fill(-1);
    else this.freeAll();
  }

  /** @returns the first page of a block of this order, now the caller's; NO_PAGE when there is none. */
  take(order: number): number {
    assert(order >= 0 && order <= ORDER_MAX, 'buddy zone: a block is of one of the orders');
    const { heads, state } = this;
    let from = order;
    while (from <= ORDER_MAX && heads[from] === NO_PAGE) from++;
    if (from > ORDER_MAX) return NO_PAGE;
    const page = heads[from];
    this.unlink(page, from);
    // The upper halves go back to the lists.
    while (from > order) {
      from--;
      this.link(page + (1 << from), from);
    }
    state[page] = -(order + 1);
    this.freePages -= 1 << order;
    return page;
  }

  /** Gives a block back. The caller must have taken it, with this order. */
  give(page: number, order: number): void {
    const { state, pages } = this;
    assert(state[page] === -(order + 1), 'buddy zone: a block comes back once, and as it was taken');
    this.freePages += 1 << order;
    state[page] = 0;
    let first = page;
    let at = order;
    while (at < ORDER_MAX) {
      const buddy = first ^ (1 << at);
      if (buddy + (1 << at) > pages || state[buddy] !== at + 1) break;
      this.unlink(buddy, at);
      first &= buddy;
      at++;
    }
    this.link(first, at);
  }

  /** Pages that are free in blocks of at least this order. */
  freeFrom(order: number): number {
    let pages = 0;
    for (let at = order; at <= ORDER_MAX; at++) pages += this.blocks[at] << at;
    return pages;
  }

  /** Whether a block of this order can be had. */
  has(order: number): boolean {
    for (let at = order; at <= ORDER_MAX; at++) if (this.blocks[at] > 0) return true;
    return false;
  }

  /** Walks the zone: each page is in one block, each free block in its list, and no two free are buddies. */
  check(): void {
    const listed = new Uint8Array(this.pages);
    for (let order = 0; order <= ORDER_MAX; order++) {
      let blocks = 0;
      for (let page = this.heads[order]; page !== NO_PAGE; page = this.next[page]) {
        assert(this.state[page] === order + 1 && listed[page] === 0, 'buddy zone: a block is in one list');
        listed[page] = 1;
        blocks++;
      }
      assert(blocks === this.blocks[order], 'buddy zone: each list is as long as is counted');
    }
    let free = 0;
    for (let page = 0; page < this.pages; ) {
      const order = Math.abs(this.state[page]) - 1;
      assert(order >= 0 && page % (1 << order) === 0, 'buddy zone: every page is in one block');
      if (this.state[page] > 0) {
        free += 1 << order;
        const buddy = page ^ (1 << order);
        const apart =
          order < ORDER_MAX && buddy + (1 << order) <= this.pages && this.state[buddy] === order + 1;
        assert(listed[page] === 1 && !apart, 'buddy zone: free buddies are merged, and listed');
      }
      page += 1 << order;
    }
    assert(free === this.freePages, 'buddy zone: free pages are as many as is counted');
  }

  private freeAll(): void {
    this.freePages = this.pages;
    // Linked from the end, so that the lowest pages are handed out first.
    let end = this.pages;
    while (end > 0) {
      let order = 0;
      while (order < ORDER_MAX && end % (2 << order) === 0) order++;
      end -= 1 << order;
      this.link(end, order);
    }
  }

  private link(page: number, order: number): void {
    const { heads, next, previous } = this;
    const head = heads[order];
    next[page] = head;
    previous[page] = NO_PAGE;
    if (head !== NO_PAGE) previous[head] = page;
    heads[order] = page;
    this.state[page] = order + 1;
    this.blocks[order] += 1;
  }

  private unlink(page: number, order: number): void {
    const { next, previous } = this;
    const after = next[page];
    const before = previous[page];
    if (before === NO_PAGE) this.heads[order] = after;
    else next[before] = after;
    if (after !== NO_PAGE) previous[after] = before;
    this.state[page] = 0;
    this.blocks[order] -= 1;
  }
}
