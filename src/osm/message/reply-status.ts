/**
 * What a reply says of its request's outcome, as an errno. In three kinds of reply word 4 is not a status: a
 * failure record (FLAG_FAIL) has its codes there, the answer to UtilAbort a count, and an event its
 * indicator. So the flags and the function are looked at first.
 */
import {
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from '../../i2o/executive.gen.ts';
import {
  FLAG_FAIL,
  frameFlags,
  frameFunction,
  getFailureSeverity,
  SEVERITY_CONGESTION,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from '../../i2o/frame.ts';
import { UTIL_ABORT, UTIL_EVENT_ACK, UTIL_EVENT_REGISTER } from '../../i2o/utility.gen.ts';
import { EAGAIN, ENETDOWN, EOPNOTSUPP, EPROTO, ERRNO_MAX } from '../../socket/errno.ts';

/**
 * The errno of a status word, or of a TransactionOutcome's second word; 0 for success. Replies of the socket
 * class carry an errno; a transaction error carries one of I2O's own codes, and so does the refusal of a
 * function that the card does not know.
 */
export function statusErrno(word: number): number {
  const status = word >>> 24;
  const code = word & 0xffff;
  if (status === 0) return 0;
  if (status === REQUEST_STATUS_TRANSACTION_ERROR) return EPROTO;
  if (code === DETAILED_STATUS_UNKNOWN_FUNCTION) return EOPNOTSUPP;
  return code === 0 || code > ERRNO_MAX ? EPROTO : code;
}

/**
 * The errno of a failure record, by the gravest of its severity bits: a message that can never be delivered
 * is the driver's fault (EPROTO), a path that is gone or shut is the card's state (ENETDOWN), and congestion
 * passes (EAGAIN).
 */
export function severityErrno(severity: number): number {
  if ((severity & SEVERITY_FORMAT_ERROR) !== 0) return EPROTO;
  if ((severity & (SEVERITY_PATH_ERROR | SEVERITY_PATH_STATE)) !== 0) return ENETDOWN;
  return (severity & SEVERITY_CONGESTION) !== 0 ? EAGAIN : EPROTO;
}

/** The errno of a reply, whatever kind it is; 0 for success. */
export function replyErrno(words: Int32Array, frame: number): number {
  if ((frameFlags(words, frame) & FLAG_FAIL) !== 0) return severityErrno(getFailureSeverity(words, frame));
  const functionCode = frameFunction(words, frame);
  const hasNoStatus =
    functionCode === UTIL_ABORT || functionCode === UTIL_EVENT_REGISTER || functionCode === UTIL_EVENT_ACK;
  return hasNoStatus ? 0 : statusErrno(words[frame + 4]);
}
