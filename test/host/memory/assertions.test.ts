/** The assertions of a host's memory, each tripped by the bug it guards against. */
import { describe } from 'vitest';
import { BuddyZone } from '../../../src/host/memory/buddy-zone.ts';
import { GFP_KERNEL } from '../../../src/host/memory/gfp.ts';
import { PageAllocator } from '../../../src/host/memory/page-allocator.ts';
import { PageCache } from '../../../src/host/memory/page-cache.ts';
import { SLAB_RULES } from '../../../src/host/memory/size-classes.ts';
import { SlabCache } from '../../../src/host/memory/slab-cache.ts';
import { UsedHost } from '../../../src/host/memory/used-host.ts';
import { Clock } from '../../../src/time/clock.ts';
import { Random } from '../../../src/time/random.ts';
import { trips } from '../../rules/trips.ts';

/** What a bug would reach into. */
type Inside = Record<string, Int8Array | Int32Array | number>;
const inside = (zone: BuddyZone): Inside => zone as unknown as Inside;

function host(inUse: boolean): PageAllocator {
  const zones = [{ name: 'Normal', pages: 256 }];
  return new PageAllocator({ zones, kernel: 'era', minFreeKbytes: 64, inUse });
}

describe('blocks of pages', () => {
  trips('buddy zone: it has pages', () => new BuddyZone(0, false));
  trips('buddy zone: a block is of one of the orders', () => new BuddyZone(8, false).take(11));
  trips('buddy zone: a block comes back once, and as it was taken', () => {
    const zone = new BuddyZone(8, false);
    zone.give(zone.take(1), 0);
  });
  trips('buddy zone: a block is in one list', () => {
    const zone = new BuddyZone(6, false);
    (inside(zone)['heads'] as Int32Array)[0] = (inside(zone)['heads'] as Int32Array)[1];
    zone.check();
  });
  trips('buddy zone: each list is as long as is counted', () => {
    const zone = new BuddyZone(8, false);
    zone.blocks[3] = 2;
    zone.check();
  });
  trips('buddy zone: every page is in one block', () => {
    const zone = new BuddyZone(8, true);
    (inside(zone)['state'] as Int8Array)[3] = 0;
    zone.check();
  });
  trips('buddy zone: free buddies are merged, and listed', () => {
    const zone = new BuddyZone(8, true);
    (inside(zone)['state'] as Int8Array)[3] = 1;
    zone.check();
  });
  trips('buddy zone: free pages are as many as is counted', () => {
    const zone = new BuddyZone(8, false);
    zone.freePages = 7;
    zone.check();
  });
});

describe('pages, slabs and a used host', () => {
  trips('page allocator: a page is of one of its zones', () => host(true).free(-1, 0));
  trips('page allocator: a request is of one of the orders', () => host(false).allocate(11, GFP_KERNEL));
  trips('slab cache: an object comes back once', () => {
    const slabs = new SlabCache(host(false), 2048, SLAB_RULES, 8);
    const object = slabs.take(GFP_KERNEL);
    slabs.give(object);
    slabs.give(object);
  });
  trips('page cache: it begins on a host whose pages are all in use', () => {
    new PageCache(host(false), { pinned: 0 }, new Random(1));
  });
  trips('used host: kswapd gives up no more than its rate allows', () => {
    const used = new UsedHost(
      host(true),
      new Clock(),
      {
        pinned: 0,
        mixed: 0,
        readPerS: 0,
        kswapdPerS: 1e6,
        takenPerS: 0,
        startsPerS: 0,
        keptNs: 0,
        pinnedPerS: 0,
        aim: 'pages',
      },
      new Random(1),
    );
    const { cache } = used;
    const more = cache.reclaim.bind(cache);
    while (used.reclaim(32) > 0);
    // A cache that gives up more than it was asked for.
    Object.assign(cache, { reclaim: (zone: number, count: number) => more(zone, count) + count + 1 });
    (used as unknown as { wake(order: number): void; balance(budget: number): number }).wake(0);
    (used as unknown as { allocator: PageAllocator }).allocator.zones[0].buddy.freePages = 0;
    (used as unknown as { balance(budget: number): number }).balance(10);
  });
});
