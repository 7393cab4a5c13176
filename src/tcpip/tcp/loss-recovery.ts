/**
 * What the rest of TCP asks loss recovery, and what it tells it. Output asks what is to be sent again and how
 * much may be sent; the acknowledgement says what has been acknowledged or reported by SACK; the
 * retransmission timer says that it has expired. Recovery changes only its own state (`tcb.recovery`) and
 * the congestion window: it neither sends, nor starts timers, nor moves sequence numbers.
 */
import type { SegmentIn } from './segment-in.ts';
import type { Tcb } from './tcb.ts';

export interface LossRecovery {
  /**
   * New data, or the FIN, has been sent for the first time. @param segments that the packet is cut into.
   * // Hot path.
   */
  sent(tcb: Tcb, start: number, end: number, segments: number): void;
  /**
   * The segment that is to be sent again now; it starts at `tcb.recovery.lostSeq`. It stays the next one
   * until `resent` says that it was sent. Asked only while `tcb.recovery.due` is not DUE_NOTHING.
   * @returns its payload bytes (0: only the FIN), or -1 when there is none. // Hot path.
   */
  next(tcb: Tcb): number;
  /** What `next` named has been sent. @param end the sequence number behind it. */
  resent(tcb: Tcb, end: number): void;
  /**
   * How many bytes from `sndNxt` on the send window and the congestion window allow; may be negative.
   * @param resending whether `sndNxt` has gone back over what was sent. // Hot path.
   */
  window(tcb: Tcb, resending: boolean): number;
  /** The end of what the peer holds from `seq` on; `seq` itself when it does not hold that byte. */
  heldUntil(tcb: Tcb, seq: number): number;
  /** Bytes between `seq`, which the peer does not hold, and the next that it holds; at most `most`. */
  bytesToHeld(tcb: Tcb, seq: number, most: number): number;
  /**
   * The segment acknowledges something new; `sndUna` has been moved already.
   * @param bytes how far it moved: at least 1. @returns whether something is to be sent again. // Hot path.
   */
  acknowledged(tcb: Tcb, segment: SegmentIn, bytes: number): boolean;
  /**
   * The segment acknowledges nothing new, while something is outstanding or the answer to a probe is.
   * @returns whether it is a duplicate acknowledgement, after which the connection may have to send.
   */
  acknowledgedAgain(tcb: Tcb, segment: SegmentIn): boolean;
  /** The retransmission timer has expired. @returns whether output is to go back to `sndUna`. */
  timedOut(tcb: Tcb): boolean;
  /** What was sent is too long for the path, and goes again in smaller segments. @returns as `timedOut`. */
  wentBack(tcb: Tcb): boolean;
  /**
   * @param isAnew whether the time-out begins now; else it began when the first segment was sent.
   * @returns microseconds until a tail loss probe, in place of a time-out; -1: the time-out it is.
   */
  probeDelayUs(tcb: Tcb, isAnew: boolean): number;
  /**
   * The probe's time has come: the next flush sends it.
   * @returns 0; or, where none can go, in how many microseconds the time-out comes in its place.
   */
  probeDue(tcb: Tcb): number;
  /**
   * Acknowledgements were dropped on their way here: one segment that is outstanding is to go again, whatever
   * the congestion window says, so that the peer tells how far it is.
   */
  askPeer(tcb: Tcb): void;
  /** What may only have been late is looked at again: what is found lost is due. */
  lookAgain(tcb: Tcb): void;
  /** The connection is over: gives back what recovery holds for it. */
  forget(tcb: Tcb): void;
}
