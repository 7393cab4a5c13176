/**
 * The one request at a time that a call waits for: bind, listen, options, and the steps of bring-up. Its
 * TransactionContext is a running number, so that a reply that comes after its call has given up finds
 * nobody.
 */
import { assert } from '../../assert/assert.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { LATE_REPLIES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EPROTO } from '../../socket/errno.ts';
import { isWholeReply } from './message-kind.ts';
import { replyErrno } from './reply-status.ts';

const TRANSACTION_MASK = 0x3fffffff;
/** A reply to one of so many calls before the latest is late; one to any other was never asked for. */
const LATE_MAX = 4096;

/**
 * Whoever makes such requests in this folder needs the driver for two things: a frame, and to wait for the
 * reply.
 */
export interface ControlCaller {
  /**
   * @param timeoutNs how long the card may take.
   * @returns a frame to write in; NO_FRAME when the card is dead.
   */
  awaitFrame(timeoutNs?: number): number;
  /**
   * Waits for the reply to the request that was posted.
   * @returns its errno; ENETDOWN when the card does not answer.
   */
  awaitControl(timeoutNs?: number): number;
}

export class ControlCall {
  /** The reply's words, copied out of its frame; read with the generated accessors at frame 0. */
  readonly reply: Int32Array = new Int32Array(FRAME_WORDS);
  /**
   * 0, or the errno of the reply; of a failure record, when the card could not take the request at all, that
   * of its severity.
   */
  errno = 0;
  /** Called with the transaction of a reply that came too late. */
  late: (transaction: number) => void = () => {};
  /** Called when the card was reset: no reply to an earlier request comes any more. */
  forgotten: () => void = () => {};
  /**
   * The last call gave up: its reply may still come, and the card may still write to the memory that the
   * request named.
   */
  abandoned = false;
  private readonly counters: Float64Array;
  private transaction = 0;
  /** Calls made, at most LATE_MAX. */
  private recent = 0;
  private waiting = false;

  constructor(ledger: Ledger) {
    this.counters = ledger.counters;
  }

  /** A call is about to post its request. @returns the TransactionContext to send. */
  begin(): number {
    assert(!this.waiting, 'control call: one call waits at a time');
    this.transaction = (this.transaction + 1) & TRANSACTION_MASK;
    if (this.recent < LATE_MAX) this.recent += 1;
    this.waiting = true;
    this.abandoned = false;
    return this.transaction;
  }

  /** Whether the reply has not come yet. */
  get pending(): boolean {
    return this.waiting;
  }

  /**
   * The call that waits gives up: a reply that still comes finds nobody.
   * @param errno what the call then answers.
   */
  abandon(errno: number): void {
    assert(this.waiting, 'control call: who gives up was waiting');
    assert(errno > 0, 'control call: who gives up answers with an error');
    this.abandoned = true;
    this.waiting = false;
    this.errno = errno;
  }

  /**
   * A reply for this handler. One that comes after its call has given up only ends the quarantine of the
   * memory that its request named (`late`).
   * @param transaction its TransactionContext.
   * @returns false when no call can have asked for it, or when it is not what was asked for: then the call
   *   ends with EPROTO.
   */
  answered(words: Int32Array, frame: number, transaction: number): boolean {
    if (!this.waiting || transaction !== this.transaction) {
      const ago = (this.transaction - transaction) & TRANSACTION_MASK;
      if (transaction < 0 || transaction > TRANSACTION_MASK || ago >= this.recent) return false;
      this.counters[LATE_REPLIES] += 1;
      this.late(transaction);
      return true;
    }
    for (let i = 0; i < FRAME_WORDS; i++) this.reply[i] = words[frame + i];
    this.errno = replyErrno(this.reply, 0);
    this.waiting = false;
    if (this.errno !== 0 || isWholeReply(this.reply, 0)) return true;
    // It says success and has not the layout of a reply to its request: nothing in it is to be believed.
    this.errno = EPROTO;
    return false;
  }
}
