/**
 * The one control request that a call waits for at a time (bind, listen, options, bring-up). Its TransactionContext is a
 * running number, so that a reply that comes after the call has given up finds nobody.
 */
import {
  FLAG_FAIL,
  FRAME_WORDS,
  frameDetailedStatus,
  frameFlags,
  frameRequestStatus,
} from '../../i2o/frame.ts';
import { EPROTO } from '../../socket/errno.ts';

export class ControlCall {
  /** The reply's words, copied out of the ring; read with the generated accessors at frame 0. */
  readonly reply: Int32Array = new Int32Array(FRAME_WORDS);
  /** 0, or the errno the reply carried; EPROTO when the card could not take the request at all. */
  errno = 0;
  private transaction = 0;
  private waiting = false;

  /** @returns the transaction context to send. */
  begin(): number {
    this.transaction = (this.transaction + 1) & 0x3fffffff;
    this.waiting = true;
    return this.transaction;
  }

  /** Whether the reply has not come yet. */
  get pending(): boolean {
    return this.waiting;
  }

  /** Gives up: a reply that still comes is dropped. @param errno what the call then answers. */
  abandon(errno: number): void {
    this.waiting = false;
    this.errno = errno;
  }

  /** A reply for this handler. @returns false when nobody waits for it. */
  answered(words: Int32Array, frame: number, transaction: number): boolean {
    if (!this.waiting || transaction !== this.transaction) return false;
    for (let i = 0; i < FRAME_WORDS; i++) this.reply[i] = words[frame + i]!;
    const failed = (frameFlags(this.reply, 0) & FLAG_FAIL) !== 0;
    if (failed) this.errno = EPROTO;
    else
      this.errno = frameRequestStatus(this.reply, 0) === 0 ? 0 : frameDetailedStatus(this.reply, 0) || EPROTO;
    this.waiting = false;
    return true;
  }
}
