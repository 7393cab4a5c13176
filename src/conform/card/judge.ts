/** What came back for a vector's request, held against what the vector expects. */
import { DETAILED_STATUS_NAMES } from '../../i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  FLAG_LAST,
  frameDetailedStatus,
  frameFlags,
  frameFunction,
  frameInitiatorContext,
  frameRequestStatus,
  frameSizeWords,
  frameTransactionContext,
  getErrorOffset,
  getFailureCode,
  getFailureSeverity,
} from '../../i2o/frame.ts';
import { LAN_DETAILED_STATUS_NAMES } from '../../i2o/lan.gen.ts';
import { SOCKET_CLOSE } from '../../i2o/socket.gen.ts';
import { WINDOW_DETAILED_STATUS_NAMES } from '../../i2o/window.gen.ts';
import { errnoName } from '../../socket/errno.ts';
import { messageNamed } from '../../spec/catalogue.ts';
import { contextsOf } from './accounts.ts';
import { expectationText, replyText } from './reply-words.ts';
import type { Vector } from './vector-file.ts';
import { wordsOf } from './vectors.ts';

const SUCCESS = 0x00;
const ERROR_NO_DATA = 0x05;
const TRANSACTION_ERROR = 0x0b;
const SEVERITIES: Readonly<Record<string, number>> = {
  FormatError: 1,
  PathError: 2,
  PathState: 4,
  Congestion: 8,
};

export function succeeded(reply: Int32Array): boolean {
  return (frameFlags(reply, 0) & FLAG_FAIL) === 0 && frameRequestStatus(reply, 0) === SUCCESS;
}

/**
 * Whether a reply answers the vector's request, rather than one that came before, or a buffer coming home.
 */
function answers(vector: Vector, reply: Int32Array): boolean {
  const request = wordsOf(vector);
  return (
    frameFunction(reply, 0) === request[1] >>> 24 &&
    frameInitiatorContext(reply, 0) === request[2] &&
    (frameFlags(reply, 0) & 0x10) === 0 &&
    (frameTransactionContext(reply, 0) === request[3] ||
      messageNamed(vector.message)!.request.fields.some(({ word }) => word === 3))
  );
}

/** @returns what is wrong with the card's answer; '' when it is what the vector expects. */
export function judge(vector: Vector, replies: readonly Int32Array[]): string {
  const { answer, code, severity, statuses } = vector.expect;
  const own = replies.filter((reply) => answers(vector, reply));
  const { className } = messageNamed(vector.message)!;
  const said = replies.map((reply) => replyText(reply, deviceClass(className))).join('; ') || 'nothing';
  const finals = own.filter((reply) => (frameFlags(reply, 0) & FLAG_LAST) !== 0);
  if (finals.length > 1) return `answered ${finals.length} times: ${said}`;
  // Progress may be reported before; what counts is the last.
  const reply = finals[0] ?? own[0];
  if (answer === 'none') return replies.length === 0 ? '' : `expected nothing; got ${said}`;
  if (answer === 'legal') {
    if (reply !== undefined) return illegal(vector, reply) || strayOf(vector, replies);
    return owesAnswer(vector) ? `never answered: ${said}` : strayOf(vector, replies);
  }
  if (reply === undefined) return `expected ${expectationText(vector.expect)}; got ${said}`;
  const failed = (frameFlags(reply, 0) & FLAG_FAIL) !== 0;
  const status = frameRequestStatus(reply, 0);
  const detail = frameDetailedStatus(reply, 0);
  let good = false;
  if (answer === 'failure') {
    good =
      failed &&
      getFailureCode(reply, 0) === code &&
      getFailureSeverity(reply, 0) === SEVERITIES[String(severity)];
  } else if (answer === 'transactionError') {
    good = !failed && status === TRANSACTION_ERROR && detail === code && frameSizeWords(reply, 0) >= 7;
  } else {
    const names = [errnoName(detail), DETAILED_STATUS_NAMES[detail]];
    good =
      !failed && status === ERROR_NO_DATA && names.some((name) => (statuses as string[]).includes(name!));
  }
  if (!good && freed(vector, reply, replies)) return '';
  if (!good) return `expected ${expectationText(vector.expect)}; got ${said}`;
  return answer === 'transactionError' ? takenThough(vector, reply, replies) : '';
}

/** A number whose close was answered before is free, and what asks for a free one may be served. */
function freed({ state }: Vector, reply: Int32Array, replies: readonly Int32Array[]): boolean {
  if (state !== 'socket.Closing' || !succeeded(reply)) return false;
  const closed = replies.findIndex((one) => frameFunction(one, 0) === SOCKET_CLOSE && succeeded(one));
  return closed >= 0 && closed < replies.indexOf(reply);
}

/**
 * The buffer at the ErrorOffset of a send is the host's at once: its context may not come back as well, or the host
 * has it twice.
 */
function takenThough(vector: Vector, reply: Int32Array, replies: readonly Int32Array[]): string {
  const offset = getErrorOffset(reply, 0);
  const { sgl } = messageNamed(vector.message)!.request;
  if (vector.message !== 'SocketSend' || sgl === undefined || offset < sgl.word * 4) return '';
  const context = wordsOf(vector)[(offset >> 2) + 1];
  const came = contextsOf(replies).includes(context);
  return came ? `context ${context} came back, and ErrorOffset ${offset} names its element as bad` : '';
}

/** Requests that wait for what may not come: a peer, a bucket's data, an event, a change of the table. */
const WAITING = ['SocketConnect', 'SocketAcceptPost', 'SocketClose', 'UtilEventRegister', 'ExecLctNotify'];
const ON_ERROR = 2;
const MULTIPLE_FORM = 'multiple';

/** Whether a well-formed request is answered at once, whatever comes of it. */
function owesAnswer({ message, fields }: Vector): boolean {
  const { replyForm } = messageNamed(message)!;
  if (replyForm === 'none' || replyForm === MULTIPLE_FORM || WAITING.includes(message)) return false;
  return (fields['replyMode'] ?? 0) < ON_ERROR;
}

/** An answer of the message's own in another context. */
function strayOf(vector: Vector, replies: readonly Int32Array[]): string {
  const [, word, context] = wordsOf(vector);
  const stray = replies.find(
    (reply) => frameFunction(reply, 0) === word >>> 24 && frameInitiatorContext(reply, 0) !== context,
  );
  return stray === undefined
    ? ''
    : `a reply in a context that nobody used: ${replyText(stray, deviceClass(messageNamed(vector.message)!.className))}`;
}

/** A well-formed request is served, or refused by an errno of its message. */
function illegal(vector: Vector, reply: Int32Array): string {
  const { errno, replyForm, className } = messageNamed(vector.message)!;
  const said = replyText(reply, deviceClass(className));
  if ((frameFlags(reply, 0) & FLAG_FAIL) !== 0) return `not delivered: ${said}`;
  if (replyForm === 'overlaid') return '';
  const status = frameRequestStatus(reply, 0);
  if (status === SUCCESS) return '';
  const detail = frameDetailedStatus(reply, 0);
  const general = DETAILED_STATUS_NAMES[detail];
  const names = {
    socket: [errnoName(detail)],
    // What the device does not serve has a general code.
    lan: [LAN_DETAILED_STATUS_NAMES[detail], general === 'UnsupportedFunction' ? general : undefined],
    window: [WINDOW_DETAILED_STATUS_NAMES[detail]],
  }[className] ?? [general];
  const known = errno.some((entry) => names.includes(entry.name));
  // In the executive's and the utility messages a field that names nothing is refused as one that cannot be.
  const wrong = status === TRANSACTION_ERROR && className === 'socket';
  return known && !wrong ? '' : `refused by what it may not be: ${said}`;
}

/** The class of the device that a card has where such a message is tried. */
function deviceClass(className: string): string {
  return className === 'lan' || className === 'window' ? className : 'socket';
}
