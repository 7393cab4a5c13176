/** Which clause is shown by what: the table of `inic spec --coverage`, and the same as data. */
import { CLAUSE_ROLES, type ClauseEntry } from '../spec/clause-entries.ts';
import { allClauses, coverageOf } from '../spec/clauses.ts';
import { COVERAGE_KINDS, type CoverageKind } from '../spec/coverage-kinds.ts';
import { alignedLines, type Colour, type Column, fitting, wrapped } from './columns.ts';

const FORMAT = 'inic-spec-coverage';
const FORMAT_VERSION = 1;

/** How many clauses of a role there are, and how many of them something of a kind shows. */
interface RoleTotals {
  readonly role: string;
  readonly clauses: number;
  readonly must: number;
  readonly should: number;
  readonly shownBy: Readonly<Record<CoverageKind, number>>;
  /** Those that nothing shows. */
  readonly bare: readonly string[];
}

/** In which order columns give way where a line is too narrow: models first, rules last. */
const kinds = <T>(count: (row: T, kind: CoverageKind) => number): readonly Column<T>[] =>
  COVERAGE_KINDS.map((kind, i) => ({
    heading: kind,
    gives: i + 1,
    cell: (row) => String(count(row, kind) || '.'),
  }));

const CLAUSE_COLUMNS: readonly Column<ClauseEntry>[] = [
  { heading: 'clause', left: true, cell: ({ id }) => id },
  { heading: 'level', left: true, cell: ({ level }) => level },
  ...kinds<ClauseEntry>((clause, kind) => coverageOf(clause)[kind]),
];

const ROLE_COLUMNS: readonly Column<RoleTotals>[] = [
  { heading: 'role', left: true, cell: ({ role }) => role },
  { heading: 'clauses', cell: ({ clauses }) => String(clauses) },
  { heading: 'must', gives: 9, cell: ({ must }) => String(must) },
  { heading: 'should', gives: 8, cell: ({ should }) => String(should) },
  ...kinds<RoleTotals>((row, kind) => row.shownBy[kind]),
];

/** @param width columns of a line. @returns lines, without line ends. */
export function coverageText(width: number, bold: Colour): string[] {
  const clauses = allClauses();
  const rows = [...CLAUSE_ROLES.map(totalsOf), totalsOf()];
  const bare = totalsOf().bare;
  return [
    ...alignedLines(fitting(CLAUSE_COLUMNS, clauses, width), clauses, bold),
    '',
    'clauses that are shown by:',
    ...alignedLines(fitting(ROLE_COLUMNS, rows, width), rows, bold),
    '',
    ...wrapped(
      bare.length === 0 ? 'Something shows every clause.' : `Nothing shows: ${bare.join(', ')}.`,
      width,
    ),
    ...wrapped('inic spec CLAUSE says what a clause is, and by name what shows it.', width),
  ];
}

export function coverageJson(product: string): string {
  const roles = CLAUSE_ROLES.map(totalsOf);
  const clauses = allClauses().map((clause) => ({ ...clause, coverage: coverageOf(clause) }));
  const head = { format: FORMAT, formatVersion: FORMAT_VERSION, product };
  return `${JSON.stringify({ ...head, totals: totalsOf(), roles, clauses }, null, 2)}\n`;
}

/** @param role none for all. */
function totalsOf(role?: string): RoleTotals {
  const clauses = allClauses().filter((clause) => role === undefined || clause.role === role);
  const coverages = clauses.map(coverageOf);
  const shown = COVERAGE_KINDS.map((kind) => [kind, coverages.filter((row) => row[kind] > 0).length]);
  const must = clauses.filter(({ level }) => level === 'MUST').length;
  const bare = clauses.filter((_, i) => COVERAGE_KINDS.every((kind) => coverages[i][kind] === 0));
  return {
    role: role ?? 'all',
    clauses: clauses.length,
    must,
    should: clauses.length - must,
    shownBy: Object.fromEntries(shown) as RoleTotals['shownBy'],
    bare: bare.map(({ id }) => id),
  };
}
