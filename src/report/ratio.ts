/** The ratio of two sides' repeats as text: the median, and in brackets the lowest and the highest. */
import type { Spread } from '../record/statistics.ts';
import { threeDigits } from './units.ts';

export function ratioText(ratio: Spread): string {
  return `${digits(ratio.median)} (${digits(ratio.min)}..${digits(ratio.max)})`;
}

/** A small ratio keeps two digits: a hundredth must not read as nothing. */
function digits(value: number): string {
  return value > 0 && value < 0.0995 ? value.toPrecision(2) : threeDigits(value);
}
