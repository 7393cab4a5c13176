/** Points as comma-separated values (RFC 4180), a row each. */
import { csvCell } from '../record/csv.ts';
import type { PointResult } from './point.ts';
import { STALLS } from './pressure.ts';
import type { SweepResults } from './results.ts';

const LATENCIES = ['p50', 'p90', 'p99', 'p999', 'max', 'mean'] as const;
const TIMES = ['host', 'bus', 'iop', 'wire', 'waiting', 'queueing'] as const;
const USES = ['count', 'min', 'mean', 'highWater', 'dryEpisodes', 'dryNs'] as const;
const DATAGRAMS = ['sentPerS', 'sent', 'lost'] as const;
const COUNTS = ['copies', 'copiedBytes', 'dmaRequests', 'doorbells', 'interrupts', 'frames'] as const;

/** What such a table begins with. */
export const CSV_START = 'point,';

export function csvLines({ head, points }: SweepResults): string[] {
  const settings = [...head.varies, 'seed'];
  const pools = [...new Set(points.flatMap((point) => (point.ok ? Object.keys(point.pools ?? {}) : [])))];
  const mayLose = points.some((point) => point.ok && point.datagrams !== undefined);
  const datagrams = mayLose ? DATAGRAMS : [];
  const columns = [
    'point',
    ...settings,
    'ok',
    'error',
    'operations',
    'elapsedNs',
    'ratePerS',
    'bytesPerS',
    ...LATENCIES.map((name) => `latencyUs.${name}`),
    ...pools.flatMap((pool) => USES.map((name) => `pools.${pool}.${name}`)),
    ...STALLS.flatMap((name) => [`stalls.${name}.episodes`, `stalls.${name}.ns`]),
    ...TIMES.map((name) => `timeUs.${name}`),
    ...COUNTS.map((name) => `perOperation.${name}`),
    ...datagrams.map((name) => `datagrams.${name}`),
  ];
  return [columns, ...points.map((point) => cellsOf(point, settings, pools, datagrams))].map((cells) =>
    cells.map(csvCell).join(','),
  );
}

function cellsOf(
  result: PointResult,
  settings: readonly string[],
  pools: readonly string[],
  datagrams: readonly (typeof DATAGRAMS)[number][],
): unknown[] {
  const own = [result.point, ...settings.map((path) => result.settings[path]), result.ok];
  if (!result.ok) return [...own, result.error];
  const { latencyUs, stalls, timeUs, perOperation } = result;
  return [
    ...own,
    '',
    result.operations,
    result.elapsedNs,
    result.ratePerS,
    result.bytesPerS,
    ...LATENCIES.map((name) => latencyUs?.[name]),
    ...pools.flatMap((pool) => USES.map((name) => result.pools[pool]?.[name])),
    ...STALLS.flatMap((name) => [stalls?.[name].episodes, stalls?.[name].ns]),
    ...TIMES.map((name) => timeUs[name]),
    ...COUNTS.map((name) => perOperation[name]),
    ...datagrams.map((name) => result.datagrams?.[name]),
  ];
}
