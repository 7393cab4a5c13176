/** Stretches of a stream that have arrived, by the distance from its initial sequence number. */
export class Ranges {
  /** First and last but one of each, sorted, apart from each other. */
  private readonly bounds: number[] = [];

  add(start: number, end: number): void {
    const { bounds } = this;
    if (start >= end) return;
    let from = 0;
    while (from < bounds.length && bounds[from + 1] < start) from += 2;
    let to = from;
    let [first, last] = [start, end];
    while (to < bounds.length && bounds[to] <= end) {
      first = Math.min(first, bounds[to]);
      last = Math.max(last, bounds[to + 1]);
      to += 2;
    }
    bounds.splice(from, to - from, first, last);
  }

  /** Up to where everything from the beginning on has arrived. */
  get prefix(): number {
    return this.bounds.length === 0 || this.bounds[0] > 0 ? 0 : this.bounds[1];
  }

  /** Whether all of a stretch has arrived. */
  holds(start: number, end: number): boolean {
    const { bounds } = this;
    for (let i = 0; i < bounds.length; i += 2) {
      if (bounds[i] <= start && end <= bounds[i + 1]) return true;
    }
    return false;
  }
}
