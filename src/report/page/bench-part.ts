/** The charts of one run of the bench: ratios with their spread, and latencies of both sides. */
import * as Plot from '@observablehq/plot';
import type { BenchData, BenchLatency, BenchRatio } from './data.ts';
import { choice, element, figure } from './dom.ts';
import { COLOURS, FONT, TIP } from './scales.ts';
import { shortNumber, timeText } from './words.ts';

/** Two lines of a name. */
const ROW_PX = 42;
/** Of a row's name, a letter. */
const LETTER_PX = 7;

export function benchPart({ ratios, latencies }: BenchData, place: HTMLElement): void {
  const measures = [...new Set(ratios.map(({ measure }) => measure))];
  let chosen = measures[0];
  const figures: ReturnType<typeof figure>[] = [];
  if (measures.length > 0) {
    const made = figure(
      'Ratios',
      'The first side over the other, pair by pair of neighbouring runs: the median, and from the ' +
        'lowest to the highest. The line at 1 is where both are equal.',
      (width) =>
        ratioChart(
          ratios.filter(({ measure }) => measure === chosen),
          chosen,
          width,
        ),
      element(
        'div',
        { class: 'controls inner' },
        choice(
          'of',
          measures.map((measure) => [measure, measure] as const),
          chosen,
          (measure) => {
            chosen = measure;
            made.redraw();
          },
        ),
      ),
    );
    figures.push(made);
  }
  if (latencies.length > 0) {
    figures.push(
      figure('Latency', 'From the median to the 99th percentile, on a logarithmic scale.', (width) =>
        latencyChart(latencies, width),
      ),
    );
  }
  place.append(element('div', { class: 'figures' }, ...figures.map(({ node }) => node)));
}

function marginFor(names: readonly string[], width: number): number {
  const lines = names.flatMap((name) => name.split('\n'));
  return Math.min(0.5 * width, 16 + LETTER_PX * Math.max(...lines.map((line) => line.length)));
}

/** What is measured, and below it with what load and on which side. */
function twoLines(row: string, side: string): string {
  const [test, api, ...load] = row.split(' ');
  return `${test} ${api}\n${load.join(' ')}, ${side}`;
}

function ratioChart(ratios: readonly BenchRatio[], measure: string, width: number): Node {
  const names = ratios.map(({ row, pair }) => twoLines(row, pair));
  const rows = ratios.map((ratio, i) => ({ ...ratio, name: names[i] }));
  const place = { y: 'name' } as const;
  return Plot.plot({
    width,
    height: 70 + ROW_PX * rows.length,
    marginLeft: marginFor(names, width),
    marginRight: 40,
    marginBottom: 38,
    style: FONT,
    ariaLabel: `ratio of ${measure}`,
    x: {
      type: 'log',
      label: `ratio of ${measure}`,
      tickFormat: shortNumber,
      grid: true,
      ticks: 4,
      nice: true,
    },
    y: { type: 'band', domain: names, label: null },
    marks: [
      Plot.ruleX([1], { stroke: 'var(--knee)', strokeDasharray: '5 4' }),
      Plot.ruleY(rows, {
        ...place,
        x1: 'min',
        x2: 'max',
        stroke: COLOURS[0],
        strokeWidth: 3,
        strokeOpacity: 0.4,
      }),
      Plot.dot(rows, { ...place, x: 'median', fill: COLOURS[0], r: 5 }),
      Plot.text(rows, {
        ...place,
        x: 'median',
        text: ({ median }: BenchRatio) => shortNumber(median),
        dy: -11,
      }),
    ],
  });
}

function latencyChart(latencies: readonly BenchLatency[], width: number): Node {
  const rows = [...new Set(latencies.map(({ row }) => row))];
  const sides = [...new Set(latencies.map(({ side }) => side))];
  const named = latencies.map((latency) => ({ ...latency, name: twoLines(latency.row, latency.side) }));
  const names = rows
    .flatMap((row) => sides.map((side) => twoLines(row, side)))
    .filter((name) => named.some((latency) => latency.name === name));
  const place = { y: 'name', stroke: 'side' } as const;
  const title = ({ p50Us, p99Us }: BenchLatency): string => `p50 ${timeText(p50Us)}\np99 ${timeText(p99Us)}`;
  return Plot.plot({
    width,
    height: 70 + ROW_PX * names.length,
    marginLeft: marginFor(names, width),
    marginRight: 24,
    marginBottom: 38,
    style: FONT,
    ariaLabel: 'latency of each row and side',
    x: { type: 'log', label: 'latency', tickFormat: timeText, grid: true, ticks: 4, nice: true },
    y: { type: 'band', domain: names, label: null },
    color: { type: 'ordinal', domain: sides, range: COLOURS.slice(0, sides.length), legend: true },
    marks: [
      Plot.ruleY(named, { ...place, x1: 'p50Us', x2: 'p99Us', strokeWidth: 3, strokeOpacity: 0.5 }),
      Plot.dot(named, { y: 'name', x: 'p50Us', fill: 'side', r: 5 }),
      Plot.dot(named, { y: 'name', x: 'p99Us', stroke: 'side', fill: 'var(--card)', strokeWidth: 2, r: 4 }),
      Plot.tip(named, Plot.pointerY({ y: 'name', x: 'p50Us', title, ...TIP })),
    ],
  });
}
