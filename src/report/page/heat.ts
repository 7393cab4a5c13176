/** A heat map of one measure over two settings; all others are fixed. */
import * as Plot from '@observablehq/plot';
import { numberAt, settingAt } from './columns.ts';
import type { Cell, SweepData } from './data.ts';
import { FONT, settingBands, TIP } from './scales.ts';
import { axisOf, rowsOfView, type View } from './view.ts';
import { lastWord, settingText, tickFormat } from './words.ts';

interface HeatCell {
  readonly x: Cell;
  readonly y: Cell;
  readonly value: number;
  readonly point: number;
}

export interface HeatMap {
  readonly data: SweepData;
  readonly view: View;
  /** The setting upwards. */
  readonly y: string;
  readonly measure: string;
  readonly label: string;
  readonly format: (value: number) => string;
  readonly width: number;
  readonly open: (point: number) => void;
}

/** What a number needs to stand in its cell. */
const TEXT_PX = 44;
const ROW_PX = 30;
const HEIGHT_LEAST = 230;
/** Above this ratio small values would all have one colour. */
const LOG_FROM = 50;

export function heatMap({ data, view, y, measure, label, format, width, open }: HeatMap): Node | undefined {
  const { means } = data;
  const cells: HeatCell[] = rowsOfView(data, { ...view, lines: y }, true).flatMap((row) => {
    const value = numberAt(means, measure, row);
    if (value === undefined) return [];
    const point = numberAt(means, 'point', row) ?? 0;
    return [{ x: settingAt(means, view.x, row), y: settingAt(means, y, row), value, point }];
  });
  if (cells.length === 0) return undefined;
  const values = cells.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const [across, up] = [axisOf(data, view.x), axisOf(data, y)];
  const log = low > 0 && high / low > LOG_FROM;
  const tick = tickFormat(format, low, high);
  const shade = (value: number): number => (log ? Math.log10(value) : value);
  const color = {
    type: 'linear',
    scheme: 'cividis',
    domain: low === high ? [shade(low) - 1, shade(high) + 1] : [shade(low), shade(high)],
    label,
    ticks: 4,
    tickFormat: (value: number) => tick(log ? 10 ** value : value),
  } as const;
  const scale = Plot.scale({ color });
  const marginLeft = 22 + 7.5 * Math.max(4, ...up.values.map((value) => settingText(value).length));
  const roomy = (width - marginLeft - 16) / across.values.length >= TEXT_PX;
  const place = { x: 'x', y: 'y' } as const;
  const title = (cell: HeatCell): string =>
    [
      `${lastWord(view.x)} ${settingText(cell.x)}`,
      `${lastWord(y)} ${settingText(cell.y)}`,
      `${label} ${format(cell.value)}`,
    ].join('\n');
  const drawn = Plot.plot({
    width,
    height: Math.max(HEIGHT_LEAST, 90 + ROW_PX * up.values.length),
    marginLeft,
    marginTop: 30,
    marginRight: 16,
    marginBottom: 40,
    style: FONT,
    ariaLabel: `${label} over ${view.x} and ${y}`,
    x: settingBands(across, width - marginLeft - 16),
    y: { type: 'band', domain: [...up.values].reverse(), label: y, labelAnchor: 'top', labelArrow: 'none' },
    color: { ...color, legend: true },
    marks: [
      Plot.cell(cells, { ...place, fill: ({ value }: HeatCell) => shade(value), inset: 1, rx: 2 }),
      roomy
        ? Plot.text(cells, {
            ...place,
            text: ({ value }: HeatCell) => format(value),
            fill: ({ value }: HeatCell) => inkOn(String(scale?.apply(shade(value)))),
          })
        : undefined,
      Plot.tip(cells, Plot.pointer({ ...place, title, ...TIP })),
    ],
  });
  drawn.addEventListener('click', () => {
    const { value } = drawn as { value?: HeatCell | null };
    if (value) open(value.point);
  });
  return drawn;
}

/** Black or white, whichever can be read on a colour such as `rgb(0, 34, 78)`. */
export function inkOn(colour: string): string {
  const [red, green, blue] = (colour.match(/\d+/g) ?? []).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue > 140 ? '#000' : '#fff';
}
