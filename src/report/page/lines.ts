/** Charts of lines along a setting: rates, latencies, what an operation makes happen, pools. */
import * as Plot from '@observablehq/plot';
import { numberAt, settingAt } from './columns.ts';
import type { Axis, Cell, SweepData } from './data.ts';
import { FONT, kneeMarks, lineScales, NO_HEIGHT, settingAxis, settingScale, TIP } from './scales.ts';
import { axisOf, intervalAround, isNumeric, kneesOfView, rowsOfView, type View } from './view.ts';
import { lastWord, settingText, tickFormat, withMargin } from './words.ts';

export interface Dot {
  readonly x: Cell;
  readonly y: number;
  readonly low: number;
  readonly high: number;
  readonly line: string;
  /** The first point of the combination, whose row opens by a click. */
  readonly point: number;
}

/** A line for each value of the setting that the view draws lines by. */
export function dotsByLine(data: SweepData, view: View, measure: string): Dot[] {
  const { means } = data;
  const { lines } = view;
  return rowsOfView(data, view, true).flatMap((row) => {
    const line = lines === undefined ? '' : `${lastWord(lines)} ${settingText(settingAt(means, lines, row))}`;
    return dotAt(data, view, measure, row, line);
  });
}

/** A line for each measure, of the line that the view shows in detail. */
export function dotsByMeasure(
  data: SweepData,
  view: View,
  measures: readonly (readonly [string, string])[],
): Dot[] {
  const rows = rowsOfView(data, view, false);
  return measures.flatMap(([measure, label]) =>
    rows.flatMap((row) => dotAt(data, view, measure, row, label)),
  );
}

function dotAt({ means, halves }: SweepData, view: View, measure: string, row: number, line: string): Dot[] {
  const y = numberAt(means, measure, row);
  if (y === undefined) return [];
  const half = (halves.rows > 0 ? numberAt(halves, measure, row) : undefined) ?? 0;
  const point = numberAt(means, 'point', row) ?? 0;
  return [{ x: settingAt(means, view.x, row), y, ...intervalAround(y, half), line, point }];
}

/** So many marks along a line need smaller ones. */
const CROWD = 24;

export interface LineChart {
  readonly data: SweepData;
  readonly view: View;
  readonly dots: readonly Dot[];
  readonly width: number;
  readonly height: number;
  readonly label: string;
  /** Behind a value that is read off; a format may write it itself. */
  readonly unit?: string;
  readonly format: (value: number) => string;
  /** Of a linear scale; true. */
  readonly fromZero?: boolean;
  readonly log?: boolean;
  /** Whether the view's lines are drawn, or measures of one of them; true. */
  readonly allLines?: boolean;
  readonly open?: (point: number) => void;
  /** Without axis titles and legend, for a small one among others. */
  readonly small?: boolean;
}

export function lineChart(chart: LineChart): Node | undefined {
  const { dots, view, data, log = false, small = false } = chart;
  if (dots.length === 0) return undefined;
  const axis = axisOf(data, view.x);
  const knees = kneesOfView(data, view, chart.allLines !== false);
  const lines = [...new Set(dots.map(({ line }) => line))];
  const { color, symbol } = lineScales(lines);
  const x = settingScale(axis, chart.width - 72);
  const scale = small ? { ...x, label: null } : x;
  const drawn = Plot.plot({
    width: chart.width,
    height: chart.height,
    marginLeft: 56,
    marginRight: 16,
    marginTop: small ? 12 : 40,
    marginBottom: small ? 24 : 38,
    style: FONT,
    ariaLabel: `${chart.label} along ${view.x}`,
    x: scale,
    y: {
      label: small ? null : chart.label,
      type: log ? 'log' : 'linear',
      zero: chart.fromZero !== false && !log,
      nice: true,
      grid: true,
      ...upwards(chart),
    },
    color,
    symbol: small ? { ...symbol, legend: false } : symbol,
    marks: [...settingAxis(scale), ...kneeMarks(small ? [] : knees, false), ...dotMarks(chart, axis)],
  });
  const { open } = chart;
  if (open !== undefined) {
    drawn.addEventListener('click', () => {
      const { value } = drawn as { value?: Dot | null };
      if (value) open(value.point);
    });
  }
  return drawn;
}

/** Ticks and their words, which tell one from another. */
function upwards({
  dots,
  format,
  fromZero = true,
  log = false,
  small = false,
}: LineChart): Plot.ScaleOptions {
  const high = Math.max(...dots.map((dot) => Math.max(dot.y, dot.high)));
  const low = fromZero && !log ? 0 : Math.min(...dots.map((dot) => Math.min(dot.y, dot.low)));
  const ticks = small ? 3 : log ? decades(dots) : 5;
  return { ticks, tickFormat: tickFormat(format, low, high), ...(low === 0 && high === 0 && NO_HEIGHT) };
}

/** Powers of ten, or about four values where there are few of them: no line is drawn for all between. */
function decades(dots: readonly Dot[]): number[] | number {
  const values = dots.flatMap(({ y, high }) => [y, high]);
  const low = Math.ceil(Math.log10(Math.min(...values)) - 1);
  const high = Math.floor(Math.log10(Math.max(...values)) + 1);
  if (high - low < 2) return 4;
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}

function dotMarks(chart: LineChart, axis: Axis): Plot.Markish[] {
  const { dots, format, unit = '', view, log = false, small = false } = chart;
  const floor = log ? Math.min(...dots.map(({ y }) => y)) / 2 : Number.NEGATIVE_INFINITY;
  const intervals = dots
    .filter(({ low, high }) => high > low)
    .map((dot) => ({ ...dot, low: Math.max(dot.low, floor) }));
  const place = { x: 'x', y: 'y', stroke: 'line' } as const;
  const interval = { x: 'x', y1: 'low', y2: 'high' } as const;
  const title = (dot: Dot): string =>
    [
      `${lastWord(view.x)} ${settingText(dot.x)}${dot.line === '' ? '' : `, ${dot.line}`}`,
      `${dot.high > dot.y ? withMargin(format, dot.y, dot.high - dot.y) : format(dot.y)} ${unit}`.trimEnd(),
    ].join('\n');
  return [
    isNumeric(axis)
      ? Plot.areaY(intervals, { ...interval, fill: 'line', fillOpacity: 0.14, z: 'line' })
      : Plot.ruleX(intervals, { ...interval, stroke: 'line' }),
    isNumeric(axis) ? Plot.line(dots, { ...place, z: 'line', strokeWidth: 2, sort: 'x' }) : undefined,
    Plot.dot(dots, {
      ...place,
      symbol: 'line',
      fill: 'var(--card)',
      r: small || axis.values.length > CROWD ? 2.5 : 4,
      strokeWidth: 2,
    }),
    Plot.tip(dots, Plot.pointer({ x: 'x', y: 'y', title, ...TIP })),
  ].filter((mark) => mark !== undefined);
}
