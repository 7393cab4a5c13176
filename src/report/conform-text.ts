/** What `inic conform` found, in lines and as data. */
import type { Verdict } from '../conform/link/case.ts';
import type { Conformed } from '../conform/run/run.ts';
import { alignedLines, type Colour, type Column, wrapped } from './columns.ts';
import { type ClauseTally, clauseTallies, clauseTotals } from './conform-clauses.ts';

/** Verdicts of one kind, counted. */
export interface Tally {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly notJudged: number;
}

export function tallies(verdicts: readonly Verdict[], nameOf: (verdict: Verdict) => string | null): Tally[] {
  const names = [...new Set(verdicts.map(nameOf))].filter((name) => name !== null);
  return names.map((name) => ({ name, ...countsOf(verdicts.filter((verdict) => nameOf(verdict) === name)) }));
}

export function countsOf(verdicts: readonly Verdict[]): Omit<Tally, 'name'> {
  const count = (outcome: Verdict['outcome']): number =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length;
  return { passed: count('passed'), failed: count('failed'), notJudged: count('notJudged') };
}

/** What a group of cases is called. */
export function groupName({ kind, group }: Verdict): string {
  const kinds = {
    vector: 'vectors',
    scenario: 'scenarios',
    transport: 'transport',
    tour: 'tour',
    transfer: 'transfers',
    replies: 'replies',
  };
  return kind === group || kind === 'transfer' ? kinds[kind] : `${kinds[kind]}: ${group}`;
}

/** Why cases were not judged, and how many were not. */
export function reasons(verdicts: readonly Verdict[]): [reason: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { outcome, findings } of verdicts) {
    if (outcome !== 'notJudged') continue;
    const [{ what } = { what: 'no reason' }] = findings;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}

/** Rules of the spec that were broken, and by how many cases. */
export function brokenRules(verdicts: readonly Verdict[]): [rule: string, cases: number][] {
  const counts = new Map<string, number>();
  for (const { findings } of verdicts)
    for (const rule of new Set(findings.flatMap((finding) => finding.rule ?? [])))
      counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

const number = (heading: string, key: 'passed' | 'failed' | 'notJudged'): Column<Tally> => ({
  heading,
  cell: (row) => (row[key] === 0 ? '.' : String(row[key])),
});
const COLUMNS: readonly Column<Tally>[] = [
  { heading: 'cases', left: true, cell: ({ name }) => name },
  number('passed', 'passed'),
  number('failed', 'failed'),
  number('not judged', 'notJudged'),
];
/** Of what was not judged, so many reasons are told. */
const REASONS_MAX = 12;

/** @param max failed cases shown. */
export function conformText(result: Conformed, max: number, width: number, bold: Colour): string {
  const { verdicts, unknown, role } = result;
  const failed = verdicts.filter(({ outcome }) => outcome === 'failed');
  const shown = failed
    .slice(0, max)
    .flatMap(({ id, findings }) => [
      `failed: ${id}`,
      ...findings.slice(0, 4).flatMap(({ what }) => wrapped(what, width - 4).map((line) => `    ${line}`)),
      ...(findings.length > 4 ? [`    and ${findings.length - 4} more`] : []),
    ]);
  const left = failed.length - Math.min(max, failed.length);
  const why = reasons(verdicts);
  const { passed, failed: bad, notJudged } = countsOf(verdicts);
  return [
    ...alignedLines(COLUMNS, tallies(verdicts, groupName), bold),
    ...(why.length === 0 ? [] : ['', 'not judged:']),
    ...why.slice(0, REASONS_MAX).flatMap(([reason, count]) => {
      const [first, ...rest] = wrapped(`${count}: ${reason}`, width - 4);
      return [`    ${first}`, ...rest.map((line) => `      ${line}`)];
    }),
    ...(why.length > REASONS_MAX
      ? [`    and ${why.length - REASONS_MAX} more reasons (--json tells all)`]
      : []),
    ...(unknown.length === 0 ? [] : ['', `claimed and unknown to the spec: ${unknown.join(', ')}`]),
    ...(shown.length === 0 ? [] : ['', ...shown]),
    ...(left > 0 && max > 0 ? [`and ${left} more failed (--max shows more)`] : []),
    ...brokenClauses(clauseTallies(verdicts, role), width),
    '',
    clauseLine(result),
    `${role}: ${passed} passed, ${bad} failed, ${notJudged} not judged`,
    '',
  ].join('\n');
}

/** The clauses that were broken, with what they say. */
function brokenClauses(rows: readonly ClauseTally[], width: number): string[] {
  const broken = rows.filter(({ verdict }) => verdict === 'broken');
  if (broken.length === 0) return [];
  return [
    '',
    'clauses that are broken:',
    ...broken.flatMap(({ clause }) => {
      const text = `${clause.id} (${clause.level}): ${clause.text}`;
      return wrapped(text, width - 4).map((line, i) => `    ${i === 0 ? '' : '  '}${line}`);
    }),
  ];
}

function clauseLine({ verdicts, role }: Conformed): string {
  const { kept, broken, notJudged } = clauseTotals(verdicts, role);
  return `clauses: ${kept} kept, ${broken} broken, ${notJudged} not judged`;
}

export function conformData(result: Conformed): object {
  const { role, claims, unknown, verdicts } = result;
  return {
    role,
    claims,
    unknownClaims: unknown,
    totals: countsOf(verdicts),
    groups: tallies(verdicts, groupName),
    messages: tallies(verdicts, ({ message }) => message),
    forms: tallies(verdicts, ({ form }) => form),
    clauseTotals: clauseTotals(verdicts, role),
    clauses: clauseTallies(verdicts, role).map(({ clause, ...rest }) => ({
      id: clause.id,
      role: clause.role,
      level: clause.level,
      text: clause.text,
      ...rest,
    })),
    rules: brokenRules(verdicts).map(([rule, cases]) => ({ rule, cases })),
    verdicts,
  };
}
