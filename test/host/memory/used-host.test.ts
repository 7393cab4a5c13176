/** A host that has run for a while: what is free, in which blocks, and that no page is lost or held twice. */
import { describe, expect, it } from 'vitest';
import { GFP_ATOMIC, GFP_COMPOUND } from '../../../src/host/memory/gfp.ts';
import { minFreeKbytesDefault, zonesOf } from '../../../src/host/memory/marks.ts';
import { allocationFailure, buddyInfo } from '../../../src/host/memory/mem-info.ts';
import { PageAllocator } from '../../../src/host/memory/page-allocator.ts';
import { UsedHost, type UsedHostOptions } from '../../../src/host/memory/used-host.ts';
import { Clock } from '../../../src/time/clock.ts';
import { Random } from '../../../src/time/random.ts';

const LOWMEM_KB = 262_144;
const OPTIONS: UsedHostOptions = {
  pinned: 0.1,
  mixed: 0.5,
  readPerS: 20_000,
  kswapdPerS: 100_000,
  takenPerS: 10_000,
  startsPerS: 200,
  keptNs: 1e6,
  pinnedPerS: 2000,
  aim: 'order',
};

function used(more: Partial<UsedHostOptions> = {}, seed = 1, kernel: 'era' | 'modern' = 'era') {
  const clock = new Clock();
  clock.set(0);
  const pages = new PageAllocator({
    zones: zonesOf(LOWMEM_KB),
    kernel,
    minFreeKbytes: minFreeKbytesDefault(LOWMEM_KB, kernel),
    inUse: true,
  });
  const host = new UsedHost(pages, clock, { ...OPTIONS, ...more }, new Random(seed));
  const pass = (ms: number): void => {
    for (let i = 0; i < ms * 10; i++) {
      clock.set(clock.nowNs + 100_000);
      host.poll();
    }
  };
  return { clock, pages, host, pass };
}

const zoneFree = ({ zones }: PageAllocator): number => zones[zones.length - 1].buddy.freePages;

describe('a used host', () => {
  it('has few pages free, about its marks, and all others in use once', () => {
    const { pages, host, pass } = used();
    host.age(5000);
    pass(100);
    const { marks } = pages.zones[1];
    expect(zoneFree(pages)).toBeGreaterThan(marks.min);
    expect(zoneFree(pages)).toBeLessThan(2 * marks.high);
    const total = LOWMEM_KB / 4;
    expect(host.passing).toBeGreaterThan(0);
    expect(host.cache.filePages + host.cache.pinnedPages + host.passing + pages.freePages).toBe(total);
    for (const { buddy } of pages.zones) buddy.check();
  });

  it('is the same again with the same seed, and another with another', () => {
    const infoOf = (seed: number): string => {
      const { pages, host, pass } = used({}, seed);
      host.age(2000);
      pass(20);
      return buddyInfo(pages);
    };
    expect(infoOf(1)).toBe(infoOf(1));
    expect(infoOf(1)).not.toBe(infoOf(2));
  });

  it('has its free pages singly where the oldest lie anywhere, and side by side where they do not', () => {
    const share = (mixed: number): number => {
      const { pages, host } = used({ mixed });
      host.age(0);
      const { buddy } = pages.zones[1];
      return buddy.freeFrom(1) / buddy.freePages;
    };
    expect(share(0)).toBeGreaterThan(0.8);
    expect(share(1)).toBeLessThan(0.2);
  });

  it('gives pages up at a rate, which whoever cannot wait may outrun', () => {
    const { pages, host, pass } = used({ readPerS: 0, takenPerS: 0, startsPerS: 0, pinnedPerS: 0, mixed: 0 });
    const free = zoneFree(pages);
    const held: number[] = [];
    for (let i = 0; i < free; i++) {
      const page = pages.allocate(0, GFP_ATOMIC);
      if (page >= 0) held.push(page);
    }
    expect(pages.refused[0]).toBeGreaterThan(0);
    expect(host.wakes).toBe(1);
    const before = pages.freePages;
    pass(1);
    expect(pages.freePages - before).toBe(100);
    pass(200);
    expect(zoneFree(pages)).toBeGreaterThan(pages.zones[1].marks.high);
    for (const page of held) pages.free(page, 0);
    for (const { buddy } of pages.zones) buddy.check();
  });

  it('goes on until blocks of the order asked can be had, unless it counts pages alone', () => {
    const freeAfter = (aim: 'order' | 'pages'): number => {
      const still = { readPerS: 0, takenPerS: 0, startsPerS: 0, pinnedPerS: 0 };
      const { pages, host, pass } = used({ ...still, mixed: 1, aim });
      host.age(0);
      for (let i = 0; i < 30; i++) {
        pages.allocate(1, GFP_ATOMIC | GFP_COMPOUND);
        pass(1);
      }
      return pages.freePages;
    };
    expect(freeAfter('order')).toBeGreaterThan(1.5 * freeAfter('pages'));
  });
});

describe('what a kernel prints', () => {
  it('is /proc/buddyinfo: a count for each order of each zone', () => {
    const { pages } = used();
    const lines = buddyInfo(pages).split('\n');
    expect(lines.map((line) => line.slice(0, 21))).toEqual([
      'Node 0, zone      DMA',
      'Node 0, zone    DMA32',
    ]);
    for (const [i, line] of lines.entries()) {
      const counts = line.slice(21).trim().split(/ +/).map(Number);
      expect(counts).toEqual([...pages.zones[i].buddy.blocks]);
    }
  });

  it('is the line of a failure, who called, and what is free', () => {
    const { pages } = used({ mixed: 1 });
    const text = allocationFailure(pages, 1, GFP_ATOMIC | GFP_COMPOUND, ['__alloc_pages', 'new_slab']);
    const lines = text.split('\n');
    expect(lines[0]).toBe('swapper: page allocation failure. order:1, mode:0x4020');
    expect(lines.slice(1, 5)).toEqual(['Call Trace:', ' <IRQ>', ' [__alloc_pages]', ' [new_slab]']);
    const { buddy, marks } = pages.zones[1];
    const free = `free:${buddy.freePages * 4}kB min:${marks.min * 4}kB low:${marks.low * 4}kB`;
    expect(text).toContain(`Node 0 DMA32 ${free} high:${marks.high * 4}kB`);
    expect(text).toContain(`Node 0 DMA32: ${buddy.blocks[0]}*4kB ${buddy.blocks[1]}*8kB`);
    expect(text.endsWith(`= ${buddy.freePages * 4}kB`)).toBe(true);
  });

  it('has other words in a modern kernel', () => {
    const { pages } = used({}, 1, 'modern');
    expect(allocationFailure(pages, 1, GFP_ATOMIC | GFP_COMPOUND, []).split('\n')[0]).toBe(
      'swapper/0: page allocation failure: order:1, mode:0x40820, nodemask=(null)',
    );
  });
});
