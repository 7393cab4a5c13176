/** The charts of one experiment: lines or areas over numbers, and bars over words. */
import * as Plot from '@observablehq/plot';
import type { Chart, ChartAxis, ChartPoint } from '../../record/chart.ts';
import { quantityText, valueInIntervalText } from '../quantity.ts';
import type { ExperimentData } from './data.ts';
import { element, figure } from './dom.ts';
import { COLOURS, FONT, TIP } from './scales.ts';

const HEIGHT = 300;
/** Of a name below a bar, a letter. */
const LETTER_PX = 7;

interface Placed extends ChartPoint {
  readonly series: string;
}

export function experimentPart({ charts }: ExperimentData, place: HTMLElement): void {
  const figures = charts.map(
    (chart) => figure(chart.title, chart.caption, (width) => drawn(chart, width)).node,
  );
  place.append(element('div', { class: 'figures' }, ...figures));
}

function drawn(chart: Chart, width: number): Node | undefined {
  const points = chart.series.flatMap(({ name, points: own }) =>
    own.map((point): Placed => ({ ...point, series: name })),
  );
  if (points.length === 0) return undefined;
  return chart.kind === 'bars' || chart.kind === 'stacked'
    ? bars(chart, points, width)
    : lines(chart, points, width);
}

function shared({ title, series, y }: Chart, width: number): Plot.PlotOptions {
  const names = series.map(({ name }) => name);
  return {
    width,
    height: HEIGHT,
    marginLeft: 72,
    marginRight: 20,
    marginTop: 36,
    marginBottom: 40,
    style: FONT,
    ariaLabel: title,
    y: {
      label: y.label,
      grid: true,
      ticks: 5,
      tickFormat: (value: number) => shortQuantity(value, y.unit),
      ...(y.log === true ? { type: 'log' as const } : { zero: true }),
    },
    color: {
      type: 'ordinal',
      domain: names,
      range: names.map((_, i) => COLOURS[i % COLOURS.length]),
      legend: names.length > 1,
    },
  };
}

function lines(chart: Chart, points: readonly Placed[], width: number): Node {
  const { x, kind } = chart;
  const options = shared(chart, width);
  const title = tipText(chart);
  const marks =
    kind === 'areas'
      ? [
          Plot.areaY(points, { x: 'x', y: 'y', fill: 'series', curve: 'step-after', fillOpacity: 0.8 }),
          Plot.ruleY([0]),
          Plot.tip(points, Plot.pointerX(Plot.stackY({ x: 'x', y: 'y', title, ...TIP }))),
        ]
      : [
          Plot.areaY(points, { x: 'x', y1: low, y2: high, fill: 'series', fillOpacity: 0.2 }),
          Plot.line(points, { x: 'x', y: 'y', stroke: 'series', strokeWidth: 2 }),
          points.length <= 60 ? Plot.dot(points, { x: 'x', y: 'y', fill: 'series', r: 3 }) : undefined,
          Plot.tip(points, Plot.pointer({ x: 'x', y: 'y', title, ...TIP })),
        ];
  return Plot.plot({
    ...options,
    x: numberScale(x, width),
    marks: marks.filter((mark) => mark !== undefined),
  });
}

function numberScale({ label, unit, log }: ChartAxis, width: number): Plot.ScaleOptions {
  return {
    label,
    ticks: Math.max(2, Math.floor(width / 90)),
    tickFormat: (value: number) => shortQuantity(value, unit),
    ...(log === true ? { type: 'log' as const } : {}),
  };
}

function bars(chart: Chart, points: readonly Placed[], width: number): Node {
  const names = [...new Set(points.map(({ x }) => String(x)))];
  const options = shared(chart, width);
  const title = tipText(chart);
  const longest = Math.max(...names.map((name) => name.length + 1));
  const turned = longest * LETTER_PX * names.length > width - 92;
  const place = {
    ...options,
    ...(turned ? { marginBottom: 110 } : {}),
    height: turned ? HEIGHT + 70 : HEIGHT,
  };
  const words = { type: 'band', domain: names, label: chart.x.label } as const;
  const turning = turned ? { tickRotate: -35 } : {};
  if (chart.kind === 'stacked') {
    return Plot.plot({
      ...place,
      x: { ...words, ...turning },
      marks: [
        Plot.barY(points, { x: 'x', y: 'y', fill: 'series', insetLeft: 4, insetRight: 4 }),
        Plot.ruleY([0]),
        Plot.tip(points, Plot.pointerX(Plot.stackY({ x: 'x', y: 'y', title, ...TIP }))),
      ],
    });
  }
  // Side by side: each word is a facet, in which each series has its place.
  return Plot.plot({
    ...place,
    fx: { ...words, ...turning },
    x: { axis: null, domain: chart.series.map(({ name }) => name) },
    marks: [
      Plot.barY(points, { fx: 'x', x: 'series', y: 'y', fill: 'series' }),
      Plot.ruleX(points, { fx: 'x', x: 'series', y1: low, y2: high, strokeWidth: 1.5 }),
      Plot.ruleY([0]),
      Plot.tip(points, Plot.pointerX({ fx: 'x', x: 'series', y: 'y', title, ...TIP })),
    ],
  });
}

const low = ({ y, low: least = y }: ChartPoint): number => least;
const high = ({ y, high: most = y }: ChartPoint): number => most;

function tipText({ x, y, series: all }: Chart): (point: Placed) => string {
  return ({ series, x: at, y: value, low: least, high: most }) => {
    const where = typeof at === 'string' ? at : `${x.label} ${quantityText(at, x.unit)}`;
    const size =
      least === undefined || most === undefined || least === most
        ? quantityText(value, y.unit)
        : valueInIntervalText(value, least, most, y.unit);
    const name = all.length > 1 ? `${series}\n` : '';
    return `${name}${where}\n${size}`;
  };
}

/** Without zeroes at the end, for an axis. */
function shortQuantity(value: number, unit: string): string {
  return quantityText(value, unit)
    .replace(/(\.\d*?)0+(?=\s|$)/, '$1')
    .replace(/\.(?=\s|$)/, '');
}
