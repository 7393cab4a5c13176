/** How full pools were over time: looking changes nothing, and agrees with what the point says. */
import { describe, expect, it } from 'vitest';
import { readPlan } from '../../src/sweep/plan.ts';
import { measurePoint } from '../../src/sweep/point.ts';
import { trackPoint } from '../../src/sweep/series.ts';

const PLAN = readPlan({
  world: 'pair',
  workload: { workload: 'TCP_RR', connections: 8, size: 2048, think: '20us', spread: 'exponential' },
  vary: { 'pools.transmitBuffers': [2, 64] },
  operations: 600,
});

describe.each([0, 1])('the series of point %i', (point) => {
  const result = measurePoint(PLAN, point);
  const elapsedNs = result.ok ? result.elapsedNs : 0;
  const track = trackPoint(PLAN, point, elapsedNs);

  it('is of the same point, to the byte', () => {
    expect(JSON.stringify(track.result)).toBe(JSON.stringify(result));
    expect(result.ok).toBe(true);
    expect(track.everyNs).toBeCloseTo(elapsedNs / 120);
  });

  it('is of every pool of both cards', () => {
    const names = result.ok ? Object.keys(result.pools) : [];
    expect(track.pools.map(({ name }) => name)).toEqual(names);
    expect(names).toHaveLength(12);
  });

  it('has for each interval the least, the mean and the most, as the point has for all', () => {
    for (const { name, count, min, mean, highWater } of track.pools) {
      const whole = result.ok ? result.pools[name] : undefined;
      expect(whole?.count).toBe(count);
      expect([119, 120]).toContain(mean.length);
      mean.forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(min[i] - 0.001);
        expect(value).toBeLessThanOrEqual(highWater[i] + 0.001);
      });
      expect(Math.max(...highWater)).toBeLessThanOrEqual(whole?.highWater ?? 0);
      expect(Math.min(...min)).toBeGreaterThanOrEqual(whole?.min ?? 0);
      const sum = mean.reduce((total, value) => total + value, 0);
      expect(sum / mean.length).toBeCloseTo(whole?.mean ?? -1, 1);
    }
  });
});

it('a point with two buffers has both in use nearly always, one with 64 never half of them', () => {
  const meanOf = (point: number): number => {
    const result = measurePoint(PLAN, point);
    const { pools } = trackPoint(PLAN, point, result.ok ? result.elapsedNs : 0);
    const mean = pools.find(({ name }) => name === 'left.transmit')?.mean ?? [];
    return mean.reduce((total, value) => total + value, 0) / mean.length;
  };
  expect(meanOf(0)).toBeGreaterThan(1);
  expect(meanOf(1)).toBeLessThan(32);
});
