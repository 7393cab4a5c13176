/** Charts of stacked bars along a setting: where an operation's time went, and what it waited for. */
import * as Plot from '@observablehq/plot';
import { numberAt, settingAt } from './columns.ts';
import type { Cell, SweepData } from './data.ts';
import { COLOURS, FONT, kneeMarks, NO_HEIGHT, settingBands, TIP } from './scales.ts';
import { axisOf, kneesOfView, rowsOfView, type View } from './view.ts';
import { lastWord, settingText, tickFormat } from './words.ts';

export interface Part {
  readonly measure: string;
  readonly label: string;
  /** Of the palette, from 0. */
  readonly colour: number;
}

export interface BarChart {
  readonly data: SweepData;
  readonly view: View;
  readonly parts: readonly Part[];
  readonly width: number;
  readonly height: number;
  readonly label: string;
  readonly format: (value: number) => string;
}

interface Piece {
  readonly x: Cell;
  readonly y: number;
  readonly part: string;
}

export function barChart({ data, view, parts, width, height, label, format }: BarChart): Node | undefined {
  const pieces: Piece[] = rowsOfView(data, view, false).flatMap((row) =>
    parts.flatMap(({ measure, label: part }) => {
      const y = numberAt(data.means, measure, row);
      return y === undefined ? [] : [{ x: settingAt(data.means, view.x, row), y, part }];
    }),
  );
  if (pieces.length === 0) return undefined;
  const sumAt = (at: Cell): number => pieces.reduce((sum, { x, y }) => (x === at ? sum + y : sum), 0);
  const highest = Math.max(...pieces.map(({ x }) => sumAt(x)));
  const title = (piece: Piece): string => {
    const own = pieces.filter(({ x }) => x === piece.x);
    return [
      `${lastWord(view.x)} ${settingText(piece.x)}: ${format(sumAt(piece.x))}`,
      ...own.filter(({ y }) => y > 0).map(({ part, y }) => `${part} ${format(y)}`),
    ].join('\n');
  };
  return Plot.plot({
    width,
    height,
    marginLeft: 56,
    marginRight: 16,
    marginTop: 40,
    marginBottom: 38,
    style: FONT,
    ariaLabel: `${label} along ${view.x}`,
    x: settingBands(axisOf(data, view.x), width - 72),
    y: {
      label,
      grid: true,
      ticks: 5,
      tickFormat: tickFormat(format, 0, highest),
      ...(highest === 0 && NO_HEIGHT),
    },
    color: {
      type: 'ordinal',
      domain: parts.map((part) => part.label),
      range: parts.map(({ colour }) => COLOURS[colour]),
      legend: true,
    },
    marks: [
      Plot.barY(pieces, {
        x: 'x',
        y: 'y',
        fill: 'part',
        order: parts.map((part) => part.label),
        insetTop: 0.5,
      }),
      Plot.ruleY([0]),
      ...kneeMarks(kneesOfView(data, view, false), true),
      Plot.tip(pieces, Plot.pointerX(Plot.stackY({ x: 'x', y: 'y', title, ...TIP }))),
    ],
  });
}
