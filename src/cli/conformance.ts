/**
 * `inic conformance`: what published documents require of TCP/IPv4, and what shows that it holds. The exit
 * status says only whether the command was understood.
 */
import type { Command } from 'commander';
import { conformanceJson, conformanceLines } from '../report/conformance.ts';
import { STATUSES, type Status } from '../spec/requirement-entries.ts';
import { requirementDocuments, requirementsOf } from '../spec/requirements.ts';
import { UserError } from './errors.ts';
import { integerIn, listOf, oneOf } from './numbers.ts';
import { addExamples } from './plan-options.ts';

const BY_WORD: Readonly<Record<string, Status>> = {
  met: 'met',
  'not-met': 'not met',
  'does-not-apply': 'does not apply',
};

interface ConformanceFlags {
  readonly rfc?: readonly number[];
  readonly status?: readonly string[];
  readonly json?: true;
}

export function addConformance(program: Command): void {
  const command = program
    .command('conformance')
    .description('print what RFCs require of TCP/IPv4, and what shows that the stack does it')
    .option('--rfc <numbers>', 'of these documents alone, such as 9293,5961', listOf(integerIn(1, 99_999)))
    .option(
      '--status <names>',
      `of these alone: ${Object.keys(BY_WORD).join(', ')}`,
      listOf(oneOf(Object.keys(BY_WORD))),
    )
    .option('--json', 'the same for machines')
    .action(conformance);
  addExamples(command, [
    ['inic conformance --rfc 9293 --status not-met', 'what is missing of TCP itself'],
    ['inic conformance --json', 'all of it, for a program'],
  ]);
}

function conformance({ rfc = [], status = [], json }: ConformanceFlags): void {
  const known = requirementDocuments().map((document) => document.rfc);
  const unknown = rfc.find((number) => !known.includes(number));
  if (unknown !== undefined) {
    throw new UserError(`--rfc ${unknown}: there is no table of it; there are ${known.join(', ')}`);
  }
  const statuses = STATUSES.filter((name) => status.some((word) => BY_WORD[word] === name));
  const documents = requirementsOf(rfc, statuses);
  process.stdout.write(
    json === true ? conformanceJson(documents) : `${conformanceLines(documents).join('\n')}\n`,
  );
}
