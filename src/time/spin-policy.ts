/**
 * How long polling without work pays. Normally as long as configured. But a thread that polls on a machine
 * with more busy threads than processors only keeps the one it waits for from running: a round trip of
 * microseconds then takes a scheduler's slice of milliseconds. The sign of it is a gap in the clock between
 * two looks that are a microsecond apart. Two such gaps in short order, and polling stops for a while.
 */

/**
 * A gap this long means that the thread did not run; each item worked on in between may have taken a part
 * of it.
 */
const GAP_NS = 1e6;
const ITEM_NS = 50e3;
/** Gaps closer together than this are two of a kind; one alone may have been a garbage collection. */
const PAIR_NS = 100e6;
/** How long polling stops at first; twice as long each time that it proves as bad again soon after. */
const REST_NS = 50e6;
const REST_NS_MAX = 1e9;
const SOON_NS = 250e6;
/** Whoever asks for so much polling wants it whatever the machine does: a measurement of it does. */
const ALWAYS_NS = 1e9;

export class SpinPolicy {
  private readonly configuredNs: number;
  private lastLookNs = -1;
  private lastGapNs = Number.NEGATIVE_INFINITY;
  private restUntilNs = Number.NEGATIVE_INFINITY;
  private restNs = REST_NS;

  /** @param spinNs how long to poll without work, in nanoseconds. */
  constructor(spinNs: number) {
    this.configuredNs = spinNs;
  }

  /** A spell of polling begins: what came before it was no gap. */
  begin(): void {
    this.lastLookNs = -1;
  }

  /**
   * One look at the clock while polling. @param items worked on since the last look.
   * @returns whether to poll on after `idleNs` without work.
   */
  worthwhile(nowNs: number, idleNs: number, items = 0): boolean {
    if (this.lastLookNs >= 0 && nowNs - this.lastLookNs > GAP_NS + items * ITEM_NS) {
      if (nowNs - this.lastGapNs < PAIR_NS) this.rest(nowNs);
      this.lastGapNs = nowNs;
    }
    this.lastLookNs = nowNs;
    const rests = nowNs < this.restUntilNs && this.configuredNs < ALWAYS_NS;
    return !rests && idleNs < this.configuredNs;
  }

  private rest(nowNs: number): void {
    if (nowNs < this.restUntilNs) return;
    const again = nowNs - this.restUntilNs < SOON_NS;
    this.restNs = again ? Math.min(this.restNs * 2, REST_NS_MAX) : REST_NS;
    this.restUntilNs = nowNs + this.restNs;
  }
}
