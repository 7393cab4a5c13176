/**
 * What a congestion control decides, and nothing else: how the window grows and what a loss costs. When a
 * loss has been found and what is sent again is the loss recovery's business (`loss-recovery.ts`), which
 * inflates `cwnd` for a while when it counts duplicate acknowledgements (RFC 6582 §3.2).
 */

/** The largest congestion window in bytes: keeps sums int32. */
export const CWND_MAX = 0x1fff_ffff;
/** RFC 5681 §3.1: the threshold starts as high as it can be. */
const SSTHRESH_START = 0x3fff_ffff;

/** What congestion control knows of one connection; it is part of the Tcb. */
export class CongestionState {
  /** The congestion window and the slow-start threshold in bytes. */
  cwnd = 0;
  ssthresh = SSTHRESH_START;
  /** Bytes acknowledged since the window last grew, in congestion avoidance. */
  ackedBytes = 0;
  /** 1 once the window, and nothing else, has held the sender back since all was acknowledged last. */
  limited = 0;

  reset(): void {
    this.cwnd = 0;
    this.ssthresh = SSTHRESH_START;
    this.ackedBytes = 0;
    this.limited = 0;
  }
}

/** All lengths are bytes; `mss` is the connection's present one. */
export interface CongestionControl {
  readonly name: string;
  /** The connection is established. @param segments of the initial window. */
  start(state: CongestionState, mss: number, segments: number): void;
  /**
   * New data was acknowledged outside of fast recovery, and the window had been made use of.
   * @param bytes at least 1.
   */
  acknowledged(state: CongestionState, mss: number, bytes: number): void;
  /** Duplicate acknowledgements have shown a loss. @param flightBytes outstanding when it was found. */
  lossFound(state: CongestionState, mss: number, flightBytes: number): void;
  /** All that was outstanding when the loss was found is acknowledged. @param flightBytes outstanding now. */
  recovered(state: CongestionState, mss: number, flightBytes: number): void;
  /** The retransmission timer has expired. @param first for the first time for this data. */
  timedOut(state: CongestionState, mss: number, flightBytes: number, first: boolean): void;
  /** Nothing was sent for longer than the RTO (RFC 5681 §4.1). @param segments of the initial window. */
  idle(state: CongestionState, mss: number, segments: number): void;
}
