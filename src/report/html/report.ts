/** One page from several results files. The same files make the same bytes. */
import { packageVersion } from '../../record/manifest.ts';
import type { PageData, PointSeries } from '../page/data.ts';
import { benchData, benchPart } from './bench-html.ts';
import type { Input } from './inputs.ts';
import { type PagePart, pageHtml } from './page.ts';
import { sweepData } from './sweep-data.ts';
import { sweepPart } from './sweep-html.ts';
import { answerOf } from './sweep-words.ts';

/** What a sweep's part has of series over time. */
export interface InputSeries {
  readonly series: readonly PointSeries[];
  /** Why there is none; empty where nothing need be said. */
  readonly note: string;
}

export const NO_SERIES: InputSeries = { series: [], note: '' };

/** @param seriesOf of an input by its number. */
export function reportHtml(
  inputs: readonly Input[],
  seriesOf: (input: number) => InputSeries | undefined = () => undefined,
): string {
  const made = inputs.map((input, part): { part: PagePart; data: PageData['sections'][number] } => {
    const title = titleOf(input);
    const { file } = input;
    if (input.kind === 'bench') {
      return { part: benchPart(title, file, input.report, part), data: benchData(title, input.report) };
    }
    const { results } = input;
    const answer = answerOf(results);
    const { series, note } = seriesOf(part) ?? NO_SERIES;
    return {
      part: sweepPart(results, answer, { file, title, part, seriesNote: note }),
      data: sweepData({ title, file }, results, answer, series),
    };
  });
  const parts = made.map(({ part }) => part);
  const title = parts.length === 1 ? parts[0].title : `${parts.length} results side by side`;
  return pageHtml({
    title,
    version: packageVersion(),
    parts,
    data: { sections: made.map(({ data }) => data) },
  });
}

function titleOf(input: Input): string {
  return input.kind === 'sweep' ? input.results.head.plan.title : 'bench: card and kernel';
}
