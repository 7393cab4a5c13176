/**
 * The one control request that a call waits for at a time (bind, listen, options, bring-up). Its TransactionContext is a
 * running number, so that a reply that comes after the call has given up finds nobody.
 */
import { checkExecutiveReply } from '../../i2o/executive.gen.ts';
import { FRAME_WORDS, frameFunction, frameSizeWords } from '../../i2o/frame.ts';
import { checkSocketReply } from '../../i2o/socket.gen.ts';
import { checkUtilityReply } from '../../i2o/utility.gen.ts';
import { LATE_REPLIES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EPROTO } from '../../socket/errno.ts';
import { replyErrno } from './reply-status.ts';

/** Functions below are utility messages; from the other on, the executive's. */
const FIRST_CLASS_FUNCTION = 0x20;
const FIRST_EXECUTIVE_FUNCTION = 0xa0;
const TRANSACTION_MASK = 0x3fffffff;
/** A reply to one of so many calls before is late; any other was never asked for. */
const LATE_MAX = 4096;

export class ControlCall {
  /** The reply's words, copied out of the ring; read with the generated accessors at frame 0. */
  readonly reply: Int32Array = new Int32Array(FRAME_WORDS);
  /** 0, or the errno the reply carried; a failure record's severity as one, when the card could not take the request at all. */
  errno = 0;
  /** Called with the transaction of a reply that came too late. */
  late: (transaction: number) => void = () => {};
  /** Called when the card was reset: no reply of before comes any more. */
  forgotten: () => void = () => {};
  private readonly counters: Float64Array;
  private transaction = 0;
  /** Calls made, at most LATE_MAX. */
  private recent = 0;
  private waiting = false;
  /** The last call gave up: its reply may still come, and the card may still write what the request named. */
  abandoned = false;

  constructor(ledger: Ledger) {
    this.counters = ledger.counters;
  }

  /** @returns the transaction context to send. */
  begin(): number {
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

  /** Gives up: a reply that still comes is dropped. @param errno what the call then answers. */
  abandon(errno: number): void {
    this.abandoned = this.waiting;
    this.waiting = false;
    this.errno = errno;
  }

  /**
   * A reply for this handler. One that comes after its call has given up finds nobody, and only ends the quarantine of the
   * memory its request named (`late`). @returns false when no call can have asked for it, or it is not what was asked for: then
   * the call ends with EPROTO.
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
    if (this.errno !== 0 || isWhole(this.reply)) return true;
    // Successful, and not what a reply to its request looks like: nothing in it is to be believed.
    this.errno = EPROTO;
    return false;
  }
}

/** Whether a reply has the layout of its message. */
function isWhole(reply: Int32Array): boolean {
  const functionCode = frameFunction(reply, 0);
  const sizeWords = frameSizeWords(reply, 0);
  if (functionCode < FIRST_CLASS_FUNCTION) return checkUtilityReply(reply, 0, sizeWords) === 0;
  if (functionCode < FIRST_EXECUTIVE_FUNCTION) return checkSocketReply(reply, 0, sizeWords) === 0;
  return checkExecutiveReply(reply, 0, sizeWords) === 0;
}
