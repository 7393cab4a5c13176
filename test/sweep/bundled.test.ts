/** Whether a point of a bundled plan is of a steady state, and not of how it began. */
import { expect, it } from 'vitest';
import { loadPlan } from '../../src/sweep/plan.ts';
import { type MeasuredPoint, measurePoint } from '../../src/sweep/point.ts';

/** Fewer operations than the plan has, after all of its warm-up. */
function measured(name: string, point: number, operations: number): MeasuredPoint {
  const result = measurePoint({ ...loadPlan(name), operations }, point);
  if (!result.ok) throw new Error(result.error);
  return result;
}

it.each([
  ['rpc', 0, 32, 0, 1000],
  ['idle', 0, 500, 20_000, 3000],
  ['slow-reader', 18, 16, 0, 1000],
])("%s, point %i: by Little's law, its %i connections are in a request, or think", (...row) => {
  const [name, point, connections, thinkUs, operations] = row;
  const { ratePerS, latencyUs } = measured(name, point, operations);
  const { mean, p50, p99 } = latencyUs ?? { mean: 0, p50: 0, p99: 0 };
  expect((ratePerS * (mean + thinkUs)) / 1e6 / connections).toBeCloseTo(1, 1);
  // None of them waits for all the others, as when they begin at once.
  expect(p99 / p50).toBeLessThan(4);
});

/** While send buffers fill, more is written than arrives. */
it.each([
  ['bulk', 0, 65536, 200],
  ['incast', 3, 65536, 400],
  ['lossy-wan', 20, 16384, 1500],
])('%s, point %i: what is written arrives', (name, point, size, operations) => {
  const { ratePerS, bytesPerS } = measured(name, point, operations);
  expect((ratePerS * size) / bytesPerS).toBeCloseTo(1, 1);
  if (name !== 'lossy-wan') return;
  // Four streams do what one frame lost in a thousand lets them (Mathis et al., 1997).
  const mathis = (4 * (1460 / 0.02) * Math.sqrt(3 / 2)) / Math.sqrt(0.001);
  expect(bytesPerS / mathis).toBeGreaterThan(0.7);
  expect(bytesPerS / mathis).toBeLessThan(1.3);
});
