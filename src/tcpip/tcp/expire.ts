/** What happens when a connection's timers expire: RFC 6298 §5, RFC 9293 §3.8.3, §3.8.4, §3.8.6.1. */

import { TCP_DELAYED_ACKS, TCP_TIMEOUTS } from '../../ledger/counters.gen.ts';
import { ETIMEDOUT } from '../../socket/errno.ts';
import { ACK_NONE, ACK_NOW } from './control-block/acknowledgements.ts';
import {
  TIMER_ACK,
  TIMER_FIN_WAIT,
  TIMER_KEEPALIVE,
  TIMER_PERSIST,
  TIMER_RETRANSMIT,
} from './control-block/timers.ts';
import { acknowledgeNow, closeTcb, endTimeWait, failTcb } from './lifecycle.ts';
import { SYN_RECEIVED, SYN_SENT } from './state.ts';
import { markReady, type TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';
import { reschedule, startKeepAlive, startPersist, startRetransmit } from './timers.ts';

/**
 * Linux reports a destination unreachable since this many retransmissions ago to the routing (RFC 9293
 * MUST-20: R1).
 */
const ADVISE_RETRIES = 3;

/** Runs what is due. @returns how many timers did something. */
export function advanceConnections(tcp: TcpTables): number {
  const { timers, timeWait, environment } = tcp;
  const { nowUs } = environment;
  let expired = 0;
  while (!timers.isEmpty && ((nowUs - timers.earliest) | 0) >= 0) {
    const tcb = tcp.tcbs[timers.pop()];
    if (tcb.timers.armed === 0) continue;
    expired += expire(tcp, tcb, nowUs);
    if (tcb.timers.armed !== 0) reschedule(tcp, tcb);
  }
  while (timeWait.oldest >= 0 && ((nowUs - timeWait.until[timeWait.oldest]) | 0) >= 0) {
    endTimeWait(tcp, timeWait.oldest);
    expired += 1;
  }
  return expired;
}

function expire(tcp: TcpTables, tcb: Tcb, nowUs: number): number {
  let expired = 0;
  if ((tcb.timers.armed & TIMER_ACK) !== 0 && ((nowUs - tcb.timers.ackAt) | 0) >= 0) {
    tcb.timers.armed &= ~TIMER_ACK;
    expired += 1;
    if (tcb.acks.owed !== ACK_NONE) {
      // It is no conversation after all: acknowledge quickly again (Linux, leaving ping-pong mode).
      tcb.acks.pingPong = 0;
      tcp.environment.counters[TCP_DELAYED_ACKS] += 1;
      acknowledgeNow(tcp, tcb, ACK_NOW);
    }
  }
  const sending = tcb.timers.armed & (TIMER_RETRANSMIT | TIMER_PERSIST);
  if (sending !== 0 && ((nowUs - tcb.timers.retransmitAt) | 0) >= 0) {
    tcb.timers.armed &= ~sending;
    expired += 1;
    if (sending === TIMER_PERSIST) persist(tcp, tcb);
    else retransmit(tcp, tcb);
  }
  if (
    (tcb.timers.armed & TIMER_KEEPALIVE) !== 0 &&
    ((tcp.environment.nowMs - tcb.timers.keepAliveAtMs) | 0) >= 0
  ) {
    expired += 1;
    keepAlive(tcp, tcb);
  }
  if ((tcb.timers.armed & TIMER_FIN_WAIT) !== 0 && ((nowUs - tcb.timers.finWaitAt) | 0) >= 0) {
    expired += 1;
    closeTcb(tcp, tcb);
  }
  return expired;
}

/** RFC 6298 §5.4 to §5.7; RFC 9293 §3.8.3 (R1, R2). */
function retransmit(tcp: TcpTables, tcb: Tcb): void {
  if (flightBytes(tcb) <= 0) return;
  const { config, counters, nowMs } = tcp.environment;
  counters[TCP_TIMEOUTS] += 1;
  if (tcb.timers.retries === 0) tcb.timers.stalledMs = (nowMs - ((tcb.rtt.rto / 1000) | 0)) | 0;
  tcb.timers.retries += 1;
  if (tcb.timers.retries > retriesMax(tcp, tcb) || isPastUserTimeout(tcp, tcb)) {
    failTcb(tcp, tcb, tcb.softError !== 0 ? tcb.softError : ETIMEDOUT);
    return;
  }
  if (tcb.timers.retries === ADVISE_RETRIES) tcb.neighbour = -1;
  tcb.rtt.rto = Math.min(tcb.rtt.rto * 2, config.rtoMaxUs);
  tcb.rtt.timing = 0;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) tcb.sndNxt = tcb.iss;
  else {
    tcp.recovery.timedOut(tcb);
    tcp.sendQueue.rewind(tcb);
  }
  startRetransmit(tcp, tcb);
  markReady(tcp, tcb);
}

function retriesMax(tcp: TcpTables, tcb: Tcb): number {
  const { config } = tcp.environment;
  if (tcb.state === SYN_SENT) return config.synRetries;
  if (tcb.state === SYN_RECEIVED) return config.synAckRetries;
  return tcb.owner < 0 && tcb.parent < 0 ? config.orphanRetries : config.retries;
}

/** RFC 9293 MUST-21 (TCP_USER_TIMEOUT). */
function isPastUserTimeout(tcp: TcpTables, tcb: Tcb): boolean {
  return (
    tcb.options.userTimeoutMs > 0 &&
    ((tcp.environment.nowMs - tcb.timers.stalledMs) | 0) >= tcb.options.userTimeoutMs
  );
}

/** Nothing is in flight and data waits: for a window, or for more to fill a segment. */
function persist(tcp: TcpTables, tcb: Tcb): void {
  const { config, nowMs } = tcp.environment;
  if (tcb.sndWnd > flightBytes(tcb)) {
    // The override timer of RFC 9293 §3.8.6.2.1.
    tcb.sndForced = 1;
    markReady(tcp, tcb);
    return;
  }
  if (tcb.timers.probes === 0) tcb.timers.stalledMs = nowMs;
  tcb.timers.probes += 1;
  // A peer that answers probes may keep its window closed for ever (MUST-37); answers reset `probes`.
  const most = tcb.owner < 0 && tcb.parent < 0 ? config.orphanRetries : config.retries;
  if (tcb.timers.probes > most || isPastUserTimeout(tcp, tcb)) {
    failTcb(tcp, tcb, tcb.softError !== 0 ? tcb.softError : ETIMEDOUT);
    return;
  }
  tcb.timers.probeDue = 1;
  tcb.timers.retries = Math.min(30, tcb.timers.retries + 1);
  startPersist(tcp, tcb);
  markReady(tcp, tcb);
}

/** RFC 9293 §3.8.4: a probe only when nothing is outstanding and nothing has come for the interval. */
function keepAlive(tcp: TcpTables, tcb: Tcb): void {
  const { nowMs } = tcp.environment;
  if (tcb.options.keepAlive === 0) {
    tcb.timers.armed &= ~TIMER_KEEPALIVE;
    return;
  }
  const idleMs = (nowMs - tcb.timers.lastReceiveMs) | 0;
  const idleMaxMs = tcb.options.keepIdleSeconds * 1000;
  if (idleMs < idleMaxMs || flightBytes(tcb) > 0 || tcb.sndNxt !== tcb.sndEnd) {
    startKeepAlive(tcp, tcb, idleMs < idleMaxMs ? idleMaxMs - idleMs : idleMaxMs);
    return;
  }
  const timedOut =
    tcb.options.userTimeoutMs > 0
      ? tcb.timers.probes > 0 && idleMs >= tcb.options.userTimeoutMs
      : tcb.timers.probes >= tcb.options.keepProbes;
  if (timedOut) {
    failTcb(tcp, tcb, tcb.softError !== 0 ? tcb.softError : ETIMEDOUT);
    return;
  }
  tcb.timers.probes += 1;
  tcb.timers.probeDue = 1;
  markReady(tcp, tcb);
  startKeepAlive(tcp, tcb, tcb.options.keepIntervalSeconds * 1000);
}
