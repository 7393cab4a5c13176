/** Every micro-benchmark with tiny inputs: it runs, and its figures are figures. */
import { expect, test } from 'vitest';
import { runFifoBench } from '../../bench/fifo.ts';
import { runKernelsBench } from '../../bench/kernels.ts';
import { runPagesBench } from '../../bench/pages.ts';
import { runRingBench } from '../../bench/ring.ts';
import { runSimulationBench } from '../../bench/simulation.ts';
import { runTcpipBench } from '../../bench/tcpip.ts';

test('kernels', () => {
  const figures = runKernelsBench(1);
  expect(figures.length).toBeGreaterThan(3);
  expect(figures.every(({ nsPerCall }) => nsPerCall > 0)).toBe(true);
});

test('ring: every frame is read, in order', () => {
  const sums = runRingBench(0.0001).map((line) => Number(/sum (\d+)/.exec(line)?.[1]));
  // 400 frames in batches of 1, 8 and 64, three times; a batch holds 0 to batch - 1.
  expect(sums).toEqual([0, 3 * 50 * 28, 3 * 7 * 2016]);
});

test('fifo: every frame is read, in order', () => {
  const sums = runFifoBench(0.0004).map((line) => Number(/sum (\d+)/.exec(line)?.[1]));
  expect(sums).toEqual([0, 3 * 50 * 28, 3 * 7 * 2016]);
});

test('pages: every one comes back', () => {
  const lines = runPagesBench(0.002);
  expect(lines.map((line) => /(\d+) pages lost/.exec(line)?.[1])).toEqual(['0', '0']);
});

test('stack', () => {
  const lines = runTcpipBench(0.001);
  expect(lines.map((line) => line.split(/[ :]/)[0])).toEqual(['pipe', 'rr', 'crr', 'stream']);
  for (const line of lines) expect(line).not.toContain('NaN');
});

test('simulation: two workloads in two worlds', () => {
  const lines = runSimulationBench(0.002);
  expect(lines.map((line) => Number(/: (\d+) thousand/.exec(line)?.[1]) > 0)).toEqual([
    true,
    true,
    true,
    true,
  ]);
});
