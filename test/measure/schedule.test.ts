/** How long a bench will take, by what it has taken so far. */
import { expect, it } from 'vitest';
import { Schedule } from '../../src/measure/schedule.ts';
import type { Row } from '../../src/record/row.ts';
import type { Clock } from '../../src/time/clock.ts';
import { BENCH_OPTIONS } from './options.ts';

const SIDES = [
  { stack: 'inic', transport: 'ring' },
  { stack: 'kernel', transport: null },
] as const;
const row: Row = { test: 'TCP_RR', api: 'net', load: { connections: 1, size: 64 }, sides: SIDES };
const options = { ...BENCH_OPTIONS, durationSeconds: 1, warmupSeconds: 3, repeats: 2, repeatsMax: 2 };

function setUp(rows: readonly Row[]) {
  const clock = { nowNs: 0, update(): void {} };
  const told: [number, number][] = [];
  const schedule = new Schedule(clock as unknown as Clock, rows, options, (done, total) => {
    told.push([done, total]);
  });
  const pass = (seconds: number): void => {
    clock.nowNs += seconds * 1e9;
  };
  const left = (): number => told[told.length - 1][1] - told[told.length - 1][0];
  return { schedule, pass, left };
}

it('counts warm-ups by what those before have taken, and runs by their length', () => {
  const { schedule, pass, left } = setUp([row]);
  schedule.opening('');
  expect(left()).toBeCloseTo(2 * 1.8 + 4 * 1.03);
  pass(0.6);
  schedule.opening('');
  // One has taken 0.6 s where 1.8 s was the guess: the next is between the two.
  expect(left()).toBeCloseTo(1.2 + 4 * 1.03);
  pass(0.6);
  schedule.run('', false);
  expect(left()).toBeCloseTo(4 * 1.03);
  pass(1.03);
  schedule.run('', false);
  expect(left()).toBeCloseTo(3 * 1.03);
});

it('leaves out the runs of a side that failed, and counts those beyond the plan', () => {
  const { schedule, left } = setUp([row]);
  schedule.opening('');
  schedule.opening('');
  schedule.skip(2);
  schedule.run('', false);
  expect(left()).toBeCloseTo(2 * 1.03);
  schedule.run('', false);
  schedule.run('', true);
  expect(left()).toBeCloseTo(1.03);
});
