/** Means over seeds with their intervals, and the knee by the 95 % rule. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meanBounds, meanInterval } from '../../src/record/statistics.ts';
import { combinationsOf, kneesOf } from '../../src/sweep/findings.ts';
import { readPlan, type SweepPlan, settingsOf } from '../../src/sweep/plan.ts';
import { failedPoint, type MeasuredPoint, type PointResult } from '../../src/sweep/point.ts';
import type { SweepHead, SweepResults } from '../../src/sweep/results.ts';
import { Random } from '../../src/time/random.ts';
import '../seeded.ts';

const PLAN = readPlan({
  world: 'pair',
  workload: { workload: 'TCP_RR' },
  vary: { 'pools.transmitBuffers': [1, 2, 4, 8] },
  seeds: [1, 2],
});

/** @param rates of each point in plan order; undefined: it failed. */
function resultsOf(rates: readonly (number | undefined)[], plan: SweepPlan = PLAN): SweepResults {
  const points = rates.map((ratePerS, point): PointResult => {
    if (ratePerS === undefined) return failedPoint(plan, point, new Error('no\nmore'));
    const settings = settingsOf(plan, point);
    const pools = { 'a.transmit': { dryNs: 10 }, 'b.receive': { dryNs: 25 }, 'b.packets': { dryNs: 90 } };
    const more = { elapsedNs: 100, timeUs: { waiting: point }, pools } as unknown as MeasuredPoint;
    return { ...more, point, settings, ok: true, ratePerS, bytesPerS: 1, latencyUs: null };
  });
  const head = { plan, varies: Object.keys(plan.vary), points: rates.length } as unknown as SweepHead;
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
    expect(mean).toBe(3);
    expect(mean - low).toBeCloseTo(high - mean, 12);
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
    expect(first.waitingUs?.mean).toBe(0.5);
    expect(first.dryPercent?.mean).toBe(25);
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

  it('find none as long as fewer than three values were measured', () => {
    expect(kneesOf(resultsOf([10, 10, 20]))).toEqual([]);
    expect(kneesOf(resultsOf([10, 10, 20, 20, 20]))).toHaveLength(1);
  });

  it('find none along which any more does worse, as with loss', () => {
    expect(kneesOf(resultsOf([100, 100, 50, 50, 20, 20, 10, 10]))).toEqual([]);
  });

  it('find none where nothing was measured', () => {
    expect(kneesOf(resultsOf(Array.from({ length: 8 }, () => undefined)))).toEqual([]);
  });
});

/** A plan of these values, not checked: no world of it is made. */
const planOf = (values: readonly number[], seeds = 1): SweepPlan => ({
  ...PLAN,
  vary: { 'pools.transmitBuffers': values },
  seeds: Array.from({ length: seeds }, (_, i) => i + 1),
});
const kneeAt = (rates: readonly number[], values: readonly number[], seeds = 1) =>
  kneesOf(resultsOf(rates, planOf(values, seeds)))[0];
const doubling = (count: number): number[] => Array.from({ length: count }, (_, i) => 2 ** i);

/** Of which any more than the least does not always do worse. */
const curves = fc
  .array(fc.integer({ min: 1, max: 1e6 }), { minLength: 3, maxLength: 12 })
  .filter((rates) => rates.slice(1).some((rate) => rate >= 0.95 * Math.max(...rates)));

describe('the knee of any curve', () => {
  it('is the smallest value that reaches 95 % of the best', () => {
    fc.assert(
      fc.property(curves, (rates) => {
        const values = doubling(rates.length);
        const { value, ratePerS, bestPerS, fallsAt, last, between } = kneeAt(rates, values);
        const at = values.indexOf(value);
        expect([ratePerS, bestPerS]).toEqual([rates[at], Math.max(...rates)]);
        expect(rates.map((rate) => rate >= 0.95 * bestPerS).indexOf(true)).toBe(at);
        expect(last).toBe(at === rates.length - 1);
        const worse = rates.findIndex((rate, i) => i > at && rate < 0.95 * bestPerS);
        expect(fallsAt).toBe(values[worse]);
        expect(between).toEqual([value, value]);
      }),
    );
  });

  it('does not depend on the unit, on the order of the plan, or on more values that gain nothing', () => {
    fc.assert(
      fc.property(curves, fc.integer({ min: 1, max: 5 }), (rates, more) => {
        const values = doubling(rates.length);
        const { value } = kneeAt(rates, values);
        const scaled = rates.map((rate) => rate * 1024);
        expect(kneeAt(scaled, values).value).toBe(value);
        expect(kneeAt(rates.toReversed(), values.toReversed()).value).toBe(value);
        const flat = Array.from({ length: more }, () => Math.max(...rates));
        expect(kneeAt([...rates, ...flat], doubling(rates.length + more)).value).toBe(value);
      }),
    );
  });

  it('has nothing worse behind it where the curve never falls', () => {
    fc.assert(
      fc.property(curves, (rates) => {
        const rising = rates.toSorted((a, b) => a - b);
        expect(kneeAt(rising, doubling(rates.length)).fallsAt).toBeUndefined();
      }),
    );
  });
});

describe('where the seeds draw', () => {
  const values = doubling(8);
  /** A curve that saturates: its knee is at 16. */
  const truth = values.map((value) => 1e5 * Math.min(1, value / 16.5));

  /** Rates of five seeds, some of whose noise all values have in common. */
  function drawn(random: Random, noise: number): number[] {
    const normal = (): number =>
      Array.from({ length: 12 }, () => random.nextFloat()).reduce((a, b) => a + b, -6);
    const seeds = Array.from({ length: 5 }, () => 1 + 0.1 * normal());
    return truth.flatMap((rate) => seeds.map((common) => rate * common * (1 + noise * normal())));
  }

  it('the true knee is between the two it may be', () => {
    const random = new Random(11);
    const found = Array.from({ length: 300 }, () => kneeAt(drawn(random, 0.03), values, 5));
    for (const { value, between } of found) {
      expect(between[0]).toBeLessThanOrEqual(value);
      expect(between[1]).toBeGreaterThanOrEqual(value);
    }
    const held = found.filter(({ between }) => between[0] <= 16 && between[1] >= 16);
    expect(held.length / found.length).toBeGreaterThan(0.9);
    expect(found.some(({ between }) => between[0] !== between[1])).toBe(true);
  });

  it('what all values have in common leaves no doubt', () => {
    const { value, between } = kneeAt(drawn(new Random(12), 0), values, 5);
    expect([value, ...between]).toEqual([16, 16, 16]);
  });
});
