/** Points as comma-separated values (RFC 4180), a row each. */
import type { PointResult } from './point.ts';
import type { SweepResults } from './results.ts';

const LATENCIES = ['p50', 'p90', 'p99', 'p999', 'max', 'mean'] as const;
const TIMES = ['host', 'bus', 'iop', 'wire', 'waiting'] as const;
const COUNTS = ['copies', 'copiedBytes', 'dmaRequests', 'doorbells', 'interrupts', 'frames'] as const;

export function csvLines({ head, points }: SweepResults): string[] {
  const settings = [...head.varies, 'seed'];
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
    ...TIMES.map((name) => `timeUs.${name}`),
    ...COUNTS.map((name) => `perOperation.${name}`),
  ];
  return [columns, ...points.map((point) => cellsOf(point, settings))].map((cells) =>
    cells.map(quoted).join(','),
  );
}

function cellsOf(result: PointResult, settings: readonly string[]): unknown[] {
  const own = [result.point, ...settings.map((path) => result.settings[path]), result.ok];
  if (!result.ok) return [...own, result.error];
  const { latencyUs, timeUs, perOperation } = result;
  return [
    ...own,
    '',
    result.operations,
    result.elapsedNs,
    result.ratePerS,
    result.bytesPerS,
    ...LATENCIES.map((name) => latencyUs?.[name]),
    ...TIMES.map((name) => timeUs[name]),
    ...COUNTS.map((name) => perOperation[name]),
  ];
}

function quoted(cell: unknown): string {
  const text = String(cell ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
