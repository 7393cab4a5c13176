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

/** A mean, and how far from it the true one may lie in 95 (or 99) of 100 such samples. */
export interface MeanInterval {
  readonly mean: number;
  /** Half the interval's width; undefined with one value, which says nothing of it. */
  readonly half: number | undefined;
  readonly count: number;
}

/**
 * Student's t for 95 of 100, both sides, by degrees of freedom from 1 (NIST/SEMATECH e-Handbook,
 * 1.3.6.7.2).
 */
const STUDENT_T = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** The same for 99 of 100, both sides. */
const STUDENT_T_99 = [
  63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.25, 3.169, 3.106, 3.055, 3.012, 2.977, 2.947,
  2.921, 2.898, 2.878, 2.861, 2.845, 2.831, 2.819, 2.807, 2.797, 2.787, 2.779, 2.771, 2.763, 2.756, 2.75,
];

/** The same for one side (its 0.95 quantile), from the same source. */
const STUDENT_T_ONE_SIDE = [
  6.314, 2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833, 1.812, 1.796, 1.782, 1.771, 1.761, 1.753,
  1.746, 1.74, 1.734, 1.729, 1.725, 1.721, 1.717, 1.714, 1.711, 1.708, 1.706, 1.703, 1.701, 1.699, 1.697,
];

/**
 * @param endless its value with no end of degrees of freedom: beyond the table's last row it falls to that
 * by 1/n, which is right to 0.003.
 */
function studentT(table: readonly number[], endless: number, freedom: number): number {
  const last = table[table.length - 1];
  return table[freedom - 1] ?? endless + (table.length / freedom) * (last - endless);
}

/**
 * The mean with its confidence interval (Student's t). @param confidence in percent.
 * @throws RangeError for no values.
 */
export function meanInterval(values: readonly number[], confidence: 95 | 99 = 95): MeanInterval {
  const { mean, error } = meanAndError(values);
  const count = values.length;
  const [table, endless] = confidence === 95 ? [STUDENT_T, 1.96] : [STUDENT_T_99, 2.576];
  const half = error === undefined ? undefined : studentT(table, endless, count - 1) * error;
  return { mean, half, count };
}

/** A mean, and the bounds below and above which the true one lies in 5 of 100 such samples each. */
export interface MeanBounds {
  readonly mean: number;
  /** Both the mean itself with one value, which says nothing of how sure it is. */
  readonly low: number;
  readonly high: number;
}

/** The mean, and its bound on either side alone (Student's t). @throws RangeError for no values. */
export function meanBounds(values: readonly number[]): MeanBounds {
  const { mean, error = 0 } = meanAndError(values);
  const away = error === 0 ? 0 : studentT(STUDENT_T_ONE_SIDE, 1.645, values.length - 1) * error;
  return { mean, low: mean - away, high: mean + away };
}

/** A mean and its standard error, which one value does not tell. */
function meanAndError(values: readonly number[]): { mean: number; error: number | undefined } {
  const count = values.length;
  if (count === 0) throw new RangeError('"values" expected at least one, got none');
  // Equal values have exactly that mean, and no error, whatever their sum is rounded to.
  if (values.every((value) => value === values[0])) {
    return { mean: values[0], error: count === 1 ? undefined : 0 };
  }
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (count - 1) / count) };
}
