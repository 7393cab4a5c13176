/**
 * One connection's part of the send queue (`send-queue.ts`): where its elements begin and end, and where the
 * next byte to be sent lies.
 */
export class SendList {
  /** The first and the last element; -1 when the list is empty. */
  head = -1;
  tail = -1;
  /** Bytes of the first element that are acknowledged already: `sndUna` lies behind them. */
  headOffset = 0;
  /** Elements in the list. */
  count = 0;
  /** Those of them with which a record ends. */
  records = 0;
  /** The element that holds `sndNxt` and the offset in it; -1 when `sndNxt` is the end of the queue. */
  cursor = -1;
  cursorOffset = 0;

  reset(): void {
    this.head = -1;
    this.tail = -1;
    this.headOffset = 0;
    this.count = 0;
    this.records = 0;
    this.cursor = -1;
    this.cursorOffset = 0;
  }
}
