/**
 * The cheapest point of a grid of sizes that passes, found without measuring them all.
 *
 * It supposes that a larger size does no harm: of a point that fails, every point that is no larger in any
 * size fails too. So it measures, of the points that may still be the answer, always the one that rules out
 * most of the others whichever way it turns out. A point that fails although a smaller one passes shows that
 * it does harm there: nothing is then concluded from it. In the end the points one and two steps smaller than
 * the answer, and one step larger, are measured, so that a curve which is not as supposed does not go unseen
 * beside it.
 */
import { assert } from '../assert/assert.ts';

export interface Space {
  /** How many values each size has, in rising order. */
  readonly lengths: readonly number[];
  /** What each point costs, by its number: the last size changes fastest. */
  readonly costs: Float64Array;
  /** 1 for each point that can be the answer; undefined: any can. The largest is measured all the same. */
  readonly admitted?: Uint8Array | undefined;
}

export interface Found {
  /** The cheapest point that passes, of those admitted; undefined: none does. */
  readonly answer: number | undefined;
  /** Whether they pass, of all points that were measured. */
  readonly judged: ReadonlyMap<number, boolean>;
  /** Points that fail although a point that is no larger in any size passes. */
  readonly dips: readonly number[];
}

/** @param points not measured before. @returns whether each passes. */
export type Judge = (points: readonly number[]) => Promise<readonly boolean[]>;

/** @param atOnce how many points are measured together in a round of the search. */
export function search(space: Space, judge: Judge, atOnce = 1): Promise<Found> {
  return searchIn(new Grid(space, judge), atOnce);
}

async function searchIn(grid: Grid, atOnce: number): Promise<Found> {
  await grid.measure([grid.count - 1]);
  await grid.narrow(atOnce);
  if (!grid.somePass) {
    // The largest may fail where smaller ones pass: those half as far along some sizes, and all, are asked.
    await grid.measure(grid.probes());
    await grid.narrow(atOnce);
  }
  for (;;) {
    const { answer } = grid;
    if (answer === undefined) break;
    await grid.measure([...grid.beside(answer, -1), ...grid.beside(answer, -2)]);
    // Less than was thought may pass, and that says that more was concluded than is so.
    await grid.narrow(atOnce);
    if (grid.answer === answer) break;
  }
  if (grid.answer !== undefined) await grid.measure(grid.beside(grid.answer, 1));
  return { answer: grid.answer, judged: grid.judged, dips: grid.dips() };
}

/** What is known of each point of the grid. */
export class Grid {
  readonly count: number;
  readonly judged = new Map<number, boolean>();
  private readonly lengths: readonly number[];
  private readonly strides: readonly number[];
  private readonly admitted: Uint8Array;
  /** 1 for each point that fails by what is known of larger ones. */
  private readonly ruledOut: Uint8Array;
  private readonly ask: Judge;
  /** Points from the cheapest on, and the place of each in that order. */
  private readonly order: readonly number[];
  private readonly rank: Int32Array;

  constructor({ lengths, costs, admitted }: Space, ask: Judge) {
    this.lengths = lengths;
    this.strides = stridesOf(lengths);
    this.count = costs.length;
    assert(this.count === lengths.reduce((a, b) => a * b, 1), 'search: each point of the grid has a cost');
    this.admitted = admitted ?? new Uint8Array(this.count).fill(1);
    this.ruledOut = new Uint8Array(this.count);
    this.ask = ask;
    const sums = Array.from({ length: this.count }, (_, point) =>
      lengths.reduce((sum, _length, axis) => sum + this.at(point, axis), 0),
    );
    const points = Array.from({ length: this.count }, (_, point) => point);
    this.order = points.sort((a, b) => costs[a] - costs[b] || sums[a] - sums[b] || a - b);
    this.rank = new Int32Array(this.count);
    this.order.forEach((point, place) => {
      this.rank[point] = place;
    });
  }

  private at(point: number, axis: number): number {
    return Math.floor(point / this.strides[axis]) % this.lengths[axis];
  }

  /** Whether no size of `a` is larger than that of `b`. */
  private isWithin(a: number, b: number): boolean {
    for (let axis = 0; axis < this.lengths.length; axis++) {
      if (this.at(a, axis) > this.at(b, axis)) return false;
    }
    return true;
  }

  async measure(points: readonly number[]): Promise<void> {
    const fresh = [...new Set(points)].filter((point) => !this.judged.has(point));
    if (fresh.length === 0) return;
    this.learn(fresh, await this.ask(fresh));
  }

  learn(points: readonly number[], passes: readonly boolean[]): void {
    assert(passes.length === points.length, 'search: each point that is asked for is judged');
    points.forEach((point, i) => {
      this.judged.set(point, passes[i]);
    });
    if (passes.includes(true) && this.dips().length > 0) {
      // More was concluded than is so: all that fails is looked at anew.
      this.ruledOut.fill(0);
      this.conclude(this.with(false));
    } else {
      this.conclude(points.filter((_, i) => !passes[i]));
    }
  }

  /** Rules out what lies within points that fail, but for those that fail although a smaller one passes. */
  private conclude(failing: readonly number[]): void {
    const dips = new Set(this.dips());
    for (const point of failing) if (!dips.has(point)) this.ruleOut(this.ruledOut, point, 1);
  }

  private with(passes: boolean): number[] {
    return [...this.judged].filter(([, value]) => value === passes).map(([point]) => point);
  }

  get somePass(): boolean {
    return this.with(true).length > 0;
  }

  get answer(): number | undefined {
    const passing = this.with(true).filter((point) => this.admitted[point] === 1);
    if (passing.length === 0) return undefined;
    return passing.reduce((best, point) => (this.rank[point] < this.rank[best] ? point : best));
  }

  dips(): number[] {
    const passing = this.with(true);
    return this.with(false).filter((failing) => passing.some((point) => this.isWithin(point, failing)));
  }

  /** Measures until no point that may pass is cheaper than the answer. */
  async narrow(atOnce: number): Promise<void> {
    for (;;) {
      const open = this.candidates();
      const chosen: number[] = [];
      while (chosen.length < atOnce) {
        const best = this.mostTelling(open);
        if (best === undefined) break;
        chosen.push(best);
        // What is measured with it is to tell something also if it fails.
        this.ruleOut(open, best, 0);
      }
      if (chosen.length === 0) return;
      await this.measure(chosen);
    }
  }

  /** 1 for each point that may pass and is cheaper than the answer. */
  private candidates(): Uint8Array {
    const { answer } = this;
    const end = answer === undefined ? this.count : this.rank[answer];
    const open = new Uint8Array(this.count);
    for (let place = 0; place < end; place++) open[this.order[place]] = this.admitted[this.order[place]];
    for (let point = 0; point < this.count; point++) if (this.ruledOut[point] === 1) open[point] = 0;
    for (const point of this.judged.keys()) open[point] = 0;
    return open;
  }

  private ruleOut(points: Uint8Array, failing: number, mark: 0 | 1): void {
    for (let point = 0; point <= failing; point++) {
      if (points[point] !== mark && this.isWithin(point, failing)) points[point] = mark;
    }
  }

  /** The point that rules out most of the others whichever way it turns out; the cheapest of those. */
  private mostTelling(open: Uint8Array): number | undefined {
    const within = this.openWithin(open);
    let [best, most, cheaper] = [-1, 0, 0];
    const all = open.reduce((sum, value) => sum + value, 0);
    for (const point of this.order) {
      if (open[point] === 0) continue;
      // If it passes, it and all that are no cheaper need not be looked at.
      const least = Math.min(within[point], all - cheaper);
      if (least > most) [best, most] = [point, least];
      cheaper += 1;
    }
    return best < 0 ? undefined : best;
  }

  /** How many open points lie within each: sums along one size after the other. */
  private openWithin(open: Uint8Array): Int32Array {
    const sums = Int32Array.from(open);
    this.strides.forEach((stride, axis) => {
      for (let point = stride; point < this.count; point++) {
        if (this.at(point, axis) > 0) sums[point] += sums[point - stride];
      }
    });
    return sums;
  }

  /** The points so many steps from it in one size. */
  beside(point: number, step: number): number[] {
    return this.strides.flatMap((stride, axis) => {
      const to = this.at(point, axis) + step;
      return to < 0 || to >= this.lengths[axis] ? [] : [point + step * stride];
    });
  }

  /** Points half, a quarter and so on along one size, with the others at their largest, and along all. */
  probes(): number[] {
    const top = this.count - 1;
    const shares = [1, 2, 3].map((shift) => this.lengths.map((length) => (length - 1) >> shift));
    return shares.flatMap((places) => {
      const down = places.map((place, axis) => (this.lengths[axis] - 1 - place) * this.strides[axis]);
      return [...down.map((less) => top - less), top - down.reduce((a, b) => a + b, 0)];
    });
  }
}

export function stridesOf(lengths: readonly number[]): number[] {
  return lengths.map((_, axis) => lengths.slice(axis + 1).reduce((a, b) => a * b, 1));
}
