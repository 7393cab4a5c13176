/**
 * No congestion control: the peer's window alone says how much may be in flight, and a loss costs nothing but
 * sending again. For links that are nobody else's, and to hold a stack's loss recovery against one that has
 * no congestion control, as smoltcp has none unless it is asked for. On a shared network it takes what others
 * give way to (RFC 2914), which is why it is never chosen unasked.
 */
import { assert } from '../../../assert/assert.ts';
import {
  type CongestionControl,
  type CongestionState,
  CWND_MAX,
  rememberForUndo,
  SSTHRESH_START,
  undoLoss,
} from './congestion.ts';

export class NoControl implements CongestionControl {
  readonly name = 'none';

  start(state: CongestionState, mss: number): void {
    assert(mss > 0, 'no congestion control: a segment holds at least one byte');
    open(state);
  }

  acknowledged(): void {}

  lossFound(state: CongestionState): void {
    rememberForUndo(state);
    open(state);
  }

  recovered(state: CongestionState): void {
    open(state);
  }

  timedOut(state: CongestionState): void {
    rememberForUndo(state);
    open(state);
  }

  undo(state: CongestionState): void {
    undoLoss(state);
  }

  idle(): void {}
}

/** No threshold: what a loss leaves of the window is all of it (`proportional-rate.ts`). */
function open(state: CongestionState): void {
  state.cwnd = CWND_MAX;
  state.ssthresh = SSTHRESH_START;
}
