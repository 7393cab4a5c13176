/** Means over the seeds of each combination of settings, with their intervals, for every column there is. */
import { meanInterval } from '../../record/statistics.ts';
import type { SweepResults } from '../../sweep/results.ts';
import type { Columns } from '../page/data.ts';
import { columnsOf, flattened, type Row, sixDigits } from './columns.ts';

export interface Means {
  readonly means: Columns;
  readonly halves: Columns;
}

/** What is the same at all seeds of a combination, or says nothing of it. */
const OWN = new Set(['point', 'ok', 'error', 'balanced']);

/** @param rows of all points, flat, in the order of the results. */
export function meansOf({ head, points }: SweepResults, rows: readonly Row[]): Means {
  const { seeds } = head.plan;
  const groups = new Map<number, { settings: Row; points: number[]; measured: Row[]; failed: number }>();
  points.forEach((result, i) => {
    const key = Math.floor(result.point / seeds.length);
    const { seed: _seed, ...settings } = flattened({ settings: result.settings });
    const group = groups.get(key) ?? { settings: withoutSeed(settings), points: [], measured: [], failed: 0 };
    groups.set(key, group);
    group.points.push(result.point);
    if (result.ok) group.measured.push(rows[i]);
    else group.failed += 1;
  });
  const means: Row[] = [];
  const halves: Row[] = [];
  for (const { settings, points: own, measured, failed } of groups.values()) {
    const { mean, half } = intervalsOf(measured);
    means.push({ ...settings, point: own[0], failed, ...mean });
    halves.push(half);
  }
  return { means: columnsOf(means), halves: columnsOf(seeds.length > 1 ? halves : []) };
}

function withoutSeed(settings: Row): Row {
  const { 'settings.seed': _seed, ...others } = settings;
  return others;
}

function intervalsOf(measured: readonly Row[]): { mean: Row; half: Row } {
  const mean: Record<string, number> = {};
  const half: Record<string, number | null> = {};
  for (const name of Object.keys(measured[0] ?? {})) {
    if (OWN.has(name) || name.startsWith('settings.')) continue;
    const values = measured.map((row) => row[name]).filter((value) => typeof value === 'number');
    if (values.length === 0) continue;
    const interval = meanInterval(values);
    mean[name] = sixDigits(interval.mean);
    if (hasInterval(name)) half[name] = interval.half === undefined ? null : sixDigits(interval.half);
  }
  return { mean, half };
}

/** Of those that charts show with an interval. */
function hasInterval(name: string): boolean {
  return name === 'ratePerS' || name === 'bytesPerS' || name.startsWith('latencyUs.');
}
