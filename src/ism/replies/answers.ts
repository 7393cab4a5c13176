/**
 * What a request of the socket class is answered with at once: its outcome, if its reply mode asks for one,
 * or why the request is malformed. Requests that have to wait are answered by `PendingReplies`.
 */
import { assert } from '../../assert/assert.ts';
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import {
  FRAME_BYTES,
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameTarget,
  frameTransactionContext,
  writeTransactionError,
} from '../../i2o/frame.ts';
import { REPLY_MODE_NEVER, REPLY_MODE_ON_ERROR } from '../../i2o/socket.gen.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import { INBOUND_REFUSED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { answerFrame, postReply } from './reply-frames.ts';

/** Largest errno and DetailedStatusCode that word 4 of a reply has room for. */
const STATUS_CODE_MAX = 0xffff;

export class Answers {
  private readonly outbound: Outbound;
  private readonly counters: Float64Array;

  constructor(outbound: Outbound, ledger: Ledger) {
    this.outbound = outbound;
    this.counters = ledger.counters;
  }

  /**
   * Answers a malformed request, in every reply mode.
   * @param detailedStatus what is wrong, a DETAILED_STATUS_ number. @param errorOffset byte of the request;
   * 0: not said.
   */
  refuse(frame: number, detailedStatus: number, errorOffset = 0): void {
    assert(detailedStatus > 0, 'answers: a refusal says what is wrong');
    assert(errorOffset >= 0 && errorOffset < FRAME_BYTES, 'answers: what is wrong lies in the request');
    const { outbound } = this;
    const { words } = outbound;
    this.counters[INBOUND_REFUSED] += 1;
    const reply = answerFrame(outbound);
    writeTransactionError(
      words,
      reply,
      frameTarget(words, frame),
      frameInitiator(words, frame),
      frameFunction(words, frame),
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      detailedStatus,
      errorOffset,
    );
    postReply(outbound, reply);
  }

  /** Answers a function that the class, or the version of it that the card speaks, does not have. */
  unknown(frame: number, detailedStatus: number): void {
    assert(detailedStatus > 0, 'answers: an unknown function is answered with a code');
    this.counters[INBOUND_REFUSED] += 1;
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }

  /**
   * Tells the outcome of a request whose reply has nothing but a status.
   * @param replyMode REPLY_MODE_ number.
   */
  outcome(frame: number, errno: number, replyMode: number): void {
    assert(errno >= 0 && errno <= STATUS_CODE_MAX, 'answers: an errno fits the status word');
    if (!isWanted(errno, replyMode)) return;
    this.outbound.status(frame, errno === 0 ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA, errno);
  }
}

/** Whether a reply mode asks to hear of an outcome. */
export function isWanted(errno: number, replyMode: number): boolean {
  assert(replyMode >= 0 && replyMode <= REPLY_MODE_NEVER, 'answers: a reply mode is one of four');
  return errno === 0 ? replyMode < REPLY_MODE_ON_ERROR : replyMode !== REPLY_MODE_NEVER;
}
