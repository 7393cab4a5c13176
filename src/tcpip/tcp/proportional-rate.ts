/**
 * Proportional rate reduction (RFC 9937, once RFC 6937): in recovery the congestion window falls by as much
 * as acknowledgements say has left the network, so that sending goes on evenly and ends at the new threshold.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { CWND_MAX, SSTHRESH_START } from './congestion/congestion.ts';
import { RECOVERY_FAST } from './control-block/recovery-state.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Bytes that are thought to be in the network (RFC 6675: pipe). */
export function pipeBytes(tcb: Tcb): number {
  const bytes = (flightBytes(tcb) - tcb.recovery.sackedBytes - tcb.recovery.lostBytes) | 0;
  if (COSTLY) assert(bytes >= 0, 'rack recovery: no more is held or lost than is outstanding');
  return bytes;
}

/** Whether the window is being reduced: for a loss, or for an echoed mark (`ecn.ts`). // Hot path. */
export function isReducing({ recovery, marks }: Tcb): boolean {
  return recovery.phase === RECOVERY_FAST || marks.reducing !== 0;
}

/** Recovery begins. @param flightBytes what was in the network before the acknowledgement that showed it. */
export function beginReduction(tcb: Tcb, flightBytes: number): void {
  const { rack } = tcb;
  assert(flightBytes > 0, 'rate reduction: recovery begins with something in the network');
  rack.delivered = 0;
  rack.sentBytes = 0;
  rack.flightBefore = flightBytes;
}

/**
 * An acknowledgement has come in recovery. @param deliveredBytes that it says have arrived. @param isSafe
 * whether it acknowledges something new and shows no further loss. @param pipe bytes in the network.
 */
export function reduce(tcb: Tcb, deliveredBytes: number, isSafe: boolean, pipe: number): void {
  const { rack, congestion, mss } = tcb;
  assert(rack.flightBefore > 0, 'rate reduction: it is known what was in the network when it began');
  // What says nothing of what has arrived lets nothing out, but for the first retransmission.
  if (deliveredBytes <= 0 && rack.sentBytes > 0) return;
  rack.delivered += deliveredBytes;
  // A control that has set no threshold for the loss takes nothing.
  if (congestion.ssthresh === SSTHRESH_START) return;
  let allowed: number;
  if (pipe > congestion.ssthresh) {
    const share = (rack.delivered * congestion.ssthresh) / rack.flightBefore;
    // Rounded up to whole segments, in which Linux counts.
    allowed = Math.ceil(share / mss) * mss - rack.sentBytes;
  } else {
    const owed = rack.delivered - rack.sentBytes;
    const most = Math.max(owed, deliveredBytes) + (isSafe ? mss : 0);
    allowed = Math.min(congestion.ssthresh - pipe, most);
  }
  // The first retransmission goes in any case.
  const least = rack.sentBytes === 0 ? mss : 0;
  congestion.cwnd = Math.min(CWND_MAX, Math.max(mss, pipe + Math.max(allowed, least)));
}
