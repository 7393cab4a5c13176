/**
 * Tells the host which transmit buffers are its own again, and how batched transactions ended: SocketSend replies. Contexts
 * wait a little for company, as the batch control says, unless the host wants them at once.
 */
import { SOCKET_SEND_REPLY_LIST_WORD, writeSocketSendReply } from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { type Outbound, REPLY_RESERVE } from '../../iop/reply/outbound.ts';
import { NEVER } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';
import { type BatchControl, CONTEXTS_PER_FRAME } from './batch-control.ts';
import type { SendOutcomes } from './send-outcomes.ts';

export class ContextReplies {
  /** The latest send's reply mode was Immediate: its contexts do not wait for company. */
  atOnce = false;
  /** InitiatorContext of the latest send: whom answered contexts are for. */
  initiatorContext = 0;
  private readonly outbound: Outbound;
  private readonly clock: Clock;
  private readonly sendBuffers: SendBuffers;
  private readonly outcomes: SendOutcomes;
  private readonly batch: BatchControl;
  /** When the oldest answered context or outcome is to be told; NEVER: none waits. */
  private dueNs = NEVER;

  constructor(
    outbound: Outbound,
    clock: Clock,
    sendBuffers: SendBuffers,
    outcomes: SendOutcomes,
    batch: BatchControl,
  ) {
    this.outbound = outbound;
    this.clock = clock;
    this.sendBuffers = sendBuffers;
    this.outcomes = outcomes;
    this.batch = batch;
  }

  /** Whether something waits for company. */
  get waiting(): boolean {
    return this.dueNs !== NEVER;
  }

  nextDeadlineNs(): number {
    return this.outbound.short ? NEVER : this.dueNs;
  }

  /** Tells what must wait no longer. The caller has closed the open record frame. @returns what it told. // Hot path. */
  deliver(): number {
    const { batch, sendBuffers, outcomes } = this;
    const pending = sendBuffers.pending;
    if (pending === 0 && outcomes.count === 0) {
      this.dueNs = NEVER; // what waited went with a frame that filled: a deadline of nobody's would keep the card awake
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
   * The device is quiesced: tells what it can, leaving the frames that the executive needs for its own answers. Contexts
   * that find none are told when the device is enabled again.
   */
  withdraw(): void {
    const { outbound, sendBuffers, outcomes } = this;
    while (
      outcomes.count > 0 &&
      outbound.producer.available(REPLY_RESERVE + 1) > REPLY_RESERVE &&
      outcomes.flush() > 0
    );
    while (sendBuffers.pending > 0 && outbound.producer.available(REPLY_RESERVE + 1) > REPLY_RESERVE)
      this.tellSome();
  }

  /** The IOP is reset: nobody is to be told of anything. */
  forget(): void {
    this.outcomes.count = 0;
    while (this.sendBuffers.pending > 0) this.sendBuffers.next();
    this.dueNs = NEVER;
  }

  /** As many contexts as one frame holds, of one status. @returns how many; 0 when there was no frame. */
  private tellSome(): number {
    const { sendBuffers, outbound } = this;
    const { words } = outbound;
    const frame = outbound.acquire();
    if (frame === NO_FRAME) return 0;
    const status = sendBuffers.nextStatus;
    let count = 0;
    do {
      words[frame + SOCKET_SEND_REPLY_LIST_WORD + count] = sendBuffers.next();
      count += 1;
    } while (count < CONTEXTS_PER_FRAME && sendBuffers.pending > 0 && sendBuffers.nextStatus === status);
    writeSocketSendReply(
      words,
      frame,
      DEVICE_TID,
      HOST_TID,
      this.initiatorContext,
      status,
      0,
      count,
      0,
      SOCKET_SEND_REPLY_LIST_WORD + count,
    );
    outbound.post();
    return count;
  }
}
