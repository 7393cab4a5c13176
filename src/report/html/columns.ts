/** Results as columns: every number and word a row has, under the path it has there. */
import type { Cell, Column, Columns } from '../page/data.ts';

export type Row = Readonly<Record<string, Cell>>;

/** @returns what an object says, by path: `{ latencyUs: { p50: 1 } }` as `{ 'latencyUs.p50': 1 }`. */
export function flattened(value: object, prefix = ''): Row {
  const cells: Record<string, Cell> = {};
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    const path = `${prefix}${name}`;
    if (typeof inner === 'object' && inner !== null) Object.assign(cells, flattened(inner, `${path}.`));
    else if (isCell(inner)) cells[path] = inner;
  }
  return cells;
}

function isCell(value: unknown): value is Cell {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value);
}

/** @param rows of which some may lack what others have: null stands there then. */
export function columnsOf(rows: readonly Row[]): Columns {
  const names = new Set<string>();
  for (const row of rows) for (const name of Object.keys(row)) names.add(name);
  const columns = [...names].map((name) => [name, columnOf(rows.map((row) => row[name] ?? null))] as const);
  return { rows: rows.length, byName: Object.fromEntries(columns) };
}

function columnOf(cells: readonly Cell[]): Column {
  return cells.every((cell) => cell === cells[0]) ? cells[0] : cells;
}

/** To six significant digits: more cannot be seen in a chart, and would only make a file longer. */
export function sixDigits(value: number): number {
  return Number(value.toPrecision(6));
}
