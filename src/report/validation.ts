/** What the validator found, as lines of text and as data for programs. */
import type { CoverageLine } from '../validate/coverage.ts';
import type { Violation } from '../validate/findings.ts';
import { durationText, rateText, withPrefix } from './units.ts';

/** One trace, or one card, judged. */
export interface Judged {
  /** The file's path, or what ran. */
  readonly name: string;
  readonly frames: number;
  readonly events: number;
  /** How many violations there are, printed or only counted. */
  readonly total: number;
  readonly violations: readonly Violation[];
  /** How many seconds the judging took; 0 if that was not measured. */
  readonly seconds: number;
  /** Why it could not be read to its end; '' if it could. */
  readonly damage: string;
  /** Whether the trace has an end record, so that what is open at the end could be judged. */
  readonly whole: boolean;
  /** What could not be judged, and why: a line each. */
  readonly notJudged: readonly string[];
}

const COLUMNS = 110;
const TABLE_COLUMNS = 100;
/** Counts below this are written out. */
const WHOLE_MAX = 10_000;
const INDENT = '    ';

/** @param most violations shown. */
export function violationLines({ name, violations }: Judged, most: number): string[] {
  const lines = violations.slice(0, most).flatMap((violation) => {
    const { rule, title, doc, reference, frame, timeNs, seen, count } = violation;
    const where = frame === 0 ? 'before the first frame' : `frame ${frame}`;
    return [
      `${name}: ${where} at ${durationText(timeNs)}: ${rule} ${title}`,
      ...folded(`the spec: ${doc.trim()} (${reference})`),
      ...folded(`seen: ${seen}${count > 1 ? `; ${count} times in all` : ''}`),
    ];
  });
  const hidden = violations.length - most;
  return hidden > 0 ? [...lines, `${name}: ${hidden} more not shown (--max)`] : lines;
}

/** @returns a line for each thing that a verdict leaves open. */
export function notJudgedLines({ name, notJudged }: Judged): string[] {
  return notJudged.map((line) => `${name}: not judged: ${line}`);
}

/** With fewer frames than this, the rate would say how fast the validator is compiled. */
const RATED_FRAMES = 100_000;

export function summaryLine({ name, frames, events, total, seconds, damage, whole }: Judged): string {
  const parts = [
    `${frames.toLocaleString('en')} frames`,
    `${events.toLocaleString('en')} events`,
    total === 1 ? '1 violation' : `${total.toLocaleString('en')} violations`,
  ];
  if (seconds > 0 && frames >= RATED_FRAMES)
    parts.push(rateText(frames / seconds, 'frames').replace('/s', ' frames/s'));
  if (damage !== '') parts.push('up to its damage');
  else if (!whole) parts.push('no end record: what was open at the end is not judged');
  return `${name}: ${parts.join(', ')}`;
}

/**
 * @param states names of the socket machine's states, in the order of the lines' columns.
 * @returns a column for each state that was met; where these are too many for a terminal, the states of each
 *   message by name.
 */
export function coverageTable(lines: readonly CoverageLine[], states: readonly string[]): string[] {
  const used = states.map((_, state) => lines.some(({ byState }) => byState[state] > 0));
  const shown = states.map((name, state) => ({ name, state })).filter(({ state }) => used[state]);
  const counts = lines.map((line) => [
    line.message,
    ...[line.requests, line.successes, line.errors].map(counted),
  ]);
  const head = ['message', 'requests', 'good', 'errors'];
  const columns = aligned([
    [...head, ...shown.map(({ name }) => name)],
    ...counts.map((row, i) => [...row, ...shown.map(({ state }) => counted(lines[i].byState[state]))]),
  ]);
  if (columns.every((line) => line.length <= TABLE_COLUMNS)) return columns;
  const met = ({ byState }: CoverageLine): string[] =>
    shown
      .filter(({ state }) => byState[state] > 0)
      .map(({ name, state }) => `${name} ${counted(byState[state])}`);
  return aligned([head, ...counts]).flatMap((line, i) => {
    const [first, ...more] = filled(
      i === 0 ? ['in states'] : met(lines[i - 1]),
      TABLE_COLUMNS - line.length - 2,
    );
    const indent = ' '.repeat(line.length + 2);
    return first === '' ? [line] : [`${line}  ${first}`, ...more.map((words) => indent + words)];
  });
}

/** A list with commas, in lines of so many columns. */
function filled(items: readonly string[], columns: number): string[] {
  const lines = [''];
  items.forEach((item, i) => {
    const text = i < items.length - 1 ? `${item},` : item;
    const line = lines[lines.length - 1];
    if (line === '') lines[lines.length - 1] = text;
    else if (line.length + 1 + text.length <= columns) lines[lines.length - 1] = `${line} ${text}`;
    else lines.push(text);
  });
  return lines;
}

function counted(value: number): string {
  if (value === 0) return '.';
  return value < WHOLE_MAX ? String(value) : withPrefix(value).replace(' ', '');
}

/** Rows as lines: their first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

/** @returns an object for each trace, as `inic validate --json` prints them. */
export function validationJson(judged: readonly Judged[]): string {
  return `${JSON.stringify(judged, undefined, 2)}\n`;
}

function folded(text: string): string[] {
  const lines = [''];
  for (const word of text.replaceAll('\n', ' ').split(/ +/)) {
    const line = lines.at(-1)!;
    if (line !== '' && INDENT.length + line.length + word.length >= COLUMNS) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => INDENT + line);
}
