/**
 * How much memory a kernel keeps free, by its own arithmetic: the default of vm.min_free_kbytes, the three
 * marks of each zone, and what a zone keeps back from those who could have had a higher one. After Linux
 * 2.6.24 (`era`) and Linux 6 (`modern`): `init_per_zone_pages_min`, `setup_per_zone_pages_min` and
 * `setup_per_zone_lowmem_reserve` of mm/page_alloc.c, later called `calculate_min_free_kbytes` and
 * `__setup_per_zone_wmarks`.
 */
export const KERNELS = ['era', 'modern'] as const;
export type Kernel = (typeof KERNELS)[number];

/** Kilobytes of a page of x86-64. */
export const PAGE_KB = 4;
export const PAGE_BYTES = 4096;

/** Least of vm.min_free_kbytes where nobody sets it, and most by kernel. */
const MIN_FREE_KB_LEAST = 128;
const MIN_FREE_KB_MOST: Readonly<Record<Kernel, number>> = { era: 65_536, modern: 262_144 };
/** vm.watermark_scale_factor: marks lie apart by so many ten-thousandths of a zone, at least. */
const WATERMARK_SCALE = 10;
const WATERMARK_SCALE_OF = 10_000;
/** vm.lowmem_reserve_ratio of DMA and of DMA32. */
const LOWMEM_RESERVE_RATIO = 256;

/** A zone and how many pages it has. */
export interface ZoneSize {
  readonly name: string;
  readonly pages: number;
}

/** Pages that are to stay free: below `low` reclaim wakes, at `high` it rests, below `min` few may go. */
export interface Marks {
  readonly min: number;
  readonly low: number;
  readonly high: number;
}

const DMA_PAGES = 4096;
/** Below 4 GiB, less the half GiB that devices have there, less the DMA zone. */
const DMA32_PAGES_MAX = 917_504 - DMA_PAGES;
/** What a host must have, so that it has all three zones' least. */
export const LOWMEM_KB_LEAST = 2 * DMA_PAGES * PAGE_KB;
/** Pages are numbered by int32, and each takes some bytes of this model: 64 GiB. */
export const LOWMEM_KB_MOST: number = 64 * 1024 * 1024;

/**
 * The zones of an x86-64 host, lowest first: DMA (16 MiB), DMA32 (to 3.5 GiB; the model's hosts have half a
 * GiB of device space below 4 GiB), and Normal, which a small host does not have.
 * @param lowmemKb LOWMEM_KB_LEAST to LOWMEM_KB_MOST. @throws RangeError beyond that.
 */
export function zonesOf(lowmemKb: number): ZoneSize[] {
  if (!Number.isInteger(lowmemKb) || lowmemKb < LOWMEM_KB_LEAST || lowmemKb > LOWMEM_KB_MOST) {
    throw new RangeError(
      `"lowmem" expected a whole number of kilobytes from ${LOWMEM_KB_LEAST} to ${LOWMEM_KB_MOST}, ` +
        `got ${lowmemKb}`,
    );
  }
  const pages = Math.floor(lowmemKb / PAGE_KB);
  const dma32 = Math.min(pages - DMA_PAGES, DMA32_PAGES_MAX);
  const normal = pages - DMA_PAGES - dma32;
  const zones = [
    { name: 'DMA', pages: DMA_PAGES },
    { name: 'DMA32', pages: dma32 },
  ];
  return normal === 0 ? zones : [...zones, { name: 'Normal', pages: normal }];
}

/** What vm.min_free_kbytes is where nobody sets it: four times the root of the memory, both in kilobytes. */
export function minFreeKbytesDefault(lowmemKb: number, kernel: Kernel): number {
  const wanted = Math.floor(Math.sqrt(lowmemKb * 16));
  return Math.min(Math.max(wanted, MIN_FREE_KB_LEAST), MIN_FREE_KB_MOST[kernel]);
}

/** Each zone's marks: its share of min_free_kbytes by its size, and two marks above. */
export function marksOf(zones: readonly ZoneSize[], minFreeKbytes: number, kernel: Kernel): Marks[] {
  const minPages = Math.floor(minFreeKbytes / PAGE_KB);
  const allPages = zones.reduce((sum, { pages }) => sum + pages, 0);
  return zones.map(({ pages }) => {
    const min = Math.floor((minPages * pages) / allPages);
    if (kernel === 'era') return { min, low: min + (min >> 2), high: min + (min >> 1) };
    const apart = Math.max(min >> 2, Math.floor((pages * WATERMARK_SCALE) / WATERMARK_SCALE_OF));
    return { min, low: min + apart, high: min + 2 * apart };
  });
}

/**
 * What each zone keeps back (`lowmem_reserve`), by the highest zone whoever asks could have had: a 256th of
 * the zones between.
 */
export function lowmemReserves(zones: readonly ZoneSize[]): number[][] {
  return zones.map((_, zone) =>
    zones.map((_, highest) => {
      const above = zones.slice(zone + 1, highest + 1);
      return Math.floor(above.reduce((sum, { pages }) => sum + pages, 0) / LOWMEM_RESERVE_RATIO);
    }),
  );
}
