import { describe, expect, it } from 'vitest';
import { solveNonNegative } from '../../src/calibrate/least-squares.ts';
import { Random } from '../../src/time/random.ts';

const PRIOR_WEIGHT = 1e-9;

describe('least squares with unknowns of 0 or more', () => {
  it('finds the unknowns of sums that are exact', () => {
    const truth = [3, 0.25, 120, 7];
    const random = new Random(5);
    const rows = Array.from({ length: 12 }, () => truth.map(() => 1 + random.below(1000)));
    const sums = rows.map((row) => row.reduce((sum, value, j) => sum + value * truth[j], 0));
    const found = solveNonNegative({ rows, sums, priors: [0, 0, 0, 0], priorWeight: PRIOR_WEIGHT });
    for (const [j, value] of truth.entries()) expect(found[j] / value).toBeCloseTo(1, 3);
  });

  it('gives nothing a cost below 0', () => {
    // The best without that bound is [2, -1].
    const rows = [
      [1, 1],
      [2, 1],
      [3, 1],
    ];
    const found = solveNonNegative({ rows, sums: [1, 3, 5], priors: [0, 0], priorWeight: PRIOR_WEIGHT });
    expect(found[1]).toBe(0);
    expect(found[0]).toBeGreaterThan(1);
    expect(found[0]).toBeLessThan(2);
  });

  it('weighs each row by its share, so that a long run does not drown a short one', () => {
    const rows = [[1000], [1]];
    const found = solveNonNegative({ rows, sums: [1000, 2], priors: [0], priorWeight: PRIOR_WEIGHT });
    expect(found[0]).toBeCloseTo(1.2, 5);
  });

  it('keeps a prior for what no row counts', () => {
    const found = solveNonNegative({ rows: [[1, 0]], sums: [4], priors: [0, 9], priorWeight: PRIOR_WEIGHT });
    expect(found[0]).toBeCloseTo(4, 5);
    expect(found[1]).toBeCloseTo(9, 5);
  });

  it('refuses rows of another length', () => {
    const wrong = { rows: [[1]], sums: [1], priors: [0, 0], priorWeight: 1 };
    expect(() => solveNonNegative(wrong)).toThrow('"rows" expected 1 rows of 2 numbers');
  });
});
