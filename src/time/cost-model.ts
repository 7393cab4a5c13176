/**
 * What work costs in virtual time: nanoseconds for each count of the ledger. An agent's turn is charged by
 * how far its counters moved, so no part of the product knows that it is being charged.
 *
 * A cost of 0 charges nothing. The defaults are those of a card that is infinitely fast: only the wire
 * takes time.
 */
import { COUNTER_NAMES } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';

/** Nanoseconds by counter name, e.g. `{ inboundPosted: 120, sendCopiesBytes: 0.1 }`. */
export type Costs = Readonly<Record<string, number>>;

/** Charges one side's turns. */
export class CostMeter {
  private readonly counters: Float64Array;
  private readonly indices: Int32Array;
  private readonly costsNs: Float64Array;
  private readonly charged: Float64Array;

  /** @throws RangeError for a counter that does not exist or a cost below 0. */
  constructor(ledger: Ledger, costs: Costs) {
    const names = Object.keys(costs).filter((name) => costs[name] !== 0);
    this.counters = ledger.counters;
    this.indices = new Int32Array(names.length);
    this.costsNs = new Float64Array(names.length);
    this.charged = new Float64Array(names.length);
    names.forEach((name, i) => {
      const index = COUNTER_NAMES.indexOf(name);
      const cost = costs[name];
      if (index < 0) throw new RangeError(`"costs" names no counter "${name}"`);
      if (!(cost >= 0)) throw new RangeError(`"costs.${name}" expected 0 or more nanoseconds, got ${cost}`);
      this.indices[i] = index;
      this.costsNs[i] = cost;
      this.charged[i] = this.counters[index];
    });
  }

  /** Nanoseconds of work since the last call. */
  take(): number {
    let costNs = 0;
    for (let i = 0; i < this.indices.length; i++) {
      const count = this.counters[this.indices[i]];
      costNs += (count - this.charged[i]) * this.costsNs[i];
      this.charged[i] = count;
    }
    return costNs;
  }
}
