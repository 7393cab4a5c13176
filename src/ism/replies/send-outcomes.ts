/**
 * Outcomes of the transactions of batched sends, on their way to the host. Those of one message share a frame; under the
 * reply mode Batch they also wait for company, as answered contexts do. From the list of a batch: outcomes. To the host:
 * SocketSend replies whose elements are TransactionOutcomes.
 */
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import {
  SOCKET_SEND_REPLY_LIST_WORD,
  TRANSACTION_OUTCOME_WORDS,
  writeSocketSendReply,
  writeTransactionOutcome,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';

/** Transactions one message may have: their outcomes fit one frame, and two messages' the frames kept for one request. */
export const TRANSACTIONS_MAX = 13;
const OUTCOMES_PER_FRAME = 13;
const CAPACITY = 2 * TRANSACTIONS_MAX;

export class SendOutcomes {
  /** Outcomes that wait. */
  count = 0;
  private readonly outbound: Outbound;
  private readonly context = new Int32Array(CAPACITY);
  private readonly code = new Int32Array(CAPACITY);
  private readonly status = new Int32Array(CAPACITY);
  private initiatorContext = 0;

  constructor(outbound: Outbound) {
    this.outbound = outbound;
  }

  /** A message's outcomes will follow: makes room for as many as it may have. The caller knows four frames are free. */
  expect(initiatorContext: number): void {
    if (this.count > CAPACITY - TRANSACTIONS_MAX || initiatorContext !== this.initiatorContext) this.flush();
    this.initiatorContext = initiatorContext;
  }

  add(context: number, status: number, code: number): void {
    this.context[this.count] = context;
    this.status[this.count] = status;
    this.code[this.count] = code;
    this.count += 1;
  }

  /** Tells what it can. @returns outcomes told; what found no frame waits. */
  flush(): number {
    let told = 0;
    while (told < this.count) {
      const some = Math.min(this.count - told, OUTCOMES_PER_FRAME);
      if (!this.tell(told, some)) break;
      told += some;
    }
    for (let i = told; i < this.count; i++) {
      this.context[i - told] = this.context[i];
      this.status[i - told] = this.status[i];
      this.code[i - told] = this.code[i];
    }
    this.count -= told;
    return told;
  }

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
      DEVICE_TID,
      HOST_TID,
      this.initiatorContext,
      REQUEST_STATUS_SUCCESS,
      0,
      count,
      TRANSACTION_OUTCOME_WORDS - 1,
      at - frame,
    );
    outbound.post();
    return true;
  }
}
