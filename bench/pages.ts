/** What a page costs of a host's allocator: taken and given back, on a host of 8 GB with nearly none free. */
import { GFP_KERNEL } from '../src/host/memory/gfp.ts';
import { minFreeKbytesDefault, zonesOf } from '../src/host/memory/marks.ts';
import { PageAllocator } from '../src/host/memory/page-allocator.ts';
import { Random } from '../src/time/random.ts';

const LOWMEM_KB = 8_259_000;
const HELD = 1 << 14;

/** @param scale 1 for a figure, less for a smoke test. @returns a line for each order. */
export function runPagesBench(scale: number): string[] {
  return [0, 1].map((order) => {
    const minFreeKbytes = minFreeKbytesDefault(LOWMEM_KB, 'era');
    const pages = new PageAllocator({
      zones: zonesOf(LOWMEM_KB),
      kernel: 'era',
      minFreeKbytes,
      inUse: false,
    });
    const random = new Random(1);
    const held = new Int32Array(HELD).fill(-1);
    const free = pages.freePages;
    const rounds = Math.ceil(8_000_000 * scale);
    const start = performance.now();
    // Given back in no order, so that blocks are split and merged all the time.
    for (let round = 0; round < rounds; round++) {
      const place = random.below(HELD);
      if (held[place] >= 0) pages.free(held[place], order);
      held[place] = pages.allocate(order, GFP_KERNEL);
    }
    const nsPerPair = ((performance.now() - start) * 1e6) / rounds;
    for (const page of held) if (page >= 0) pages.free(page, order);
    const figure = `${nsPerPair.toFixed(0)} ns a pair (${free - pages.freePages} pages lost)`;
    return `blocks of order ${order}, taken and given back: ${figure}`;
  });
}
