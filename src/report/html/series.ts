/** Which points of a sweep are worth a series over time, and what the page says of them. */

import type { SweepResults } from '../../sweep/results.ts';
import type { PointTrack } from '../../sweep/series.ts';
import type { PointSeries } from '../page/data.ts';
import { settingText } from './setting-words.ts';
import type { Answer } from './sweep-words.ts';

export interface ChosenPoint {
  readonly point: number;
  /** Why it was chosen; empty: somebody asked for it. */
  readonly why: string;
}

/** Along the first setting with a knee the smallest value, the knee and the largest; else first and last. */
export function chosenPoints({ head, points }: SweepResults, { knees }: Answer): ChosenPoint[] {
  const measured = points.filter(({ ok }) => ok);
  const [knee] = knees;
  const chosen = new Map<number, string>();
  const add = (point: number | undefined, why: string): void => {
    if (point !== undefined && !chosen.has(point)) chosen.set(point, why);
  };
  if (knee === undefined) {
    add(measured[0]?.point, 'the first point');
    add(measured.at(-1)?.point, 'the last point');
  } else {
    const values = (head.plan.vary[knee.path] ?? []).map(Number).sort((a, b) => a - b);
    const at = (value: number): number | undefined =>
      measured.find(
        ({ settings }) =>
          settings[knee.path] === value &&
          Object.entries(knee.others).every(([path, other]) => settings[path] === other),
      )?.point;
    add(at(knee.value), 'the knee');
    add(at(values[0]), 'the smallest value');
    add(at(values[values.length - 1]), 'the largest value');
  }
  return [...chosen].map(([point, why]) => ({ point, why })).sort((a, b) => a.point - b.point);
}

export function seriesOf({ point, why }: ChosenPoint, { result, everyNs, pools }: PointTrack): PointSeries {
  const label = `Point ${point}${why === '' ? '' : `, ${why}`}`;
  return { point, label, settings: settingText(result.settings), everyUs: everyNs / 1e3, pools };
}
