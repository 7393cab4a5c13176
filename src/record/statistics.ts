/** The few statistics a result states: the median of its repeats, and how far they lie apart. */

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError for no values. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('"values" expected at least one, got none');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted[sorted.length - 1] };
}

/**
 * Ratios of two sides, repeat by repeat: the repeats of one number ran one after the other, so what disturbed
 * one is likely to have disturbed the other.
 * @returns undefined when there is no pair, or a baseline is 0.
 */
export function ratioOf(values: readonly number[], baselines: readonly number[]): Spread | undefined {
  const pairs = Math.min(values.length, baselines.length);
  if (pairs === 0 || baselines.slice(0, pairs).includes(0)) return undefined;
  return spreadOf(values.slice(0, pairs).map((value, i) => value / baselines[i]));
}
