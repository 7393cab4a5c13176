/** The requirements on TCP/IPv4 as lines of text and as data for programs. */
import { LEVELS, type Requirement, type RequirementDocument, STATUSES } from '../spec/requirement-entries.ts';
import { requirementCounts } from '../spec/requirements.ts';
import { alignedLines, type Column } from './columns.ts';
import { columns, paragraph } from './spec-columns.ts';

const INDENT = 4;
const STATUS_COLUMNS = 'does not apply'.length;

/** A heading for each document, its requirements with what shows them, and the counts of all. */
export function conformanceLines(documents: readonly RequirementDocument[]): string[] {
  const lines = documents.flatMap(({ rfc, title, requirements }) => [
    `RFC ${rfc}: ${title}`,
    ...requirements.flatMap(requirementLines),
    '',
  ]);
  return [...lines, ...countLines(documents)];
}

function requirementLines({ id, section, level, text, status, shown, reason }: Requirement): string[] {
  const place = /^\d/.test(section) ? `§${section}` : section;
  const where = id.startsWith(level.slice(0, 2)) ? place : `${place}, ${level}`;
  return [
    ...columns([[`${id}`, status.padEnd(STATUS_COLUMNS), `${text} (${where})`]], 2),
    ...shown.flatMap(({ file, title }) =>
      paragraph(title === undefined ? `by test/scenario/${file}` : `by test/${file}: ${title}`, INDENT),
    ),
    ...(reason === '' ? [] : paragraph(`${status}: ${reason}`, INDENT)),
  ];
}

function countLines(documents: readonly RequirementDocument[]): string[] {
  const counts = requirementCounts(documents);
  const heads: readonly Column<(typeof LEVELS)[number]>[] = [
    { heading: '', left: true, cell: (level) => level },
    ...STATUSES.map((status) => ({
      heading: status,
      cell: (level: (typeof LEVELS)[number]) => String(counts[level][status]),
    })),
  ];
  return alignedLines(heads, LEVELS, (words) => words);
}

/** The same as JSON: the documents with their requirements, and the counts. */
export function conformanceJson(documents: readonly RequirementDocument[]): string {
  return `${JSON.stringify({ documents, counts: requirementCounts(documents) }, null, 2)}\n`;
}
