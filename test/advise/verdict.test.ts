/** Whether measured points meet a target, and how sure that is. */
import { describe, expect, it } from 'vitest';
import { dryPools } from '../../src/advise/dry.ts';
import { parseTargets } from '../../src/advise/target.ts';
import { type Verdict, verdictOf } from '../../src/advise/verdict.ts';
import type { MeasuredPoint, PointResult } from '../../src/sweep/point.ts';
import { Random } from '../../src/time/random.ts';

/** A point with this rate, and all percentiles at a millionth of it. */
function point(ratePerS: number, more: object = {}): PointResult {
  const us = ratePerS;
  const latencyUs = { p50: us, p90: us, p99: us, p999: us, max: us, mean: us };
  return { ok: true, ratePerS, bytesPerS: ratePerS, elapsedNs: 1000, latencyUs, ...more } as PointResult;
}

const FAILED: PointResult = { point: 0, settings: {}, ok: false, error: 'the books do not balance' };

function judge(target: string, own: readonly PointResult[], best = own, bytes = 1 << 20): Verdict {
  return verdictOf(parseTargets([target]), own, best, bytes);
}

const points = (...rates: number[]): PointResult[] => rates.map((rate) => point(rate));

describe('a verdict', () => {
  it('holds the bound of the mean against the target, not the mean', () => {
    // Mean 100, standard error 5.77, t 2.92: the bound is 116.9.
    const own = points(90, 100, 110);
    const [held] = judge('p99 < 116us', own).held;
    expect(held).toMatchObject({ mean: 100, meets: false, open: true });
    expect(held.compared.high).toBeCloseTo(116.86, 2);
    expect(held.missedBy).toBeCloseTo(116.86 / 116 - 1, 4);
    expect(judge('p99 < 117us', own)).toMatchObject({ meets: true, missedBy: 0 });
    expect(judge('rate > 84/s', own).meets).toBe(false);
    expect(judge('rate > 83/s', own).meets).toBe(true);
  });

  it('of a multiple of the best compares seed by seed', () => {
    // The seeds differ widely, and both sides alike: every ratio is 1.9.
    const verdict = judge('p50 < 2x best', points(19, 190, 1900), points(10, 100, 1000));
    expect(verdict.meets).toBe(true);
    expect(verdict.held[0].compared.high).toBeCloseTo(1.9, 12);
    expect(judge('rate > 95% best', points(94, 94), points(100, 100))).toMatchObject({ meets: false });
    expect(judge('rate > 95% best', points(96, 96), points(100, 100))).toMatchObject({ meets: true });
  });

  it('of one value is that value', () => {
    expect(judge('p99 < 100us', points(100)).meets).toBe(false);
    expect(judge('p99 <= 100us', points(100)).meets).toBe(true);
  });

  it('needs every clause, and misses by the largest', () => {
    const verdict = judge('p99 < 200us and rate > 200/s and memory < 2MiB', points(100));
    expect(verdict.held.map(({ meets }) => meets)).toEqual([true, false, true]);
    expect(verdict).toMatchObject({ meets: false, missedBy: 0.5 });
    expect(judge('rate > 50/s and memory < 0.5MiB', points(100)).missedBy).toBe(1);
  });

  it('knows throughput by bits, and stalls by the pool that was dry longest', () => {
    expect(judge('throughput > 1 kbit/s', points(125)).meets).toBe(false);
    expect(judge('throughput >= 1 kbit/s', points(125)).meets).toBe(true);
    const pools = {
      'left.transmit': { dryEpisodes: 3, dryNs: 20 },
      'left.slots': { dryEpisodes: 0, dryNs: 0 },
      'right.receive': { dryEpisodes: 1, dryNs: 400 },
    };
    const dry = [point(1, { pools }), point(1, { pools })] as MeasuredPoint[];
    expect(judge('stalls < 40%', dry).meets).toBe(false);
    expect(judge('stalls < 41%', dry).meets).toBe(true);
    expect(dryPools(dry)).toEqual([
      { pool: 'right.receive', episodes: 1, share: 0.4 },
      { pool: 'left.transmit', episodes: 3, share: 0.02 },
    ]);
  });

  it('is no where a seed failed, or the best did and is asked for', () => {
    const error = 'the books do not balance';
    expect(judge('rate > 1/s', [point(5), FAILED])).toMatchObject({ meets: false, error, held: [] });
    expect(judge('rate > 1/s', points(5), [FAILED]).meets).toBe(true);
    expect(judge('rate > 95% best', points(5), [FAILED])).toMatchObject({ meets: false, error });
  });

  it('is seldom wrong: a mean that does not meet the bound passes in about 5 of 100 cases', () => {
    const random = new Random(7);
    /** Nearly normal: twelve draws between 0 and 1. */
    const noise = (): number =>
      Array.from({ length: 12 }, () => random.nextFloat()).reduce((a, b) => a + b, -6);
    const samples = Array.from({ length: 2000 }, () => Array.from({ length: 5 }, () => 100 + noise()));
    const passed = samples.filter((values) => judge('p99 < 100us', points(...values)).meets);
    expect(passed.length / samples.length).toBeGreaterThan(0.02);
    expect(passed.length / samples.length).toBeLessThan(0.08);
  });
});
