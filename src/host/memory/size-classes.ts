/**
 * Which memory a request of so many bytes is served from: its size class, and how many pages a slab of that
 * class has. After `kmalloc_caches` and `calculate_order` of mm/slub.c, and `tg3_alloc_rx_skb` of
 * drivers/net/tg3.c, Linux 2.6.24.
 */
import { ORDER_MAX } from './buddy-zone.ts';
import { PAGE_BYTES } from './marks.ts';

/** Longer requests are not made of slabs, but of whole blocks of pages. */
export const SLAB_OBJECT_BYTES_MAX: number = PAGE_BYTES / 2;
const CLASS_BYTES = [8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048];

/** How slabs are made. */
export interface SlabRules {
  /** Objects that a slab should hold at least (slub_min_objects: 4). */
  readonly minObjects: number;
  /** Order of a slab at most, where an object fits one (slub_max_order: 1). */
  readonly maxOrder: number;
}

export const SLAB_RULES: SlabRules = { minObjects: 4, maxOrder: 1 };

/** Bytes of the size class that serves a request. @throws RangeError for more than the largest has. */
export function classBytes(bytes: number): number {
  const found = CLASS_BYTES.find((size) => size >= bytes);
  if (found === undefined) throw new RangeError(`no size class has ${bytes} bytes`);
  return found;
}

/** The least order whose blocks have so many bytes. @throws RangeError for more than the longest block. */
export function pageOrder(bytes: number): number {
  let order = 0;
  while (PAGE_BYTES << order < bytes) order++;
  if (order > ORDER_MAX) throw new RangeError(`no block of pages has ${bytes} bytes`);
  return order;
}

/**
 * The order of a class's slabs: the least that holds the objects wanted and wastes little, or what the rules
 * allow at most.
 */
export function slabOrder(objectBytes: number, { minObjects, maxOrder }: SlabRules): number {
  for (let objects = minObjects; objects > 1; objects >>= 1) {
    for (let wasted = 8; wasted >= 4; wasted >>= 1) {
      for (let order = pageOrder(objects * objectBytes); order <= maxOrder; order++) {
        const bytes = PAGE_BYTES << order;
        if (bytes % objectBytes <= bytes / wasted) return order;
      }
    }
  }
  return pageOrder(objectBytes);
}

/** MTU of Ethernet without jumbo frames, and the receive buffer of a card for it. */
const ETHERNET_MTU = 1500;
const STANDARD_BUFFER_BYTES = 1536;
/** A jumbo frame's buffer has so much more than its MTU: 9046 bytes for 9000. */
const JUMBO_EXTRA_BYTES = 46;
/** The buffer begins two bytes late, and has so much room behind it. */
const OFFSET_BYTES = 2;
const TAIL_BYTES = 64;
/** NET_SKB_PAD, a cache line, and what lies behind the data (`struct skb_shared_info` of x86-64). */
const SKB_PAD_BYTES = 16;
const CACHE_LINE_BYTES = 64;
const SHARED_INFO_BYTES = 312;

/** Bytes that a driver asks the kernel for, for one receive buffer that takes a frame of this MTU. */
export function receiveBufferBytes(mtu: number): number {
  const frame = mtu <= ETHERNET_MTU ? STANDARD_BUFFER_BYTES : mtu + JUMBO_EXTRA_BYTES;
  const data = frame + OFFSET_BYTES + TAIL_BYTES + SKB_PAD_BYTES;
  return Math.ceil(data / CACHE_LINE_BYTES) * CACHE_LINE_BYTES + SHARED_INFO_BYTES;
}
