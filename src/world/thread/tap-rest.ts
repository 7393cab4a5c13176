/**
 * Where a card over a TAP rests: until a doorbell, a frame, or a deadline. A futex cannot wait for a file, so
 * the thread waits in `ppoll` for two: the TAP's, which is readable while a frame waits there, and an event
 * file, to which whoever rings the doorbell writes. Both keep what came before the wait, so that no wake-up
 * is lost: the TAP is readable until it is read, and the event file until it is.
 *
 * What it costs: a doorbell to a resting card is a system call more (a write to the event file; a ring to a
 * card that polls is none, as ever), and a rest is one system call and, when a doorbell ended it, one more.
 * An idle card takes no processor time but for a look every half second.
 *
 * Without libc nothing waits for a file: the card then looks at the TAP at least once in a millisecond.
 */

import { TAP_DOORBELLS } from '../../ledger/counters.gen.ts';
import type { Libc } from '../../linux/libc.ts';
import { FutexSleeper, FutexWaker } from '../../time/sleeper.ts';

/** `struct pollfd`, in words: the file, then asked and answered events in a half each. */
const POLL_WORDS = 2;
const POLLIN = 0x1;
const ANSWERED_SHIFT = 16;
const POLLERR = 0x8;
const POLLNVAL = 0x20;
/** A file below zero is not looked at. */
const NO_FILE = -1;
const NANOSECONDS = 1e9;
/** How long a card rests at most that nobody can wake for a frame. */
const BLIND_REST_NS = 1e6;

export class TapSleeper extends FutexSleeper {
  private readonly libc: Libc;
  private readonly counters: Float64Array;
  private readonly files = new Int32Array(2 * POLL_WORDS);
  /** `struct timespec`: seconds and nanoseconds, of 64 bits each. */
  private readonly timeout = new Int32Array(4);
  private readonly count = new Uint8Array(8);

  /** @param index as of a `FutexSleeper`. @param counters the card's. */
  constructor(
    libc: Libc,
    words: Int32Array,
    index: number,
    tapFd: number,
    eventFd: number,
    counters: Float64Array,
  ) {
    super(words, index);
    this.libc = libc;
    this.counters = counters;
    this.files[0] = tapFd;
    this.files[1] = POLLIN;
    this.files[POLL_WORDS] = eventFd;
    this.files[POLL_WORDS + 1] = POLLIN;
  }

  override sleep(timeoutNs: number): void {
    if (this.woken || timeoutNs <= 0) return;
    const { libc, files, timeout } = this;
    const seconds = Math.min(0x7fff_ffff, Math.floor(timeoutNs / NANOSECONDS));
    timeout[0] = seconds;
    timeout[2] = timeoutNs >= seconds * NANOSECONDS + NANOSECONDS ? 0 : timeoutNs % NANOSECONDS;
    if (libc.ppoll(files, 2, timeout, null) <= 0) return;
    // The interface is gone, and would be reported for ever.
    if (((files[1] >>> ANSWERED_SHIFT) & (POLLERR | POLLNVAL)) !== 0) files[0] = NO_FILE;
    if (files[POLL_WORDS + 1] >>> ANSWERED_SHIFT === 0) return;
    libc.read(files[POLL_WORDS], this.count, this.count.length);
    this.counters[TAP_DOORBELLS] += 1;
  }
}

/** The other end of a `TapSleeper`. */
export class TapWaker extends FutexWaker {
  private readonly libc: Libc;
  private readonly eventFd: number;
  /** The number 1, of 64 bits. */
  private readonly one = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

  constructor(libc: Libc, words: Int32Array, index: number, eventFd: number) {
    super(words, index);
    this.libc = libc;
    this.eventFd = eventFd;
  }

  override wake(): void {
    super.wake();
    this.libc.write(this.eventFd, this.one, this.one.length);
  }
}

/** Rests no longer than a frame may wait, where nothing tells of one. */
export class BlindSleeper extends FutexSleeper {
  override sleep(timeoutNs: number): void {
    super.sleep(Math.min(timeoutNs, BLIND_REST_NS));
  }
}
