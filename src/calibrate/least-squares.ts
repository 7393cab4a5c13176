/**
 * Least squares with unknowns of 0 or more: what each count costs, from sums that were measured. Coordinate
 * descent on the normal equations (Franc, Hlaváč and Navara, "Sequential Coordinate-Wise Algorithm for the
 * Non-negative Least Squares Problem", CAIP 2005): each step makes one unknown the best it can be beside the
 * others.
 */

export interface Equations {
  /** A row for each sum: how often each unknown is in it. */
  readonly rows: readonly (readonly number[])[];
  readonly sums: readonly number[];
  /** What each unknown is likely to be: where the rows do not tell them apart, this does. */
  readonly priors: readonly number[];
  /** How much the priors weigh, against rows that are told by their share of their sum; above 0. */
  readonly priorWeight: number;
}

const SWEEPS_MAX = 100_000;
/** A sweep that moves no unknown by more than this share of a row ends the search. */
const TOLERANCE = 1e-12;

/** @returns the unknowns, each 0 or more. @throws RangeError for rows of other lengths than the priors. */
export function solveNonNegative({ rows, sums, priors, priorWeight }: Equations): number[] {
  const count = priors.length;
  const odd = rows.find((row) => row.length !== count);
  if (odd !== undefined || rows.length !== sums.length) {
    throw new RangeError(`"rows" expected ${sums.length} rows of ${count} numbers`);
  }
  // Each row in shares of its sum, so that a short run counts as much as a long one.
  const shares = rows.map((row, i) => row.map((value) => value / sums[i]));
  const scales = priors.map((_, j) => Math.hypot(...shares.map((row) => row[j])) || 1);
  const scaled = shares.map((row) => row.map((value, j) => value / scales[j]));
  const gram = priors.map((_, j) =>
    priors.map((_, k) => scaled.reduce((sum, row) => sum + row[j] * row[k], j === k ? priorWeight : 0)),
  );
  const target = priors.map((prior, j) =>
    scaled.reduce((sum, row) => sum + row[j], priorWeight * prior * scales[j]),
  );
  return descend(gram, target).map((value, j) => value / scales[j]);
}

function descend(gram: readonly (readonly number[])[], target: readonly number[]): number[] {
  const values = target.map(() => 0);
  for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
    let moved = 0;
    for (let j = 0; j < values.length; j++) {
      const row = gram[j];
      let gradient = target[j];
      for (let k = 0; k < values.length; k++) gradient -= row[k] * values[k];
      const next = Math.max(0, values[j] + gradient / row[j]);
      moved = Math.max(moved, Math.abs(next - values[j]));
      values[j] = next;
    }
    if (moved < TOLERANCE) break;
  }
  return values;
}
