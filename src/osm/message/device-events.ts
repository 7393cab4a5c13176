/**
 * Events of the device, kept until the program reads them, one a call. They come as replies to the one
 * UtilEventRegister, which stays open and is answered again and again. When nobody reads, the oldest event
 * gives way, as in Linux's queue of the executive's events; here it is counted, and the reader is told once
 * how many are lost, so that it can look for itself how things stand.
 */
import { assert } from '../../assert/assert.ts';
import {
  getUtilEventRegisterReplyEventData,
  UTIL_EVENT_REGISTER,
  UTIL_EVENT_REGISTER_REPLY_WORDS,
} from '../../i2o/utility.gen.ts';
import { EVENTS_DROPPED, EVENTS_TAKEN } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';

/** Events kept, as many as Linux kept of the executive's. */
export const EVENTS_MAX = 32;

/** An object of the caller's that `next` fills in. */
export interface DeviceEvent {
  /** Its one bit: SOCKET_EVENT_ or GENERIC_EVENT_; 0: events were lost, and `data` says how many. */
  indicator: number;
  /** Its data word, as the class defines it. */
  data: number;
}

export class DeviceEvents {
  /** Bits asked for; 0 while nobody has. */
  mask = 0;
  private readonly counters: Float64Array;
  private readonly indicators = new Int32Array(EVENTS_MAX);
  private readonly data = new Int32Array(EVENTS_MAX);
  private head = 0;
  private count = 0;
  /** Events dropped since the reader was last told how many. */
  private lost = 0;

  constructor(ledger: Ledger) {
    this.counters = ledger.counters;
  }

  /** A reply to the registration. @returns false when it is not one of an event that was asked for. */
  take(words: Int32Array, frame: number): boolean {
    const word0 = words[frame];
    const indicator = words[frame + 4];
    // In replies to any other function word 4 is not an indicator.
    if (words[frame + 1] >>> 24 !== UTIL_EVENT_REGISTER) return false;
    if (word0 >>> 16 < UTIL_EVENT_REGISTER_REPLY_WORDS) return false;
    if (indicator === 0) {
      this.mask = 0; // the registration has ended
      return true;
    }
    if ((indicator & this.mask) === 0) return false;
    this.put(indicator, getUtilEventRegisterReplyEventData(words, frame));
    return true;
  }

  /** Takes the oldest event. @returns false when there is none; `event` is as it was then. */
  next(event: DeviceEvent): boolean {
    if (this.lost > 0) {
      event.indicator = 0;
      event.data = this.lost;
      this.lost = 0;
      return true;
    }
    if (this.count === 0) return false;
    assert(this.indicators[this.head] !== 0, 'device events: the oldest is one that was kept');
    event.indicator = this.indicators[this.head] >>> 0;
    event.data = this.data[this.head];
    this.head = (this.head + 1) % EVENTS_MAX;
    this.count -= 1;
    return true;
  }

  private put(indicator: number, data: number): void {
    this.counters[EVENTS_TAKEN] += 1;
    if (this.count === EVENTS_MAX) {
      this.counters[EVENTS_DROPPED] += 1;
      this.lost += 1;
      this.head = (this.head + 1) % EVENTS_MAX;
      this.count -= 1;
    }
    assert(this.count < EVENTS_MAX, 'device events: no more are kept than there is room for');
    assert(indicator !== 0, 'device events: an event that is kept has an indicator');
    const at = (this.head + this.count) % EVENTS_MAX;
    this.indicators[at] = indicator;
    this.data[at] = data;
    this.count += 1;
  }
}
