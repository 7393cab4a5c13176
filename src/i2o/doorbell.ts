/**
 * The host tells the card that frames wait. Only this file rings a doorbell, so that the ledger counts every
 * one.
 */
import { assert } from '../assert/assert.ts';
import { DOORBELLS, DOORBELLS_SUPPRESSED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Waker } from '../time/sleeper.ts';
import type { Publisher } from './transport.ts';

export class Doorbell {
  private readonly counters: Float64Array;
  private readonly waker: Waker;

  constructor(ledger: Ledger, waker: Waker) {
    this.counters = ledger.counters;
    this.waker = waker;
  }

  /** Publishes the requests the host has posted, and rings if the card asked for it. */
  publish(inbound: Publisher): void {
    this.ring(inbound.publish());
  }

  /** Publishes the outbound frames the host has released, and rings if the card waits for one. */
  publishReleases(outbound: Publisher): void {
    if (outbound.publish() === 2) this.ring(2);
  }

  /** A host that is not ours has rung, and nothing of its waits: whoever watches is to hear of it. */
  ringForNothing(): void {
    this.ring(2);
  }

  /** @param published what `publish` of a producer or consumer answered: 0, 1 or 2. */
  private ring(published: number): void {
    if (published === 2) {
      this.counters[DOORBELLS] += 1;
      this.waker.wake();
    } else if (published === 1) {
      this.counters[DOORBELLS_SUPPRESSED] += 1;
    } else {
      assert(published === 0, 'doorbell: a publication is none, quiet or to be told');
    }
  }
}
