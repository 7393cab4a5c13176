/**
 * Short sends of several sockets in one message: a SocketSend with MULTIPLE, whose list is made of transactions. From the
 * sender: a filled buffer and whose it is. To the card: all of them, at the driver's next look or when the frame is full. Only
 * a card of class version 2 reads such a list, and only with the option `batchSends` is one written: a single send waits here
 * for the end of the turn.
 */
import { FLAG_MULTIPLE } from '../../i2o/frame.ts';
import {
  SGL_CONTEXT_WORDS,
  SGL_LAST,
  SGL_TRANSACTION_WORDS,
  SGL_TRANSMIT,
  writeSglContext,
  writeSglTransaction,
} from '../../i2o/list/sgl.ts';
import { SOCKET_SEND_SGL_WORD, writeSocketSend } from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { HANDLER_SEND } from './handlers.ts';
import type { Requests } from './requests.ts';

/** Transactions of one buffer each that fit a frame: (32 words − 6) / 5. */
export const SENDS_PER_FRAME = 5;

export class SendBatch {
  /** Sends that wait. */
  count = 0;
  private readonly requests: Requests;
  private readonly transmit: TransmitPool;
  private readonly numbers = new Int32Array(SENDS_PER_FRAME);
  private readonly contexts = new Int32Array(SENDS_PER_FRAME);
  private replyMode = 0;

  constructor(requests: Requests, transmit: TransmitPool) {
    this.requests = requests;
    this.transmit = transmit;
  }

  /** Whether one more can be added, after sending those that fill a frame. // Hot path. */
  hasRoom(): boolean {
    return this.count < SENDS_PER_FRAME || this.flush();
  }

  /** Adds a send: a buffer that has been lent. There is room. @param replyMode of the whole message, if highest so far. */
  add(number: number, context: number, replyMode: number): void {
    this.numbers[this.count] = number;
    this.contexts[this.count] = context;
    if (this.count === 0 || replyMode > this.replyMode) this.replyMode = replyMode;
    this.count += 1;
    // The driver's chores go on with what was put off: at the next look, at the latest before it rests.
    if (this.count === SENDS_PER_FRAME) this.flush();
    else this.requests.short = true;
  }

  /** Sends what waits. @returns whether nothing waits any more. */
  flush(): boolean {
    if (this.count === 0) return true;
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return false;
    this.post(frame);
    return true;
  }

  /** Sends what waits in a frame that was acquired. Something does. */
  post(frame: number): void {
    const { words } = this.requests;
    const { transmit } = this;
    let at = frame + SOCKET_SEND_SGL_WORD;
    for (let i = 0; i < this.count; i++) {
      const context = this.contexts[i];
      at = writeSglTransaction(words, at, this.numbers[i], transmit.tagOfContext(context));
      at = writeSglContext(
        words,
        at,
        i === this.count - 1 ? SGL_TRANSMIT | SGL_LAST : SGL_TRANSMIT,
        transmit.lengthOfContext(context),
        context,
        transmit.addressOf(context),
      );
    }
    writeSocketSend(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      HANDLER_SEND,
      0,
      0,
      this.replyMode,
      0,
      0,
      SOCKET_SEND_SGL_WORD + this.count * (SGL_TRANSACTION_WORDS + SGL_CONTEXT_WORDS),
    );
    words[frame] = words[frame] | (FLAG_MULTIPLE << 8);
    this.count = 0;
    this.requests.post();
  }

  /** The card is gone, or was reset: nothing waits any more. @returns bytes that waited. */
  clear(): number {
    let bytes = 0;
    while (this.count > 0) bytes += this.transmit.lengthOfContext(this.contexts[--this.count]);
    return bytes;
  }
}
