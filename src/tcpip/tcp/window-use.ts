/**
 * Whether a connection makes use of its congestion window: only one that does may see it grow, since what was
 * not tried says nothing about the path (RFC 7661 §3 in short, RFC 9438 §5.8). What counts is how much was in
 * flight when it was sent, at the most in a window's time, and not how much is left of it when each of its
 * acknowledgements comes: the last of them would always find little. As Linux has it.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { before } from '../seq.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** New data has been sent, `sndMax` moved. // Hot path. */
export function noteSent(tcb: Tcb): void {
  const { congestion } = tcb;
  const flight = flightBytes(tcb);
  if (COSTLY) assert(flight > 0, 'window use: what was sent is in flight');
  const isNewWindow = !before(tcb.sndUna, congestion.usedUntil);
  if (!isNewWindow && (congestion.limited !== 0 || flight <= congestion.flightMax)) return;
  congestion.flightMax = flight;
  congestion.usedUntil = tcb.sndMax;
  congestion.limited = flight > congestion.cwnd - tcb.mss ? 1 : 0;
}

/** The window, and nothing else, holds back what is queued. // Hot path. */
export function noteLimited(tcb: Tcb): void {
  const { congestion } = tcb;
  if (COSTLY) assert(tcb.sndNxt !== tcb.sndEnd, 'window use: something is held back');
  congestion.limited = 1;
  congestion.flightMax = flightBytes(tcb);
  congestion.usedUntil = tcb.sndMax;
}

/**
 * What is in flight was let out by a window that is no more: the acknowledgement of it, which may cover all
 * of it at once, says nothing about the window that is now.
 */
export function forgetUse(tcb: Tcb): void {
  const { congestion, sndMax } = tcb;
  assert(flightBytes(tcb) > 0, 'window use: what is forgotten is in flight');
  congestion.limited = 0;
  congestion.flightMax = 0;
  congestion.usedUntil = sndMax;
}

/** In slow start half of the window is use enough: it is about to double. // Hot path. */
export function isWindowUsed({ congestion }: Tcb): boolean {
  const { cwnd, ssthresh, limited, flightMax } = congestion;
  if (COSTLY) assert(cwnd > 0, 'window use: there is a window');
  return limited !== 0 || (cwnd < ssthresh && cwnd < flightMax * 2);
}
