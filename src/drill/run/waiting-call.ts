/** A system call that blocks: it is tried again whenever something has happened, until it can return. */
import { EAGAIN } from '../../socket/errno.ts';
import type { CallAction, Place } from '../script/ast.ts';

/** What a call answers: a result, or a negative errno; and what else of its answer is not as expected. */
export interface Answer {
  readonly result: number;
  /** The first of its output arguments that differs, in words. */
  readonly wrong?: string;
  /** A text for the trace, where the script has left something open. */
  readonly text?: string;
}

/** A call that cannot be answered yet. */
export interface Blocked {
  /** The errno that it has where nothing waits, negative. */
  readonly errno: number;
  /** Tries again. @returns undefined: not yet. */
  readonly retry: () => Answer | undefined;
  /** When it gives up by itself, in microseconds; absent: never. */
  readonly deadlineUs?: number;
}

export function isBlocked(answer: Answer | Blocked): answer is Blocked {
  return 'retry' in answer;
}

/** Tries, and tries again where EAGAIN would be waited for. @param now whether nothing waits. */
export function waitsFor(attempt: () => Answer, now: boolean): Answer | Blocked {
  const answer = attempt();
  if (answer.result !== -EAGAIN || now) return answer;
  return {
    errno: -EAGAIN,
    retry: () => {
      const again = attempt();
      return again.result === -EAGAIN ? undefined : again;
    },
  };
}

export class WaitingCall {
  readonly action: CallAction;
  readonly place: Place;
  private readonly blocked: Blocked;
  private readonly latestUs: number;
  private readonly returns: (answer: Answer) => void;
  private readonly late: () => never;

  /**
   * @param latestUs when it must have returned. @param returns is told what it answers. @param late is
   * called where it has not returned by then.
   */
  constructor(
    action: CallAction,
    place: Place,
    blocked: Blocked,
    latestUs: number,
    returns: (answer: Answer) => void,
    late: () => never,
  ) {
    this.action = action;
    this.place = place;
    this.blocked = blocked;
    this.latestUs = latestUs;
    this.returns = returns;
    this.late = late;
  }

  /** When to look again, whatever the stack does. */
  nextUs(nowUs: number): number {
    const { deadlineUs = Number.POSITIVE_INFINITY } = this.blocked;
    return Math.min(deadlineUs > nowUs ? deadlineUs : Number.POSITIVE_INFINITY, this.latestUs + 1);
  }

  /** Tries it. @returns whether it has returned. @throws Failed from those that are told. */
  isOver(nowUs: number): boolean {
    const answer = this.blocked.retry();
    if (answer !== undefined) {
      this.returns(answer);
      return true;
    }
    if (nowUs > this.latestUs) this.late();
    return false;
  }
}
