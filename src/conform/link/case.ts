/** A case of `inic conform`, and what has come of it. */
import type { Link } from './link.ts';

export const ROLES = ['card', 'host'] as const;
export type Role = (typeof ROLES)[number];

export interface Case {
  /** Unique, as in `SocketBind/request/short`. */
  readonly id: string;
  /** What judges it. */
  readonly kind: 'vector' | 'scenario' | 'tour' | 'transfer' | 'replies';
  /** The class or the file that it is of. */
  readonly group: string;
  /** The message that it is about; absent where it is about many. */
  readonly message?: string;
  /** What is tried, of a vector: `typical`, `short`, `bad field`. */
  readonly form?: string;
  /** Names that the implementation must claim. */
  readonly needs: readonly string[];
  /** @returns what is wrong, a line each. @throws PipeFault. */
  run(link: Link): Finding[];
}

export interface Finding {
  readonly what: string;
  /** The rule of spec/rules.yaml that is broken, where the validator has judged. */
  readonly rule?: string;
}

export type Outcome = 'passed' | 'failed' | 'notJudged';

export interface Verdict {
  readonly id: string;
  readonly role: Role;
  readonly kind: Case['kind'];
  readonly group: string;
  readonly message: string | null;
  readonly form: string | null;
  /** Number of the clause that the case is of; null until clauses are data. */
  readonly clause: string | null;
  readonly outcome: Outcome;
  /** A name of Fault in spec/pipe.yaml, where the implementation broke the pipe. */
  readonly fault: string | null;
  readonly findings: readonly Finding[];
}

export function verdictOf(
  one: Case,
  role: Role,
  outcome: Outcome,
  findings: readonly Finding[],
  fault: string | null = null,
): Verdict {
  const { id, kind, group, message = null, form = null } = one;
  return { id, role, kind, group, message, form, clause: null, outcome, fault, findings };
}
