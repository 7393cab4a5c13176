/**
 * Short sends of several sockets in one message: a SocketSend with MULTIPLE, whose list is made of
 * transactions of one buffer each. The sender adds buffers that it has filled and lent; all of them go at the
 * driver's next look, or when the frame is full. Only with the option `batchSends`, and only on a card whose
 * class version is 2, which can read such a list: a single send waits here for the end of the driver's turn.
 */
import { assert } from '../../assert/assert.ts';
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
import { HIGH_SHIFT } from '../../i2o/socket-number.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { HostSocket } from '../memory/host-socket.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { fillsFrame } from './frame-budget.ts';
import { HANDLER_SEND } from './handlers.ts';
import type { Requests } from './requests.ts';

/** Transactions of one buffer each that fit a frame. */
export const SENDS_PER_FRAME = 5;

/** Asserts what the limit must be. */
export function checkBatchSize(sends: number): void {
  assert(
    fillsFrame(SOCKET_SEND_SGL_WORD, SGL_TRANSACTION_WORDS + SGL_CONTEXT_WORDS, sends),
    'send batch: as many sends share a frame as fit it',
  );
}

checkBatchSize(SENDS_PER_FRAME);

export class SendBatch {
  /** Sends that wait. */
  count = 0;
  private readonly requests: Requests;
  private readonly transmit: TransmitPool;
  private readonly socketIds = new Int32Array(SENDS_PER_FRAME);
  private readonly contexts = new Int32Array(SENDS_PER_FRAME);
  private replyMode = 0;

  constructor(requests: Requests, transmit: TransmitPool) {
    this.requests = requests;
    this.transmit = transmit;
  }

  /**
   * Whether one more send, of this socket, can be added; those that fill a frame are sent first. So are those
   * of sockets whose numbers have other bits 16-23: a message has these once, for all of its. // Hot path.
   */
  hasRoom(socketId: number): boolean {
    const fits = this.count === 0 || this.socketIds[0] >>> HIGH_SHIFT === socketId >>> HIGH_SHIFT;
    return (this.count < SENDS_PER_FRAME && fits) || this.flush();
  }

  /**
   * Room for `length` bytes more in the buffer of the send that was added last, if that is this socket's.
   * @returns where they go; -1: there is none.
   */
  extend(socketId: number, socket: HostSocket, length: number): number {
    const last = this.count - 1;
    if (last < 0 || this.socketIds[last] !== socketId) return -1;
    const { transmit } = this;
    const context = this.contexts[last];
    if (transmit.lengthOfContext(context) + length > transmit.bufferBytes) return -1;
    return transmit.extend(context, socket, length);
  }

  /**
   * Adds a send. `hasRoom` has said that there is room. // Hot path.
   * @param context of a buffer that has been filled and lent.
   * @param replyMode the highest of those added is the message's.
   */
  add(socketId: number, context: number, replyMode: number): void {
    assert(this.count < SENDS_PER_FRAME, 'send batch: there is room for what is added');
    assert(this.transmit.lent(context), 'send batch: a buffer that waits has been lent');
    assert(
      ((this.transmit.tagOfContext(context) ^ socketId) & 0xffff) === 0,
      'send batch: a buffer is added for the socket that it was lent for',
    );
    assert(
      this.count === 0 || this.socketIds[0] >>> HIGH_SHIFT === socketId >>> HIGH_SHIFT,
      'send batch: all sockets of a message have the same bits above the lower 16',
    );
    this.socketIds[this.count] = socketId;
    this.contexts[this.count] = context;
    if (this.count === 0 || replyMode > this.replyMode) this.replyMode = replyMode;
    this.count += 1;
    // `short` has the driver go on with what was put off at its next look, and in any case before it rests.
    if (this.count === SENDS_PER_FRAME) this.flush();
    else this.requests.short = true;
  }

  /** Sends what waits. @returns false when it found no frame and waits on. */
  flush(): boolean {
    if (this.count === 0) return true;
    const frame = this.requests.acquire();
    if (frame === NO_FRAME) return false;
    this.post(frame);
    return true;
  }

  /** Sends what waits, which is something, in the frame that was acquired. */
  post(frame: number): void {
    const { words, deviceTid } = this.requests;
    const { transmit, replyMode } = this;
    assert(this.count > 0, 'send batch: what is posted has a send');
    assert(frame === this.requests.acquired, 'send batch: it is written in the frame that was acquired');
    let at = frame + SOCKET_SEND_SGL_WORD;
    for (let i = 0; i < this.count; i++) {
      const context = this.contexts[i];
      const flags = i === this.count - 1 ? SGL_TRANSMIT | SGL_LAST : SGL_TRANSMIT;
      const length = transmit.lengthOfContext(context);
      at = writeSglTransaction(words, at, this.socketIds[i] & 0xffff, transmit.tagOfContext(context));
      at = writeSglContext(words, at, flags, length, context, transmit.addressOf(context));
    }
    const high = this.socketIds[0] & ~0xffff;
    writeSocketSend(words, frame, deviceTid, HOST_TID, HANDLER_SEND, 0, high, replyMode, 0, 0, 0, at - frame);
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

  /** After an assertion failed: forgets what waits, without a look at it. */
  forget(): void {
    this.count = 0;
  }
}
