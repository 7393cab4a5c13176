/**
 * The few statistics a result states: the median of its repeats, how far they lie apart, and how sure a ratio
 * is.
 */
import { Random } from '../time/random.ts';

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** A ratio and the interval that holds the true one in 95 of 100 such measurements. */
export interface RatioInterval {
  readonly low: number;
  readonly ratio: number;
  readonly high: number;
  readonly pairs: number;
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
 * Ratios of two sides, repeat by repeat. Repeats of one number ran one after the other, so what disturbed one
 * of them is likely to have disturbed the other too.
 * @returns undefined when there is no pair, or a baseline is 0.
 */
export function ratioOf(values: readonly number[], baselines: readonly number[]): Spread | undefined {
  const pairs = Math.min(values.length, baselines.length);
  if (pairs === 0 || baselines.slice(0, pairs).includes(0)) return undefined;
  return spreadOf(values.slice(0, pairs).map((value, i) => value / baselines[i]));
}

const RESAMPLES = 2000;
const CONFIDENCE = 0.95;

/**
 * The ratio of paired runs, with a bootstrap interval (Efron, "Bootstrap Methods: Another Look at the
 * Jackknife", Annals of Statistics 7(1), 1979, by percentiles). Ratios are averaged as logarithms, so that
 * half and twice as fast cancel out; the median is taken, so that one disturbed pair does not decide.
 * @param values and `baselines` of the same length, each above 0, paired by place.
 * @param seed draws the same resamples for the same measurements.
 * @returns undefined where there is no pair. With one pair the interval is that ratio alone: it says nothing
 *   of how sure it is, so whoever judges asks for a number of pairs.
 * @throws RangeError for a value that is not above 0, or lists of unequal length.
 */
export function pairedRatio(
  values: readonly number[],
  baselines: readonly number[],
  seed: number,
): RatioInterval | undefined {
  if (values.length !== baselines.length) {
    throw new RangeError(
      `"values" and "baselines" expected the same length, got ${values.length} and ${baselines.length}`,
    );
  }
  const wrong = [...values, ...baselines].find((value) => !(value > 0) || value === Number.POSITIVE_INFINITY);
  if (wrong !== undefined) throw new RangeError(`"values" expected numbers above 0, got ${wrong}`);
  const logs = values.map((value, i) => Math.log(value / baselines[i]));
  if (logs.length === 0) return undefined;
  const medians = resampledMedians(logs, new Random(seed));
  const tail = (1 - CONFIDENCE) / 2;
  const at = (share: number): number => Math.exp(medians[Math.round(share * (medians.length - 1))]);
  return { low: at(tail), ratio: Math.exp(spreadOf(logs).median), high: at(1 - tail), pairs: logs.length };
}

/** Medians of samples drawn from the sample itself, each as large as it, in rising order. */
function resampledMedians(values: readonly number[], random: Random): number[] {
  const medians = Array.from({ length: RESAMPLES }, () => {
    const drawn = values.map(() => values[random.below(values.length)]);
    return spreadOf(drawn).median;
  });
  return medians.sort((a, b) => a - b);
}
