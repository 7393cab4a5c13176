/**
 * How large something is that an experiment measures, and how sure that is: a mean over seeds with the
 * interval that holds the true one in 95 of 100 such experiments (Student's t).
 */
import { meanInterval } from '../../record/statistics.ts';

export interface Effect {
  /** What was measured, in words. */
  readonly what: string;
  /** As `report/units.ts` writes it: `ns`, `B/s`, `/s`, `x` (a ratio), `%`; empty: a count. */
  readonly unit: string;
  readonly mean: number;
  /** Both endless with one seed, which says nothing of how sure it is. */
  readonly low: number;
  readonly high: number;
  /** Seeds it was measured with. */
  readonly count: number;
}

/** @param values one of each seed. @throws RangeError for none. */
export function effectOf(what: string, unit: string, values: readonly number[]): Effect {
  const { mean, half = Number.POSITIVE_INFINITY, count } = meanInterval(values);
  return { what, unit, mean, low: mean - half, high: mean + half, count };
}

/** What no seed changes: arithmetic, or a count that is the same whatever chance does. */
export function exactly(what: string, unit: string, value: number): Effect {
  return { what, unit, mean: value, low: value, high: value, count: 1 };
}

/** How much more the ones are than the others, of the same seeds. @throws RangeError for unequal lengths. */
export function differenceOf(
  what: string,
  unit: string,
  ones: readonly number[],
  others: readonly number[],
): Effect {
  checkPairs(ones, others);
  return effectOf(
    what,
    unit,
    ones.map((one, i) => one - others[i]),
  );
}

/**
 * How many times the others the ones are, of the same seeds. Ratios are averaged as logarithms, so that half
 * and twice as much cancel out. @throws RangeError for unequal lengths, and for a value that is not above 0.
 */
export function ratioOf(what: string, ones: readonly number[], others: readonly number[]): Effect {
  checkPairs(ones, others);
  const wrong = [...ones, ...others].find((value) => !(value > 0) || value === Number.POSITIVE_INFINITY);
  if (wrong !== undefined) throw new RangeError(`"${what}" expected numbers above 0, got ${wrong}`);
  const { mean, low, high, count } = effectOf(
    what,
    'x',
    ones.map((one, i) => Math.log(one / others[i])),
  );
  return { what, unit: 'x', mean: Math.exp(mean), low: Math.exp(low), high: Math.exp(high), count };
}

/**
 * What part of the others the ones are, of the same seeds. A part may be nothing, or less: what it is the
 * part of may not. @throws RangeError for unequal lengths, and for a whole that is not above 0.
 */
export function partOf(what: string, parts: readonly number[], wholes: readonly number[]): Effect {
  checkPairs(parts, wholes);
  const wrong = wholes.find((value) => !(value > 0) || value === Number.POSITIVE_INFINITY);
  if (wrong !== undefined) throw new RangeError(`"${what}" expected wholes above 0, got ${wrong}`);
  return effectOf(
    what,
    'x',
    parts.map((part, i) => part / wholes[i]),
  );
}

function checkPairs(ones: readonly number[], others: readonly number[]): void {
  if (ones.length === others.length) return;
  throw new RangeError(`pairs expected the same length, got ${ones.length} and ${others.length}`);
}
