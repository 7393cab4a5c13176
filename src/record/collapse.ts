/**
 * Runs that collapsed. Two threads that meet a neighbour on their cores may come to a tenth of their rate for
 * a whole run; a median alone would hide it, so such runs are named beside it.
 */
import { spreadOf } from './statistics.ts';

/** A run below this share of its side's median has collapsed. */
export const COLLAPSED_BELOW = 0.5;

/** @param rates of one side's runs. @returns the places of those that collapsed, from 0. */
export function collapsedRuns(rates: readonly number[]): number[] {
  if (rates.length === 0) return [];
  const { median } = spreadOf(rates);
  return rates.flatMap((rate, i) => (rate < COLLAPSED_BELOW * median ? [i] : []));
}
