/** System calls of a script: made, waited for where they block, and held against what it expects. */
import { errnoName } from '../../socket/errno.ts';
import type { CallAction, Expression, Place, ScriptEvent } from '../script/ast.ts';
import { expressionText } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import { CallContext, type CallTable } from './call-context.ts';
import { numberOf } from './constants.ts';
import { DATA_CALLS } from './data-calls.ts';
import type { Descriptors } from './descriptors.ts';
import { FILE_CALLS } from './file-calls.ts';
import { OPTION_CALLS } from './option-calls.ts';
import { Failed } from './outcome.ts';
import { POLL_CALLS } from './poll-calls.ts';
import { type Session, seconds } from './session.ts';
import { SOCKET_CALLS } from './socket-calls.ts';
import { type Answer, type Blocked, isBlocked, WaitingCall } from './waiting-call.ts';

export const CALLS: CallTable = {
  ...SOCKET_CALLS,
  ...DATA_CALLS,
  ...OPTION_CALLS,
  ...POLL_CALLS,
  ...FILE_CALLS,
};

/** How long a call that is not said to block may keep a script waiting: longer ones never return. */
const PATIENCE_US = 60_000_000;

export class CallEvents {
  private readonly session: Session;
  private readonly context: CallContext;

  constructor(session: Session, descriptors: Descriptors) {
    this.session = session;
    this.context = new CallContext(session, descriptors);
  }

  run({ time, place }: ScriptEvent, action: CallAction): void {
    const { session, context } = this;
    const call = Object.hasOwn(CALLS, action.name) ? CALLS[action.name] : undefined;
    if (call === undefined) throw new NotJudged(place, `the system call ${action.name}`);
    if (!call.arguments.includes(action.args.length)) {
      throw new NotJudged(place, `${action.name} with ${action.args.length} arguments`);
    }
    // Made now, so that what is not served ends the script before anything waits for it.
    const expected = expectedResult(action.result);
    this.finishWaiting();
    if (time.kind === 'any') return;
    const base = session.baseUs(time);
    session.waitUntil(base + time.us, place);
    context.wantedFd = call.makes === true && typeof expected === 'number' ? expected : -1;
    const startUs = session.nowUs;
    const order = session.trace.nextOrder();
    const answer = call.run(context, action.args, place);
    const returns = (made: Answer): void => this.check(action, place, expected, made, call.makes === true);
    session.trace.add(startUs, traceText(action, base), order);
    if (!isBlocked(answer)) {
      this.checkEnd(action, place, base);
      returns(answer);
      session.tryWaiting();
      return;
    }
    this.wait(action, place, answer, base, returns);
  }

  /** A call that must wait: on as the script says, or here and now where it says nothing. */
  private wait(
    action: CallAction,
    place: Place,
    blocked: Blocked,
    base: number,
    returns: (answer: Answer) => void,
  ): void {
    const { session } = this;
    if (action.untilUs === undefined) {
      // A script that expects the answer of what does not wait has said so elsewhere, if at all.
      const late = (): never => {
        const blocks = `and it blocks (${resultText(blocked.errno)})`;
        throw new Failed(place, `${action.name}: expected ${this.wanted(action)}, ${blocks}`);
      };
      const limitUs = blocked.deadlineUs ?? session.nowUs;
      if (limitUs > session.nowUs + PATIENCE_US || blocked.deadlineUs === undefined) late();
      session.waiting = new WaitingCall(action, place, blocked, limitUs, returns, late);
      session.advanceTo(limitUs, () => session.waiting === undefined);
      return;
    }
    const endUs = base + action.untilUs;
    const tolerance = session.toleranceAt(endUs);
    const late = (): never => {
      const words = `${action.name}: expected to return at ${seconds(endUs)}, and it still waits`;
      throw new Failed(place, words);
    };
    const timed = (answer: Answer): void => {
      this.checkEnd(action, place, base);
      returns(answer);
    };
    session.waiting = new WaitingCall(action, place, blocked, endUs + tolerance, timed, late);
  }

  /** One thread makes the calls of a script: the next has to wait for the one before it. */
  finishWaiting(): void {
    const { session } = this;
    session.tryWaiting();
    if (session.waiting === undefined) return;
    session.advanceTo(Number.MAX_SAFE_INTEGER / 2, () => session.waiting === undefined);
  }

  /** Whether it has returned when the script says. */
  private checkEnd({ name, untilUs }: CallAction, place: Place, base: number): void {
    if (untilUs === undefined) return;
    const { session } = this;
    const endUs = base + untilUs;
    if (Math.abs(session.nowUs - endUs) <= session.toleranceAt(endUs)) return;
    const returned = `it returned at ${seconds(session.nowUs)}`;
    throw new Failed(place, `${name}: expected to return at ${seconds(endUs)}, and ${returned}`);
  }

  private check(
    action: CallAction,
    place: Place,
    expected: number | undefined,
    { result, wrong }: Answer,
    makes: boolean,
  ): void {
    const { name, errno } = action;
    // -1 alone says that it fails, and not with what.
    const failed = errno === undefined ? expected === -1 : errno === errnoName(result);
    const fits = result < 0 ? failed : errno === undefined && isWanted(expected, result, makes);
    if (!fits) throw new Failed(place, `${name}: expected ${this.wanted(action)}, got ${resultText(result)}`);
    if (wrong !== undefined) throw new Failed(place, `${name}: ${wrong}`);
  }

  private wanted({ result, errno }: CallAction): string {
    return errno === undefined ? expressionText(result) : `-1 ${errno}`;
  }
}

/** The call as it is written; when a blocking one returns, in the script's absolute time. */
function traceText({ untilUs, text }: CallAction, base: number): string {
  return untilUs === undefined ? text : `...${seconds(base + untilUs)} ${text}`;
}

function isWanted(expected: number | undefined, result: number, makes: boolean): boolean {
  return expected === undefined || (makes ? expected >= 0 : expected === result);
}

/** undefined: `...`, anything that is no error. */
function expectedResult(result: Expression): number | undefined {
  return result.kind === 'ellipsis' ? undefined : numberOf(result);
}

function resultText(result: number): string {
  return result < 0 ? `-1 ${errnoName(result)}` : `${result}`;
}
