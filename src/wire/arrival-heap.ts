/**
 * Frames in flight on a wire with delay or impairments, ordered by when they arrive. The pipe puts slots in
 * and takes the earliest out. Frames due at the same time leave in the order they were sent, so the order
 * never depends on the shape of the heap. It is a binary heap of slot numbers. Due times lie in an array by
 * slot, since V8 boxes a double that is passed as an argument.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { before } from '../dma/wrapping.ts';

export class ArrivalHeap {
  /** Clock nanoseconds when the frame in a slot arrives. Set it before `push`. */
  readonly dueNs: Float64Array;
  /** Slots in heap order: the parent of entry i is entry (i - 1) >> 1. */
  private readonly entries: Int32Array;
  /** Order of sending by slot; wraps, so compared by difference. */
  private readonly sequences: Int32Array;
  private sequence = 0;
  private size = 0;

  constructor(slots: number) {
    this.dueNs = new Float64Array(slots);
    this.entries = new Int32Array(slots);
    this.sequences = new Int32Array(slots);
  }

  get count(): number {
    return this.size;
  }

  /** One of the slots in flight. @param entry below `count`; the order is the heap's. */
  at(entry: number): number {
    return this.entries[entry];
  }

  /** @returns the slot that arrives first, which stays in the heap; -1 when there is none. */
  first(): number {
    return this.size === 0 ? -1 : this.entries[0];
  }

  /**
   * Puts a slot in, behind all that are due at the same time. The caller keeps within the slots there are.
   */
  push(slot: number): void {
    const entries = this.entries;
    assert(this.size < entries.length, 'arrival heap: it holds no more slots than there are');
    assert(slot >= 0 && slot < entries.length, 'arrival heap: a slot put in is one of the pipe');
    this.sequence = (this.sequence + 1) | 0;
    this.sequences[slot] = this.sequence;
    let i = this.size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(slot, entries[parent])) break;
      entries[i] = entries[parent];
      i = parent;
    }
    entries[i] = slot;
  }

  /** Takes out the slot that arrives first. There must be one. */
  pop(): number {
    const entries = this.entries;
    assert(this.size > 0, 'arrival heap: a slot is taken out only where there is one');
    const first = entries[0];
    const size = --this.size;
    const last = entries[size];
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && this.before(entries[child + 1], entries[child])) child++;
      if (!this.before(entries[child], last)) break;
      entries[i] = entries[child];
      i = child;
    }
    entries[i] = last;
    if (COSTLY_ASSERTIONS && size > 0) {
      assert(
        !this.before(entries[0], first),
        'arrival heap: no frame in flight is due before the one taken out',
      );
    }
    return first;
  }

  private before(a: number, b: number): boolean {
    const dueA = this.dueNs[a];
    const dueB = this.dueNs[b];
    if (dueA !== dueB) return dueA < dueB;
    return before(this.sequences[a], this.sequences[b]);
  }
}
