/** What a sweep's table says above and below its rows. */
import { expect, it } from 'vitest';
import { sweepTable } from '../../src/report/sweep-table.ts';
import { readPlan, type SweepPlan, settingsOf } from '../../src/sweep/plan.ts';
import type { MeasuredPoint } from '../../src/sweep/point.ts';
import type { SweepHead } from '../../src/sweep/results.ts';

const pair = { world: 'pair', workload: { workload: 'TCP_RR' } };

/** @param done how many points have been measured. */
function tableOf(plan: SweepPlan, points: number, done: number): string {
  const measured = Array.from({ length: done }, (_, point) => {
    const settings = settingsOf(plan, point);
    const figures = { elapsedNs: 100, timeUs: { waiting: 0 }, pools: {}, latencyUs: null };
    return { ...figures, point, settings, ok: true, ratePerS: 10, bytesPerS: 1 } as unknown as MeasuredPoint;
  });
  const head = { plan, varies: Object.keys(plan.vary), points } as unknown as SweepHead;
  return sweepTable({ head, points: measured, lines: new Map() });
}

it('names the costs, but none where several are tried', () => {
  const one = readPlan({ ...pair, vary: { 'pools.transmitBuffers': [4, 8] } });
  expect(tableOf(one, 2, 2)).toContain('2 of 2 points, costs of card-2025, ');
  const two = readPlan({ ...pair, vary: { costs: ['card-2002', 'none'] } });
  expect(tableOf(two, 2, 2)).toContain('2 of 2 points, costs as varied, ');
});

it('says of a sweep that did not end how much is missing, and explains no sign that is not there', () => {
  const plan = readPlan({ ...pair, vary: { 'pools.transmitBuffers': [4, 8, 16, 32] }, seeds: [1, 2] });
  expect(tableOf(plan, 8, 2)).toMatch(/±(?![\s\S]*The knee)/);
  expect(tableOf(plan, 8, 6)).toMatch(/The knee of [^\n]*\nSo far: 2 points are not measured yet\.\n$/);
  expect(tableOf(plan, 8, 7)).toContain('So far: 1 point is not measured yet.');
  expect(tableOf(plan, 8, 8)).not.toContain('So far');
  expect(tableOf(plan, 8, 1)).not.toContain('±');
});
