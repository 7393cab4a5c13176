/** A case of `inic conform`, and what has come of it. */
import type { Link } from './link.ts';

export const ROLES = ['card', 'host'] as const;
export type Role = (typeof ROLES)[number];

export interface Case {
  /** Unique, as in `SocketBind/request/short`. */
  readonly id: string;
  /** What judges it. */
  readonly kind: 'vector' | 'scenario' | 'transport' | 'tour' | 'transfer' | 'replies';
  /** The class or the file that it is of. */
  readonly group: string;
  /** The message that it is about; absent where it is about many. */
  readonly message?: string;
  /** What is tried, of a vector: `typical`, `short`, `bad field`. */
  readonly form?: string;
  /** Ids of the vectors that a run strews in. */
  readonly vectors?: readonly string[];
  /** Names that the implementation must claim. */
  readonly needs: readonly string[];
  /** @returns what is wrong, a line each. @throws PipeFault. */
  run(link: Link): Finding[];
}

export interface Finding {
  readonly what: string;
  /** The rule of spec/rules.yaml that is broken, where the validator has judged. */
  readonly rule?: string;
  /** The one clause that it is about, where that is not all that the case shows; as in `CARD-6.13`. */
  readonly clause?: string;
}

export type Outcome = 'passed' | 'failed' | 'notJudged';

/** What a case says of a clause of the spec. */
export interface ClauseOutcome {
  /** As in `CARD-5.1`. */
  readonly id: string;
  readonly outcome: Outcome;
}

export interface Verdict {
  readonly id: string;
  readonly role: Role;
  readonly kind: Case['kind'];
  readonly group: string;
  readonly message: string | null;
  readonly form: string | null;
  /** The clauses of the spec that the case judges, each with what has come of it. */
  readonly clauses: readonly ClauseOutcome[];
  readonly outcome: Outcome;
  /** A name of Fault in spec/pipe.yaml, where the implementation broke the pipe. */
  readonly fault: string | null;
  readonly findings: readonly Finding[];
}
