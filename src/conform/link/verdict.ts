/** What has come of a case, with the clauses that it judges. */
import type { Case, Finding, Outcome, Role, Verdict } from './case.ts';
import { clauseOutcomes } from './clause-outcomes.ts';

export function verdictOf(
  one: Case,
  role: Role,
  outcome: Outcome,
  findings: readonly Finding[],
  fault: string | null = null,
): Verdict {
  const { id, kind, group, message = null, form = null } = one;
  const clauses = clauseOutcomes(one, role, outcome, findings);
  return { id, role, kind, group, message, form, clauses, outcome, fault, findings };
}
