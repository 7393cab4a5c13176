/**
 * The card tells the host that frames wait. Only this file interrupts, so that the ledger counts every
 * interrupt. One that the host asked for may be held back a little so that it serves more frames; time and
 * count are set under ethtool's names.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { INTERRUPTS, INTERRUPTS_SUPPRESSED, OUTBOUND_POSTED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { Waker } from '../time/sleeper.ts';
import type { Publisher } from './transport.ts';

const COSTLY = COSTLY_ASSERTIONS;

export interface Moderation {
  /** Hold an interrupt at most this long, in microseconds (ethtool rx-usecs); 0 never holds. */
  readonly rxUsecs: number;
  /** Raise it once this many publications wait (ethtool rx-frames); at least 1. */
  readonly rxFrames: number;
  /** Interrupt the host for each frame, even while it looks by itself: what moderation saves. */
  readonly everyFrame: boolean;
}

export class Interrupt {
  private readonly counters: Float64Array;
  private readonly waker: Waker;
  private readonly clock: Clock;
  private readonly holdNs: number;
  private readonly countMax: number;
  /** Publications since the interrupt became due; 0 when none is due. */
  private held = 0;
  private dueNs = NEVER;
  private readonly everyFrame: boolean;
  /** Frames shown when the host was last interrupted for each. */
  private told = 0;

  constructor(ledger: Ledger, waker: Waker, clock: Clock, moderation: Moderation) {
    this.counters = ledger.counters;
    this.waker = waker;
    this.clock = clock;
    this.holdNs = moderation.rxUsecs * 1000;
    this.countMax = Math.max(1, moderation.rxFrames);
    this.everyFrame = moderation.everyFrame;
  }

  /**
   * Publishes the replies the card has posted, and raises or holds the interrupt if the host asked for it.
   */
  publish(outbound: Publisher): void {
    const published = outbound.publish();
    if (published === 0) return;
    if (COSTLY) this.checkPublished(published);
    if (this.everyFrame) {
      this.raiseForEach(outbound, published);
    } else if (this.held > 0) {
      this.held += 1;
      this.counters[INTERRUPTS_SUPPRESSED] += 1;
      if (this.held >= this.countMax) this.raise();
    } else if (published === 2) {
      this.held = 1;
      if (this.holdNs === 0 || this.countMax === 1) this.raise();
      else this.dueNs = this.clock.nowNs + this.holdNs;
    } else {
      this.counters[INTERRUPTS_SUPPRESSED] += 1;
    }
    if (COSTLY) this.checkHeld();
  }

  private raiseForEach({ unshown = 0 }: Publisher, published: number): void {
    const shown = this.counters[OUTBOUND_POSTED] - unshown;
    assert(this.told <= shown, 'interrupt: nobody is told of a frame that was not shown');
    // A host that asked is told in any case, or it would rest beside frames that it does not know of.
    if (this.told === shown && published === 2) this.raise();
    for (; this.told < shown; this.told++) this.raise();
  }

  private checkPublished(published: number): void {
    assert(published === 1 || published === 2, 'interrupt: a publication is none, quiet or to be told');
    assert(
      (this.held === 0) === (this.dueNs === NEVER),
      'interrupt: one is held back if, and only if, it has its time',
    );
  }

  private checkHeld(): void {
    assert(this.held < this.countMax, 'interrupt: none is held back beyond its count');
  }

  /** Publishes the inbound frames the card has released, and interrupts at once if the host waits for one. */
  publishReleases(inbound: Publisher): void {
    if (inbound.publish() === 2) this.raise();
  }

  /** Raises the interrupt that is held back once its time has come. Called every turn. */
  poll(): void {
    if (this.held > 0 && this.clock.nowNs >= this.dueNs) this.raise();
  }

  /** Clock nanoseconds when the interrupt that is held back falls due; NEVER when none is. */
  nextDeadlineNs(): number {
    return this.dueNs;
  }

  private raise(): void {
    this.held = 0;
    this.dueNs = NEVER;
    this.counters[INTERRUPTS] += 1;
    this.waker.wake();
  }
}
