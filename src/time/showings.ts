/**
 * What one agent of an event queue has still to show the others, in the order of time: it has done the work,
 * and its own time is ahead of theirs.
 */
import { NEVER } from './agent.ts';

/** Something that is seen at a time of its own: a producer's frames up to a mark. */
export interface Showing {
  /** Shows what there was up to `mark`, which whoever put it off has given. */
  show(mark: number): void;
}

/** Entries there is room for at first; twice as many whenever they are all in use. */
const CAPACITY = 16;

/** A queue by time: each entry is as late as the one before it, or later. */
export class Showings {
  /** Entries that wait. */
  count = 0;
  /** When the latest entry that was ever put in is shown. */
  lastNs = 0;
  private capacity = CAPACITY;
  private head = 0;
  private times = new Float64Array(CAPACITY);
  private marks = new Int32Array(CAPACITY);
  private showings: Showing[] = [];

  /**
   * Puts in what is shown so long after a time, unless that has come: none goes before the one before it.
   * @param fromNs times, `place` says which. // Hot path of a simulation.
   * @returns whether it waits; if not, it is to be shown now.
   */
  put(
    fromNs: Float64Array,
    place: number,
    latencyNs: number,
    nowNs: number,
    showing: Showing,
    mark: number,
  ): boolean {
    const atNs = Math.max(fromNs[place] + latencyNs, this.lastNs);
    if (atNs <= nowNs && this.count === 0) return false;
    if (this.count === this.capacity) this.grow();
    const entry = (this.head + this.count) & (this.capacity - 1);
    this.times[entry] = atNs;
    this.marks[entry] = mark;
    this.showings[entry] = showing;
    this.count += 1;
    this.lastNs = atNs;
    return true;
  }

  /** Whether the next entry is to be shown by now. */
  isDue(nowNs: number): boolean {
    return this.count > 0 && this.times[this.head] <= nowNs;
  }

  /** Writes down when the next entry is shown; `NEVER` when there is none. @param timesNs at `place`. */
  nextInto(timesNs: Float64Array, place: number): void {
    // No conditional expression: one that may be the constant of another module is boxed.
    if (this.count === 0) timesNs[place] = NEVER;
    else timesNs[place] = this.times[this.head];
  }

  /** Takes the next entry out and shows it. There must be one. */
  showFirst(): void {
    const { head } = this;
    this.head = (head + 1) & (this.capacity - 1);
    this.count -= 1;
    this.showings[head].show(this.marks[head]);
  }

  private grow(): void {
    const { capacity, head } = this;
    const times = new Float64Array(2 * capacity);
    const marks = new Int32Array(2 * capacity);
    const showings: Showing[] = [];
    for (let i = 0; i < this.count; i++) {
      const place = (head + i) & (capacity - 1);
      times[i] = this.times[place];
      marks[i] = this.marks[place];
      showings.push(this.showings[place]);
    }
    this.times = times;
    this.marks = marks;
    this.showings = showings;
    this.head = 0;
    this.capacity = 2 * capacity;
  }
}
