/** What goes beside the bytes of a message (`msg_control`), held against what a script says. */
import type { Expression } from '../script/ast.ts';
import { expressionText, fieldOf } from '../script/expression-parser.ts';
import { NotJudged } from '../script/script-error.ts';
import { constant, numberOf } from './constants.ts';
import type { ErrorRecord } from './error-queue.ts';

const US_PER_SECOND = 1_000_000;
const NS_PER_US = 1000;
const IP = constant('SOL_IP') ?? 0;
const SOCKET = constant('SOL_SOCKET') ?? 0;
const TCP = constant('SOL_TCP') ?? 0;
const RECVERR = constant('IP_RECVERR') ?? 0;
const INQ = constant('TCP_CM_INQ') ?? 0;
const TIMESTAMPING = constant('SCM_TIMESTAMPING') ?? 0;

export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  /** A number; a time, in microseconds; or fields, of which a text is an errno's name and '' none. */
  readonly data:
    | number
    | { readonly us: number }
    | { readonly fields: Readonly<Record<string, number | string>> };
}

/** Bytes that wait still (TCP_CM_INQ). */
export function inqMessage(bytes: number): ControlMessage {
  return { level: TCP, type: INQ, data: bytes };
}

/** A record of the error queue: its time, where it has one, and its `struct sock_extended_err`. */
export function errorMessages({ errno, origin, code, info, data, timeUs }: ErrorRecord): ControlMessage[] {
  const fields = {
    ee_errno: errno,
    ee_origin: origin,
    ee_type: 0,
    ee_code: code,
    ee_info: info,
    ee_data: data,
  };
  const error: ControlMessage = { level: IP, type: RECVERR, data: { fields } };
  if (timeUs === undefined) return [error];
  return [{ level: SOCKET, type: TIMESTAMPING, data: { us: timeUs } }, error];
}

/**
 * @param said the field of the message; undefined and `...`: it is not looked at.
 * @param toleranceUs how far a time may be off. @returns what differs, in words; undefined: nothing does.
 */
export function controlDifference(
  said: Expression | undefined,
  actual: readonly ControlMessage[],
  toleranceUs: number,
): string | undefined {
  if (said === undefined || said.kind === 'ellipsis') return undefined;
  if (said.kind !== 'list') throw new NotJudged(said.place, `msg_control=${expressionText(said)}`);
  if (said.items.length !== actual.length) {
    return `msg_control: expected ${said.items.length} messages, got ${actual.length}`;
  }
  for (const [i, item] of said.items.entries()) {
    const words = messageDifference(item, actual[i], toleranceUs);
    if (words !== undefined) return words;
  }
  return undefined;
}

function messageDifference(
  item: Expression,
  actual: ControlMessage,
  toleranceUs: number,
): string | undefined {
  const [level, type] = [fieldOf(item, 'cmsg_level'), fieldOf(item, 'cmsg_type')];
  const data = fieldOf(item, 'cmsg_data');
  if (level === undefined || type === undefined || data === undefined) {
    throw new NotJudged(item.place, `the control message ${expressionText(item)}`);
  }
  const unlike =
    different('cmsg_level', numberOf(level), actual.level) ??
    different('cmsg_type', numberOf(type), actual.type);
  if (unlike !== undefined || data.kind === 'ellipsis') return unlike;
  if (typeof actual.data === 'number') return different('cmsg_data', numberOf(data), actual.data);
  if (data.kind !== 'record') throw new NotJudged(data.place, `cmsg_data=${expressionText(data)}`);
  if ('us' in actual.data) return timeDifference(data, actual.data.us, toleranceUs);
  for (const { name, value } of data.fields) {
    if (!Object.hasOwn(actual.data.fields, name)) throw new NotJudged(data.place, `the field ${name}`);
    const words = different(name, fieldValue(value), actual.data.fields[name]);
    if (words !== undefined) return words;
  }
  return undefined;
}

function timeDifference(said: Expression, us: number, toleranceUs: number): string | undefined {
  const [seconds, rest] = [fieldOf(said, 'scm_sec'), fieldOf(said, 'scm_nsec')];
  if (seconds === undefined || rest === undefined) throw new NotJudged(said.place, expressionText(said));
  const expectedUs = numberOf(seconds) * US_PER_SECOND + Math.round(numberOf(rest) / NS_PER_US);
  return Math.abs(expectedUs - us) <= toleranceUs ? undefined : different('time in us', expectedUs, us);
}

/** A number, or the name of an errno; 0 stands for none. */
function fieldValue(value: Expression): number | string {
  if (value.kind === 'word' && constant(value.text) === undefined) return value.text;
  return numberOf(value);
}

function different(name: string, expected: number | string, got: number | string): string | undefined {
  if (expected === got || (expected === 0 && got === '')) return undefined;
  return `${name}: expected ${expected}, got ${got === '' ? 0 : got}`;
}
