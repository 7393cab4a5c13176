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
  /** Why it was not judged; '' where it was. */
  readonly reason: string;
}

interface Count {
  passed: number;
  failed: number;
  notJudged: number;
  /** Why the first of its cases was not judged. */
  reason: string;
}

const NONE = 'none of the cases that were tried is of it';

/** Every clause of the role and of the transport, also those that no case was of. */
export function clauseTallies(verdicts: readonly Verdict[], role: Role): readonly ClauseTally[] {
  const counts = countsByClause(verdicts);
  return clausesOfRole(role).map((clause) => {
    const { passed, failed, notJudged, reason } = counts.get(clause.id) ?? empty();
    const verdict = failed > 0 ? 'broken' : passed > 0 ? 'kept' : 'not judged';
    const why = reason === '' ? (clause.unseen[role] ?? NONE) : reason;
    return { clause, passed, failed, notJudged, verdict, reason: verdict === 'not judged' ? why : '' };
  });
}

function countsByClause(verdicts: readonly Verdict[]): ReadonlyMap<string, Count> {
  const counts = new Map<string, Count>();
  for (const { id: of, clauses, findings, outcome: came } of verdicts) {
    for (const { id, outcome } of clauses) {
      const count = counts.get(id) ?? empty();
      count[outcome] += 1;
      if (outcome === 'notJudged' && count.reason === '')
        count.reason = came === 'notJudged' ? (findings[0]?.what ?? NONE) : `${of} did not come to its end`;
      counts.set(id, count);
    }
  }
  return counts;
}

const empty = (): Count => ({ passed: 0, failed: 0, notJudged: 0, reason: '' });

export function clauseTotals(
  verdicts: readonly Verdict[],
  role: Role,
): { readonly kept: number; readonly broken: number; readonly notJudged: number } {
  const rows = clauseTallies(verdicts, role);
  const count = (wanted: ClauseTally['verdict']): number =>
    rows.filter(({ verdict }) => verdict === wanted).length;
  return { kept: count('kept'), broken: count('broken'), notJudged: count('not judged') };
}
