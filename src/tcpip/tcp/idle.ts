/** When a connection is idle: then a record holds all of it (`dormant-record.ts`). */
import { ACK_NONE } from './control-block/acknowledgements.ts';
import { FRTO_OFF, PROBE_NONE } from './control-block/rack-state.ts';
import { DUE_NOTHING, RECOVERY_NONE } from './control-block/recovery-state.ts';
import { TIMER_FIN_WAIT, TIMER_KEEPALIVE } from './control-block/timers.ts';
import { SENDING_NOTHING } from './control-block/totals.ts';
import { CLOSE_WAIT, ESTABLISHED, FIN_WAIT_2 } from './state.ts';
import type { Tcb } from './tcb.ts';

/**
 * Whether nothing goes on in a connection that is established, or of which one half is closed: all that was to
 * be sent is acknowledged, the FIN too; all that came is taken; nothing is owed; and no timer runs but that of
 * keep-alive and the one for the peer's FIN. What a record leaves out is nothing then.
 */
export function isIdle(tcb: Tcb): boolean {
  const { state } = tcb;
  const sent = (tcb.sndEnd + tcb.finQueued) | 0;
  return (
    (state === ESTABLISHED || state === FIN_WAIT_2 || state === CLOSE_WAIT) &&
    (tcb.ready | tcb.awaitsNeighbour | tcb.moving | tcb.resetDue | tcb.error) === 0 &&
    (tcb.owner >= 0 || state === FIN_WAIT_2) &&
    tcb.parent < 0 &&
    tcb.sndUna === sent &&
    tcb.sndMax === sent &&
    tcb.sndNxt === sent &&
    (tcb.timers.armed & ~(TIMER_KEEPALIVE | TIMER_FIN_WAIT)) === 0 &&
    hasNothing(tcb) &&
    recoversFromNothing(tcb)
  );
}

/** Whether the queues are empty, and nothing waits to be told. */
function hasNothing(tcb: Tcb): boolean {
  const { sends, received, acks, timers, rtt, totals } = tcb;
  const finTaken = tcb.state === CLOSE_WAIT ? 1 : 0;
  const finQueued = tcb.state === FIN_WAIT_2 ? 1 : 0;
  return (
    (tcb.sndUrgent | tcb.sndForced | sends.count | received.slotsHeld) === 0 &&
    tcb.finQueued === finQueued &&
    received.finKnown === finTaken &&
    received.finTaken === finTaken &&
    received.duplicateStart === received.duplicateEnd &&
    acks.owed === ACK_NONE &&
    (acks.duplicatesOwed | acks.pushed | timers.retries | timers.probeDue | rtt.timing) === 0 &&
    totals.sendingAs === SENDING_NOTHING
  );
}

function recoversFromNothing({ recovery, rack, sent, mtuSearch }: Tcb): boolean {
  return (
    recovery.phase === RECOVERY_NONE &&
    recovery.due === DUE_NOTHING &&
    (recovery.dupAcks | recovery.sackCount | recovery.lostBytes) === 0 &&
    (rack.lookAfterUs | rack.probing | mtuSearch.probeBytes | mtuSearch.lost) === 0 &&
    rack.suspicion === FRTO_OFF &&
    rack.probe === PROBE_NONE &&
    sent.head < 0
  );
}
