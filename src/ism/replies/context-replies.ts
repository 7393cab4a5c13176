/**
 * Tells the host which transmit buffers are its own again, and how batched transactions ended: SocketSend
 * replies. Contexts wait a little for company, as the batch control says, unless the host wants them at once.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { SOCKET_SEND_REPLY_LIST_WORD, writeSocketSendReply } from '../../i2o/socket.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import { type BatchControl, CONTEXTS_PER_FRAME } from './batch-control.ts';
import { hasSpareFrame, postReply } from './reply-frames.ts';
import type { SendOutcomes } from './send-outcomes.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class ContextReplies {
  /** The latest send had the reply mode Immediate: its contexts do not wait for company. */
  atOnce = false;
  /** InitiatorContext of the latest send: whom the answered contexts are for. */
  initiatorContext = 0;
  private readonly tid: number;
  private readonly outbound: Outbound;
  private readonly clock: Clock;
  private readonly sendBuffers: SendBuffers;
  private readonly outcomes: SendOutcomes;
  private readonly batch: BatchControl;
  /** When the oldest answered context or outcome is to be told; NEVER: none waits. */
  private dueNs = NEVER;

  /** @param tid of the module's device. */
  constructor(
    tid: number,
    outbound: Outbound,
    clock: Clock,
    sendBuffers: SendBuffers,
    outcomes: SendOutcomes,
    batch: BatchControl,
  ) {
    this.tid = tid;
    this.outbound = outbound;
    this.clock = clock;
    this.sendBuffers = sendBuffers;
    this.outcomes = outcomes;
    this.batch = batch;
  }

  /**
   * Contexts have come with another message than a send: where none has been sent yet, they are answered to
   * who has posted it.
   */
  cameWith(initiatorContext: number): void {
    if (this.initiatorContext === 0) this.initiatorContext = initiatorContext;
  }

  /** Whether something waits for company. */
  get waiting(): boolean {
    return this.dueNs !== NEVER;
  }

  /**
   * When the module next wants a turn for this. Without a free frame a turn would do nothing: the host's
   * release wakes it.
   */
  nextDeadlineNs(): number {
    if (COSTLY) this.checkDeadline();
    return this.outbound.short ? NEVER : this.dueNs;
  }

  private checkDeadline(): void {
    const { outbound, outcomes, sendBuffers, dueNs } = this;
    const none = sendBuffers.pending === 0 && outcomes.count === 0;
    assert(
      none || dueNs !== NEVER || outbound.short,
      'context replies: what waits to be told has a deadline',
    );
  }

  /**
   * Tells what must wait no longer. The caller has closed the open frame of records. // Hot path.
   * @returns contexts and outcomes told.
   */
  deliver(): number {
    const { batch, sendBuffers, outcomes } = this;
    if (COSTLY) sendBuffers.check();
    const pending = sendBuffers.pending;
    if (pending === 0 && outcomes.count === 0) {
      // What waited went with a frame that filled. A deadline left behind would wake the card for nothing.
      this.dueNs = NEVER;
      return 0;
    }
    const atOnce = (this.atOnce && batch.heedsImmediate) || !batch.enabled;
    if (pending < batch.contextsMax && !atOnce && this.clock.nowNs < this.dueNs) {
      if (this.dueNs === NEVER) this.dueNs = this.clock.nowNs + batch.contextHoldNs;
      return 0;
    }
    let told = outcomes.count === 0 ? 0 : outcomes.flush();
    while (sendBuffers.pending > 0) {
      const count = this.tellSome();
      if (count === 0) return told;
      told += count;
    }
    if (outcomes.count === 0) this.dueNs = NEVER;
    return told;
  }

  /**
   * The device is quiesced: tells what it can, and leaves the executive the frames for its own answers.
   * Contexts that find no frame are told when the device is enabled again.
   */
  withdraw(): void {
    const { outbound, sendBuffers, outcomes } = this;
    while (outcomes.count > 0 && hasSpareFrame(outbound) && outcomes.flush() > 0);
    while (sendBuffers.pending > 0 && hasSpareFrame(outbound)) this.tellSome();
  }

  /** The IOP is reset: the host has taken back all it had lent, and is told of nothing. */
  forget(): void {
    this.outcomes.forget();
    while (this.sendBuffers.pending > 0) this.sendBuffers.next();
    this.dueNs = NEVER;
  }

  /**
   * Tells as many contexts of one status as a frame holds; there is one.
   * @returns how many; 0: no frame was free.
   */
  private tellSome(): number {
    const { sendBuffers, outbound } = this;
    const { words } = outbound;
    const status = sendBuffers.nextStatus;
    const frame = outbound.acquire();
    if (frame === NO_FRAME) return 0;
    const most = Math.min(CONTEXTS_PER_FRAME, outbound.elementsIn(SOCKET_SEND_REPLY_LIST_WORD, 1));
    let count = 0;
    do {
      words[frame + SOCKET_SEND_REPLY_LIST_WORD + count] = sendBuffers.next();
      count += 1;
    } while (count < most && sendBuffers.pending > 0 && sendBuffers.nextStatus === status);
    writeSocketSendReply(
      words,
      frame,
      this.tid,
      HOST_TID,
      this.initiatorContext,
      status,
      0,
      count,
      0,
      SOCKET_SEND_REPLY_LIST_WORD + count,
    );
    postReply(outbound, frame);
    return count;
  }
}
