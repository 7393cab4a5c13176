/**
 * Connections that owe the wire something and send through one port, in the order in which they are served. A
 * connection is in a ring at most once (`Tcb.ready`), so a ring never holds more than there are connections.
 * One that was given up while in a ring stays there, and is passed over when its turn comes.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export class ReadyRing {
  private readonly entries: Int32Array;
  private readonly mask: number;
  private head = 0;
  private tail = 0;

  constructor(connectionsMax: number) {
    let size = 16;
    while (size < connectionsMax + 1) size *= 2;
    this.entries = new Int32Array(size);
    this.mask = size - 1;
  }

  get isEmpty(): boolean {
    return this.head === this.tail;
  }

  /** Connections in the ring. */
  get count(): number {
    return (this.tail - this.head) | 0;
  }

  append(index: number): void {
    if (COSTLY)
      assert(this.count <= this.mask, 'ready ring: a connection is appended only when it is not in it');
    this.entries[this.tail & this.mask] = index;
    this.tail = (this.tail + 1) | 0;
  }

  /** Puts a connection before all others. */
  prepend(index: number): void {
    assert(this.count <= this.mask, 'ready ring: a connection is put back only after it was taken out');
    this.head = (this.head - 1) | 0;
    this.entries[this.head & this.mask] = index;
  }

  /** Takes the first connection out; there must be one. */
  shift(): number {
    if (COSTLY)
      assert(this.head !== this.tail, 'ready ring: a connection is taken out only where there is one');
    const index = this.entries[this.head & this.mask];
    this.head = (this.head + 1) | 0;
    return index;
  }
}
