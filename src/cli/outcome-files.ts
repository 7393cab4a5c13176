/** The files in which a verb leaves what it has found, beside what it prints: a page, and data as JSON. */
import { type MachineFacts, machineFacts } from '../record/manifest.ts';
import { REPORT_START } from '../report/html/page.ts';
import { writeFile } from '../sweep/results.ts';
import type { FileKind } from './file-kinds.ts';
import { usersErrors } from './plan-argument.ts';
import { checkApart, checkReplaceable } from './writable.ts';

/** Where they are to be, as options of these names say; undefined: it is not wanted. */
export interface OutcomePaths {
  readonly report?: string | undefined;
  readonly json?: string | undefined;
}

/** What there is to write, made when it is wanted. */
export interface Outcome {
  page(facts: MachineFacts): string;
  data(facts: MachineFacts): object;
}

/**
 * Looks before anything is measured whether both can be written.
 * @param json how a file of this data begins: only its like is replaced.
 * @returns what writes them, and says so. @throws UserError where one cannot be.
 */
export function outcomeFiles({ report, json }: OutcomePaths, kind: FileKind): (outcome: Outcome) => void {
  checkApart(['--report', report], ['--json', json]);
  if (report !== undefined) checkReplaceable(report, { name: 'report', start: REPORT_START });
  if (json !== undefined) checkReplaceable(json, kind);
  return (outcome) => {
    const facts = machineFacts(['inic', ...process.argv.slice(2)]);
    if (json !== undefined) write(json, JSON.stringify(outcome.data(facts), null, 2));
    if (report !== undefined) write(report, outcome.page(facts).trimEnd());
  };
}

function write(path: string, text: string): void {
  usersErrors(() => writeFile(path, [text]));
  process.stdout.write(`\nwritten to ${path}\n`);
}
