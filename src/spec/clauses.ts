/** Finds clauses of the spec, and which of them a rule, a vector or a case is of. */
import type { ClauseEntry } from './clause-entries.ts';
import { CLAUSES } from './clauses.gen.ts';
import type { CoverageKind } from './coverage-kinds.ts';

/** All clauses, as spec/clauses/*.yaml have them, by role and number. */
export function allClauses(): readonly ClauseEntry[] {
  return CLAUSES;
}

/** @param id as in `CARD-5.1`; case does not matter. */
export function clauseWithId(id: string): ClauseEntry | undefined {
  return CLAUSES.find((clause) => clause.id.toLowerCase() === id.toLowerCase());
}

/** The clauses that a rule of the validator is of. */
export function clausesOfRule(rule: string): readonly ClauseEntry[] {
  return CLAUSES.filter(({ rules }) => rules.includes(rule));
}

/** How many things show each kind of link, in the order of the columns of the coverage table. */
export function coverageOf(clause: ClauseEntry): Readonly<Record<CoverageKind, number>> {
  const { rules, vectors, scenarios, runs, mutants, cuts, models } = clause;
  return {
    rules: rules.length,
    vectors: vectors.count,
    scenarios: scenarios.count,
    runs: runs.length,
    mutants: mutants.length,
    cuts: cuts.length,
    models: models.length,
  };
}
