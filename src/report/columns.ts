/** Tables of text: columns that are aligned, and that give way where a line would be too long. */

export type Colour = (text: string) => string;

export interface Cell {
  readonly text: string;
  readonly style?: Colour | undefined;
}

export interface Column<T> {
  readonly heading: string;
  /** Names are set to the left, numbers to the right. */
  readonly left?: boolean;
  /** The column of the highest number gives way first; absent: it never does. */
  readonly gives?: number;
  cell(row: T): string | Cell;
}

const GAP = 2;

/** @returns the columns of which a table fits the width, as far as giving way goes. */
export function fitting<T>(columns: readonly Column<T>[], rows: readonly T[], width: number): Column<T>[] {
  const kept = [...columns];
  while (tableWidth(kept, rows) > width) {
    const most = Math.max(...kept.map(({ gives = 0 }) => gives));
    if (most === 0) break;
    kept.splice(
      kept.findIndex(({ gives }) => gives === most),
      1,
    );
  }
  return kept;
}

/** How wide the longest line is. */
export function tableWidth<T>(columns: readonly Column<T>[], rows: readonly T[]): number {
  const widths = widthsOf(columns, rows);
  return widths.reduce((sum, width) => sum + width, GAP * (widths.length - 1));
}

/** A heading and a line for each row, without spaces at their ends. */
export function alignedLines<T>(columns: readonly Column<T>[], rows: readonly T[], bold: Colour): string[] {
  const widths = widthsOf(columns, rows);
  const line = (cells: readonly Cell[]): string =>
    cells
      .map((cell, i) => padded(cell, columns[i].left === true, widths[i]))
      .join(' '.repeat(GAP))
      .trimEnd();
  const heading = columns.map(({ heading: text }) => ({ text, style: bold }));
  return [line(heading), ...rows.map((row) => line(columns.map((column) => cellOf(column, row))))];
}

function widthsOf<T>(columns: readonly Column<T>[], rows: readonly T[]): number[] {
  return columns.map((column) =>
    Math.max(column.heading.length, ...rows.map((row) => cellOf(column, row).text.length)),
  );
}

function cellOf<T>(column: Column<T>, row: T): Cell {
  const cell = column.cell(row);
  return typeof cell === 'string' ? { text: cell } : cell;
}

function padded({ text, style }: Cell, left: boolean, width: number): string {
  const space = ' '.repeat(width - text.length);
  const shown = style === undefined || text === '' ? text : style(text);
  return left ? shown + space : space + shown;
}

/** Breaks a text into lines of a width, between words; those after the first begin with an indent. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  const start = /^ */.exec(text)?.[0] ?? '';
  let line = start;
  let empty = true;
  for (const word of text.slice(start.length).split(' ')) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = empty ? `${line}${word}` : `${line} ${word}`;
    empty = false;
  }
  return [...lines, line];
}
