/** Which rows a reader wants: each word must be in a row, each comparison hold. */
import { cellAt } from './columns.ts';
import type { Cell, Columns } from './data.ts';

export interface NamedColumn {
  readonly name: string;
  readonly label: string;
}

const COMPARISON = /(\S+?)\s*(<=|>=|!=|<|>|=)\s*(\S+)/g;

/**
 * @param text words such as `block`, and comparisons such as `transmitBuffers=8` or `p99 > 100`, in which a
 * part of a column's name is enough.
 */
export function matcher(
  columns: Columns,
  named: readonly NamedColumn[],
  text: string,
): (row: number) => boolean {
  const tests: ((row: number) => boolean)[] = [];
  const words = text.replace(COMPARISON, (whole, key: string, sign: string, value: string) => {
    const column = named.find(({ name, label }) => hasName(name, key) || hasName(label, key));
    if (column === undefined) return whole;
    tests.push((row) => holds(cellAt(columns, column.name, row), sign, value));
    return ' ';
  });
  for (const word of words.toLowerCase().split(/\s+/)) {
    if (word === '') continue;
    tests.push((row) =>
      named.some(({ name }) =>
        String(cellAt(columns, name, row) ?? '')
          .toLowerCase()
          .includes(word),
      ),
    );
  }
  return (row) => tests.every((test) => test(row));
}

function hasName(name: string, key: string): boolean {
  return name.toLowerCase().includes(key.toLowerCase());
}

function holds(cell: Cell, sign: string, text: string): boolean {
  if (cell === null) return false;
  const number = Number(text.replaceAll(',', ''));
  const numeric = typeof cell === 'number' && !Number.isNaN(number);
  const order = numeric ? cell - number : String(cell).localeCompare(text, 'en', { sensitivity: 'base' });
  switch (sign) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '!=':
      return order !== 0;
    default:
      return order === 0;
  }
}
