/** The ratio of two sides' repeats as text: the median, and in brackets the lowest and the highest. */
import type { Spread } from '../record/statistics.ts';
import { together } from './quantity.ts';

export function ratioText({ median, min, max }: Spread): string {
  const { texts } = together([median, min, max], 'x');
  return `${texts[0]} (${texts[1]}..${texts[2]})`;
}
