/** The ratio of two sides' repeats as text: the median, and in brackets the lowest and the highest. */
import type { Spread } from '../record/statistics.ts';
import { threeDigits } from './units.ts';

export function ratioText(ratio: Spread): string {
  return `${threeDigits(ratio.median)} (${threeDigits(ratio.min)}..${threeDigits(ratio.max)})`;
}
