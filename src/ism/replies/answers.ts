/** What a request of the socket class is answered with at once: its outcome, by its reply mode, or why it is malformed. */
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import {
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

export class Answers {
  private readonly outbound: Outbound;
  private readonly counters: Float64Array;

  constructor(outbound: Outbound, ledger: Ledger) {
    this.outbound = outbound;
    this.counters = ledger.counters;
  }

  /** The request is malformed: answered in every mode. @param errorOffset byte of the request; 0: not said. */
  refuse(frame: number, detailedStatus: number, errorOffset = 0): void {
    const { outbound } = this;
    const { words } = outbound;
    this.counters[INBOUND_REFUSED] += 1;
    writeTransactionError(
      words,
      outbound.acquire(),
      frameTarget(words, frame),
      frameInitiator(words, frame),
      frameFunction(words, frame),
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      detailedStatus,
      errorOffset,
    );
    outbound.post();
  }

  /** The class, or this version of it, has no such function. */
  unknown(frame: number, detailedStatus: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }

  /** The outcome of a request whose reply has nothing but a status. @param replyMode REPLY_MODE_ number. */
  outcome(frame: number, errno: number, replyMode: number): void {
    if (!isWanted(errno, replyMode)) return;
    this.outbound.status(frame, errno === 0 ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA, errno);
  }
}

/** Whether a reply mode wants to hear of an outcome. */
export function isWanted(errno: number, replyMode: number): boolean {
  return errno === 0 ? replyMode < REPLY_MODE_ON_ERROR : replyMode !== REPLY_MODE_NEVER;
}
