/**
 * Whether a link is whole. At described times it is not, and by a call; both of its directions and the
 * devices at its ends share one. What is on the way while a link is down, be it for a moment, does not
 * arrive.
 */
import { assert } from '../assert/assert.ts';
import { NEVER } from '../time/agent.ts';
import type { LinkDown } from './config.ts';

/** A direction of the link: what is in flight on it when the link is cut is lost. */
export interface CutFlight {
  /** Frames that arrive after `nowNs` do not. */
  cut(nowNs: number): void;
}

export class Carrier {
  /** Whether a call has cut it. */
  private severed = false;
  /** The described times: each begins after the one before has ended. Clock nanoseconds. */
  private readonly begins: Float64Array;
  private readonly ends: Float64Array;
  /** Its two directions, as far as they have joined. */
  private readonly flights: (CutFlight | undefined)[] = [undefined, undefined];
  private joined = 0;

  /** @param startNs from when the times of `downs` count, in clock nanoseconds. */
  constructor(downs: readonly LinkDown[] = [], startNs = 0) {
    this.begins = Float64Array.from(downs, ({ atNs }) => startNs + atNs);
    this.ends = Float64Array.from(downs, ({ atNs, forNs }) => startNs + atNs + forNs);
  }

  /** Called while the world is built, by each direction of the link. */
  join(flight: CutFlight): void {
    assert(this.joined < this.flights.length, 'carrier: a link has two directions');
    this.flights[this.joined] = flight;
    this.joined += 1;
  }

  get timed(): boolean {
    return this.begins.length > 0;
  }

  /** Whether a call has cut it, whatever is described. // Hot path. */
  get cut(): boolean {
    return this.severed;
  }

  isUp(nowNs: number): boolean {
    return !this.severed && (!this.timed || !this.isDescribedDown(nowNs, nowNs));
  }

  /** Whether it is described to be down at some moment from `fromNs` to `toNs`. // Hot path. */
  isDescribedDown(fromNs: number, toNs: number): boolean {
    if (!this.timed) return false;
    const down = this.notOver(fromNs);
    return down < this.begins.length && this.begins[down] <= toNs;
  }

  /** When it next goes down or up as described, be it to go down again at once; `NEVER` when it does not. */
  nextChangeNs(nowNs: number): number {
    const down = this.notOver(nowNs);
    if (down === this.begins.length) return NEVER;
    const nextNs = this.begins[down] > nowNs ? this.begins[down] : this.ends[down];
    return nextNs === Number.POSITIVE_INFINITY ? NEVER : nextNs;
  }

  /** Cuts the link or mends it, beside what is described. */
  set(up: boolean, nowNs: number): void {
    if (this.severed === !up) return;
    this.severed = !up;
    if (!up) for (const flight of this.flights) flight?.cut(nowNs);
  }

  /** The first described time that ends after a moment. */
  private notOver(nowNs: number): number {
    const { ends } = this;
    let low = 0;
    for (let high = ends.length; low < high; ) {
      const middle = (low + high) >> 1;
      if (ends[middle] > nowNs) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
