/** The page of a comparison: its table and words, and pictures of what an operation takes. */
import { BUS_KINDS } from '../../compare/bus-use.ts';
import type { ArmFigures, ArmResult } from '../../compare/compare.ts';
import { PARTS } from '../../compare/use.ts';
import type { Chart, ChartSeries } from '../../record/chart.ts';
import { type MachineFacts, packageVersion } from '../../record/manifest.ts';
import { type Operation, rateOf } from '../compare-text.ts';
import { escaped } from '../spec-html-parts.ts';
import { chartsPlace, pageHtml } from './page.ts';
import { factsHtml } from './sweep-html.ts';

/** @param text what the command prints. @param settings what was compared, as data. */
export function compareHtml(
  title: string,
  text: string,
  charts: readonly Chart[],
  settings: unknown,
  { commandLine, versions }: MachineFacts,
): string {
  const facts = [
    ['command', commandLine.join(' ')],
    ['versions', `inic ${versions.inic}, Node ${versions.node}, ${versions.system}`],
    ['time', 'virtual: the same plan gives the same on any machine'],
  ];
  const body = [`<pre>${escaped(text)}</pre>`, chartsPlace(0), factsHtml(facts, settings)].join('\n');
  return pageHtml({
    title,
    version: packageVersion(),
    parts: [{ title, short: title, body }],
    data: { sections: [{ kind: 'experiment', title, charts }] },
  });
}

/** @param operation of the workload: of a stream the rate is its bytes. */
export function compareCharts(results: readonly ArmResult[], operation?: Operation): Chart[] {
  const stream = operation === 'write';
  const words = { label: '', unit: '' };
  const series = (name: string, of: (figures: ArmFigures) => number): ChartSeries => ({
    name,
    points: results.map(({ arm, figures }) => ({ x: arm.name, y: of(figures) })),
  });
  return [
    {
      kind: 'bars',
      title: 'Rate',
      caption: `${stream ? 'Payload that programs were given' : 'Operations'} a second, the median over seeds.`,
      x: words,
      y: { label: 'rate', unit: stream ? 'B/s' : '/s' },
      series: [series('rate', (figures) => rateOf(figures, operation))],
    },
    {
      kind: 'stacked',
      title: 'Processor time of an operation',
      caption: 'Of all hosts and all cards.',
      x: words,
      y: { label: 'processor time', unit: 'ns' },
      series: [series('hosts', ({ hostUs }) => hostUs * 1000), series('cards', ({ iopUs }) => iopUs * 1000)],
    },
    {
      kind: 'stacked',
      title: 'What crosses the bus for an operation',
      caption:
        'Between hosts and cards; messages are descriptors and completions of a card that runs TCP/IP.',
      x: words,
      y: { label: 'bytes', unit: 'B' },
      series: BUS_KINDS.map((kind) => series(kind, ({ bus }) => bus[kind].bytes)),
    },
    {
      kind: 'bars',
      title: 'How busy each part is',
      caption: 'The busiest host, card, bus and wire, of all the time: what is near 100 % binds.',
      x: words,
      y: { label: 'busy', unit: '%' },
      series: PARTS.map((part) => series(part, ({ use }) => 100 * use[part])),
    },
  ];
}
