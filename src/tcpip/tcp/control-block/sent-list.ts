/** One connection's part of the table of what was sent (`sent-segments.ts`): its lists, and their sums. */
export class SentList {
  /** The first and the last record by sequence number; -1: none. */
  head = -1;
  tail = -1;
  /** The first and the last by the time of sending, of those in the network. */
  oldest = -1;
  newest = -1;
  /** The first by number that is lost; -1: none is. */
  firstLost = -1;
  /** Segments that the peer holds. */
  heldSegments = 0;

  reset(): void {
    this.head = -1;
    this.tail = -1;
    this.oldest = -1;
    this.newest = -1;
    this.firstLost = -1;
    this.heldSegments = 0;
  }
}
