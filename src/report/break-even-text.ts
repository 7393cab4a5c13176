/** The map of where offload pays, as a table and in words. */
import { breakEvenSpeed, type MapCell } from '../compare/break-even.ts';
import type { Part } from '../compare/use.ts';
import type { Chart } from '../record/chart.ts';
import { alignedLines, type Colour, type Column } from './columns.ts';
import { sizeText, threeDigits } from './units.ts';

/** Ratios nearer to 1 than this are no difference. */
const ALIKE = 0.02;

/** Cells of one size and life. */
interface MapRow {
  readonly life: string;
  readonly sizeBytes: number;
  readonly cells: readonly MapCell[];
}

export function mapRows(cells: readonly MapCell[]): MapRow[] {
  const rows = new Map<string, MapCell[]>();
  for (const cell of cells) {
    const key = `${cell.life} ${cell.sizeBytes}`;
    rows.set(key, [...(rows.get(key) ?? []), cell]);
  }
  return [...rows.values()].map((own) => ({ life: own[0].life, sizeBytes: own[0].sizeBytes, cells: own }));
}

export function breakEvenText(title: string, cells: readonly MapCell[], bold: Colour): string {
  const rows = mapRows(cells);
  const speeds = rows[0].cells.map(({ hostSpeed }) => hostSpeed);
  const columns: Column<MapRow>[] = [
    { heading: 'connection lives', left: true, cell: ({ life }) => life },
    { heading: 'message', cell: ({ sizeBytes }) => sizeText(sizeBytes) },
    ...speeds.map(
      (speed, i): Column<MapRow> => ({
        heading: `${speed}x`,
        cell: ({ cells: own }) => threeDigits(own[i].ratio),
      }),
    ),
    { heading: 'even at', cell: (row) => evenText(row) },
    {
      heading: 'binds the host',
      left: true,
      cell: ({ cells: own }) => bindsText(own.map((cell) => cell.hostBinds)),
    },
    {
      heading: 'the card',
      left: true,
      cell: ({ cells: own }) => bindsText(own.map((cell) => cell.cardBinds)),
    },
  ];
  const lines = [
    title,
    "The card's rate over the host's (host+TSO), by how many times as fast as the card the host runs TCP/IP:",
    '',
    ...alignedLines(columns, rows, bold),
    '',
    'Above 1 offload wins. Even at: the speed of the host from which on it loses. Binds: what is busy nearly',
    'all the time, from the slowest host to the fastest; with latency, operations wait and no part is full.',
  ];
  return `${lines.join('\n')}\n`;
}

function evenText({ cells }: MapRow): string {
  if (cells.every(({ ratio }) => Math.abs(ratio - 1) <= ALIKE)) return 'alike';
  const speed = breakEvenSpeed(cells);
  if (speed !== undefined) return `${threeDigits(speed)}x`;
  return cells[0].ratio >= 1 ? 'never' : 'always loses';
}

/** Each once, in the order of speeds. */
function bindsText(parts: readonly (Part | undefined)[]): string {
  return [...new Set(parts.map((part) => part ?? 'latency'))].join(', ');
}

/** A line for each size and life. */
export function breakEvenChart(cells: readonly MapCell[]): Chart {
  return {
    kind: 'lines',
    title: 'Where offload pays',
    caption: "The card's rate over the host's. Where a line falls below 1, offload loses.",
    x: { label: 'host against the card', unit: 'x', log: true },
    y: { label: "the card's rate over the host's", unit: 'x' },
    series: mapRows(cells).map(({ life, sizeBytes, cells: own }) => ({
      name: `${sizeText(sizeBytes)}, ${life}`,
      points: own.map(({ hostSpeed, ratio }) => ({ x: hostSpeed, y: ratio })),
    })),
  };
}
