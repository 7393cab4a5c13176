/** How a page is asked for: the flags of include/linux/gfp.h, by the names and the bits of Linux 2.6.24. */

/** The caller may sleep, so it may reclaim. */
export const GFP_MAY_WAIT = 0x10;
/** Half of the least mark may be used. */
export const GFP_HIGH = 0x20;
const GFP_IO = 0x40;
const GFP_FS = 0x80;
/** The pages are one block, and know it. Has no bearing on whether there are any. */
export const GFP_COMPOUND = 0x4000;

/** From an interrupt: it may not wait, and may use what is kept for such. */
export const GFP_ATOMIC: number = GFP_HIGH;
/** From a program's call. */
export const GFP_KERNEL: number = GFP_MAY_WAIT | GFP_IO | GFP_FS;

/** The same flags as bits of Linux 6, for what is printed. */
const MODERN_BITS: readonly (readonly [bit: number, modern: number])[] = [
  [GFP_MAY_WAIT, 0x400 | 0x800],
  [GFP_HIGH, 0x20 | 0x800],
  [GFP_IO, 0x40],
  [GFP_FS, 0x80],
  [GFP_COMPOUND, 0x40000],
];

/** @returns the mode that Linux 6 prints for these flags. */
export function modernMode(flags: number): number {
  return MODERN_BITS.reduce((mode, [bit, modern]) => ((flags & bit) !== 0 ? mode | modern : mode), 0);
}
