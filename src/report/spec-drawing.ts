/** Draws words as RFCs do: two columns for each bit, bit 31 at the left, under a ruler of bit numbers. */
import type { FieldEntry } from '../spec/entries.ts';
import type { Box, DrawnRow } from './spec-words.ts';

const WORD_BITS = 32;
const LABEL_WIDTH = 5;
const INNER_WIDTH = WORD_BITS * 2 - 1;

/** A drawing, and the letters that stand in it for fields whose names did not fit. */
export interface DrawnText {
  readonly lines: readonly string[];
  readonly letters: ReadonlyMap<FieldEntry, string>;
}

export function drawRows(rows: readonly DrawnRow[]): DrawnText {
  const letters = new Map<FieldEntry, string>();
  for (const row of rows) {
    if ('list' in row) continue;
    for (const { field, high, low } of row.boxes) {
      if (field !== undefined && field.name.length > innerWidth(high, low)) {
        letters.set(field, String.fromCharCode(97 + letters.size));
      }
    }
  }
  const lines = [...RULER, BORDER];
  for (const row of rows) {
    if ('list' in row)
      lines.push(`${row.label.padStart(LABEL_WIDTH - 1)} /${centred(row.list, INNER_WIDTH)}/`);
    else
      lines.push(
        `${row.label.padStart(LABEL_WIDTH - 1)} |${row.boxes.map((box) => cell(box, letters)).join('|')}|`,
      );
    lines.push(BORDER);
  }
  return { lines, letters };
}

const BITS = Array.from({ length: WORD_BITS }, (_, i) => WORD_BITS - 1 - i);
const RULER = [
  BITS.map((bit) => (bit >= 10 ? String(Math.floor(bit / 10)) : ' ')).join(' '),
  BITS.map((bit) => String(bit % 10)).join(' '),
].map((line) => `${' '.repeat(LABEL_WIDTH + 1)}${line}`.trimEnd());
const BORDER = `${' '.repeat(LABEL_WIDTH)}+${'-+'.repeat(WORD_BITS)}`;

function cell({ high, low, text, field }: Box, letters: ReadonlyMap<FieldEntry, string>): string {
  const width = innerWidth(high, low);
  const shown = field === undefined ? (text === '' ? '0' : text) : (letters.get(field) ?? text);
  return centred(shown, width);
}

function innerWidth(high: number, low: number): number {
  return (high - low + 1) * 2 - 1;
}

function centred(text: string, width: number): string {
  return text
    .slice(0, width)
    .padStart(Math.floor((width + text.length) / 2))
    .padEnd(width);
}
