/**
 * Replies on their way out. Wraps the outbound transport's producer: counts frames, and writes the replies that are the same
 * for every class. When no frame is free a reply is withheld by its maker and tried again, never dropped.
 */
import { checkFault, FAULT_BIT, FAULT_BYTE } from '../../i2o/check-fault.ts';
import { REQUEST_STATUS_PROGRESS_REPORT, REQUEST_STATUS_TRANSACTION_ERROR } from '../../i2o/executive.gen.ts';
import {
  FLAG_LAST,
  FLAG_REPLY,
  frameFunction,
  frameInitiator,
  frameInitiatorContext,
  frameTarget,
  frameTransactionContext,
  writeFailure,
  writeHeader,
  writeTransactionError,
} from '../../i2o/frame.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import {
  INBOUND_REFUSED,
  OUTBOUND_DESTROYED,
  OUTBOUND_FULL,
  OUTBOUND_POSTED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { PendingRequest } from './pending-request.ts';

/** Outbound frames that must be free before a request is taken: the most one request answers with at once. */
export const REPLY_RESERVE = 4;

const STATUS_SHIFT = 24;
const STATUS_REPLY_WORDS = 5;

export class Outbound {
  readonly producer: FrameProducer;
  readonly words: Int32Array;
  /** In this turn a reply found no frame: it waits for the host to release one. The processor clears it each turn. */
  short = false;
  /** Failing ids of failure records: what SysTabSet said. */
  iopId = 0;
  hostUnitId = 0;
  /** Where the request being answered came from, if its frame may be preserved; the processor sets it. */
  preserver: FrameConsumer | undefined;
  /** A frame is acquired and not posted. */
  taken = false;
  private readonly counters: Float64Array;

  constructor(words: Int32Array, producer: FrameProducer, ledger: Ledger) {
    this.words = words;
    this.producer = producer;
    this.counters = ledger.counters;
  }

  /** @returns a frame to fill, or NO_FRAME; then the reply waits. */
  acquire(): number {
    const frame = this.producer.acquire();
    if (frame === NO_FRAME) {
      this.counters[OUTBOUND_FULL] += 1;
      this.short = true;
    } else {
      this.taken = true;
    }
    return frame;
  }

  /** Whether a frame can be acquired; if not, the reply waits. */
  hasFrame(): boolean {
    if (this.producer.available(1) > 0) return true;
    this.short = true;
    return false;
  }

  /** The acquired frame is complete; the run loop publishes. */
  post(): void {
    this.counters[OUTBOUND_POSTED] += 1;
    this.taken = false;
    this.producer.post();
  }

  /** Gives an acquired frame back, if there is one: whoever was to fill it has failed. */
  cancel(): void {
    if (this.taken) this.producer.cancel();
    this.taken = false;
  }

  /** A reset: nothing of what was posted is received any more. @param destroyed told of each reply that was not. */
  restart(destroyed: (frame: number) => void): void {
    this.cancel();
    this.short = false;
    this.counters[OUTBOUND_DESTROYED] += this.producer.restart(destroyed);
  }

  /** Answers a request with a status and nothing else. The caller knows a frame is free. */
  status(requestFrame: number, requestStatus: number, detailedStatus: number): void {
    if (requestStatus === REQUEST_STATUS_TRANSACTION_ERROR) {
      this.transactionError(requestFrame, detailedStatus, 0, 0);
      return;
    }
    const words = this.words;
    this.writeStatus(
      FLAG_REPLY | FLAG_LAST,
      frameTarget(words, requestFrame),
      frameInitiator(words, requestFrame),
      frameFunction(words, requestFrame),
      frameInitiatorContext(words, requestFrame),
      frameTransactionContext(words, requestFrame),
      (requestStatus << STATUS_SHIFT) | detailedStatus,
    );
  }

  /** Answers a request that waited, for the last time. The caller knows a frame is free. */
  answer(pending: PendingRequest, requestStatus: number, detailedStatus: number): void {
    pending.open = false;
    this.writePending(pending, FLAG_REPLY | FLAG_LAST, (requestStatus << STATUS_SHIFT) | detailedStatus);
  }

  /** Tells how far a request has come: LAST is clear, it stays open. The caller knows a frame is free. */
  progress(pending: PendingRequest, detailedStatus: number): void {
    this.writePending(pending, FLAG_REPLY, (REQUEST_STATUS_PROGRESS_REPORT << STATUS_SHIFT) | detailedStatus);
  }

  /** Answers a request that a generated check found wrong, and says where. The caller knows a frame is free. */
  refused(requestFrame: number, detailedStatus: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    this.transactionError(requestFrame, detailedStatus, checkFault[FAULT_BYTE], checkFault[FAULT_BIT]);
  }

  /**
   * Answers a request whose fields are wrong (reference section 1.3).
   * @param errorOffset byte of the message that is wrong; 0: not said. @param bitOffset bit in it.
   */
  transactionError(
    requestFrame: number,
    detailedStatus: number,
    errorOffset: number,
    bitOffset: number,
  ): void {
    const words = this.words;
    const frame = this.acquire();
    writeTransactionError(
      words,
      frame,
      frameTarget(words, requestFrame),
      frameInitiator(words, requestFrame),
      frameFunction(words, requestFrame),
      frameInitiatorContext(words, requestFrame),
      frameTransactionContext(words, requestFrame),
      detailedStatus,
      errorOffset,
    );
    words[frame + 6] = bitOffset;
    this.post();
  }

  /**
   * Answers a message that cannot be delivered with a transport-failure frame (reference section 1.4). The record names the
   * request's frame where the transport preserves it, else a copy of it that lasts as long as the record; 0xFFFFFFFF where
   * nothing is kept, as of a static frame. Word 3 carries the context either way.
   */
  failure(requestFrame: number, failureCode: number, severity: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    const words = this.words;
    const record = this.acquire();
    writeFailure(
      words,
      record,
      frameTarget(words, requestFrame),
      frameInitiator(words, requestFrame),
      frameFunction(words, requestFrame),
      frameInitiatorContext(words, requestFrame),
      frameTransactionContext(words, requestFrame),
      severity,
      failureCode,
      this.iopId,
      this.hostUnitId,
      this.preserver === undefined ? NO_FRAME : this.preserver.preserve(record),
    );
    this.post();
  }

  private writePending(pending: PendingRequest, flags: number, status: number): void {
    this.writeStatus(
      flags,
      pending.target,
      pending.initiator,
      pending.functionCode,
      pending.initiatorContext,
      pending.transactionContext,
      status,
    );
  }

  private writeStatus(
    flags: number,
    target: number,
    initiator: number,
    functionCode: number,
    initiatorContext: number,
    transactionContext: number,
    status: number,
  ): void {
    const frame = this.acquire();
    const words = this.words;
    writeHeader(
      words,
      frame,
      0,
      flags,
      STATUS_REPLY_WORDS,
      target,
      initiator,
      functionCode,
      initiatorContext,
      transactionContext,
    );
    words[frame + 4] = status;
    this.post();
  }
}
