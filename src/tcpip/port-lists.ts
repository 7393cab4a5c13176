/**
 * Who is bound to which local port: the heads of linked lists, about as many as there can be entries, so that
 * a small stack needs no table of 65,536. Ports that agree in their low bits share a list, so whoever walks
 * one compares the entry's port too. The links are the entries' own.
 */
import { assert } from '../assert/assert.ts';

export class PortLists {
  private readonly heads: Int32Array;
  private readonly mask: number;

  /** @param entriesMax entries there can be at once. */
  constructor(entriesMax: number) {
    let size = 16;
    while (size < entriesMax && size < 65536) size *= 2;
    this.heads = new Int32Array(size).fill(-1);
    this.mask = size - 1;
  }

  /** The first entry of a port's list; -1 when the list is empty. // Hot path. */
  first(port: number): number {
    return this.heads[port & this.mask];
  }

  /** Makes an entry, or -1, the first of a port's list. */
  setFirst(port: number, entry: number): void {
    assert(port > 0 && port <= 0xffff, 'port lists: what is bound is bound to a port of 16 bits, not to 0');
    this.heads[port & this.mask] = entry;
  }
}
