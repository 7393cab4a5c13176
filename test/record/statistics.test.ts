import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ratioOf, spreadOf } from '../../src/record/statistics.ts';

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
