/**
 * Where a side rests, and who ends its rest. The protocol, whatever lies beneath:
 *
 *   sleeper: prepare() → arm what may bring work → look once more → sleep()
 *   waker:   publish the work → see that the sleeper armed → wake()
 *
 * A `wake` that comes between `prepare` and `sleep` makes `sleep` return at once, so no wake-up is lost.
 */
export interface Sleeper {
  prepare(): void;
  /** @param timeoutNs rest at most this long, in nanoseconds; `NEVER` for ever. May return early. */
  sleep(timeoutNs: number): void;
  /**
   * Whether a call that can be made again is not to rest here: the time is over for which the world was to
   * run, or whoever rests would run others within one of its own turns. Absent: it may always rest.
   */
  readonly mayNotRest?: boolean;
}

export interface Waker {
  wake(): void;
}

/** What an interrupt within one thread wakes: whoever rests runs others until it has come. */
export abstract class InterruptedSleeper implements Sleeper {
  /** Interrupts so far. */
  wakes = 0;
  /** Whether one has come since `prepare`. */
  protected woken = false;

  /** The other side has interrupted. */
  interrupt(): void {
    this.woken = true;
    this.wakes += 1;
  }

  prepare(): void {
    this.woken = false;
  }

  abstract sleep(timeoutNs: number): void;
}

/** Word after the wake-up count, of two: 1 from `prepare` on, until somebody has seen it. */
const RESTS = 2;

/** Rests a thread on a word of shared memory. Waking it costs about 18 µs (futex). */
export class FutexSleeper implements Sleeper {
  private readonly words: Int32Array;
  private readonly index: number;
  private seen = 0;

  /** @param index word index of the wake-up count, written by the waker only. */
  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.index = index;
  }

  prepare(): void {
    // In this order: whoever takes the second word back adds to the first, and that must not be seen already.
    this.seen = Atomics.load(this.words, this.index);
    Atomics.store(this.words, this.index + RESTS, 1);
  }

  sleep(timeoutNs: number): void {
    Atomics.wait(this.words, this.index, this.seen, timeoutNs / 1e6);
  }

  /** Whether somebody has called `wake` since `prepare`. */
  protected get woken(): boolean {
    return Atomics.load(this.words, this.index) !== this.seen;
  }
}

/** The other end of a `FutexSleeper`: the only place that wakes a thread. */
export class FutexWaker implements Waker {
  private readonly words: Int32Array;
  private readonly index: number;

  constructor(words: Int32Array, index: number) {
    this.words = words;
    this.index = index;
  }

  wake(): void {
    Atomics.add(this.words, this.index, 1);
    Atomics.notify(this.words, this.index, 1);
  }

  /**
   * Wakes a thread only if it has prepared to rest: for those who bring it work without its having asked
   * for a notification, such as a frame on a wire from another thread. Costs an atomic exchange where the
   * thread is awake.
   */
  wakeIfResting(): void {
    if (Atomics.exchange(this.words, this.index + RESTS, 0) === 1) this.wake();
  }
}
