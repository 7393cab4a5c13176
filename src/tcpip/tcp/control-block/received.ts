/**
 * What one connection has received: its two lists of the receive queue (`receive-queue.ts`), the room that
 * they leave in its buffer, and how far the peer's FIN has come.
 */
import type { StackConfig } from '../../config.ts';

export class Received {
  /** The receive buffer in bytes: the largest window now. The user lets it grow. */
  bufferBytes = 0;
  /** How far it grows (SO_RCVBUF). */
  bufferBytesMax = 0;
  /** By how much the buffer is smaller than allowed, because card memory could not hold what it promised. */
  withheldBytes = 0;
  /** The edge of the window that was offered then: what comes before it says nothing new. */
  withheldEdge = 0;
  /** In-order bytes that wait to be taken. */
  queuedBytes = 0;
  /** Bytes that were taken and that the program has not used yet: they still occupy the buffer. */
  unconsumedBytes = 0;
  /** What "full-sized" means for acknowledgements and window updates: the peer's segments as they come. */
  segmentBytesMax = 0;
  /** First and last packet slot in order; -1 when there is none. */
  head = -1;
  tail = -1;
  /** The same of what arrived out of order, sorted and without overlaps, and how many slots that are. */
  lateHead = -1;
  lateTail = -1;
  lateCount = 0;
  /**
   * Where the segments begin that arrived out of order last, the newest first, no two of them in one block:
   * SACK blocks are reported in this order (RFC 2018 §4). `lateKnown` of them are known.
   */
  lateKnown = 0;
  lateNewest = 0;
  lateSecond = 0;
  lateThird = 0;
  lateFourth = 0;
  /** Packet slots in both lists. */
  slotsHeld = 0;
  /** Bytes that arrived a second time and are still to be reported (RFC 2883); equal when there are none. */
  duplicateStart = 0;
  duplicateEnd = 0;
  /** 1 once a FIN has been seen, in order or not, and its sequence number. */
  finKnown = 0;
  finSeq = 0;
  /** 1 once the FIN has been taken in order. */
  finTaken = 0;
  /** 1 once the user has shut the receiving half down. */
  shutdown = 0;

  reset(config: StackConfig): void {
    this.bufferBytes = Math.min(config.receiveBufferBytes, config.receiveWindowBytes);
    this.bufferBytesMax = config.receiveBufferBytes;
    this.withheldBytes = 0;
    this.withheldEdge = 0;
    this.queuedBytes = 0;
    this.unconsumedBytes = 0;
    this.segmentBytesMax = 0;
    this.head = -1;
    this.tail = -1;
    this.lateHead = -1;
    this.lateTail = -1;
    this.lateCount = 0;
    this.lateKnown = 0;
    this.lateNewest = 0;
    this.lateSecond = 0;
    this.lateThird = 0;
    this.lateFourth = 0;
    this.slotsHeld = 0;
    this.duplicateStart = 0;
    this.duplicateEnd = 0;
    this.finKnown = 0;
    this.finSeq = 0;
    this.finTaken = 0;
    this.shutdown = 0;
  }
}
