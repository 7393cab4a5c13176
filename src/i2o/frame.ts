/**
 * The I2O 1.5 message frame: header, reply status and transport-failure record, read and written in place
 * in the shared region. Host and card both use it; the class messages are in socket.gen.ts and
 * executive.gen.ts, the lists in sgl.ts.
 *
 *   word 0   version 0-2 · list offset in words 4-7 · flags 8-15 · message size in words 16-31
 *   word 1   target TID 0-11 · initiator TID 12-23 · function 24-31
 *   word 2   InitiatorContext
 *   word 3   TransactionContext; in some messages a field of their own, in multiple-transaction replies the
 *            list's control word
 *   word 4   in replies: DetailedStatusCode 0-15 · ReqStatus 24-31
 *
 * `frame` is always the word index of the frame's first word. Words are written whole, and nobody reads a
 * frame while it is being written, since real cards misbehave when that happens. A reply repeats its
 * request's target, initiator and function.
 */
import { assert } from '../assert/assert.ts';
import {
  FAILURE_CODE_FRAME_TOO_LARGE,
  FAILURE_CODE_FRAME_TOO_SMALL,
  FAILURE_CODE_INVALID_MESSAGE_FLAGS,
  FAILURE_CODE_INVALID_OFFSET,
  FAILURE_CODE_INVALID_VERSION,
  REQUEST_STATUS_TRANSACTION_ERROR,
} from './executive.gen.ts';
import {
  MESSAGE_FLAG_CONTEXT64,
  MESSAGE_FLAG_FAIL,
  MESSAGE_FLAG_LAST,
  MESSAGE_FLAG_MULTIPLE,
  MESSAGE_FLAG_REPLY,
  MESSAGE_FLAG_STATIC,
} from './frame.gen.ts';
import { checkMessage, FRAME_BYTES, FRAME_WORDS } from './frame-size.ts';

export { FRAME_BYTES, FRAME_WORDS };

/** Words of the shortest message: a header without a TransactionContext. */
export const HEADER_WORDS = 3;

/** Version number of I2O 1.5. */
export const VERSION_1_5 = 1;

/** MsgFlags and the severities of a failure record, under the names by which frames are read and written. */
export {
  MESSAGE_FLAG_CONTEXT64 as FLAG_64BIT_CONTEXT,
  MESSAGE_FLAG_FAIL as FLAG_FAIL,
  MESSAGE_FLAG_LAST as FLAG_LAST,
  MESSAGE_FLAG_MULTIPLE as FLAG_MULTIPLE,
  MESSAGE_FLAG_REPLY as FLAG_REPLY,
  MESSAGE_FLAG_STATIC as FLAG_STATIC,
  SEVERITY_CONGESTION,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from './frame.gen.ts';

export const FAILURE_WORDS = 9;
export const TRANSACTION_ERROR_WORDS = 7;

/**
 * A request that is sent in a frame carries this flag or none: static frames are posted by address, contexts
 * have 32 bits.
 */
const REQUEST_FLAGS = MESSAGE_FLAG_MULTIPLE;

/** @param recordWords words of the replies that the message layer writes itself. */
export function checkRecords(recordWords: readonly number[]): void {
  assert(
    recordWords.every((words) => words >= HEADER_WORDS && words <= FRAME_WORDS),
    'frame: a failure record and a transaction error fit in one',
  );
}

checkRecords([FAILURE_WORDS, TRANSACTION_ERROR_WORDS]);

// Hot path: everything below runs for every frame.

export function frameVersion(words: Int32Array, frame: number): number {
  return words[frame] & 7;
}

/** Where the scatter-gather list begins, in words from the frame's start; 0: there is none. */
export function frameSglOffset(words: Int32Array, frame: number): number {
  return (words[frame] >>> 4) & 15;
}

/** FLAG_ bits. */
export function frameFlags(words: Int32Array, frame: number): number {
  return (words[frame] >>> 8) & 0xff;
}

/**
 * The whole message in words, 0 to 65535 as the other side wrote it: `checkRequestFrame` and
 * `checkReplyFrame` bound it.
 */
export function frameSizeWords(words: Int32Array, frame: number): number {
  return words[frame] >>> 16;
}

export function frameTarget(words: Int32Array, frame: number): number {
  return words[frame + 1] & 0xfff;
}

export function frameInitiator(words: Int32Array, frame: number): number {
  return (words[frame + 1] >>> 12) & 0xfff;
}

export function frameFunction(words: Int32Array, frame: number): number {
  return words[frame + 1] >>> 24;
}

export function frameInitiatorContext(words: Int32Array, frame: number): number {
  return words[frame + 2];
}

export function frameTransactionContext(words: Int32Array, frame: number): number {
  return words[frame + 3];
}

/** ReqStatus of a reply without MESSAGE_FLAG_FAIL: a REQUEST_STATUS_ number. */
export function frameRequestStatus(words: Int32Array, frame: number): number {
  return words[frame + 4] >>> 24;
}

/**
 * DetailedStatusCode of a reply without MESSAGE_FLAG_FAIL. Executive replies and transaction errors hold a
 * DETAILED_STATUS_ number, other socket-class replies an errno.
 */
export function frameDetailedStatus(words: Int32Array, frame: number): number {
  return words[frame + 4] & 0xffff;
}

/**
 * Writes words 0 to 3.
 * @param sglOffset words from the frame to its list, 3 to 15; 0: there is none. @param flags FLAG_ bits.
 * @param sizeWords the whole message, 3 to FRAME_WORDS. @param functionCode 0 to 255.
 */
export function writeHeader(
  words: Int32Array,
  frame: number,
  sglOffset: number,
  flags: number,
  sizeWords: number,
  targetTid: number,
  initiatorTid: number,
  functionCode: number,
  initiatorContext: number,
  transactionContext: number,
): void {
  checkMessage(frame, sizeWords, HEADER_WORDS);
  assert(
    sglOffset === 0 || (sglOffset >= HEADER_WORDS && sglOffset <= 15 && sglOffset < sizeWords),
    'frame: a list begins behind the header and within the message',
  );
  assert((flags & ~0xff) === 0 && (functionCode & ~0xff) === 0, 'frame: flags and function have eight bits');
  assert(
    (targetTid & ~0xfff) === 0 && (initiatorTid & ~0xfff) === 0,
    'frame: target and initiator have twelve bits',
  );
  words[frame] = VERSION_1_5 | (sglOffset << 4) | (flags << 8) | (sizeWords << 16);
  words[frame + 1] = (targetTid & 0xfff) | ((initiatorTid & 0xfff) << 12) | (functionCode << 24);
  words[frame + 2] = initiatorContext;
  words[frame + 3] = transactionContext;
}

/**
 * Checks what must hold before anybody looks into a request, in the order of spec/vectors/order.json: version,
 * flags, size, list offset. The executive judges the TIDs, and the class's own check the fields.
 * @returns 0, or the FAILURE_CODE_ to answer with.
 */
export function checkRequestFrame(words: Int32Array, frame: number): number {
  const word = words[frame];
  const sizeWords = word >>> 16;
  if ((word & 7) !== VERSION_1_5) return FAILURE_CODE_INVALID_VERSION;
  if (((word >>> 8) & 0xff & ~REQUEST_FLAGS) !== 0) return FAILURE_CODE_INVALID_MESSAGE_FLAGS;
  // Only function 0, UtilNop, may do without a TransactionContext.
  if (sizeWords < (words[frame + 1] >>> 24 === 0 ? HEADER_WORDS : HEADER_WORDS + 1)) {
    return FAILURE_CODE_FRAME_TOO_SMALL;
  }
  if (sizeWords > FRAME_WORDS) return FAILURE_CODE_FRAME_TOO_LARGE;
  return checkListOffset((word >>> 4) & 15, sizeWords);
}

/**
 * Checks a reply in the same way: the REPLY flag must be set, and a failure record must be whole.
 * @returns 0, or the FAILURE_CODE_ that names what is wrong.
 */
export function checkReplyFrame(words: Int32Array, frame: number): number {
  const word = words[frame];
  const flags = (word >>> 8) & 0xff;
  const sizeWords = word >>> 16;
  if ((word & 7) !== VERSION_1_5) return FAILURE_CODE_INVALID_VERSION;
  if (sizeWords > FRAME_WORDS) return FAILURE_CODE_FRAME_TOO_LARGE;
  if ((flags & MESSAGE_FLAG_REPLY) === 0 || (flags & (MESSAGE_FLAG_STATIC | MESSAGE_FLAG_CONTEXT64)) !== 0) {
    return FAILURE_CODE_INVALID_MESSAGE_FLAGS;
  }
  if (sizeWords < ((flags & MESSAGE_FLAG_FAIL) === 0 ? 5 : FAILURE_WORDS))
    return FAILURE_CODE_FRAME_TOO_SMALL;
  return checkListOffset((word >>> 4) & 15, sizeWords);
}

function checkListOffset(sglOffset: number, sizeWords: number): number {
  if (sglOffset === 0 || (sglOffset >= HEADER_WORDS && sglOffset < sizeWords)) return 0;
  return FAILURE_CODE_INVALID_OFFSET;
}

/**
 * Writes a transport-failure reply, 9 words. Word 3 repeats the TransactionContext, which I2O lets a sender
 * leave undefined. Ours does so because a static frame is not preserved, and then the context is the only way
 * to find the request.
 * @param severity SEVERITY_ bits, at least one. @param failureCode FAILURE_CODE_ number.
 * @param iopId 12 bits. @param hostUnitId 16 bits.
 * @param preservedFrame address of the undelivered frame, or of its copy, where the transport keeps one; -1
 *   where it does not.
 */
export function writeFailure(
  words: Int32Array,
  frame: number,
  targetTid: number,
  initiatorTid: number,
  functionCode: number,
  initiatorContext: number,
  transactionContext: number,
  severity: number,
  failureCode: number,
  iopId: number,
  hostUnitId: number,
  preservedFrame: number,
): void {
  assert(
    (severity & 15) !== 0 && (severity & ~15) === 0 && failureCode > 0 && failureCode <= 0xff,
    'frame: a failure record has a severity and a code',
  );
  assert(
    (iopId & ~0xfff) === 0 && (hostUnitId & ~0xffff) === 0,
    'frame: a failure record names an IOP and a host unit',
  );
  assert(
    preservedFrame === -1 || (preservedFrame > 0 && (preservedFrame & 3) === 0),
    'frame: a failure record has the address of a preserved frame, or none',
  );
  const flags = MESSAGE_FLAG_REPLY | MESSAGE_FLAG_FAIL | MESSAGE_FLAG_LAST;
  writeHeader(
    words,
    frame,
    0,
    flags,
    FAILURE_WORDS,
    targetTid,
    initiatorTid,
    functionCode,
    initiatorContext,
    transactionContext,
  );
  words[frame + 4] = VERSION_1_5 | (VERSION_1_5 << 8) | ((severity & 0xff) << 16) | (failureCode << 24);
  words[frame + 5] = (iopId & 0xfff) | (hostUnitId << 16);
  words[frame + 6] = 0; // AgeLimit: nothing here ages
  words[frame + 7] = preservedFrame;
  words[frame + 8] = 0;
}

export function getFailureSeverity(words: Int32Array, frame: number): number {
  return (words[frame + 4] >>> 16) & 0xff;
}

export function getFailureCode(words: Int32Array, frame: number): number {
  return words[frame + 4] >>> 24;
}

export function getFailureLowestVersion(words: Int32Array, frame: number): number {
  return words[frame + 4] & 0xff;
}

export function getFailureHighestVersion(words: Int32Array, frame: number): number {
  return (words[frame + 4] >>> 8) & 0xff;
}

export function getFailureIopId(words: Int32Array, frame: number): number {
  return words[frame + 5] & 0xfff;
}

export function getFailureHostUnitId(words: Int32Array, frame: number): number {
  return words[frame + 5] >>> 16;
}

/** Address of the preserved frame; -1 where the transport preserves none. */
export function getFailurePreservedFrame(words: Int32Array, frame: number): number {
  return words[frame + 7];
}

/**
 * Writes the reply to a request whose fields are wrong, 7 words. The last word, BitOffset, is 0.
 * @param detailedStatus DETAILED_STATUS_ number, not 0.
 * @param errorOffset byte of the request that is wrong; 0 where the reply does not say.
 */
export function writeTransactionError(
  words: Int32Array,
  frame: number,
  targetTid: number,
  initiatorTid: number,
  functionCode: number,
  initiatorContext: number,
  transactionContext: number,
  detailedStatus: number,
  errorOffset: number,
): void {
  assert(
    detailedStatus > 0 && detailedStatus <= 0xffff,
    'frame: a transaction error says what is wrong by a status of 16 bits',
  );
  assert(
    errorOffset >= 0 && errorOffset < FRAME_BYTES,
    'frame: a transaction error points at a byte of the request',
  );
  const flags = MESSAGE_FLAG_REPLY | MESSAGE_FLAG_LAST;
  writeHeader(
    words,
    frame,
    0,
    flags,
    TRANSACTION_ERROR_WORDS,
    targetTid,
    initiatorTid,
    functionCode,
    initiatorContext,
    transactionContext,
  );
  words[frame + 4] = (detailedStatus & 0xffff) | (REQUEST_STATUS_TRANSACTION_ERROR << 24);
  words[frame + 5] = errorOffset;
  words[frame + 6] = 0;
}

export function getErrorOffset(words: Int32Array, frame: number): number {
  return words[frame + 5];
}
