/**
 * What a congestion control decides, and nothing else: how the window grows and what a loss costs. When a
 * loss has been found and what is sent again is the loss recovery's business (`loss-recovery.ts`), which
 * inflates `cwnd` for a while when it counts duplicate acknowledgements (RFC 6582 §3.2).
 */
import { assert } from '../../../assert/assert.ts';

/** The largest congestion window in bytes: keeps sums int32. */
export const CWND_MAX = 0x1fff_ffff;
/** RFC 5681 §3.1: the threshold starts as high as it can be. */
export const SSTHRESH_START = 0x3fff_ffff;

/** RFC 9406 §4.3: conservative slow start grows by a quarter of what is acknowledged. */
const CONSERVATIVE_BITS = 2;

/** What congestion control knows of one connection; it is part of the Tcb. */
export class CongestionState {
  /** TCP_CONGESTION: the number of a control; 0: the stack's own (`chosen.ts`). */
  chosen = 0;
  /** The congestion window and the slow-start threshold in bytes. */
  cwnd = 0;
  ssthresh = SSTHRESH_START;
  /** Bytes acknowledged since the window last grew, in congestion avoidance. */
  ackedBytes = 0;
  /**
   * Until when the time of the window's growth is counted: the latest acknowledgement, or when the sender
   * went on after a rest. Time in which the window was not made use of is not (RFC 9438 §5.8).
   */
  countedUs = 0;
  /** 1 in a spell of congestion avoidance whose time is counted, and how much of it has been. Of CUBIC. */
  epoch = 0;
  elapsedUs = 0;
  /** The middle of the cubic function: the window there in bytes, and after which time of the epoch. */
  origin = 0;
  originUs = 0;
  /** The window at the latest loss, and what CUBIC takes for the path's own (W_max); 0: nothing. */
  windowPrior = 0;
  windowMax = 0;
  /** What Reno's window would be, and the bytes acknowledged since it last grew. */
  renoBytes = 0;
  renoAckedBytes = 0;
  /**
   * Bytes acknowledged that are worth the next segment, for which window, and since when; the window is 0
   * where there is no price. It holds for a few milliseconds, and no longer than anything is outstanding.
   */
  price = 0;
  pricedWindow = 0;
  pricedUs = 0;
  /** What a loss, or what seemed one, has taken: to be given back if it was none. */
  undoWindow = 0;
  undoThreshold = 0;
  undoWindowMax = 0;
  /**
   * Of the window's time that lasts until `usedUntil` is acknowledged: 1 once the window, and nothing else,
   * has held the sender back; and the most bytes that were in flight (`window-use.ts`).
   */
  limited = 0;
  flightMax = 0;
  usedUntil = 0;
  /**
   * HyStart++ (`hystart.ts`): 1 once a round has begun; where it ends; its samples, the least of them, and
   * that of the round before, 0 where there is none.
   */
  roundsBegun = 0;
  roundEnds = 0;
  roundSamples = 0;
  roundRttUs = 0;
  roundBeforeRttUs = 0;
  /** Rounds of conservative slow start, with the present one; 0: none. And the least round trip before it. */
  conservative = 0;
  conservativeRttUs = 0;

  reset(): void {
    this.chosen = 0;
    this.cwnd = 0;
    this.ssthresh = SSTHRESH_START;
    this.ackedBytes = 0;
    this.countedUs = 0;
    this.epoch = 0;
    this.elapsedUs = 0;
    this.origin = 0;
    this.originUs = 0;
    this.windowPrior = 0;
    this.windowMax = 0;
    this.renoBytes = 0;
    this.renoAckedBytes = 0;
    this.price = 0;
    this.pricedWindow = 0;
    this.pricedUs = 0;
    this.undoWindow = 0;
    this.undoThreshold = 0;
    this.undoWindowMax = 0;
    this.limited = 0;
    this.flightMax = 0;
    this.usedUntil = 0;
    this.roundsBegun = 0;
    this.roundEnds = 0;
    this.roundSamples = 0;
    this.roundRttUs = 0;
    this.roundBeforeRttUs = 0;
    this.conservative = 0;
    this.conservativeRttUs = 0;
  }
}

/** All lengths are bytes; `mss` is the connection's present one. */
export interface CongestionControl {
  readonly name: string;
  /** The connection is established. @param segments of the initial window. */
  start(state: CongestionState, mss: number, segments: number): void;
  /**
   * New data was acknowledged outside of fast recovery, and the window had been made use of.
   * @param bytes at least 1. @param nowUs the stack's clock. @param rttUs the mean round trip; 0: unknown.
   */
  acknowledged(state: CongestionState, mss: number, bytes: number, nowUs: number, rttUs: number): void;
  /**
   * A loss has been shown, or a mark of congestion echoed (RFC 3168). @param flightBytes outstanding when it
   * was found.
   */
  lossFound(state: CongestionState, mss: number, flightBytes: number): void;
  /** All that was outstanding when the loss was found is acknowledged. @param flightBytes outstanding now. */
  recovered(state: CongestionState, mss: number, flightBytes: number): void;
  /** The retransmission timer has expired. @param first for this data, or since anything was lost. */
  timedOut(state: CongestionState, mss: number, flightBytes: number, first: boolean): void;
  /** What was taken for a loss was none: the window and the threshold are what they were. */
  undo(state: CongestionState): void;
  /** Nothing was sent for longer than the RTO (RFC 5681 §4.1). @param segments of the initial window. */
  idle(state: CongestionState, mss: number, segments: number): void;
}

/** By how much acknowledged bytes let slow start grow; less once HyStart++ slows it down. // Hot path. */
function slowStartWorth({ conservative }: CongestionState, bytes: number): number {
  return conservative === 0 ? bytes : bytes >> CONSERVATIVE_BITS;
}

/**
 * Slow start (RFC 5681 §3.1) counts every byte, however many one acknowledgement covers (RFC 3465 without its
 * limit L), as Linux does: where acknowledgements are put together, or many bytes are, growth is the same.
 * @returns bytes that are left for congestion avoidance. // Hot path.
 */
export function slowStart(state: CongestionState, bytes: number): number {
  const { cwnd, ssthresh } = state;
  if (cwnd >= ssthresh) return bytes;
  const grown = Math.min(cwnd + slowStartWorth(state, bytes), ssthresh, CWND_MAX);
  state.cwnd = grown;
  return grown < ssthresh ? 0 : bytes - (grown - cwnd);
}

/**
 * The window once recovery has ended. RFC 6582 §3.2 step 3 (1): little may be in flight, and then the whole
 * threshold would go as one burst.
 */
export function windowAfterRecovery({ ssthresh }: CongestionState, mss: number, flightBytes: number): number {
  return Math.min(ssthresh, Math.max(flightBytes, mss) + mss);
}

/** Before a loss takes anything. */
export function rememberForUndo(state: CongestionState): void {
  state.undoWindow = state.cwnd;
  state.undoThreshold = state.ssthresh;
  state.undoWindowMax = state.windowMax;
}

/** What was taken stays taken: a mark has said that there was congestion (RFC 3168 §6.1.2). */
export function forbidUndo(state: CongestionState): void {
  assert(state.cwnd > 0, 'congestion: a window that stays as it is lets something out');
  state.undoWindow = 1;
  state.undoThreshold = 0;
  state.undoWindowMax = state.windowMax;
}

/** There was no loss (RFC 9438 §4.9; RFC 4015 in its spirit: what has been sent since then stays allowed). */
export function undoLoss(state: CongestionState): void {
  assert(state.undoWindow > 0, 'congestion: a loss that is taken back was found');
  state.cwnd = Math.max(state.cwnd, state.undoWindow);
  state.ssthresh = Math.max(state.ssthresh, state.undoThreshold);
  state.windowMax = state.undoWindowMax;
  state.ackedBytes = 0;
  state.epoch = 0;
}
