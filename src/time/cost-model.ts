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

/** Says what work has cost. */
export interface Meter {
  /**
   * Adds to a time the nanoseconds of work since the last call. The sum is left in the array, since V8 would
   * box what a call answers.
   */
  charge(timesNs: Float64Array, place: number): void;
  /** What `charge` would add now, for whoever looks on. */
  peek(): number;
}

/** Work that costs nothing. */
export const FREE: Meter = { charge: () => undefined, peek: () => 0 };

/**
 * Charges one side's turns. It is asked a dozen times for each message, so it keeps what all counts come to,
 * and not each of them. Nor does it sum what has never been counted: a profile names each work that a card
 * may do, and most worlds do half of it. To leave a zero out of a sum of doubles changes no bit of it.
 */
export class CostMeter implements Meter {
  private readonly counters: Float64Array;
  /** Every counter that costs something, and what. */
  private readonly indices: Int32Array;
  private readonly costsNs: Float64Array;
  /** Of these the ones that have counted, in the same order, and those that have not yet. */
  private counted = new Int32Array(0);
  private countedNs = new Float64Array(0);
  private silent = new Int32Array(0);
  private readonly chargedNs = new Float64Array(1);

  /** @throws RangeError for a counter that does not exist or a cost below 0. */
  constructor(ledger: Ledger, costs: Costs) {
    const names = Object.keys(costs).filter((name) => costs[name] !== 0);
    this.counters = ledger.counters;
    this.indices = new Int32Array(names.length);
    this.costsNs = new Float64Array(names.length);
    names.forEach((name, i) => {
      const index = COUNTER_NAMES.indexOf(name);
      const cost = costs[name];
      if (index < 0) throw new RangeError(`"costs" names no counter "${name}"`);
      if (!(cost >= 0)) throw new RangeError(`"costs.${name}" expected 0 or more nanoseconds, got ${cost}`);
      this.indices[i] = index;
      this.costsNs[i] = cost;
    });
    this.part();
    this.chargedNs[0] = this.peek();
  }

  /** // Hot path of a simulation: a load, a product and a sum for each cost, a load and a compare for none. */
  charge(timesNs: Float64Array, place: number): void {
    const { counters, silent, chargedNs } = this;
    for (let i = 0; i < silent.length; i++) {
      if (counters[silent[i]] === 0) continue;
      this.part();
      break;
    }
    const { counted, countedNs } = this;
    let totalNs = 0;
    for (let i = 0; i < counted.length; i++) totalNs += counters[counted[i]] * countedNs[i];
    timesNs[place] += totalNs - chargedNs[0];
    chargedNs[0] = totalNs;
  }

  peek(): number {
    const { counters, indices, costsNs } = this;
    let totalNs = 0;
    for (let i = 0; i < indices.length; i++) totalNs += counters[indices[i]] * costsNs[i];
    return totalNs - this.chargedNs[0];
  }

  /** Parts the counters anew into those that have counted and those that have not: once for each at most. */
  private part(): void {
    const { counters, indices, costsNs } = this;
    this.silent = indices.filter((index) => counters[index] === 0);
    this.counted = indices.filter((index) => counters[index] !== 0);
    this.countedNs = costsNs.filter((_, i) => counters[indices[i]] !== 0);
  }
}
