import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pairedRatio, ratioOf, spreadOf } from '../../src/record/statistics.ts';
import { Random } from '../../src/time/random.ts';

describe('spreadOf', () => {
  it('takes the middle of an odd number of values, whatever their order', () => {
    expect(spreadOf([5, 1, 9])).toEqual({ median: 5, min: 1, max: 9 });
  });

  it('takes the mean of the two in the middle of an even number', () => {
    expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9 });
  });

  it('sorts by value, not by text', () => {
    expect(spreadOf([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 });
  });

  it('refuses to say anything about nothing', () => {
    expect(() => spreadOf([])).toThrow(RangeError);
  });

  it('has as many values below the median as above', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
        const { median, min, max } = spreadOf(values);
        const below = values.filter((value) => value < median).length;
        const above = values.filter((value) => value > median).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
        expect(min).toBeLessThanOrEqual(median);
        expect(max).toBeGreaterThanOrEqual(median);
      }),
    );
  });
});

describe('ratioOf', () => {
  it('divides repeat by repeat, so that a slow moment for both leaves the ratio alone', () => {
    expect(ratioOf([200, 100, 200], [100, 50, 100])).toEqual({ median: 2, min: 2, max: 2 });
  });

  it('uses only repeats both sides have', () => {
    expect(ratioOf([6, 9, 100], [2, 3])).toEqual({ median: 3, min: 3, max: 3 });
  });

  it('is nothing without a pair or over 0', () => {
    expect(ratioOf([], [1])).toBeUndefined();
    expect(ratioOf([1], [0])).toBeUndefined();
  });
});

describe('pairedRatio', () => {
  it('is the median of the ratios, in an interval that holds it', () => {
    const interval = pairedRatio([110, 99, 95, 120, 100], [100, 100, 100, 100, 100], 1);
    expect(interval?.ratio).toBeCloseTo(1, 12);
    expect(interval?.low).toBeCloseTo(0.95, 12);
    expect(interval?.high).toBeCloseTo(1.2, 12);
    expect(interval?.pairs).toBe(5);
  });

  it('is the same for the same seed, whatever was drawn before', () => {
    const values = [1, 2, 3, 4, 5, 6, 7];
    const baselines = [2, 2, 2, 3, 3, 3, 3];
    expect(pairedRatio(values, baselines, 7)).toEqual(pairedRatio(values, baselines, 7));
  });

  it('gives the reciprocal when the sides change places', () => {
    const a = pairedRatio([1, 4, 2], [2, 2, 2], 3);
    const b = pairedRatio([2, 2, 2], [1, 4, 2], 3);
    expect(a?.ratio).toBeCloseTo(1 / (b?.ratio ?? 0), 12);
  });

  it('takes no notice of what disturbs both runs of a pair', () => {
    const interval = pairedRatio([10, 1000, 1], [20, 2000, 2], 1);
    for (const value of [interval?.low, interval?.ratio, interval?.high]) expect(value).toBeCloseTo(0.5, 12);
  });

  it('grows narrower with more pairs', () => {
    const noise = (count: number) => Array.from({ length: count }, (_, i) => 1 + ((i * 7) % 11) / 10);
    const width = (count: number) => {
      const interval = pairedRatio(noise(count), new Array<number>(count).fill(1), 5);
      return Math.log((interval?.high ?? 0) / (interval?.low ?? 1));
    };
    expect(width(110)).toBeLessThan(width(11) / 2);
  });

  it('is nothing without a pair', () => {
    expect(pairedRatio([], [], 1)).toBeUndefined();
  });

  it('refuses what has no logarithm, and lists that are no pairs', () => {
    expect(() => pairedRatio([0], [1], 1)).toThrow(/above 0, got 0/);
    expect(() => pairedRatio([1], [Number.NaN], 1)).toThrow(/above 0, got NaN/);
    expect(() => pairedRatio([1, 2], [1], 1)).toThrow(/same length, got 2 and 1/);
  });

  it('holds the true ratio in about 95 of 100 measurements', () => {
    const random = new Random(11);
    const run = () => Math.exp((random.nextFloat() + random.nextFloat() - 1) / 3);
    let held = 0;
    for (let i = 0; i < 200; i++) {
      const runs = (scale: number) => Array.from({ length: 15 }, () => scale * run());
      const interval = pairedRatio(runs(0.8), runs(1), i);
      if (interval !== undefined && interval.low <= 0.8 && interval.high >= 0.8) held += 1;
    }
    expect(held).toBeGreaterThan(180);
  });
});
