/**
 * The connections' timers: a binary heap with at most one entry a connection, ordered by wrapping time. A
 * connection's deadlines are in its Tcb; the heap holds the earliest time at which somebody should look at
 * them. A deadline that moves later (every acknowledgement moves the retransmission timer) touches nothing:
 * the entry comes up early, and goes back in. A connection whose timers have all been stopped, or that is
 * back in the pool, may still have an entry: whoever pops it finds nothing due. All entries lie within 2^31
 * µs of each other because no timer is set for longer than 2^30.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { atOrBefore, before } from '../seq.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const WORD_SHIFT = 5;

export class TimerHeap {
  /** The connection (Tcb index) at each place of the heap, and when it is to be looked at. */
  private readonly heap: Int32Array;
  private readonly deadlines: Int32Array;
  /** The place of each connection in the heap, where it has an entry. */
  private readonly places: Int32Array;
  /**
   * A bit for each connection: 1 while it has an entry. Among very many connections most that need one have
   * none, and these few words stay in a processor's caches where `places` does not.
   */
  private readonly placed: Int32Array;
  private size = 0;

  /** @param count of connections: their indices are below it. */
  constructor(count: number) {
    this.heap = new Int32Array(count);
    this.deadlines = new Int32Array(count);
    this.places = new Int32Array(count);
    this.placed = new Int32Array((count >> WORD_SHIFT) + 1);
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** The earliest time; only when not empty. */
  get earliest(): number {
    return this.deadlines[0];
  }

  /**
   * Sees to it that connection `index` is looked at no later than `deadline`. // Hot path: one comparison as
   * a rule.
   */
  schedule(index: number, deadline: number): void {
    if (COSTLY) this.checkIndex(index);
    const word = index >> WORD_SHIFT;
    const bit = 1 << index;
    if ((this.placed[word] & bit) === 0) {
      this.placed[word] |= bit;
      this.up(this.size++, index, deadline);
      return;
    }
    const place = this.places[index];
    if (before(deadline, this.deadlines[place])) this.up(place, index, deadline);
  }

  private has(index: number): boolean {
    return (this.placed[index >> WORD_SHIFT] & (1 << index)) !== 0;
  }

  private checkIndex(index: number): void {
    assert(index >= 0 && index < this.places.length, 'timer heap: it is told of a connection that there is');
    assert(this.has(index) || this.size < this.heap.length, 'timer heap: a connection has at most one entry');
  }

  /** Whether somebody looks at connection `index` no later than `deadline`. */
  covers(index: number, deadline: number): boolean {
    return this.has(index) && atOrBefore(this.deadlines[this.places[index]], deadline);
  }

  /** Takes the earliest entry out; only when not empty. @returns its connection. */
  pop(): number {
    assert(this.size > 0, 'timer heap: an entry is taken out only where there is one');
    const top = this.heap[0];
    this.placed[top >> WORD_SHIFT] &= ~(1 << top);
    this.size -= 1;
    if (this.size > 0) this.down(this.heap[this.size], this.deadlines[this.size]);
    return top;
  }

  /** The order of the heap, and that each entry knows its place. Costs a walk over it. */
  check(): void {
    const { heap, deadlines, places, size } = this;
    let placed = 0;
    for (let place = 0; place < size; place++) {
      assert(
        this.has(heap[place]) && places[heap[place]] === place,
        'timer heap: each entry is where its connection says',
      );
      assert(
        place === 0 || atOrBefore(deadlines[(place - 1) >> 1], deadlines[place]),
        'timer heap: no entry is due before the one above it',
      );
    }
    for (let index = 0; index < places.length; index++) if (this.has(index)) placed += 1;
    assert(placed === size, 'timer heap: no connection has a place without an entry');
  }

  /** Puts an entry at place `from` or above, where it belongs. */
  private up(from: number, index: number, deadline: number): void {
    const { heap, deadlines, places } = this;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!before(deadline, deadlines[above])) break;
      heap[place] = heap[above];
      deadlines[place] = deadlines[above];
      places[heap[place]] = place;
      place = above;
    }
    heap[place] = index;
    deadlines[place] = deadline;
    places[index] = place;
  }

  /** Puts an entry at the top or below, where it belongs. */
  private down(index: number, deadline: number): void {
    const { heap, deadlines, places, size } = this;
    let place = 0;
    for (;;) {
      let below = place * 2 + 1;
      if (below >= size) break;
      if (below + 1 < size && before(deadlines[below + 1], deadlines[below])) below += 1;
      if (!before(deadlines[below], deadline)) break;
      heap[place] = heap[below];
      deadlines[place] = deadlines[below];
      places[heap[place]] = place;
      place = below;
    }
    heap[place] = index;
    deadlines[place] = deadline;
    places[index] = place;
  }
}
