/** What all charts share: the scale along a varied setting, colours, and marks at the knee. */
import * as Plot from '@observablehq/plot';
import type { Axis, Cell } from './data.ts';
import { isNumeric } from './view.ts';
import { settingText } from './words.ts';

/** By the page's style, which has them for a light and a dark background (Okabe and Ito's, adapted). */
export const COLOURS = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `var(--c${number})`);

const SYMBOLS = ['circle', 'square', 'triangle', 'diamond', 'star', 'cross', 'wye', 'times'] as const;
/** A tick's label and the space beside it. */
const TICK_PX = 40;
/** From this ratio of the largest value to the smallest on, a scale is logarithmic. */
export const LOG_FROM = 8;

export const FONT = 'font-size: 12px; font-family: inherit; overflow: visible;';

/** What is told of a mark below the pointer. */
export const TIP = { fill: 'var(--card)', stroke: 'var(--rule)', lineHeight: 1.25 } as const;

/** Of an upward scale where all is 0 and nothing has a height: one from 0 to 0 would have it fill the chart. */
export const NO_HEIGHT = { domain: [0, 1], ticks: [0] };

/** The scale along a setting: of numbers by their size, of words in their order. */
export function settingScale(axis: Axis, width: number): Plot.ScaleOptions {
  const label = axis.path;
  if (!isNumeric(axis)) return { type: 'point', domain: [...axis.values], label, padding: 0.5 };
  const values = axis.values.map(Number);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const log = low > 0 && high / low >= LOG_FROM;
  const ticks = ticksOf(values, width, log ? Math.log : Number);
  const domain = low === high ? [low - 1, high + 1] : [low, high];
  return { type: log ? 'log' : 'linear', domain, label, ticks, axis: null };
}

/** As many of the values as there is room for, the largest in any case. */
function ticksOf(values: readonly number[], width: number, placed: (value: number) => number): number[] {
  const sorted = [...new Set(values)].sort((a, b) => b - a);
  const span = placed(sorted[0]) - placed(sorted[sorted.length - 1]);
  const chosen: number[] = [];
  for (const value of sorted) {
    const last = chosen.at(-1);
    const px = last === undefined ? width : (width * (placed(last) - placed(value))) / span;
    if (px >= TICK_PX) chosen.push(value);
  }
  return chosen.reverse();
}

/** The axis of such a scale. A logarithmic one of the library's leaves out values that are not round. */
export function settingAxis(scale: Plot.ScaleOptions): Plot.Markish[] {
  if (scale.axis !== null) return [];
  const text = (value: number): string => settingText(value);
  return [Plot.axisX((scale.ticks ?? []) as number[], { text, label: scale.label ?? null })];
}

/** The same as bands, for bars and cells. */
export function settingBands(axis: Axis, width: number): Plot.ScaleOptions {
  const step = Math.max(1, Math.ceil((axis.values.length * TICK_PX) / width));
  return {
    type: 'band',
    domain: [...axis.values],
    label: axis.path,
    ticks: axis.values.filter((_, i) => (axis.values.length - 1 - i) % step === 0),
    tickFormat: (value: Cell) => settingText(value),
  };
}

/** Colours and symbols of lines, with one legend for both. */
export function lineScales(domain: readonly string[]): {
  readonly color: Plot.ScaleOptions;
  readonly symbol: Plot.ScaleOptions;
} {
  const several = domain.length > 1;
  return {
    color: { type: 'ordinal', domain: [...domain], range: COLOURS.slice(0, domain.length) },
    symbol: { domain: [...domain], range: SYMBOLS.slice(0, domain.length), legend: several },
  };
}

/** A dashed line at each knee, with its value. */
export function kneeMarks(knees: readonly number[], banded: boolean): Plot.Markish[] {
  if (knees.length === 0) return [];
  const rule = banded
    ? []
    : [Plot.ruleX(knees, { stroke: 'var(--knee)', strokeDasharray: '5 4', strokeWidth: 1.5 })];
  // Neighbours have their names at two heights.
  const texts = [...knees]
    .sort((a, b) => a - b)
    .map((knee, i) =>
      Plot.text([knee], {
        x: [knee],
        text: [`knee ${knee}`],
        frameAnchor: 'top',
        lineAnchor: 'bottom',
        dy: i % 2 === 0 ? -9 : -21,
        fill: 'var(--knee)',
        fontWeight: 600,
      }),
    );
  return [...rule, ...texts];
}
