/** Verdicts on packetdrill scripts, as lines of text and as data for programs. */
import type { OutcomeName, Verdict } from '../drill/run/outcome.ts';

const INDENT = '    ';
const US_PER_SECOND = 1e6;
/** In the order in which a summary names them. */
const OUTCOMES: readonly OutcomeName[] = ['passed', 'failed', 'not judged', 'no script'];

/** Where a script ended: `file:line`, as packetdrill says it. */
function whereOf({ file, place }: Verdict): string {
  return place === undefined ? file : `${file}:${place.line}`;
}

/** The verdict, with both packets where one was not as expected. */
export function verdictLines(verdict: Verdict): string[] {
  const { outcome, words, details, events, eventsTotal, endUs } = verdict;
  const time = `${(endUs / US_PER_SECOND).toFixed(6)} s`;
  if (outcome === 'passed') return [`${verdict.file}: passed, ${eventsTotal} events, ${time}`];
  const done = outcome === 'no script' ? '' : ` (${events} of ${eventsTotal} events, ${time})`;
  return [`${whereOf(verdict)}: ${outcome}: ${words}${done}`, ...details.map((line) => `${INDENT}${line}`)];
}

/** What code printed, and then the verdict. */
export function plainLines(verdict: Verdict): string[] {
  return [...verdict.printed, ...verdictLines(verdict)];
}

/** All that went in and out, as a script; what else there is to say is in comments of it. */
export function traceLines(verdict: Verdict): string[] {
  const { notes, printed, trace } = verdict;
  const said = [...notes, ...printed, ...verdictLines(verdict)];
  return [...trace, ...said.map((line) => `// ${line}`)];
}

/** One line of all. */
export function drillSummary(verdicts: readonly Verdict[]): string {
  const counts = OUTCOMES.map(
    (name) => [verdicts.filter(({ outcome }) => outcome === name).length, name] as const,
  )
    .filter(([count, name]) => count > 0 || name === 'passed')
    .map(([count, name]) => `${count} ${name}`);
  return `${verdicts.length} scripts: ${counts.join(', ')}`;
}

/** The verdicts as JSON, a line each within one list. */
export function drillJson(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ place, ...verdict }) => ({
    ...verdict,
    line: place?.line ?? null,
    column: place?.column ?? null,
  }));
  return `[${rows.map((row) => `\n${JSON.stringify(row)}`).join(',')}\n]\n`;
}
