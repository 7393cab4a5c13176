/** Which clauses of the spec a case judges, and how each has come out of it. */
import type { ClauseEntry } from '../../spec/clause-entries.ts';
import { matchesAny } from '../../spec/clause-pattern.ts';
import { allClauses, clausesOfRule } from '../../spec/clauses.ts';
import type { Case, ClauseOutcome, Finding, Outcome, Role } from './case.ts';

/**
 * Sections of clauses about network ports and the window. Rules are broken in runs over the socket class
 * alone, and say nothing of what these devices do.
 */
const OF_OTHER_DEVICES = [15, 16];

/** The clauses that an implementation of a role keeps: its own, and those of the transport. */
export function clausesOfRole(role: Role): readonly ClauseEntry[] {
  return allClauses().filter((clause) => clause.role === role || clause.role === 'transport');
}

/**
 * A vector, a scenario or a case of the transport judges every clause that names it. Another run judges those that name it by their rules; one
 * without a rule, by whether the run came to its end. A rule that is broken fails its clauses whoever names
 * the run. A finding that names a clause is of that one, and says nothing of the others.
 */
export function clauseOutcomes(
  one: Pick<Case, 'id' | 'kind' | 'vectors'>,
  role: Role,
  outcome: Outcome,
  findings: readonly Finding[],
): readonly ClauseOutcome[] {
  const broken = new Set(findings.flatMap(({ rule }) => rule ?? []));
  const unfinished = outcome === 'failed' && findings.some(({ rule }) => rule === undefined);
  const accused = new Set(findings.flatMap(({ clause }) => clause ?? []));
  // What is wrong is another clause's alone.
  const otherwise = outcome === 'failed' && findings.every(({ clause }) => clause !== undefined);
  const shown = otherwise && findings.length > 0 ? 'passed' : outcome;
  const named = clausesOfRole(role).flatMap((clause): ClauseOutcome[] => {
    if (accused.has(clause.id)) return [{ id: clause.id, outcome: 'failed' }];
    if (isShownBy(clause, one)) return [{ id: clause.id, outcome: shown }];
    if (!matchesAny(clause.runs, one.id)) return [];
    if (outcome !== 'failed') return [{ id: clause.id, outcome }];
    if (clause.rules.some((rule) => broken.has(rule))) return [{ id: clause.id, outcome: 'failed' }];
    if (!unfinished) return [{ id: clause.id, outcome: 'passed' }];
    return [{ id: clause.id, outcome: clause.rules.length === 0 ? 'failed' : 'notJudged' }];
  });
  const others = [...broken]
    .flatMap(clausesOfRule)
    .filter((clause) => clause.role === role || clause.role === 'transport')
    .filter(({ section }) => !OF_OTHER_DEVICES.includes(section))
    .filter(({ id }) => named.every((known) => known.id !== id));
  return [...named, ...[...new Set(others)].map(({ id }) => ({ id, outcome: 'failed' as const }))];
}

function isShownBy(
  clause: ClauseEntry,
  { id, kind, vectors = [] }: Pick<Case, 'id' | 'kind' | 'vectors'>,
): boolean {
  if (kind === 'transport') return matchesAny(clause.runs, id);
  if (kind === 'scenario') return matchesAny(clause.scenarios.patterns, id);
  const ids = kind === 'vector' ? [id] : vectors;
  return ids.some((vector) => matchesAny(clause.vectors.patterns, vector));
}
