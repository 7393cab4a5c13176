/**
 * One target's events: which ones the host registered for (I2O 1.5's UtilEventRegister), what has happened
 * and waits for a frame, and what is still to be acknowledged. Every target has one registration, since only
 * the host may register.
 *
 * The reply that tells of an event repeats the registration's contexts with LAST clear, and has the event's
 * indicator in word 4 where other replies have a status. A new registration replaces the old one, which is
 * not answered. Ours: a mask of 0 is itself answered, once, with indicator 0 and LAST set, so that the host
 * knows when no more events can come.
 */
import { assert } from '../../assert/assert.ts';
import { FLAG_LAST, FLAG_REPLY, writeHeader } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
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

/**
 * Events of one target that can wait for a frame. When one more happens, the oldest is dropped and counted.
 */
export const EVENT_QUEUE_MAX = 32;

export class TargetEvents implements EventSource {
  /** Events that wait for a frame. */
  waiting = 0;
  /** A DeviceReset was sent, and the host has not acknowledged it yet. */
  resetUnacknowledged = false;
  private readonly outbound: Outbound;
  private readonly iop: IopState;
  private readonly counters: Float64Array;
  private readonly registration = new PendingRequest();
  /** Events that the host asked for. */
  private mask = 0;
  /** Events that the target may raise, as its table entry says. */
  private capabilities = -1;
  private readonly queue = new Int32Array(EVENT_QUEUE_MAX * 2);
  private first = 0;

  constructor(outbound: Outbound, iop: IopState, ledger: Ledger) {
    this.outbound = outbound;
    this.iop = iop;
    this.counters = ledger.counters;
  }

  /** The target says once what it may raise. */
  limitTo(capabilities: number): void {
    assert(capabilities !== 0, 'events: a target may raise some');
    this.capabilities = capabilities;
  }

  raise(event: number, data: number): void {
    assert(event !== 0 && (event & (event - 1)) === 0, 'events: what is raised is one event');
    assert((event & this.capabilities) !== 0, 'events: a target raises only what its table entry says');
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
    assert(this.waiting > 0 && this.waiting <= EVENT_QUEUE_MAX, 'events: no more wait than have room');
    this.iop.busy = true;
  }

  /**
   * UtilEventRegister. What waits goes to the new registration, as far as it asks for it. A frame is free.
   */
  register(requestFrame: number, mask: number): void {
    this.registration.open = false;
    this.registration.hold(this.outbound.words, requestFrame);
    this.mask = mask;
    if (mask === 0) {
      this.waiting = 0;
      this.end();
    } else {
      this.raise(GENERIC_EVENT_EVENT_MASK_MODIFIED, mask);
    }
  }

  /** UtilEventAck. @param indicator the events acknowledged; all but DeviceReset need nothing. */
  acknowledge(indicator: number): void {
    if ((indicator & GENERIC_EVENT_DEVICE_RESET) !== 0) this.resetUnacknowledged = false;
  }

  /** Sends what waits, as far as there are frames. @returns events sent. */
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

  /**
   * Forgets everything and tells nobody: the IOP is being reset, and with it the queue by which it would be
   * told.
   */
  reset(): void {
    this.registration.open = false;
    this.mask = 0;
    this.waiting = 0;
    this.resetUnacknowledged = false;
  }

  /** Answers the registration for the last time. */
  private end(): void {
    this.write(FLAG_REPLY | FLAG_LAST, 0, 0);
    this.registration.open = false;
    this.mask = 0;
  }

  private write(flags: number, indicator: number, data: number): void {
    const { registration, outbound } = this;
    const { words } = outbound;
    assert(registration.open, 'events: whoever is told of an event has registered');
    const frame = outbound.acquire();
    assert(frame !== NO_FRAME, 'events: whoever is told of an event finds a free frame');
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
