/**
 * Runs the cases against an implementation, one after the other over one process, which is started anew after
 * it has broken the pipe. Whatever an implementation does, each case has its verdict, in bounded time.
 */
import { cardCases } from '../card/card-cases.ts';
import { hostCases } from '../host/host-cases.ts';
import type { Case, Role, Verdict } from '../link/case.ts';
import { Claims } from '../link/claims.ts';
import { Link, type SharedFile } from '../link/link.ts';
import { verdictOf } from '../link/verdict.ts';
import type { PeerTarget } from '../peer/peer-thread.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_NAMES, PIPE_FAULT_NO_START, PIPE_ROLE_CARD, PIPE_ROLE_HOST } from '../pipe/pipe.gen.ts';

export interface ConformOptions {
  readonly target: PeerTarget;
  readonly role: Role;
  /** How long the implementation may take for each answer. */
  readonly patienceMs: number;
  /** The same for the first one: a runtime has to start; absent: at least ten seconds. */
  readonly startMs?: number;
  /** Frames and memory are in this file, of a card's cases. */
  readonly memory?: SharedFile;
  /** Only cases whose id holds this. */
  readonly only?: string;
  /** Told how far it has come. */
  readonly progress?: (done: number, all: number) => void;
}

export interface Conformed {
  readonly role: Role;
  readonly claims: string;
  /** Names in the claims that the spec does not know. */
  readonly unknown: readonly string[];
  readonly verdicts: readonly Verdict[];
  /** Why nothing could be tried; '' where something was. */
  readonly failure: string;
}

/** So many cases in a row that each lost the process, and no more is tried. */
const LOST_MAX = 20;
const START_MS = 10_000;

export class Conformance {
  private readonly options: ConformOptions;
  private link: Link | undefined;
  private claims = new Claims('');
  private lost = 0;

  constructor(options: ConformOptions) {
    this.options = options;
  }

  run(): Conformed {
    const { role, only = '', progress } = this.options;
    const none = { role, claims: '', unknown: [], verdicts: [] };
    try {
      this.connect();
    } catch (error) {
      if (!(error instanceof PipeFault)) throw error;
      return { ...none, failure: error.message };
    }
    const text = this.link!.claims;
    const all = role === 'card' ? cardCases(this.claims, this.options.memory !== undefined) : hostCases();
    const cases = all.filter(({ id }) => id.includes(only));
    const verdicts = cases.map((one, i) => {
      progress?.(i, cases.length);
      return this.judge(one);
    });
    this.link?.end();
    this.link?.kill();
    const failure = cases.length === 0 ? `no case has "${only}" in its name` : '';
    return { role, claims: text, unknown: this.claims.unknown, verdicts, failure };
  }

  private connect(): Link {
    if (this.link !== undefined) return this.link;
    const { target, role, patienceMs, startMs = Math.max(START_MS, patienceMs), memory } = this.options;
    const number = role === 'card' ? PIPE_ROLE_CARD : PIPE_ROLE_HOST;
    const link = new Link(target, number, patienceMs, startMs, memory);
    this.claims = new Claims(link.claims);
    this.link = link;
    return link;
  }

  private judge(one: Case): Verdict {
    const { role } = this.options;
    const lacking = role === 'card' ? this.claims.lacking(one.needs) : [];
    if (lacking.length > 0)
      return verdictOf(one, role, 'notJudged', [{ what: `not supported: ${lacking.join(', ')}` }]);
    if (this.lost >= LOST_MAX)
      return verdictOf(one, role, 'notJudged', [
        { what: `the implementation was lost ${LOST_MAX} times in a row` },
      ]);
    try {
      const findings = one.run(this.connect());
      this.lost = 0;
      return verdictOf(one, role, findings.length === 0 ? 'passed' : 'failed', findings);
    } catch (error) {
      if (!(error instanceof PipeFault)) throw error;
      this.link?.kill();
      this.link = undefined;
      // A process that cannot be started again is given up sooner.
      this.lost += error.fault === PIPE_FAULT_NO_START ? LOST_MAX / 2 : 1;
      return verdictOf(one, role, 'failed', [{ what: error.message }], PIPE_FAULT_NAMES[error.fault]);
    }
  }
}
