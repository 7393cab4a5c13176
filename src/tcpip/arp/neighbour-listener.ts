/** What the neighbour table tells the rest of its stack. */

/** Told when a neighbour's address becomes known, or when nobody answered. */
export interface NeighbourListener {
  /** @param ready true: it has become known; false: nobody answered, and the entry is empty. */
  neighbourChanged(neighbour: number, ready: boolean): void;
  /** Its hardware address was learnt, or confirmed. */
  neighbourLearnt(neighbour: number): void;
}
