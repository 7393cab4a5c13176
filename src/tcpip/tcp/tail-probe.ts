/** When the last of what was sent is probed for (RFC 8985 §7.2), as Linux has it. */
import { assert } from '../../assert/assert.ts';
import type { Environment } from '../environment.ts';
import type { Routes } from '../route.ts';
import { RECOVERY_NONE } from './control-block/recovery-state.ts';
import { TIMEOUT_LEAST_US } from './control-block/timers.ts';
import type { SentSegments } from './sent-segments.ts';
import type { Tcb } from './tcb.ts';

/** Before the first round trip was measured. */
const PROBE_INITIAL_US = 1_000_000;

/** Whether the peer's window reaches beyond `start`; the first segment that is out goes in any case. */
export function isOffered({ sndUna, sndWnd }: Tcb, start: number): boolean {
  assert(sndWnd >= 0, 'tail probe: the window that it heeds is not negative');
  return start === sndUna || ((start - sndUna) | 0) < sndWnd;
}

/**
 * @param isAnew whether the time runs from now, and not from when the oldest segment was sent.
 * @returns how long from now; -1: no probe is due.
 */
export function tailProbeDelayUs(
  environment: Environment,
  routes: Routes,
  records: SentSegments,
  tcb: Tcb,
  isAnew: boolean,
): number {
  const { recovery, rack, rtt, sent } = tcb;
  const { config, nowUs } = environment;
  if (tcb.sackPermitted === 0 || sent.head < 0 || !config.tailLossProbes) return -1;
  if (recovery.phase !== RECOVERY_NONE || recovery.sackedBytes !== 0 || rack.probing !== 0) return -1;
  // A time-out that would come before the probe gives its place to it (RFC 8985 §7.2).
  const sentAgoUs = isAnew ? 0 : (nowUs - records.sentUs[sent.head]) | 0;
  const timeoutUs = Math.max(1, (rtt.rto - sentAgoUs) | 0);
  if (rtt.srtt === 0) return Math.min(PROBE_INITIAL_US, timeoutUs);
  assert(sent.tail >= 0, 'tail probe: what is outstanding ends with a segment');
  // Twice the mean round trip; a segment alone may be acknowledged late (RFC 8985 §7.2).
  const isAlone = sent.head === sent.tail && records.segments[sent.tail] === 1;
  const extraUs = isAlone ? routes.rtoMinUs(tcb.remoteAddress, config.rtoMinUs) : TIMEOUT_LEAST_US;
  return Math.min((rtt.srtt >> 2) + extraUs, timeoutUs);
}
