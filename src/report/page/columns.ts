/** Reads columns, and finds the rows that have certain settings. */
import type { Cell, Columns } from './data.ts';

export function cellAt({ byName }: Columns, name: string, row: number): Cell {
  const column = byName[name];
  if (column === undefined) return null;
  return Array.isArray(column) ? (column as readonly Cell[])[row] : (column as Cell);
}

/** @returns undefined for what is no number. */
export function numberAt(columns: Columns, name: string, row: number): number | undefined {
  const cell = cellAt(columns, name, row);
  return typeof cell === 'number' ? cell : undefined;
}

export function settingAt(columns: Columns, path: string, row: number): Cell {
  return cellAt(columns, `settings.${path}`, row);
}

/** Names of columns with this prefix, without it. */
export function namesBelow({ byName }: Columns, prefix: string): string[] {
  return Object.keys(byName)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

export function allRows({ rows }: Columns): number[] {
  return Array.from({ length: rows }, (_, row) => row);
}

export type Fixed = Readonly<Record<string, Cell>>;

export function rowsWhere(columns: Columns, fixed: Fixed): number[] {
  const wanted = Object.entries(fixed);
  return allRows(columns).filter((row) =>
    wanted.every(([path, value]) => settingAt(columns, path, row) === value),
  );
}
