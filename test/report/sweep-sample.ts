/** Results of a sweep that nobody has measured, for the tests of what is shown of them. */
import { writeFileSync } from 'node:fs';
import { readPlan, type SweepPlan, settingsOf } from '../../src/sweep/plan.ts';
import { failedPoint, type MeasuredPoint, type PointResult } from '../../src/sweep/point.ts';
import { headOf, type SweepHead, type SweepResults } from '../../src/sweep/results.ts';

export const MANIFEST: SweepHead['manifest'] = {
  commandLine: ['inic', 'sweep', 'plan.yaml'],
  versions: { inic: '0.1.0', node: '20.20.2', v8: '11.3', uv: '1.46', system: 'Linux 6.1 x64' },
  machine: {
    processor: 'Example CPU',
    cores: 2,
    pinned: null,
    memoryBytes: 4e9,
    clockSource: 'tsc',
    loadAverageAtStart: 0.1,
  },
  engine: 'piscina',
  workers: 2,
  start: '2026-01-02T03:04:05.000Z',
};

export const TWO_WAYS: SweepPlan = readPlan({
  title: 'two ways',
  world: 'pair',
  workload: { workload: 'TCP_RR', connections: 16, size: 64 },
  vary: { 'pools.transmitBuffers': [1, 2, 4, 8, 16], 'driver.transmitDryPolicy': ['EAGAIN', 'block'] },
  seeds: [1, 2],
  operations: 1000,
});

/** As many requests a second as there are buffers, up to 8 (of the first policy) or 4. */
export function measuredPoint(plan: SweepPlan, point: number): MeasuredPoint {
  const settings = settingsOf(plan, point);
  const buffers = Number(settings['pools.transmitBuffers'] ?? 4);
  const most = settings['driver.transmitDryPolicy'] === 'block' ? 4 : 8;
  const seed = Number(settings['seed']);
  const ratePerS = 10_000 * Math.min(buffers, most) + 10 * seed;
  const p50 = Math.round(2e6 / Math.min(buffers, most)) / 100;
  const use = { count: buffers, min: 0, mean: buffers / 2, highWater: buffers, dryEpisodes: 3, dryNs: 4000 };
  const none = { episodes: 0, ns: 0 };
  const { operations } = plan;
  return {
    point,
    settings,
    ok: true,
    operations,
    elapsedNs: Math.round((operations * 1e9) / ratePerS),
    ratePerS,
    bytesPerS: 128 * ratePerS,
    latencyUs: { p50, p90: 1.5 * p50, p99: 2 * p50 + seed, p999: 4 * p50, max: 5 * p50, mean: p50 },
    pools: { 'left.transmit': use, 'right.transmit': use },
    stalls: {
      transmitBuffer: { episodes: 10, ns: 2e6 },
      bucket: none,
      frame: none,
      credit: none,
      window: none,
    },
    timeUs: { host: 2, bus: 1, iop: 3, wire: 200, waiting: Math.max(0, p50 - 206), queueing: 0.5 },
    perOperation: {
      copies: 6,
      copiedBytes: 384,
      dmaRequests: 4,
      doorbells: 0.5,
      interrupts: 1 / buffers,
      frames: 4,
      mappings: 0,
      allocations: 0,
    },
    balanced: true,
  };
}

export function resultsOf(plan: SweepPlan, points: readonly PointResult[]): SweepResults {
  const lines = new Map(points.map((point) => [point.point, JSON.stringify(point)]));
  return { head: headOf(plan, MANIFEST), lines, points };
}

export function sampleResults(plan: SweepPlan = TWO_WAYS, fails: readonly number[] = []): SweepResults {
  const { points } = headOf(plan, MANIFEST);
  const all = Array.from({ length: points }, (_, point) =>
    fails.includes(point)
      ? failedPoint(plan, point, new Error('the books do not balance: 1 <b>byte</b>'))
      : measuredPoint(plan, point),
  );
  return resultsOf(plan, all);
}

export function writeSample(path: string, { head, lines }: SweepResults): void {
  writeFileSync(path, `${[JSON.stringify(head), ...lines.values()].join('\n')}\n`);
}
