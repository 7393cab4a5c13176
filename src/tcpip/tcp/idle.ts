/** When a connection is idle: then a record holds all of it (`dormant-record.ts`). */
import { ACK_NONE } from './control-block/acknowledgements.ts';
import { FRTO_OFF, PROBE_NONE } from './control-block/rack-state.ts';
import { DUE_NOTHING, RECOVERY_NONE } from './control-block/recovery-state.ts';
import { TIMER_KEEPALIVE } from './control-block/timers.ts';
import { SENDING_NOTHING } from './control-block/totals.ts';
import { ESTABLISHED } from './state.ts';
import type { Tcb } from './tcb.ts';

/**
 * Whether nothing goes on in a connection: all that was to be sent is acknowledged, all that came is taken,
 * nothing is owed, and no timer runs but that of keep-alive. What a record leaves out is nothing then.
 */
export function isIdle(tcb: Tcb): boolean {
  return (
    tcb.state === ESTABLISHED &&
    (tcb.ready | tcb.awaitsNeighbour | tcb.moving | tcb.resetDue | tcb.finQueued | tcb.error) === 0 &&
    tcb.owner >= 0 &&
    tcb.parent < 0 &&
    // What a record has no words for: marks, and how long a path's MTU has been known.
    (tcb.marks.on | tcb.pathMtu | tcb.mtuSearch.on) === 0 &&
    tcb.sndUna === tcb.sndEnd &&
    tcb.sndMax === tcb.sndEnd &&
    tcb.sndNxt === tcb.sndEnd &&
    (tcb.timers.armed & ~TIMER_KEEPALIVE) === 0 &&
    hasNothing(tcb) &&
    recoversFromNothing(tcb)
  );
}

/** Whether the queues are empty, and nothing waits to be told. */
function hasNothing({ sndUrgent, sndForced, sends, received, acks, timers, rtt, totals }: Tcb): boolean {
  return (
    (sndUrgent | sndForced | sends.count | received.slotsHeld | received.finKnown | received.finTaken) ===
      0 &&
    received.duplicateStart === received.duplicateEnd &&
    acks.owed === ACK_NONE &&
    (acks.duplicatesOwed | acks.pushed | timers.retries | timers.probes | timers.probeDue | rtt.timing) ===
      0 &&
    totals.sendingAs === SENDING_NOTHING
  );
}

function recoversFromNothing({ recovery, rack, sent }: Tcb): boolean {
  return (
    recovery.phase === RECOVERY_NONE &&
    recovery.due === DUE_NOTHING &&
    (recovery.dupAcks | recovery.sackCount | recovery.lostBytes) === 0 &&
    (rack.lookAfterUs | rack.probing) === 0 &&
    rack.suspicion === FRTO_OFF &&
    rack.probe === PROBE_NONE &&
    sent.head < 0
  );
}
