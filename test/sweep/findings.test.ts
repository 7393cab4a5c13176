/** Means over seeds with their intervals, and the knee by the 95 % rule. */
import { describe, expect, it } from 'vitest';
import { meanBounds, meanInterval } from '../../src/record/statistics.ts';
import { combinationsOf, kneesOf } from '../../src/sweep/findings.ts';
import { readPlan, settingsOf } from '../../src/sweep/plan.ts';
import { failedPoint, type MeasuredPoint, type PointResult } from '../../src/sweep/point.ts';
import type { SweepHead, SweepResults } from '../../src/sweep/results.ts';

const PLAN = readPlan({
  world: 'pair',
  workload: { workload: 'TCP_RR' },
  vary: { 'pools.transmitBuffers': [1, 2, 4, 8] },
  seeds: [1, 2],
});

/** @param rates of each point in plan order; undefined: it failed. */
function resultsOf(rates: readonly (number | undefined)[]): SweepResults {
  const points = rates.map((ratePerS, point): PointResult => {
    if (ratePerS === undefined) return failedPoint(PLAN, point, new Error('no\nmore'));
    const settings = settingsOf(PLAN, point);
    return { point, settings, ok: true, ratePerS, bytesPerS: 1, latencyUs: null } as MeasuredPoint;
  });
  const head = { plan: PLAN, varies: Object.keys(PLAN.vary), points: 8 } as unknown as SweepHead;
  return { head, points, lines: new Map() };
}

describe('a mean', () => {
  it("has Student's interval", () => {
    // Five values whose deviation is 1.5811: 2.776 * 1.5811 / sqrt(5).
    const { mean, half, count } = meanInterval([1, 2, 3, 4, 5]);
    expect([mean, count]).toEqual([3, 5]);
    expect(half).toBeCloseTo(1.963, 3);
    expect(meanInterval([1, 3]).half).toBeCloseTo(12.706, 3);
  });

  it('of one value says nothing of how sure it is, and of none is refused', () => {
    expect(meanInterval([7])).toEqual({ mean: 7, half: undefined, count: 1 });
    expect(() => meanInterval([])).toThrow(RangeError);
  });

  it('has bounds of either side alone, which equal values put at the mean', () => {
    const { mean, low, high } = meanBounds([1, 2, 3, 4, 5]);
    expect([mean, high - mean]).toEqual([3, mean - low]);
    expect(high).toBeCloseTo(3 + (2.132 * 1.5811) / Math.sqrt(5), 3);
    expect(meanBounds([0.1, 0.1, 0.1])).toEqual({ mean: 0.1, low: 0.1, high: 0.1 });
    expect(meanBounds([7])).toEqual({ mean: 7, low: 7, high: 7 });
    const many = Array.from({ length: 1001 }, (_, i) => i % 2);
    expect(meanBounds(many).high).toBeCloseTo(500 / 1001 + (1.6464 * 0.5) / Math.sqrt(1000), 4);
  });

  it('of many values has the normal one, nearly', () => {
    const values = Array.from({ length: 1001 }, (_, i) => i % 2);
    expect(meanInterval(values).half).toBeCloseTo((1.9623 * 0.5) / Math.sqrt(1000), 4);
  });
});

describe('findings', () => {
  it('put the seeds of a combination together', () => {
    const [first, second] = combinationsOf(resultsOf([10, 20, undefined, 40, 90, 90, 100, 100]));
    expect(first.ratePerS?.mean).toBe(15);
    expect(second).toMatchObject({ settings: { 'pools.transmitBuffers': 2 }, failed: 1, error: 'no' });
    expect(second.ratePerS?.count).toBe(1);
  });

  it.each([
    ['where the curve flattens', [10, 10, 50, 50, 96, 96, 100, 100], 4, false],
    ['at the first value of a flat curve', [99, 99, 100, 100, 99, 99, 98, 98], 1, false],
    ['before a dip', [99, 99, 60, 60, 98, 98, 100, 100], 1, false],
    ['where larger values do worse', [10, 10, 99, 99, 100, 100, 31, 31], 2, false],
    ['at the end of a curve that still rises', [10, 10, 20, 20, 40, 40, 80, 80], 8, true],
    ['where some failed', [undefined, undefined, 100, 100, 100, undefined, 100, 100], 2, false],
  ])('find the knee %s', (_, rates, value, last) => {
    const knees = kneesOf(resultsOf(rates));
    expect(knees).toHaveLength(1);
    expect(knees[0]).toMatchObject({ path: 'pools.transmitBuffers', value, last, others: {} });
  });

  it('say from where on larger values do worse', () => {
    expect(kneesOf(resultsOf([10, 10, 99, 99, 100, 100, 31, 31]))[0].fallsAt).toBe(8);
    expect(kneesOf(resultsOf([10, 10, 99, 99, 100, 100, 98, 98]))[0].fallsAt).toBeUndefined();
  });

  it('find none where nothing was measured', () => {
    expect(kneesOf(resultsOf(Array.from({ length: 8 }, () => undefined)))).toEqual([]);
  });
});
