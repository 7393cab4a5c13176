/** What a reply says, and what was expected of one, in the words of the spec: what a verdict shows. */
import {
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  FAILURE_CODE_NAMES,
  REQUEST_STATUS_NAMES,
} from '../../i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  FLAG_MULTIPLE,
  frameDetailedStatus,
  frameFlags,
  frameFunction,
  frameRequestStatus,
  frameTarget,
  getFailureCode,
  getFailureSeverity,
} from '../../i2o/frame.ts';
import { IOP_TID } from '../../i2o/tids.ts';
import { errnoName } from '../../socket/errno.ts';
import { enumNamed, enumValueName, messageOf } from '../../spec/catalogue.ts';
import type { MessageEntry } from '../../spec/entries.ts';

const SUCCESS = 0x00;
const TRANSACTION_ERROR = 0x0b;
/** The codes of a class's own in an unsuccessful reply; the others' are DetailedStatus. */
const CODES: Readonly<Record<string, string>> = { lan: 'LanDetailedStatus', window: 'WindowDetailedStatus' };

/** @param className the class of the card's device. */
export function replyText(reply: Int32Array, className = 'socket'): string {
  const target = frameTarget(reply, 0) === IOP_TID ? 'executive' : className;
  const message = messageOf(target, frameFunction(reply, 0));
  const name = message?.name ?? `function ${hex(frameFunction(reply, 0))}`;
  return `${name}: ${saidText(reply, message)}`;
}

function saidText(reply: Int32Array, message: MessageEntry | undefined): string {
  const flags = frameFlags(reply, 0);
  if ((flags & FLAG_FAIL) !== 0) {
    const code = getFailureCode(reply, 0);
    const name = FAILURE_CODE_NAMES[code] ?? hex(code);
    return `failure record, ${name}, severity ${severityText(getFailureSeverity(reply, 0))}`;
  }
  if (message?.replyForm === 'overlaid') return `${message.reply?.fields[0].name} ${hex(reply[4])}`;
  const status = frameRequestStatus(reply, 0);
  const code = frameDetailedStatus(reply, 0);
  const list = (flags & FLAG_MULTIPLE) === 0 ? '' : `a list of ${reply[3] & 0xff}, `;
  if (status === SUCCESS && code === 0) return `${list}Success`;
  const name = codeName(status, code, message?.className ?? '');
  return `${list}${REQUEST_STATUS_NAMES[status] ?? `ReqStatus ${hex(status)}`}, ${name} (${code})`;
}

/** A code of word 4 by name: whose it is depends on the status and on the class. */
function codeName(status: number, code: number, className: string): string {
  if (status !== TRANSACTION_ERROR && className === 'socket') {
    // A function that the card has not is refused by a general code. ENOTTY has its number, and is no message's.
    const general = enumValueName('DetailedStatus', code);
    const name = errnoName(code);
    if (general !== undefined && (code === DETAILED_STATUS_UNKNOWN_FUNCTION || /^E\d/.test(name)))
      return general;
    return name;
  }
  const own = status === TRANSACTION_ERROR ? undefined : CODES[className];
  // A class of that kind also has the general codes, for what it does not serve: the number alone does not say which.
  const names = [
    own === undefined ? undefined : enumValueName(own, code),
    enumValueName('DetailedStatus', code),
  ];
  return names.filter((name) => name !== undefined).join('/') || 'no such code';
}

function severityText(severity: number): string {
  const names = enumNamed('Severity')!.values.filter(({ value }) => (severity & value) !== 0);
  return names.map(({ name }) => name).join(' and ') || hex(severity);
}

/** What a vector expects of a request that draws an answer other than a success. */
export function expectationText(expect: Readonly<Record<string, unknown>>): string {
  const { answer, code, failureCode, severity, detailedStatus, statuses } = expect;
  if (answer === 'failure') return `a failure record, ${failureCode}, severity ${severity}`;
  if (answer === 'transactionError') return `TransactionError, ${detailedStatus} (${code})`;
  return `ErrorNoData, ${(statuses as string[]).join(' or ')}`;
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16)}`;
