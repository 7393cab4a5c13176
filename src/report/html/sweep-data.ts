/** A sweep's results as the page's script takes them. */
import type { SweepResults } from '../../sweep/results.ts';
import type { Columns, PointSeries, SweepData } from '../page/data.ts';
import { columnsOf, flattened, type Row } from './columns.ts';
import { operationOf } from './setting-words.ts';
import { meansOf } from './sweep-means.ts';
import type { Answer } from './sweep-words.ts';

/** Above this the pools of single points are left out: their means are there. */
const POINT_BYTES_MAX = 5e6;

export function sweepData(
  { title, file }: { readonly title: string; readonly file: string },
  results: SweepResults,
  { knees }: Answer,
  series: readonly PointSeries[],
): SweepData {
  const { plan } = results.head;
  const rows = results.points.map((result) => flattened(result));
  const { means, halves } = meansOf(results, rows.map(withStallTimes));
  return {
    kind: 'sweep',
    title,
    file,
    operation: operationOf(plan.workload?.['workload']),
    axes: Object.entries(plan.vary).map(([path, values]) => ({ path, values })),
    seeds: plan.seeds.length,
    points: fitting(columnsOf(rows)),
    means,
    halves,
    knees: knees.map(({ path, others, value }) => ({ path, others, value })),
    series,
  };
}

/** A point says how long all its sockets have waited in all; of an operation it is a share of that. */
function withStallTimes(row: Row): Row {
  const { operations } = row;
  if (typeof operations !== 'number' || operations === 0) return row;
  const times = Object.entries(row).flatMap(([name, ns]) => {
    const kind = /^stalls\.(\w+)\.ns$/.exec(name)?.[1];
    return kind === undefined ? [] : [[`stallUs.${kind}`, Number(ns) / operations / 1e3] as const];
  });
  return { ...row, ...Object.fromEntries(times) };
}

function fitting(columns: Columns): Columns {
  if (JSON.stringify(columns).length <= POINT_BYTES_MAX) return columns;
  const kept = Object.entries(columns.byName).filter(([name]) => !name.startsWith('pools.'));
  return { rows: columns.rows, byName: Object.fromEntries(kept) };
}
