/**
 * How long polling without work pays. It pays while the other side runs at the same time, on a core of its
 * own: what it does is then seen sooner than a sleeper could be woken. Where the two share a core, or another
 * program has taken one of their cores, whoever polls only keeps the other from running.
 *
 * So the time for which a thread polls is learnt, from nothing but its own spells of polling. A spell in which
 * work came doubles it, up to what is configured; one in vain halves it; and a gap in the clock between two
 * looks, in which the thread has not run, ends it at once. When it has come to nothing, a spell is tried again
 * from time to time: soon at first, and later each time that it is in vain. Halving costs no more than twice
 * what is configured in all, and trying, a thousandth of the time.
 */

/** Less than this is not worth its looks at the clock. */
const LEAST_NS = 5e3;
/** The longest spell that is tried, and how long after one in vain: twice as long each time. */
const TRIED_NS = 100e3;
const PAUSE_NS = 1e6;
const PAUSE_NS_MAX = 100e6;
/**
 * A gap this long means that the thread did not run; each item worked on in between may have taken a part
 * of it.
 */
const GAP_NS = 1e6;
const ITEM_NS = 50e3;
/**
 * Gaps closer together than this are of one kind: the pause after them doubles. One alone may have been a
 * garbage collection.
 */
const SERIES_NS = 250e6;
const GAP_PAUSE_NS_MAX = 1e9;
/** Whoever asks for so much polling wants it whatever the machine does: a measurement of it does. */
const ALWAYS_NS = 1e9;

export class SpinPolicy {
  private readonly configuredNs: number;
  /** How long polling has proved to pay; 0: it does not. */
  private windowNs: number;
  /** How long the spell under way may last. */
  private spellNs: number;
  private lastLookNs = Number.POSITIVE_INFINITY;
  private lastGapNs = Number.NEGATIVE_INFINITY;
  /** When a spell is next tried, and for how long the next in vain puts it off. */
  private triedNs = Number.NEGATIVE_INFINITY;
  private pauseNs = PAUSE_NS;
  private gapPauseNs = PAUSE_NS;

  /** @param spinNs the longest time to poll without work, in nanoseconds. */
  constructor(spinNs: number) {
    this.configuredNs = spinNs;
    this.windowNs = this.spellNs = spinNs;
  }

  /** The thread has rested, or done something else: that was no gap. @param nowNs clock nanoseconds. */
  rested(nowNs: number): void {
    this.lastLookNs = nowNs;
  }

  /** A spell of polling begins at the look that found nothing. @param nowNs clock nanoseconds. */
  begin(nowNs: number): void {
    this.lastLookNs = nowNs;
    const tried = Math.min(this.configuredNs, TRIED_NS);
    this.spellNs = this.windowNs === 0 && nowNs >= this.triedNs ? tried : this.windowNs;
  }

  /** Work came in the spell under way. */
  came(): void {
    if (this.windowNs === this.configuredNs) return;
    this.windowNs = Math.min(this.configuredNs, Math.max(this.windowNs * 2, this.spellNs));
    this.spellNs = this.windowNs;
    this.pauseNs = PAUSE_NS;
  }

  /**
   * One look at the clock while polling. @param items worked on since the last look.
   * @returns whether to poll on after `idleNs` without work; with items always.
   */
  worthwhile(nowNs: number, idleNs: number, items = 0): boolean {
    const gap = nowNs - this.lastLookNs > GAP_NS + items * ITEM_NS;
    this.lastLookNs = nowNs;
    if (this.configuredNs >= ALWAYS_NS) return idleNs < this.configuredNs;
    if (gap) this.stopFor(nowNs);
    if (items > 0 || idleNs < this.spellNs) return true;
    if (this.spellNs > 0) this.inVain(nowNs);
    return false;
  }

  /** The thread has not run for a while. */
  private stopFor(nowNs: number): void {
    const again = nowNs - this.lastGapNs < this.gapPauseNs + SERIES_NS;
    this.gapPauseNs = again ? Math.min(this.gapPauseNs * 2, GAP_PAUSE_NS_MAX) : PAUSE_NS;
    this.lastGapNs = nowNs;
    this.windowNs = this.spellNs = 0;
    this.triedNs = nowNs + this.gapPauseNs;
  }

  /** A spell is over in which nothing came. */
  private inVain(nowNs: number): void {
    const { windowNs } = this;
    this.spellNs = 0;
    this.windowNs = windowNs / 2 < LEAST_NS ? 0 : windowNs / 2;
    if (this.windowNs > 0) return;
    this.triedNs = nowNs + this.pauseNs;
    this.pauseNs = Math.min(this.pauseNs * 2, PAUSE_NS_MAX);
  }
}
