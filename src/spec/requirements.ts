/**
 * What published documents require of a TCP/IPv4 stack, and what shows that it holds here. The data is
 * `requirements.gen.ts`, made from spec/conformance.yaml, whose tests a test looks for and runs.
 */
import type { Level, RequirementDocument, Status } from './requirement-entries.ts';
import { DOCUMENTS } from './requirements.gen.ts';

/** Every document, as spec/conformance.yaml has them. */
export function requirementDocuments(): readonly RequirementDocument[] {
  return DOCUMENTS;
}

/**
 * Some of the requirements, with the documents that have them.
 * @param rfcs none for all. @param statuses none for all.
 */
export function requirementsOf(
  rfcs: readonly number[],
  statuses: readonly Status[],
): readonly RequirementDocument[] {
  return DOCUMENTS.filter(({ rfc }) => rfcs.length === 0 || rfcs.includes(rfc))
    .map(({ requirements, ...document }) => ({
      ...document,
      requirements: requirements.filter(({ status }) => statuses.length === 0 || statuses.includes(status)),
    }))
    .filter(({ requirements }) => requirements.length > 0);
}

/** How many there are of each level with each status. */
export function requirementCounts(
  documents: readonly RequirementDocument[],
): Readonly<Record<Level, Readonly<Record<Status, number>>>> {
  const all = documents.flatMap(({ requirements }) => requirements);
  const of = (level: Level, status: Status): number =>
    all.filter((row) => row.level === level && row.status === status).length;
  const statuses = (level: Level): Record<Status, number> => ({
    met: of(level, 'met'),
    'not met': of(level, 'not met'),
    'does not apply': of(level, 'does not apply'),
  });
  return { MUST: statuses('MUST'), SHOULD: statuses('SHOULD'), MAY: statuses('MAY') };
}
