/**
 * The connections' timers: a binary heap with at most one entry a connection, ordered by wrapping time. A
 * connection's deadlines are in its Tcb; the heap holds the earliest time at which somebody should look at
 * them. Deadlines that move later (every acknowledgement moves the retransmission timer) touch nothing: the
 * entry comes up early, and goes back in. All entries lie within 2^31 µs of each other because no timer is
 * set for longer than 2^30.
 */
import type { Tcb } from './tcb.ts';

export class TimerHeap {
  private readonly tcbs: readonly Tcb[];
  private readonly heap: Int32Array;
  private readonly deadlines: Int32Array;
  private size = 0;

  constructor(tcbs: readonly Tcb[]) {
    this.tcbs = tcbs;
    this.heap = new Int32Array(tcbs.length);
    this.deadlines = new Int32Array(tcbs.length);
  }

  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** The earliest time; only when not empty. */
  get earliest(): number {
    return this.deadlines[0];
  }

  /**
   * Sees to it that the connection is looked at no later than `deadline`. // Hot path: one comparison as a
   * rule.
   */
  schedule(tcb: Tcb, deadline: number): void {
    if (tcb.heapPosition < 0) {
      this.up(this.size++, tcb, deadline);
    } else if (((deadline - tcb.heapDeadline) | 0) < 0) {
      this.up(tcb.heapPosition, tcb, deadline);
    }
  }

  /** Takes the earliest entry out; only when not empty. @returns its Tcb. */
  pop(): Tcb {
    const top = this.tcbs[this.heap[0]];
    top.heapPosition = -1;
    this.size -= 1;
    if (this.size > 0) this.down(this.heap[this.size], this.deadlines[this.size]);
    return top;
  }

  private up(from: number, tcb: Tcb, deadline: number): void {
    const { heap, deadlines, tcbs } = this;
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      if (((deadlines[above] - deadline) | 0) <= 0) break;
      heap[position] = heap[above];
      deadlines[position] = deadlines[above];
      tcbs[heap[position]].heapPosition = position;
      position = above;
    }
    heap[position] = tcb.index;
    deadlines[position] = deadline;
    tcb.heapPosition = position;
    tcb.heapDeadline = deadline;
  }

  private down(index: number, deadline: number): void {
    const { heap, deadlines, tcbs, size } = this;
    let position = 0;
    for (;;) {
      let below = position * 2 + 1;
      if (below >= size) break;
      if (below + 1 < size && ((deadlines[below + 1] - deadlines[below]) | 0) < 0) below += 1;
      if (((deadlines[below] - deadline) | 0) >= 0) break;
      heap[position] = heap[below];
      deadlines[position] = deadlines[below];
      tcbs[heap[position]].heapPosition = position;
      position = below;
    }
    heap[position] = index;
    deadlines[position] = deadline;
    tcbs[index].heapPosition = position;
  }
}
