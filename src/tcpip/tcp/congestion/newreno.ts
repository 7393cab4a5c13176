/**
 * NewReno's window (RFC 5681 §3.1, RFC 6928): slow start, congestion avoidance, half the flight on loss. Every
 * acknowledged byte counts, as on Linux (RFC 3465 without its limit L).
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import {
  type CongestionControl,
  type CongestionState,
  CWND_MAX,
  rememberForUndo,
  slowStart,
  undoLoss,
  windowAfterRecovery,
} from './congestion.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export class NewReno implements CongestionControl {
  readonly name = 'newreno';

  start(state: CongestionState, mss: number, segments: number): void {
    assert(segments > 0 && mss > 0, 'congestion: a connection starts with at least one segment');
    state.cwnd = Math.min(CWND_MAX, Math.imul(segments, mss));
    state.ackedBytes = 0;
  }

  /** // Hot path. */
  acknowledged(state: CongestionState, mss: number, bytes: number): void {
    if (COSTLY) assert(bytes > 0, 'congestion: an acknowledgement counts for at least one byte');
    const left = slowStart(state, bytes);
    if (left > 0) avoid(state, mss, left);
  }

  lossFound(state: CongestionState, mss: number, flightBytes: number): void {
    rememberForUndo(state);
    state.ssthresh = threshold(mss, flightBytes);
    state.cwnd = state.ssthresh;
  }

  recovered(state: CongestionState, mss: number, flightBytes: number): void {
    state.cwnd = windowAfterRecovery(state, mss, flightBytes);
    state.ackedBytes = 0;
  }

  timedOut(state: CongestionState, mss: number, flightBytes: number, first: boolean): void {
    // RFC 5681 §3.1: the same data, lost again, does not lower the threshold a second time.
    if (first) {
      rememberForUndo(state);
      state.ssthresh = threshold(mss, flightBytes);
    }
    state.cwnd = mss;
    state.ackedBytes = 0;
  }

  undo(state: CongestionState): void {
    undoLoss(state);
  }

  idle(state: CongestionState, mss: number, segments: number): void {
    state.cwnd = Math.min(state.cwnd, Math.imul(segments, mss));
    state.ackedBytes = 0;
  }
}

/** Congestion avoidance: one segment for each window that was acknowledged. */
function avoid(state: CongestionState, mss: number, bytes: number): void {
  const { cwnd } = state;
  assert(cwnd > 0, 'congestion: a window that grows lets something out');
  // What was gathered while the window was larger buys one segment, and no burst of them.
  const gathered = Math.min(state.ackedBytes, cwnd) + bytes;
  const segments = Math.floor(gathered / cwnd);
  state.ackedBytes = gathered - segments * cwnd;
  state.cwnd = Math.min(CWND_MAX, cwnd + segments * mss);
}

/** RFC 5681 §3.1, equation 4. */
function threshold(mss: number, flightBytes: number): number {
  assert(flightBytes >= 0, 'congestion: what is outstanding is not negative');
  return Math.max(flightBytes >> 1, mss * 2);
}
