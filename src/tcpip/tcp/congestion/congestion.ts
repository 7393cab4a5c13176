/**
 * What a congestion control decides, and nothing else: how the window grows and what a loss costs. When a
 * loss has been found and what is sent again is `recovery.ts`'s business. Its state is in the Tcb (`cwnd`,
 * `ssthresh`, `cwndAcked`).
 */
import type { Tcb } from '../tcb.ts';

export interface CongestionControl {
  readonly name: string;
  /** The connection is established. @param segments of the initial window. */
  start(tcb: Tcb, segments: number): void;
  /**
   * New data was acknowledged outside of loss recovery, or while recovering from a time-out. @param bytes at
   * least 1.
   */
  acknowledged(tcb: Tcb, bytes: number): void;
  /** @param flightBytes outstanding when the loss was found. @returns the new slow-start threshold. */
  threshold(tcb: Tcb, flightBytes: number): number;
  /** Nothing was sent for longer than the RTO (RFC 5681 §4.1). @param segments of the initial window. */
  idle(tcb: Tcb, segments: number): void;
}

/** Largest congestion window: keeps sums int32. */
export const CWND_MAX = 0x1fff_ffff;
