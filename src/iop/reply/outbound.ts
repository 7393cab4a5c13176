/**
 * Replies on their way out. Wraps the outbound transport's producer: it counts the frames, and writes those
 * replies that are the same for every class. When no frame is free, whoever makes a reply keeps it and tries
 * again; none is dropped.
 *
 * One frame is filled at a time: it is acquired, written, and posted or cancelled before the next is
 * acquired.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { checkFault, FAULT_BIT, FAULT_BYTE } from '../../i2o/check-fault.ts';
import { REQUEST_STATUS_PROGRESS_REPORT, REQUEST_STATUS_TRANSACTION_ERROR } from '../../i2o/executive.gen.ts';
import {
  FLAG_LAST,
  FLAG_REPLY,
  FRAME_BYTES,
  FRAME_WORDS,
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
import { type Ledger, OUTBOUND_METER } from '../../ledger/ledger.ts';
import type { PoolMeter } from '../../ledger/pool-meter.ts';
import type { PendingRequest } from './pending-request.ts';

const COSTLY = COSTLY_ASSERTIONS;

/**
 * Outbound frames that must be free before a request is taken: the most that one request answers with at
 * once. IopClear needs all four: two table notifications and a validation end, and it is answered itself.
 */
export const REPLY_RESERVE = 4;

/** A mask: in every 64th post the frames in use are counted, since that reads what the host writes. */
const METERED_POSTS = 63;

/**
 * Words of the smallest outbound frame that a host may choose: the longest reply without a list fits, but for
 * those of TCP_INFO, which are refused where they do not (ENOBUFS).
 */
export const OUTBOUND_FRAME_WORDS_MIN = 17;

const STATUS_SHIFT = 24;
const STATUS_REPLY_WORDS = 5;

/** Word 4 of a reply: the request's status above the detailed status. */
function statusWord(requestStatus: number, detailedStatus: number): number {
  assert(
    (requestStatus & ~0xff) === 0 && (detailedStatus & ~0xffff) === 0,
    'outbound: a status has 8 bits and a detailed status 16',
  );
  return (requestStatus << STATUS_SHIFT) | detailedStatus;
}

export class Outbound {
  readonly producer: FrameProducer;
  readonly words: Int32Array;
  /**
   * In this turn a reply found no frame and waits until the host releases one. The processor clears this each
   * turn.
   */
  short = false;
  /** Who failed, as failure records say: the numbers that SysTabSet gave this IOP and its host. */
  iopId = 0;
  hostUnitId = 0;
  /**
   * The transport that preserves the frame of the request being answered, should it be undeliverable.
   * Undefined for a static frame, which is not the transport's to preserve. The processor sets it.
   */
  preserver: FrameConsumer | undefined;
  /** A frame is acquired, and neither posted nor cancelled yet. */
  taken = false;
  /** Words of an outbound frame as the host has chosen by OutboundInit. */
  grantedWords = FRAME_WORDS;
  /** The longest reply, in words: a frame of the host's, or of the transport where that is smaller. */
  frameWords = FRAME_WORDS;
  /** Word index of the frame that is acquired. */
  private frame = NO_FRAME;
  private readonly counters: Float64Array;
  private readonly meter: PoolMeter;

  constructor(words: Int32Array, producer: FrameProducer, ledger: Ledger) {
    this.words = words;
    this.producer = producer;
    this.counters = ledger.counters;
    this.meter = ledger.meter(OUTBOUND_METER);
  }

  /**
   * OutboundInit: how large the host's frames are.
   * @param words at least OUTBOUND_FRAME_WORDS_MIN.
   */
  grant(words: number): void {
    assert(words >= OUTBOUND_FRAME_WORDS_MIN, 'outbound: a frame holds every reply that has no list');
    this.grantedWords = words;
    this.frameWords = Math.min(words, FRAME_WORDS);
  }

  /**
   * How many elements of a list a frame holds, at least one. // Hot path.
   * @param listWord where the list begins. @param elementWords of each.
   */
  elementsIn(listWord: number, elementWords: number): number {
    return ((this.frameWords - listWord) / elementWords) | 0;
  }

  /** @returns word index of a frame to fill, or NO_FRAME; then the reply waits. // Hot path. */
  acquire(): number {
    if (COSTLY) this.checkNoneTaken();
    const frame = this.producer.acquire();
    if (frame === NO_FRAME) {
      this.counters[OUTBOUND_FULL] += 1;
      this.short = true;
      this.meter.refused();
      this.tellUse();
    } else {
      this.taken = true;
      this.frame = frame;
      if (this.meter.served()) this.tellUse();
    }
    return frame;
  }

  /** Whether a frame can be acquired; if not, the reply waits. */
  hasFrame(): boolean {
    if (this.producer.available(1) > 0) return true;
    this.short = true;
    return false;
  }

  /** The acquired frame is complete. The run loop publishes it at the end of the turn. // Hot path. */
  post(): void {
    if (COSTLY) this.checkTaken();
    const posted = this.counters[OUTBOUND_POSTED] + 1;
    this.counters[OUTBOUND_POSTED] = posted;
    this.taken = false;
    this.producer.post();
    if ((posted & METERED_POSTS) === 0) this.tellUse();
  }

  /** Looks at how many frames are in use, which reads what the host writes. */
  tellUse(): void {
    this.meter.set(this.producer.inUse);
  }

  private checkNoneTaken(): void {
    assert(!this.taken, 'outbound: the frame before this one was posted or cancelled');
  }

  private checkTaken(): void {
    assert(this.taken, 'outbound: a frame is acquired before it is posted');
    assert(
      this.words[this.frame] >>> 16 <= this.frameWords,
      'outbound: a reply is no longer than the host has granted',
    );
  }

  /** Gives the acquired frame back, if there is one: its maker has nothing to say in it, or has failed. */
  cancel(): void {
    if (this.taken) this.producer.cancel();
    this.taken = false;
  }

  /**
   * A reset: the host receives nothing more of what was posted.
   * @param destroyed told of each reply that the host had not received.
   */
  restart(destroyed: (frame: number) => void): void {
    this.cancel();
    this.short = false;
    const replies = this.producer.restart(destroyed);
    assert(replies >= 0, 'outbound: a reset destroys as many replies as wait, or none');
    this.counters[OUTBOUND_DESTROYED] += replies;
  }

  /** Answers a request with a status and nothing else. The caller knows that a frame is free. */
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
      statusWord(requestStatus, detailedStatus),
    );
  }

  /** Answers a request that waited, for the last time. The caller knows that a frame is free. */
  answer(pending: PendingRequest, requestStatus: number, detailedStatus: number): void {
    assert(pending.open, 'outbound: a request that waited is answered once');
    pending.open = false;
    this.writePending(pending, FLAG_REPLY | FLAG_LAST, statusWord(requestStatus, detailedStatus));
  }

  /**
   * Tells how far a request has come. LAST is clear, since it stays open. The caller knows that a frame is
   * free.
   */
  progress(pending: PendingRequest, detailedStatus: number): void {
    assert(pending.open, 'outbound: a request whose progress is told is open');
    this.writePending(pending, FLAG_REPLY, statusWord(REQUEST_STATUS_PROGRESS_REPORT, detailedStatus));
  }

  /**
   * Answers a request that a generated check found wrong, and says where. The caller knows that a frame is
   * free.
   */
  refused(requestFrame: number, detailedStatus: number): void {
    assert(detailedStatus !== 0, 'outbound: a request is refused for a reason');
    this.counters[INBOUND_REFUSED] += 1;
    this.transactionError(requestFrame, detailedStatus, checkFault[FAULT_BYTE], checkFault[FAULT_BIT]);
  }

  /**
   * Answers a request whose fields are wrong by I2O 1.5's transaction error reply. The caller knows that a
   * frame is free.
   * @param errorOffset byte of the message that is wrong; 0: not said. @param bitOffset bit of that byte.
   */
  transactionError(
    requestFrame: number,
    detailedStatus: number,
    errorOffset: number,
    bitOffset: number,
  ): void {
    assert(
      errorOffset >= 0 && errorOffset < FRAME_BYTES && bitOffset >= 0 && bitOffset < 8,
      'outbound: what is wrong is a bit of the message',
    );
    const words = this.words;
    const frame = this.acquire();
    assert(frame !== NO_FRAME, 'outbound: a transaction error finds a free frame');
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
   * Answers a message that cannot be delivered with I2O 1.5's transport-failure frame. The record names the
   * request's frame where the transport preserves it, else a copy of it that lasts as long as the record;
   * 0xFFFFFFFF where nothing is kept, as of a static frame. Word 3 carries the transaction context in every
   * case. The caller knows that a frame is free.
   * @param failureCode a FAILURE_CODE_ number. @param severity SEVERITY_ bits.
   */
  failure(requestFrame: number, failureCode: number, severity: number): void {
    assert(failureCode > 0 && failureCode <= 0xff, 'outbound: a failure record says what failed');
    this.counters[INBOUND_REFUSED] += 1;
    const words = this.words;
    const record = this.acquire();
    assert(record !== NO_FRAME, 'outbound: a failure record finds a free frame');
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
    assert((flags & FLAG_REPLY) !== 0, 'outbound: a status is a reply');
    const frame = this.acquire();
    assert(frame !== NO_FRAME, 'outbound: a status finds a free frame');
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
