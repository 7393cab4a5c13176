/** Pools over time for a report: a few points of its sweeps are measured again. */
import { packageVersion } from '../record/manifest.ts';
import type { Input } from '../report/html/inputs.ts';
import { type InputSeries, NO_SERIES } from '../report/html/report.ts';
import { type ChosenPoint, chosenPoints, seriesOf } from '../report/html/series.ts';
import { answerOf } from '../report/html/sweep-words.ts';
import type { SweepResults } from '../sweep/results.ts';
import { trackPoint } from '../sweep/series.ts';
import { UserError } from './errors.ts';
import { progressBar } from './progress.ts';

/**
 * @param asked points by their numbers; undefined: some are chosen. @returns what each input has.
 * @throws UserError for a point that none of them has measured.
 */
export function measuredSeries(
  inputs: readonly Input[],
  asked: readonly number[] | undefined,
): InputSeries[] {
  const chosen = inputs.map((input) => (input.kind === 'sweep' ? chosenOf(input.results, asked) : []));
  const missing = asked?.find((point) => !chosen.flat().some((one) => one.point === point));
  if (missing !== undefined)
    throw new UserError(`--series ${missing}: no sweep here has measured such a point`);
  const total = chosen.flat().length;
  let done = 0;
  const bar = progressBar('{bar} {value} of {total} points measured again', 24, () => {});
  const all = inputs.map((input, i) => {
    if (input.kind !== 'sweep') return NO_SERIES;
    return seriesIn(input.results, chosen[i], () => bar.progress(done++, total));
  });
  bar.stop();
  return all;
}

function chosenOf(results: SweepResults, asked: readonly number[] | undefined): ChosenPoint[] {
  if (asked === undefined) return chosenPoints(results, answerOf(results));
  const measured = new Set(results.points.flatMap(({ ok, point }) => (ok ? [point] : [])));
  return asked.filter((point) => measured.has(point)).map((point) => ({ point, why: '' }));
}

function seriesIn(results: SweepResults, chosen: readonly ChosenPoint[], begin: () => void): InputSeries {
  const { head, lines, points } = results;
  const { inic } = head.manifest.versions;
  const own = packageVersion();
  if (inic !== own) return none(`these points were measured by inic ${inic}, and this is ${own}`);
  const series = [];
  for (const one of chosen) {
    begin();
    const stored = points.find(({ point }) => point === one.point);
    if (stored?.ok !== true) continue;
    const track = trackPoint(head.plan, one.point, stored.elapsedNs);
    if (JSON.stringify(track.result) !== lines.get(one.point)) {
      return none(
        `point ${one.point} measured again is not what the file says, so another build has measured it`,
      );
    }
    series.push(seriesOf(one, track));
  }
  return { series, note: '' };
}

function none(why: string): InputSeries {
  return { series: [], note: `No pools over time: ${why}. Sweep again to have them.` };
}
