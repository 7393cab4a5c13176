/**
 * Outcomes of the transactions of batched sends, on their way to the host. Those of one message share a
 * frame; under the reply mode Batch they also wait for company, as answered contexts do. From the list of a
 * batch: one outcome a transaction. To the host: SocketSend replies whose elements are TransactionOutcomes.
 */
import { assert } from '../../assert/assert.ts';
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import {
  SOCKET_SEND_REPLY_LIST_WORD,
  TRANSACTION_OUTCOME_WORDS,
  writeSocketSendReply,
  writeTransactionOutcome,
} from '../../i2o/socket.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { OUTBOUND_FRAME_WORDS_MIN, type Outbound, REPLY_RESERVE } from '../../iop/reply/outbound.ts';
import { postReply } from './reply-frames.ts';

/** Transactions that one message may have: so many that their outcomes fit one frame. */
export const TRANSACTIONS_MAX = 13;
const OUTCOMES_PER_FRAME = 13;
/**
 * Room for the outcomes of two messages: those that wait for company, and those of the message being read.
 */
const CAPACITY = 2 * TRANSACTIONS_MAX;
/** An outcome's status has the high byte of a word, and its code the low half. */
const STATUS_MAX = 0xff;
const CODE_MAX = 0xffff;
checkOutcomeLimits(OUTCOMES_PER_FRAME, CAPACITY);

export class SendOutcomes {
  private waitingCount = 0;
  private readonly tid: number;
  private readonly outbound: Outbound;
  private readonly context = new Int32Array(CAPACITY);
  private readonly code = new Int32Array(CAPACITY);
  private readonly status = new Int32Array(CAPACITY);
  /** Whom the outcomes that wait are for. */
  private initiatorContext = 0;

  /** @param tid of the module's device. */
  constructor(tid: number, outbound: Outbound) {
    this.tid = tid;
    this.outbound = outbound;
  }

  /** Outcomes that wait to be told. */
  get count(): number {
    return this.waitingCount;
  }

  /**
   * A message's outcomes will follow: makes room for as many as a message may have. The IOP has left
   * `REPLY_RESERVE` frames free for the request, so that what waits can be told if it must.
   */
  expect(initiatorContext: number): void {
    // What waits is told by the frames that are free for one request, whose size is the host's choice.
    const room = Math.min(CAPACITY, REPLY_RESERVE * this.perFrame());
    const full = this.waitingCount > room - TRANSACTIONS_MAX;
    if (full || initiatorContext !== this.initiatorContext) this.flush();
    assert(
      this.waitingCount <= CAPACITY - TRANSACTIONS_MAX,
      'send outcomes: a message finds room for all its outcomes',
    );
    this.initiatorContext = initiatorContext;
  }

  /**
   * @param context of the transaction.
   * @param status REQUEST_STATUS_ number.
   * @param code errno or DetailedStatusCode.
   */
  add(context: number, status: number, code: number): void {
    assert(this.waitingCount < CAPACITY, 'send outcomes: an outcome finds room');
    assert(status >= 0 && status <= STATUS_MAX, 'send outcomes: a status fits its byte');
    assert(code >= 0 && code <= CODE_MAX, 'send outcomes: a code fits its half word');
    this.context[this.waitingCount] = context;
    this.status[this.waitingCount] = status;
    this.code[this.waitingCount] = code;
    this.waitingCount += 1;
  }

  /** Tells what it can. @returns outcomes told; what finds no frame waits. */
  flush(): number {
    let told = 0;
    while (told < this.waitingCount) {
      const some = Math.min(this.waitingCount - told, this.perFrame());
      if (!this.tell(told, some)) break;
      told += some;
    }
    for (let i = told; i < this.waitingCount; i++) {
      this.context[i - told] = this.context[i];
      this.status[i - told] = this.status[i];
      this.code[i - told] = this.code[i];
    }
    this.waitingCount -= told;
    return told;
  }

  /** Outcomes that one frame holds. */
  private perFrame(): number {
    const fit = this.outbound.elementsIn(SOCKET_SEND_REPLY_LIST_WORD, TRANSACTION_OUTCOME_WORDS);
    return Math.min(OUTCOMES_PER_FRAME, fit);
  }

  /** The IOP is reset: nobody is told of what waits. */
  forget(): void {
    this.waitingCount = 0;
  }

  /** Tells outcomes `first` to `first + count - 1` in one frame. @returns false when none was free. */
  private tell(first: number, count: number): boolean {
    const { outbound, context, code, status } = this;
    const frame = outbound.acquire();
    if (frame === NO_FRAME) return false;
    let at = frame + SOCKET_SEND_REPLY_LIST_WORD;
    for (let i = first; i < first + count; i++) {
      writeTransactionOutcome(outbound.words, at, context[i], code[i], status[i]);
      at += TRANSACTION_OUTCOME_WORDS;
    }
    writeSocketSendReply(
      outbound.words,
      frame,
      this.tid,
      HOST_TID,
      this.initiatorContext,
      REQUEST_STATUS_SUCCESS,
      0,
      count,
      TRANSACTION_OUTCOME_WORDS - 1,
      at - frame,
    );
    postReply(outbound, frame);
    return true;
  }
}

/**
 * Checked when the module is loaded.
 * @param perFrame outcomes in a frame.
 * @param capacity outcomes that may wait. @param leastWords of an outbound frame.
 */
export function checkOutcomeLimits(
  perFrame: number,
  capacity: number,
  leastWords: number = OUTBOUND_FRAME_WORDS_MIN,
): void {
  const fewest = ((leastWords - SOCKET_SEND_REPLY_LIST_WORD) / TRANSACTION_OUTCOME_WORDS) | 0;
  assert(
    TRANSACTIONS_MAX <= REPLY_RESERVE * fewest,
    'send outcomes: the outcomes of one message fit the frames that are free for it, however small',
  );
  const words = SOCKET_SEND_REPLY_LIST_WORD + perFrame * TRANSACTION_OUTCOME_WORDS;
  assert(words <= FRAME_WORDS, 'send outcomes: the outcomes of a message fit a frame');
  assert(
    capacity <= REPLY_RESERVE * perFrame,
    'send outcomes: what may wait fits the frames that are free for one request',
  );
}
