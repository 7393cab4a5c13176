/**
 * Whether a link is whole. At described times it is not, and by a call; both of its directions and the
 * devices at its ends share one. What is on the way while a link is down, be it for a moment, does not
 * arrive.
 */
import { assert } from '../assert/assert.ts';
import { NEVER } from '../time/agent.ts';
import type { LinkDown } from './config.ts';

/** From when described times count. */
export interface Beginning {
  /** In clock nanoseconds; `NEVER`: it has not begun, and links are as they will be when it does. */
  startNs(): number;
}

/** How often is looked whether it has begun. */
const LOOK_NS = 1e6;
const AT_ONCE: Beginning = { startNs: () => 0 };

/** A direction of the link: what is in flight on it when the link is cut is lost. */
export interface CutFlight {
  /** Frames that arrive after `nowNs` do not. */
  cut(nowNs: number): void;
}

export class Carrier {
  /** Whether a call has cut it. */
  private severed = false;
  private readonly beginning: Beginning;
  /** The described times: each begins after the one before has ended. Nanoseconds after the beginning. */
  private readonly begins: Float64Array;
  private readonly ends: Float64Array;
  /** Its two directions, as far as they have joined. */
  private readonly flights: (CutFlight | undefined)[] = [undefined, undefined];
  private joined = 0;

  /** @param beginning from when the times of `downs` count; absent: 0 of the clock. */
  constructor(downs: readonly LinkDown[] = [], beginning = AT_ONCE) {
    this.beginning = beginning;
    this.begins = Float64Array.from(downs, ({ atNs }) => atNs);
    this.ends = Float64Array.from(downs, ({ atNs, forNs }) => atNs + forNs);
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
    const startNs = this.beginning.startNs();
    const down = this.notOver(sinceNs(startNs, fromNs));
    return down < this.begins.length && this.begins[down] <= sinceNs(startNs, toNs);
  }

  /** When it next goes down or up as described, be it to go down again at once; `NEVER` when it does not. */
  nextChangeNs(nowNs: number): number {
    if (!this.timed) return NEVER;
    const startNs = this.beginning.startNs();
    if (startNs === NEVER) return nowNs + LOOK_NS;
    const since = nowNs - startNs;
    const down = this.notOver(since);
    if (down === this.begins.length) return NEVER;
    const nextNs = this.begins[down] > since ? this.begins[down] : this.ends[down];
    return nextNs === Number.POSITIVE_INFINITY ? NEVER : startNs + nextNs;
  }

  /** Cuts the link or mends it, beside what is described. */
  set(up: boolean, nowNs: number): void {
    if (this.severed === !up) return;
    this.severed = !up;
    if (!up) for (const flight of this.flights) flight?.cut(nowNs);
  }

  /** The first described time that ends after a moment, which counts from the beginning. */
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

function sinceNs(startNs: number, nowNs: number): number {
  return startNs === NEVER ? 0 : nowNs - startNs;
}
