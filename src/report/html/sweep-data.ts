/** A sweep's results as the page's script takes them. */
import type { SweepResults } from '../../sweep/results.ts';
import type { Columns, PointSeries, SweepData } from '../page/data.ts';
import { columnsOf, flattened, type Row } from './columns.ts';
import { operationOf } from './setting-words.ts';
import { meansOf } from './sweep-means.ts';
import type { Answer } from './sweep-words.ts';

/** Of the points, and of their means: with more, figures of pools are left out. */
const BYTES_MAX = 4e6;

export function sweepData(
  { title, file }: { readonly title: string; readonly file: string },
  results: SweepResults,
  { knees }: Answer,
  series: readonly PointSeries[],
): SweepData {
  const { plan } = results.head;
  const rows = results.points.map((result) => flattened(result));
  const { means, halves } = meansOf(results, rows.map(withStallTimes));
  const points = columnsOf(rows);
  const kept = [points, means].map(fitting);
  return {
    kind: 'sweep',
    title,
    file,
    operation: operationOf(plan.workload?.['workload']),
    axes: Object.entries(plan.vary).map(([path, values]) => ({ path, values })),
    seeds: plan.seeds.length,
    points: kept[0],
    means: kept[1],
    leftOut: leftOutOf([points, means], kept),
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

/** What may be left out of columns that are too many, the first of it first. */
const DISPENSABLE: readonly RegExp[] = [/^pools\.(?!.*\.(transmit|receive)\.)/, /^pools\./];

/** @returns the columns that fit. */
function fitting(columns: Columns): Columns {
  let kept = columns;
  for (const names of DISPENSABLE) {
    if (JSON.stringify(kept).length <= BYTES_MAX) break;
    const entries = Object.entries(columns.byName).filter(([name]) => !names.test(name));
    kept = { rows: columns.rows, byName: Object.fromEntries(entries) };
  }
  return kept;
}

function leftOutOf(all: readonly Columns[], kept: readonly Columns[]): string {
  const countOf = (some: readonly Columns[]): number =>
    some.reduce((sum, { byName }) => sum + Object.keys(byName).length, 0);
  return countOf(all) === countOf(kept)
    ? ''
    : 'Some figures of pools are left out, to keep the page small: the results file has them.';
}
