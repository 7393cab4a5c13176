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
}

const COLUMNS = 110;
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

/** With fewer frames than this, the rate would say how fast the validator is compiled. */
const RATED_FRAMES = 100_000;

export function summaryLine({ name, frames, events, total, seconds, damage, whole }: Judged): string {
  if (frames === 0 && damage !== '') return `${name}: ${damage}`;
  const parts = [
    `${frames.toLocaleString('en')} frames`,
    `${events.toLocaleString('en')} events`,
    total === 1 ? '1 violation' : `${total.toLocaleString('en')} violations`,
  ];
  if (seconds > 0 && frames >= RATED_FRAMES)
    parts.push(rateText(frames / seconds, 'frames').replace('/s', ' frames/s'));
  if (damage !== '') parts.push(damage);
  else if (!whole) parts.push('no end record: what was open at the end is not judged');
  return `${name}: ${parts.join(', ')}`;
}

/** @param states names of the socket machine's states, in the order of the lines' columns. */
export function coverageTable(lines: readonly CoverageLine[], states: readonly string[]): string[] {
  const used = states.map((_, state) => lines.some(({ byState }) => byState[state] > 0));
  const shown = states.map((name, state) => ({ name, state })).filter(({ state }) => used[state]);
  const header = ['message', 'requests', 'good', 'errors', ...shown.map(({ name }) => name)];
  const number = (value: number): string =>
    value === 0 ? '.' : value < WHOLE_MAX ? String(value) : withPrefix(value).replace(' ', '');
  const rows = lines.map((line) => [
    line.message,
    number(line.requests),
    number(line.successes),
    number(line.errors),
    ...shown.map(({ state }) => number(line.byState[state])),
  ]);
  const widths = header.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column].length)),
  );
  return [header, ...rows].map((row) =>
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
