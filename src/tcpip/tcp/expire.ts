/** What happens when a connection's timers expire: RFC 6298 §5, RFC 9293 §3.8.3, §3.8.4, §3.8.6.1. */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { TCP_DELAYED_ACKS, TCP_TIMEOUTS } from '../../ledger/counters.gen.ts';
import { ETIMEDOUT } from '../../socket/errno.ts';
import type { StackConfig } from '../config.ts';
import { atOrAfter } from '../seq.ts';
import { ACK_NONE } from './control-block/acknowledgements.ts';
import {
  SENDING_TIMERS,
  TIMER_ACK,
  TIMER_FIN_WAIT,
  TIMER_KEEPALIVE,
  TIMER_PERSIST,
  TIMER_PROBE,
  TIMER_RETRANSMIT,
} from './control-block/timers.ts';
import { checkTcb } from './identities.ts';
import { closeTcb, failTcb, queueReset } from './lifecycle.ts';
import { forgetProbe } from './mtu-probe.ts';
import { probeFailed, suspectBlackHole } from './mtu-search.ts';
import { hasNeighbour } from './path.ts';
import { acknowledgeNow, markReady } from './ready.ts';
import { SYN_RECEIVED, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, hasUnsent, type Tcb } from './tcb.ts';
import { endTimeWait } from './time-wait-state.ts';
import {
  reschedule,
  startKeepAlive,
  startPersist,
  startReorder,
  startRetransmit,
  startSending,
  startTimeout,
} from './timers.ts';
import { awakeTcb } from './wake.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** After so many expiries the next hop's address is looked up anew, as Linux does (RFC 9293 MUST-20: R1). */
const ADVISE_RETRIES = 3;
/** Beyond this the persist timer's interval has long reached its maximum. */
const PERSIST_RETRIES_MAX = 30;

/** Runs what is due. @returns how many timers did something. */
export function advanceConnections(tcp: TcpTables): number {
  const { timers, timeWait, environment } = tcp;
  const { nowUs } = environment;
  let expired = 0;
  while (!timers.isEmpty && atOrAfter(nowUs, timers.earliest)) {
    const index = timers.pop();
    if (tcp.dormant.isUntimed(index)) continue;
    const tcb = awakeTcb(tcp, index);
    if (tcb.timers.armed === 0) continue;
    expired += expire(tcp, tcb, nowUs);
    if (tcb.timers.armed !== 0) reschedule(tcp, tcb);
    if (COSTLY) checkTcb(tcp, tcb);
  }
  while (timeWait.oldest >= 0 && atOrAfter(nowUs, timeWait.until[timeWait.oldest])) {
    endTimeWait(tcp, timeWait.oldest);
    expired += 1;
  }
  return expired;
}

/** Runs a connection's timers that are due; one that ends the connection stops all others. */
function expire(tcp: TcpTables, tcb: Tcb, nowUs: number): number {
  const { timers } = tcb;
  let expired = 0;
  if ((timers.armed & TIMER_ACK) !== 0 && atOrAfter(nowUs, timers.ackAt)) {
    timers.armed &= ~TIMER_ACK;
    expired += 1;
    sendDelayed(tcp, tcb);
  }
  const sending = timers.armed & SENDING_TIMERS;
  if (sending !== 0 && atOrAfter(nowUs, timers.retransmitAt)) {
    assert(
      (sending & (sending - 1)) === 0,
      'expiry: a connection waits for one reason to send again, and no more',
    );
    timers.armed &= ~sending;
    expired += 1;
    expireSending(tcp, tcb, sending);
  }
  if ((timers.armed & TIMER_KEEPALIVE) !== 0 && atOrAfter(tcp.environment.nowMs, timers.keepAliveAtMs)) {
    expired += 1;
    keepAlive(tcp, tcb);
  }
  if ((timers.armed & TIMER_FIN_WAIT) !== 0 && atOrAfter(nowUs, timers.finWaitAt)) {
    expired += 1;
    closeTcb(tcp, tcb);
  }
  return expired;
}

/** @param timer the one that has expired of those that share a deadline. */
function expireSending(tcp: TcpTables, tcb: Tcb, timer: number): void {
  if (timer === TIMER_PERSIST) persist(tcp, tcb);
  else if (timer === TIMER_RETRANSMIT || flightBytes(tcb) <= 0) retransmit(tcp, tcb);
  else {
    const timeoutUs = timer === TIMER_PROBE ? tcp.recovery.probeDue(tcb) : 0;
    if (timer !== TIMER_PROBE) {
      tcp.recovery.lookAgain(tcb);
      if (tcb.mtuSearch.lost !== 0) probeFailed(tcp, tcb);
    }
    if (timeoutUs > 0) startSending(tcp, tcb, TIMER_RETRANSMIT, timeoutUs);
    else if (tcb.rack.lookAfterUs > 0) startReorder(tcp, tcb, tcb.rack.lookAfterUs);
    else startTimeout(tcp, tcb);
    markReady(tcp, tcb);
  }
}

/** An acknowledgement has waited long enough for company. */
function sendDelayed(tcp: TcpTables, tcb: Tcb): void {
  if (tcb.acks.owed === ACK_NONE) return;
  // It is no conversation after all: acknowledge quickly again (Linux, leaving ping-pong mode).
  tcb.acks.pingPong = 0;
  tcp.environment.counters[TCP_DELAYED_ACKS] += 1;
  acknowledgeNow(tcp, tcb);
}

/** The peer has not acknowledged for an RTO: RFC 6298 §5.4 to §5.7; RFC 9293 §3.8.3 (R1, R2). */
function retransmit(tcp: TcpTables, tcb: Tcb): void {
  if (flightBytes(tcb) <= 0) {
    if (hasUnsent(tcb)) lookForWay(tcp, tcb);
    return;
  }
  const { config, counters } = tcp.environment;
  const { timers, rtt } = tcb;
  counters[TCP_TIMEOUTS] += 1;
  if (timers.retries === 0) tcb.totals.timeoutRecoveries += 1;
  tcb.totals.timeouts += 1;
  if (isOutOfRetries(tcp, tcb)) return;
  if (timers.retries === ADVISE_RETRIES) tcb.neighbour = -1;
  // Linux's tcp_syn_linear_timeouts: a full backlog drops many SYNs at once, and has room again soon.
  const linear = tcb.state === SYN_SENT && timers.retries <= config.synLinearRetries;
  if (!linear) rtt.rto = doubled(tcb, config);
  rtt.timing = 0;
  if (tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED) {
    // While data is waited for (TCP_DEFER_ACCEPT) the peer, which has answered, is not asked again but once.
    if (tcb.listening.deferred === 0 || timers.retries >= tcb.options.deferAccept) tcb.sndNxt = tcb.iss;
  } else {
    forgetProbe(tcb);
    suspectBlackHole(tcp, tcb);
    if (tcp.recovery.timedOut(tcb)) tcp.sendQueue.rewind(tcb);
  }
  startRetransmit(tcp, tcb);
  markReady(tcp, tcb);
}

/** The time-out behind this one (RFC 6298 §5.5). A first SYN's is no measured one, and has no slop to leave. */
function doubled({ rtt, timers }: Tcb, { rtoSlopUs, rtoMaxUs }: StackConfig): number {
  const slopUs = rtt.srtt === 0 && timers.retries <= 1 ? 0 : rtoSlopUs;
  return Math.min(Math.max(1, rtt.rto - slopUs) * 2 + rtoSlopUs, rtoMaxUs);
}

/**
 * Nothing is in flight, since there was no way for what is to be sent. It is looked for as often as something
 * would be sent again: whoever has handed the bytes over learns in the end that they do not get there.
 */
function lookForWay(tcp: TcpTables, tcb: Tcb): void {
  const { rtt, timers } = tcb;
  assert(tcb.resetDue === 0, 'expiry: a reset that is due waits for no timer');
  if (hasNeighbour(tcp, tcb)) {
    timers.retries = 0;
    markReady(tcp, tcb);
    return;
  }
  if (isOutOfRetries(tcp, tcb)) return;
  rtt.rto = doubled(tcb, tcp.environment.config);
  startRetransmit(tcp, tcb);
}

/** One more try is due. @returns whether it would be one too many: then the connection has been given up. */
function isOutOfRetries(tcp: TcpTables, tcb: Tcb): boolean {
  const { timers, rtt } = tcb;
  if (timers.retries === 0) {
    // As on Linux, of data from the first time-out on, when it goes again, and of a SYN from when it was sent.
    const isOpening = tcb.state === SYN_SENT || tcb.state === SYN_RECEIVED;
    timers.stalledMs = (tcp.environment.nowMs - (isOpening ? (rtt.rto / 1000) | 0 : 0)) | 0;
  }
  timers.retries += 1;
  const isPast = isPastUserTimeout(tcp, tcb) || isPastOpening(tcp, tcb);
  if (timers.retries <= retriesMax(tcp, tcb) && !isPast) return false;
  giveUp(tcp, tcb);
  return true;
}

/** The peer does not answer any more: the connection fails with what ICMP said, or as timed out. */
function giveUp(tcp: TcpTables, tcb: Tcb): void {
  failTcb(tcp, tcb, tcb.softError !== 0 ? tcb.softError : ETIMEDOUT);
}

/** How often the same data is sent again before the connection is given up. */
function retriesMax(tcp: TcpTables, tcb: Tcb): number {
  const { config } = tcp.environment;
  if (tcb.state === SYN_SENT) return config.synRetries + config.synLinearRetries;
  if (tcb.state === SYN_RECEIVED) return config.synAckRetries;
  return tcb.owner < 0 && tcb.parent < 0 ? config.orphanRetries : config.retries;
}

/**
 * Whether a SYN has gone unanswered for as long as `synRetries` take that double from the first. Where tries at an
 * even pace come before those, they may be spent later (Linux's retransmits_timed_out over tcp_model_timeout).
 */
function isPastOpening(tcp: TcpTables, tcb: Tcb): boolean {
  if (tcb.state !== SYN_SENT) return false;
  const { config, nowMs } = tcp.environment;
  const { rtoInitialUs, rtoMaxUs, synRetries } = config;
  const doublings = Math.min(synRetries, Math.floor(Math.log2(Math.max(1, rtoMaxUs / rtoInitialUs))));
  const openingUs = (2 ** (doublings + 1) - 1) * rtoInitialUs + (synRetries - doublings) * rtoMaxUs;
  return ((nowMs - tcb.timers.stalledMs) | 0) >= openingUs / 1000;
}

/** RFC 9293 MUST-21 (TCP_USER_TIMEOUT). */
function isPastUserTimeout(tcp: TcpTables, tcb: Tcb): boolean {
  const { userTimeoutMs } = tcb.options;
  const stalledForMs = (tcp.environment.nowMs - tcb.timers.stalledMs) | 0;
  return userTimeoutMs > 0 && stalledForMs >= userTimeoutMs;
}

/** Nothing is in flight and data waits: for a window, or for more to fill a segment. */
function persist(tcp: TcpTables, tcb: Tcb): void {
  const { config, nowMs } = tcp.environment;
  const { timers } = tcb;
  if (tcb.sndWnd > flightBytes(tcb)) {
    // The override timer of RFC 9293 §3.8.6.2.1; Linux sets PSH on what it lets go (`tcp_write_wakeup`).
    tcb.sndForced = 1;
    if (tcb.sends.tail >= 0) tcp.sendQueue.push(tcb);
    markReady(tcp, tcb);
    return;
  }
  if (timers.probes === 0) timers.stalledMs = nowMs;
  timers.probes += 1;
  // A peer that answers probes may keep its window closed for ever (MUST-37); answers reset `probes`.
  const most = tcb.owner < 0 && tcb.parent < 0 ? config.orphanRetries : config.retries;
  if (timers.probes > most || isPastUserTimeout(tcp, tcb)) {
    giveUp(tcp, tcb);
    return;
  }
  timers.probeDue = 1;
  timers.retries = Math.min(PERSIST_RETRIES_MAX, timers.retries + 1);
  startPersist(tcp, tcb);
  markReady(tcp, tcb);
}

/** RFC 9293 §3.8.4: a probe only when nothing is outstanding and nothing has come for the interval. */
function keepAlive(tcp: TcpTables, tcb: Tcb): void {
  const { nowMs } = tcp.environment;
  const { timers, options } = tcb;
  if (options.keepAlive === 0) {
    timers.armed &= ~TIMER_KEEPALIVE;
    return;
  }
  const idleMs = (nowMs - timers.lastReceiveMs) | 0;
  const idleMaxMs = options.keepIdleSeconds * 1000;
  if (idleMs < idleMaxMs || flightBytes(tcb) > 0 || tcb.sndNxt !== tcb.sndEnd) {
    startKeepAlive(tcp, tcb, idleMs < idleMaxMs ? idleMaxMs - idleMs : idleMaxMs);
    return;
  }
  const isDead =
    options.userTimeoutMs > 0
      ? timers.probes > 0 && idleMs >= options.userTimeoutMs
      : timers.probes >= options.keepProbes;
  if (isDead) {
    // Should the peer be there after all, it is to know (as on Linux).
    queueReset(tcp, tcb);
    giveUp(tcp, tcb);
    return;
  }
  timers.probes += 1;
  timers.probeDue = 1;
  markReady(tcp, tcb);
  startKeepAlive(tcp, tcb, options.keepIntervalSeconds * 1000);
}
