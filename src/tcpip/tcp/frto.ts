/** Whether a time-out was one (RFC 5682): what arrives that was sent before it, and once, says that it was not. */
import { assert } from '../../assert/assert.ts';
import { after } from '../seq.ts';
import { FRTO_FIRST, FRTO_OFF, FRTO_SECOND } from './control-block/rack-state.ts';
import { RECOVERY_TIMEOUT } from './control-block/recovery-state.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/**
 * RFC 5682 §3.1: after a time-out and its first acknowledgement new data goes, so that the next one tells
 * whether what was sent before the time-out arrives by itself. @param heldBytes that this acknowledgement
 * reports by SACK. @returns whether nothing else goes yet.
 */
export function isStillInDoubt(tcb: Tcb, bytes: number, heldBytes: number): boolean {
  const { rack, recovery } = tcb;
  assert(rack.suspicion !== FRTO_OFF, 'frto: only a time-out that is in doubt is looked at');
  const isAdvance = bytes > 0 && heldBytes === 0 && recovery.phase === RECOVERY_TIMEOUT;
  const canSend = after(tcb.sndEnd, tcb.sndNxt) && ((tcb.sndWnd - flightBytes(tcb)) | 0) >= tcb.mss;
  const isHeldBack = rack.suspicion === FRTO_FIRST && isAdvance && canSend;
  rack.suspicion = isHeldBack ? FRTO_SECOND : FRTO_OFF;
  return isHeldBack;
}
