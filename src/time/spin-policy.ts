/**
 * How long polling without work pays. It pays while the other side runs at the same time, on a core of its
 * own: what it does is then seen sooner than a sleeper could be woken. Where the two share a core, or
 * another program has taken one of their cores, whoever polls only keeps the other from running.
 *
 * So the time for which a thread polls is learnt, from nothing but its own spells of polling. A spell in
 * which work came makes it longer, up to what is configured; one in vain halves it; and gaps in the clock
 * between two looks, in which the thread has not run, end it at once when they take a large part of the time.
 * When it has come to nothing, a spell is tried again from time to time: soon at first, and later each time
 * that it is in vain. Halving costs no more than twice what is configured in all, and trying, a thousandth of
 * the time.
 */

/** Less than this is not worth its looks at the clock. */
const LEAST_NS = 5e3;
/** How many times as long a spell is after one that was not in vain: waits are of all lengths. */
const GROWTH = 4;
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
 * Two gaps that take more than this part of the time from the one to the other come of a core too few. Less
 * is what a collection of garbage takes, whose threads run for a moment wherever there is a core, and costs
 * less than sleeping would.
 */
const GAPS_SHARE = 1 / 4;
/** How long polling stops then: a stop that soon after another is of its kind, and twice as long. */
const STOP_NS_MAX = 1e9;
const SOON_NS = 250e6;
/** Whoever asks for so much polling wants it whatever the machine does: a measurement of it does. */
const ALWAYS_NS = 1e9;
const NOT_POLLING = -1;

export class SpinPolicy {
  private readonly configuredNs: number;
  /** How long polling has proved to pay; 0: it does not. */
  private windowNs: number;
  /** How long the spell under way may last. */
  private spellNs: number;
  /** When the spell under way began; NOT_POLLING: none is. */
  private sinceNs = NOT_POLLING;
  private lastLookNs = Number.POSITIVE_INFINITY;
  /** The last gap: when it began, and how long it was. */
  private gapBeganNs = Number.NEGATIVE_INFINITY;
  private gapNs = 0;
  private stoppedNs = Number.NEGATIVE_INFINITY;
  /** When a spell is next tried, and for how long the next in vain puts it off. */
  private triedNs = Number.NEGATIVE_INFINITY;
  private pauseNs = PAUSE_NS;
  private stopNs = PAUSE_NS;

  /** @param spinNs the longest time to poll without work, in nanoseconds. */
  constructor(spinNs: number) {
    this.configuredNs = spinNs;
    this.windowNs = this.spellNs = spinNs;
  }

  /** A look found nothing. @param nowNs clock nanoseconds. @returns whether to look on. */
  goesOn(nowNs: number): boolean {
    if (this.sinceNs === NOT_POLLING) this.begin(nowNs);
    else this.lookForGap(nowNs, 0);
    this.lastLookNs = nowNs;
    if (nowNs - this.sinceNs < this.spellNs) return true;
    if (this.spellNs > 0) this.endInVain(nowNs);
    return false;
  }

  /** A look found work: the spell under way, if there is one, was not in vain. */
  found(): void {
    if (this.sinceNs === NOT_POLLING) return;
    this.sinceNs = NOT_POLLING;
    if (this.windowNs === this.configuredNs) return;
    this.windowNs = Math.min(this.configuredNs, Math.max(this.windowNs * GROWTH, this.spellNs));
    this.pauseNs = PAUSE_NS;
  }

  /** As `found`, and the work is done. @param items so many, for each of which a part of a gap is allowed. */
  worked(nowNs: number, items: number): void {
    this.found();
    this.lookForGap(nowNs, items);
    this.lastLookNs = nowNs;
  }

  /** The thread has rested, or done something else: what is found now was not found by polling. */
  rested(nowNs: number): void {
    this.sinceNs = NOT_POLLING;
    this.lastLookNs = nowNs;
  }

  /** The thread has done something else between two looks: that was no gap. */
  elsewhere(nowNs: number): void {
    this.lastLookNs = nowNs;
  }

  private begin(nowNs: number): void {
    const tried = Math.min(this.configuredNs, TRIED_NS);
    this.spellNs = this.windowNs === 0 && nowNs >= this.triedNs ? tried : this.windowNs;
    this.sinceNs = nowNs;
  }

  /** Whether the thread has not run for a while, and that not for the first time. */
  private lookForGap(nowNs: number, items: number): void {
    const gapNs = nowNs - this.lastLookNs;
    if (gapNs <= GAP_NS + items * ITEM_NS || this.configuredNs >= ALWAYS_NS) return;
    const often = this.gapNs + gapNs > GAPS_SHARE * (nowNs - this.gapBeganNs);
    this.gapBeganNs = this.lastLookNs;
    this.gapNs = gapNs;
    if (often) this.stop(nowNs);
  }

  /** Somebody else wants this core. */
  private stop(nowNs: number): void {
    const again = nowNs - this.stoppedNs < this.stopNs + SOON_NS;
    this.stopNs = again ? Math.min(this.stopNs * 2, STOP_NS_MAX) : PAUSE_NS;
    this.stoppedNs = nowNs;
    this.windowNs = this.spellNs = 0;
    this.triedNs = nowNs + this.stopNs;
  }

  /** A spell is over in which nothing came. */
  private endInVain(nowNs: number): void {
    if (this.configuredNs >= ALWAYS_NS) return;
    const { windowNs } = this;
    this.spellNs = 0;
    this.windowNs = windowNs / 2 < LEAST_NS ? 0 : windowNs / 2;
    if (this.windowNs > 0) return;
    this.triedNs = nowNs + this.pauseNs;
    this.pauseNs = Math.min(this.pauseNs * 2, PAUSE_NS_MAX);
  }
}
