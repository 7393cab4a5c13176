/**
 * Where the buffers of a plain card's receive ring come from. Its driver takes one for each packet slot that
 * it posts, within an interrupt, so it cannot wait; the stack gives it back when the packet has been read. A
 * buffer that is refused leaves its descriptor empty until the next poll: when all are, frames are dropped.
 *
 *   slab    the size class that the buffer's bytes fall in, over the page allocator: what drivers did
 *   blocks  a block of pages of its own: what a buffer longer than half a page is made of
 *   pages   as many single pages as it takes, none of which need lie beside another: order 0
 *   pool    as many buffers as there are, taken once when the driver starts
 */
import type { SlotMemory } from '../../dma/packets.ts';
import { NO_PAGE } from './buddy-zone.ts';
import { GFP_ATOMIC, GFP_COMPOUND, GFP_KERNEL } from './gfp.ts';
import { PAGE_BYTES } from './marks.ts';
import type { PageAllocator } from './page-allocator.ts';
import { classBytes, pageOrder, SLAB_OBJECT_BYTES_MAX, type SlabRules } from './size-classes.ts';
import { NONE, SlabCache } from './slab-cache.ts';

export const RECEIVE_MEMORIES = ['kmalloc', 'pages', 'pool'] as const;
/** `kmalloc` is `slab` or `blocks`, by the buffer's bytes. */
export type ReceiveMemory = (typeof RECEIVE_MEMORIES)[number];

export interface ReceiveAllocator extends SlotMemory {
  /** Order of the blocks that it asks the page allocator for while it runs; -1 for none. */
  readonly order: number;
  /** Buffers lent, and times that one was refused. */
  readonly lent: number;
  readonly refused: number;
  /** Who called whom, innermost first, from the page allocator to the interrupt; by the kernel's names. */
  readonly callers: readonly string[];
}

export interface ReceiveAllocatorOptions {
  readonly memory: ReceiveMemory;
  readonly bufferBytes: number;
  readonly slabRules: SlabRules;
  /** Packet slots, each of which may have a buffer. */
  readonly slots: number;
  /** Buffers of a pool; no more than slots. */
  readonly poolBuffers: number;
}

/** @throws RangeError where a pool cannot have its buffers. */
export function receiveAllocator(pages: PageAllocator, options: ReceiveAllocatorOptions): ReceiveAllocator {
  const { memory, bufferBytes, slabRules, slots, poolBuffers } = options;
  if (memory === 'pages') return new PageBuffers(pages, bufferBytes, slots);
  if (memory === 'pool') return new PoolBuffers(pages, bufferBytes, slots, poolBuffers);
  if (bufferBytes > SLAB_OBJECT_BYTES_MAX) return new BlockBuffers(pages, bufferBytes, slots);
  return new SlabBuffers(pages, bufferBytes, slabRules, slots);
}

/** From the driver's poll down to the function that asks for the data's memory. */
const REFILL = ['__alloc_skb', '__netdev_alloc_skb', 'tg3_alloc_rx_skb', 'tg3_poll', 'net_rx_action'];
const SOFTIRQ = ['__do_softirq', 'call_softirq', 'do_softirq', 'irq_exit', 'do_IRQ', 'ret_from_intr'];

class SlabBuffers implements ReceiveAllocator {
  readonly order: number;
  readonly callers: readonly string[] = [
    '__alloc_pages',
    'new_slab',
    '__slab_alloc',
    '__kmalloc_track_caller',
    ...REFILL,
    ...SOFTIRQ,
  ];
  lent = 0;
  refused = 0;
  private readonly slabs: SlabCache;
  private readonly objects: Int32Array;

  constructor(pages: PageAllocator, bufferBytes: number, rules: SlabRules, slots: number) {
    this.slabs = new SlabCache(pages, classBytes(bufferBytes), rules, slots);
    this.order = this.slabs.order;
    this.objects = new Int32Array(slots).fill(NONE);
  }

  take(slot: number): boolean {
    const object = this.slabs.take(GFP_ATOMIC);
    if (object === NONE) {
      this.refused += 1;
      return false;
    }
    this.objects[slot] = object;
    this.lent += 1;
    return true;
  }

  give(slot: number): void {
    this.slabs.give(this.objects[slot]);
    this.objects[slot] = NONE;
    this.lent -= 1;
  }
}

class BlockBuffers implements ReceiveAllocator {
  readonly order: number;
  readonly callers: readonly string[] = ['__alloc_pages', '__kmalloc_track_caller', ...REFILL, ...SOFTIRQ];
  lent = 0;
  refused = 0;
  private readonly pages: PageAllocator;
  private readonly blocks: Int32Array;

  constructor(pages: PageAllocator, bufferBytes: number, slots: number) {
    this.pages = pages;
    this.order = pageOrder(bufferBytes);
    this.blocks = new Int32Array(slots).fill(NO_PAGE);
  }

  take(slot: number): boolean {
    const page = this.pages.allocate(this.order, GFP_ATOMIC | GFP_COMPOUND);
    if (page === NO_PAGE) {
      this.refused += 1;
      return false;
    }
    this.blocks[slot] = page;
    this.lent += 1;
    return true;
  }

  give(slot: number): void {
    this.pages.free(this.blocks[slot], this.order);
    this.blocks[slot] = NO_PAGE;
    this.lent -= 1;
  }
}

class PageBuffers implements ReceiveAllocator {
  readonly order: number = 0;
  readonly callers: readonly string[] = ['__alloc_pages', ...REFILL.slice(2), ...SOFTIRQ];
  lent = 0;
  refused = 0;
  private readonly pages: PageAllocator;
  /** Pages of a buffer, and those of each slot one after the other. */
  private readonly each: number;
  private readonly held: Int32Array;

  constructor(pages: PageAllocator, bufferBytes: number, slots: number) {
    this.pages = pages;
    this.each = Math.ceil(bufferBytes / PAGE_BYTES);
    this.held = new Int32Array(slots * this.each).fill(NO_PAGE);
  }

  take(slot: number): boolean {
    const first = slot * this.each;
    for (let i = 0; i < this.each; i++) {
      const page = this.pages.allocate(0, GFP_ATOMIC);
      if (page === NO_PAGE) {
        this.release(first, i);
        this.refused += 1;
        return false;
      }
      this.held[first + i] = page;
    }
    this.lent += 1;
    return true;
  }

  give(slot: number): void {
    this.release(slot * this.each, this.each);
    this.lent -= 1;
  }

  private release(first: number, count: number): void {
    for (let i = first; i < first + count; i++) {
      this.pages.free(this.held[i], 0);
      this.held[i] = NO_PAGE;
    }
  }
}

class PoolBuffers implements ReceiveAllocator {
  readonly order: number = NONE;
  readonly callers: readonly string[] = [];
  lent = 0;
  refused = 0;
  private readonly buffers: number;

  /** Its memory is asked for as a program's call would, which may wait, and is kept for good. */
  constructor(pages: PageAllocator, bufferBytes: number, slots: number, buffers: number) {
    if (!(buffers > 0 && buffers <= slots)) {
      throw new RangeError(`"pool" expected 1 to ${slots} buffers, one for each packet slot, got ${buffers}`);
    }
    this.buffers = buffers;
    const needed = Math.ceil((buffers * bufferBytes) / PAGE_BYTES);
    for (let i = 0; i < needed; i++) {
      if (pages.allocate(0, GFP_KERNEL) === NO_PAGE) {
        throw new RangeError(
          `"pool" expected fewer buffers than ${buffers}: the host has no memory for them`,
        );
      }
    }
  }

  take(_slot: number): boolean {
    if (this.lent === this.buffers) {
      this.refused += 1;
      return false;
    }
    this.lent += 1;
    return true;
  }

  give(_slot: number): void {
    this.lent -= 1;
  }
}
