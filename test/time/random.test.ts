import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Random } from '../../src/time/random.ts';

const take = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => random.nextInt32());

/** xoshiro128** as its authors' C has it, in BigInt. */
function referenceOf(state: readonly number[], count: number): number[] {
  const mask = 0xffff_ffffn;
  const rotate = (x: bigint, k: bigint): bigint => ((x << k) | (x >> (32n - k))) & mask;
  const s = state.map((word) => BigInt(word >>> 0));
  return Array.from({ length: count }, () => {
    const result = (rotate((s[1] * 5n) & mask, 7n) * 9n) & mask;
    const t = (s[1] << 9n) & mask;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 11n);
    return Number(result) | 0;
  });
}

test('the sequence is that of xoshiro128**', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const { s0, s1, s2, s3 } = random as unknown as Record<'s0' | 's1' | 's2' | 's3', number>;
      expect(take(random, 50)).toEqual(referenceOf([s0, s1, s2, s3], 50));
    }),
  );
});

test('the same seed gives the same numbers, another seed others', () => {
  expect(take(new Random(7), 20)).toEqual(take(new Random(7), 20));
  expect(take(new Random(7), 20)).not.toEqual(take(new Random(8), 20));
  expect(take(new Random(0), 20)).not.toEqual(take(new Random(-1), 20));
});

test('below stays in range and reaches every value', () => {
  const random = new Random(3);
  const seen = new Int32Array(10);
  for (let i = 0; i < 10_000; i++) seen[random.below(10)]++;
  expect(seen.reduce((sum, count) => sum + count)).toBe(10_000);
  expect(Math.min(...seen)).toBeGreaterThan(800);
  expect(random.below(1)).toBe(0);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), (n) => {
      const value = random.below(n);
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThan(n);
    }),
  );
});

test('floats lie in [0, 1) and average a half', () => {
  const random = new Random(5);
  const floats = Array.from({ length: 10_000 }, () => random.nextFloat());
  expect(floats.every((value) => value >= 0 && value < 1)).toBe(true);
  expect(floats.reduce((sum, value) => sum + value) / 10_000).toBeCloseTo(0.5, 1);
});

test('a fork is another sequence, fixed by the seed', () => {
  const random = new Random(9);
  const fork = take(random.fork(), 10);
  expect(fork).toEqual(take(new Random(9).fork(), 10));
  expect(fork).not.toEqual(take(random, 10));
});
