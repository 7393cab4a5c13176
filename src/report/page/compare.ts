/** Several sweeps along the setting that all of them vary. */
import * as Plot from '@observablehq/plot';
import { allRows, numberAt, settingAt } from './columns.ts';
import type { SweepData } from './data.ts';
import { choice, element, figure } from './dom.ts';
import { FONT, lineScales, settingAxis, settingScale, TIP } from './scales.ts';
import { axisOf, isNumeric } from './view.ts';
import { settingText, shortNumber, timeText } from './words.ts';

interface Best {
  readonly x: number;
  readonly y: number;
  readonly line: string;
}

type Measure = 'share' | 'rate' | 'p99';

/** The first setting that all of them vary, and that is a number in each. */
export function sharedSetting(sweeps: readonly SweepData[]): string | undefined {
  return sweeps[0]?.axes.find(({ path }) =>
    sweeps.every((sweep) => sweep.axes.some((axis) => axis.path === path && isNumeric(axis))),
  )?.path;
}

export function comparePart(sweeps: readonly SweepData[], path: string): HTMLElement {
  const alike = new Set(sweeps.map(({ operation }) => operation)).size === 1;
  let measure: Measure = alike ? 'rate' : 'share';
  const made = figure(
    'Side by side',
    'At each value the best rate over the other settings, or the least p99.',
    (width) => comparison(sweeps, path, measure, width),
    element(
      'div',
      { class: 'controls inner' },
      choice(
        'compare',
        [
          ['rate', 'operations/s'],
          ['share', '% of the best rate of each'],
          ['p99', 'p99 latency'],
        ],
        measure,
        (chosen) => {
          measure = chosen === 'rate' || chosen === 'p99' ? chosen : 'share';
          made.redraw();
        },
      ),
    ),
  );
  return element('div', { class: 'figures one' }, made.node);
}

const LABELS: Readonly<Record<Measure, string>> = {
  share: '% of the best rate',
  rate: 'operations/s',
  p99: 'p99 latency',
};

function comparison(sweeps: readonly SweepData[], path: string, measure: Measure, width: number): Node {
  const lines = sweeps.map(({ title }, i) => (titleCount(sweeps, title) > 1 ? `${title} (${i + 1})` : title));
  const dots = sweeps.flatMap((sweep, i) => bestAlong(sweep, path, measure, lines[i]));
  const values = [...new Set(sweeps.flatMap((sweep) => axisOf(sweep, path).values))];
  const format = measure === 'p99' ? timeText : shortNumber;
  const place = { x: 'x', y: 'y', stroke: 'line' } as const;
  const scale = settingScale({ path, values }, width - 72);
  const title = ({ line, x, y }: Best): string => `${line}\n${settingText(x)}: ${format(y)}`;
  return Plot.plot({
    width,
    height: 320,
    marginLeft: 56,
    marginRight: 16,
    marginBottom: 38,
    style: FONT,
    ariaLabel: `${LABELS[measure]} of ${sweeps.length} sweeps along ${path}`,
    x: scale,
    y: {
      label: LABELS[measure],
      type: measure === 'p99' ? 'log' : 'linear',
      zero: measure !== 'p99',
      grid: true,
      tickFormat: format,
      ticks: 5,
    },
    ...lineScales(lines),
    marks: [
      ...settingAxis(scale),
      Plot.line(dots, { ...place, z: 'line', strokeWidth: 2, sort: 'x' }),
      Plot.dot(dots, { ...place, symbol: 'line', fill: 'var(--card)', r: 4, strokeWidth: 2 }),
      Plot.tip(dots, Plot.pointer({ x: 'x', y: 'y', title, ...TIP })),
    ],
  });
}

function titleCount(sweeps: readonly SweepData[], title: string): number {
  return sweeps.filter((sweep) => sweep.title === title).length;
}

function bestAlong({ means }: SweepData, path: string, measure: Measure, line: string): Best[] {
  const name = measure === 'p99' ? 'latencyUs.p99' : 'ratePerS';
  const best = new Map<number, number>();
  for (const row of allRows(means)) {
    const y = numberAt(means, name, row);
    if (y === undefined) continue;
    const x = Number(settingAt(means, path, row));
    const other = best.get(x);
    best.set(x, other === undefined ? y : measure === 'p99' ? Math.min(other, y) : Math.max(other, y));
  }
  const top = measure === 'share' ? Math.max(...best.values()) / 100 : 1;
  return [...best].map(([x, y]) => ({ x, y: y / top, line }));
}
