/**
 * One target's events: who registered for which (UtilEventRegister), what has happened and waits for a frame, and what is still
 * to be acknowledged (reference sections 5.1 and 5.2). Every target has one registration, since the host is the only initiator.
 *
 * An event's reply repeats the registration's contexts, LAST clear, with the indicator in word 4 where a status would be. A
 * new registration replaces the old one without a word; a mask of 0 is itself answered, once, with indicator 0 and LAST set,
 * which is ours, so that the host knows when no more events can come.
 */
import { FLAG_LAST, FLAG_REPLY, writeHeader } from '../../i2o/frame.ts';
import {
  GENERIC_EVENT_DEVICE_RESET,
  GENERIC_EVENT_EVENT_MASK_MODIFIED,
  UTIL_EVENT_REGISTER_REPLY_WORDS,
} from '../../i2o/utility.gen.ts';
import { EVENTS_LOST, EVENTS_SENT } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { EventSource } from '../module/module.ts';
import type { Outbound } from '../reply/outbound.ts';
import { PendingRequest } from '../reply/pending-request.ts';
import type { IopState } from '../state/iop-state.ts';

/** Events of one target that can wait for a frame; then the oldest is dropped and counted. */
export const EVENT_QUEUE_MAX = 32;

export class TargetEvents implements EventSource {
  /** Events that wait. */
  waiting = 0;
  /** A DeviceReset was sent and not acknowledged yet. */
  resetUnacknowledged = false;
  private readonly outbound: Outbound;
  private readonly iop: IopState;
  private readonly counters: Float64Array;
  private readonly registration = new PendingRequest();
  private mask = 0;
  private readonly queue = new Int32Array(EVENT_QUEUE_MAX * 2);
  private first = 0;

  constructor(outbound: Outbound, iop: IopState, ledger: Ledger) {
    this.outbound = outbound;
    this.iop = iop;
    this.counters = ledger.counters;
  }

  raise(event: number, data: number): void {
    if ((this.mask & event) === 0) return;
    if (this.waiting === EVENT_QUEUE_MAX) {
      this.first = (this.first + 1) % EVENT_QUEUE_MAX;
      this.waiting -= 1;
      this.counters[EVENTS_LOST] += 1;
    }
    const at = ((this.first + this.waiting) % EVENT_QUEUE_MAX) * 2;
    this.queue[at] = event | 0;
    this.queue[at + 1] = data;
    this.waiting += 1;
    this.iop.busy = true;
  }

  /** UtilEventRegister. What waits goes to whoever is registered now, as far as it is asked for. */
  register(requestFrame: number, mask: number): void {
    this.registration.hold(this.outbound.words, requestFrame);
    this.mask = mask;
    if (mask === 0) {
      this.waiting = 0;
      this.end();
    } else {
      this.raise(GENERIC_EVENT_EVENT_MASK_MODIFIED, mask);
    }
  }

  /** UtilEventAck. */
  acknowledge(indicator: number): void {
    if ((indicator & GENERIC_EVENT_DEVICE_RESET) !== 0) this.resetUnacknowledged = false;
  }

  /** Sends what waits, as frames allow. @returns events sent. */
  send(): number {
    let sent = 0;
    while (this.waiting > 0 && this.outbound.hasFrame()) {
      const at = this.first * 2;
      const event = this.queue[at];
      this.first = (this.first + 1) % EVENT_QUEUE_MAX;
      this.waiting -= 1;
      if ((event & this.mask) === 0) continue;
      this.write(FLAG_REPLY, event, this.queue[at + 1]);
      this.counters[EVENTS_SENT] += 1;
      if ((event & GENERIC_EVENT_DEVICE_RESET) !== 0) this.resetUnacknowledged = true;
      sent += 1;
    }
    return sent;
  }

  /** Forgets everything without a word: the queues it would go by are being rebuilt. */
  reset(): void {
    this.registration.open = false;
    this.mask = 0;
    this.waiting = 0;
    this.resetUnacknowledged = false;
  }

  private end(): void {
    this.write(FLAG_REPLY | FLAG_LAST, 0, 0);
    this.registration.open = false;
    this.mask = 0;
  }

  private write(flags: number, indicator: number, data: number): void {
    const { registration, outbound } = this;
    const { words } = outbound;
    const frame = outbound.acquire();
    writeHeader(
      words,
      frame,
      0,
      flags,
      UTIL_EVENT_REGISTER_REPLY_WORDS,
      registration.target,
      registration.initiator,
      registration.functionCode,
      registration.initiatorContext,
      registration.transactionContext,
    );
    words[frame + 4] = indicator;
    words[frame + 5] = data;
    outbound.post();
  }
}
