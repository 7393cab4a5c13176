/**
 * What an implementation must and should do, in numbered clauses: the types of `clauses.gen.ts`, which is
 * made from spec/clauses/*.yaml.
 */

/** Whom a clause is about. */
export const CLAUSE_ROLES = ['host', 'card', 'transport'] as const;
export type ClauseRole = (typeof CLAUSE_ROLES)[number];

/** Names in which a star stands for any run of characters. */
export interface ClauseLinks {
  readonly patterns: readonly string[];
  /** How many there are of such a name, each counted once. */
  readonly count: number;
}

export interface ClauseEntry {
  /** As in `CARD-5.1`: the role, the section and a number in it, which is never used for another. */
  readonly id: string;
  readonly role: ClauseRole;
  readonly section: number;
  /** What the section is about. */
  readonly title: string;
  readonly level: 'MUST' | 'SHOULD';
  readonly text: string;
  /** Rules of the validator that tell when it is broken. */
  readonly rules: readonly string[];
  /** Ids in spec/vectors. */
  readonly vectors: ClauseLinks;
  /** Ids in spec/vectors/scenarios. */
  readonly scenarios: ClauseLinks;
  /** Cases of `inic conform` that go through it, such as `tour/exchange`; patterns as of vectors. */
  readonly runs: readonly string[];
  /** Deliberately broken cards and drivers of test/conformance, and traces cut there: `card: answered twice`. */
  readonly mutants: readonly string[];
  /** Kinds of cut of test/validate/cuts, as `npm run cuts` names them. */
  readonly cuts: readonly string[];
  /** Formal models of spec/models. */
  readonly models: readonly string[];
  /** Why no case of `inic conform` judges it of a card or of a host; absent where one does. */
  readonly unseen: Readonly<Partial<Record<'card' | 'host', string>>>;
}
