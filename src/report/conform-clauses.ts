/** Verdicts of `inic conform` by clause of the spec: kept, broken, or not judged. */
import type { Role, Verdict } from '../conform/link/case.ts';
import { clausesOfRole } from '../conform/link/clause-outcomes.ts';
import type { ClauseEntry } from '../spec/clause-entries.ts';

export interface ClauseTally {
  readonly clause: ClauseEntry;
  /** Cases that judged it. */
  readonly passed: number;
  readonly failed: number;
  readonly notJudged: number;
  readonly verdict: 'kept' | 'broken' | 'not judged';
}

/** Every clause of the role and of the transport, also those that no case was of. */
export function clauseTallies(verdicts: readonly Verdict[], role: Role): readonly ClauseTally[] {
  const counts = new Map<string, { passed: number; failed: number; notJudged: number }>();
  for (const { clauses } of verdicts) {
    for (const { id, outcome } of clauses) {
      const count = counts.get(id) ?? { passed: 0, failed: 0, notJudged: 0 };
      count[outcome] += 1;
      counts.set(id, count);
    }
  }
  return clausesOfRole(role).map((clause) => {
    const count = counts.get(clause.id) ?? { passed: 0, failed: 0, notJudged: 0 };
    const verdict = count.failed > 0 ? 'broken' : count.passed > 0 ? 'kept' : 'not judged';
    return { clause, ...count, verdict };
  });
}

export function clauseTotals(
  verdicts: readonly Verdict[],
  role: Role,
): { readonly kept: number; readonly broken: number; readonly notJudged: number } {
  const rows = clauseTallies(verdicts, role);
  const count = (wanted: ClauseTally['verdict']): number =>
    rows.filter(({ verdict }) => verdict === wanted).length;
  return { kept: count('kept'), broken: count('broken'), notJudged: count('not judged') };
}
