/** Receive buffers of each kind: what they ask the page allocator for, and what happens when it has none. */
import { describe, expect, it } from 'vitest';
import { PacketPool } from '../../../src/dma/packets.ts';
import { GFP_ATOMIC } from '../../../src/host/memory/gfp.ts';
import { PageAllocator } from '../../../src/host/memory/page-allocator.ts';
import {
  type ReceiveAllocator,
  type ReceiveMemory,
  receiveAllocator,
} from '../../../src/host/memory/receive-allocator.ts';
import { receiveBufferBytes, SLAB_RULES } from '../../../src/host/memory/size-classes.ts';

const SLOTS = 64;

function host(pages: number): PageAllocator {
  const zones = [{ name: 'Normal', pages }];
  return new PageAllocator({ zones, kernel: 'era', minFreeKbytes: 0, inUse: false });
}

function buffers(pages: PageAllocator, memory: ReceiveMemory, mtu = 1500, poolBuffers = 8): ReceiveAllocator {
  const bufferBytes = receiveBufferBytes(mtu);
  return receiveAllocator(pages, { memory, bufferBytes, slabRules: SLAB_RULES, slots: SLOTS, poolBuffers });
}

describe('receive buffers', () => {
  it.each([
    ['kmalloc', 1500, 1, 2],
    ['kmalloc', 9000, 2, 4],
    ['pages', 1500, 0, 1],
    ['pages', 9000, 0, 3],
  ] as const)('of %s with an MTU of %i are of order %i, at first %i pages', (memory, mtu, order, first) => {
    const pages = host(256);
    const made = buffers(pages, memory, mtu);
    expect(made.order).toBe(order);
    expect(made.take(5)).toBe(true);
    expect(256 - pages.freePages).toBe(first);
    for (let slot = 6; slot < 20; slot++) expect(made.take(slot)).toBe(true);
    for (let slot = 5; slot < 20; slot++) made.give(slot);
    expect(made.lent).toBe(0);
    // Slabs keep the one in use and two more.
    expect(256 - pages.freePages).toBeLessThanOrEqual(6);
    pages.zones[0].buddy.check();
  });

  it('are refused when two pages side by side are wanted, and single ones are left', () => {
    const pages = host(256);
    const taken = Array.from({ length: 256 }, () => pages.allocate(0, GFP_ATOMIC)).filter(
      (page) => page >= 0,
    );
    for (const page of taken) if (page % 2 === 0) pages.free(page, 0);
    expect(buffers(pages, 'kmalloc').take(0)).toBe(false);
    expect(buffers(pages, 'kmalloc', 9000).take(0)).toBe(false);
    expect(buffers(pages, 'pages', 9000).take(0)).toBe(true);
  });

  it('of several pages are had whole or not at all', () => {
    const pages = host(8);
    const made = buffers(pages, 'pages', 9000);
    expect([made.take(0), made.take(1)]).toEqual([true, true]);
    const { freePages } = pages;
    expect(made.take(2)).toBe(false);
    expect([pages.freePages, made.lent, made.refused]).toEqual([freePages, 2, 1]);
    made.give(0);
    expect(made.take(2)).toBe(true);
  });

  it('of a pool never ask again, and are as many as there were', () => {
    const pages = host(256);
    const made = buffers(pages, 'pool');
    const { freePages } = pages;
    expect(freePages).toBe(256 - Math.ceil((8 * 1976) / 4096));
    for (let slot = 0; slot < 8; slot++) expect(made.take(slot)).toBe(true);
    expect(made.take(8)).toBe(false);
    made.give(3);
    expect(made.take(8)).toBe(true);
    expect([pages.freePages, made.refused]).toEqual([freePages, 1]);
  });

  it('are refused by name where a pool cannot be', () => {
    expect(() => buffers(host(256), 'pool', 1500, 65)).toThrow(/^"pool" expected 1 to 64 buffers/);
    expect(() => buffers(host(2), 'pool', 1500, 64)).toThrow(/^"pool" expected fewer buffers than 64/);
  });

  it('stand behind the slots of a packet pool, which has none while its memory has none', () => {
    const made = buffers(host(256), 'pool', 1500, 2);
    const packets = new PacketPool(4096, SLOTS, 2048, undefined, made);
    const [first, second] = [packets.take(), packets.take()];
    expect([packets.take(), packets.available]).toEqual([-1, SLOTS - 2]);
    packets.free(first);
    expect(packets.take()).toBe(first);
    packets.free(second);
    expect(made.lent).toBe(1);
  });
});
