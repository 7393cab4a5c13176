/**
 * Setting a connection's timers. What happens when they expire is in `expire.ts`; how they are kept in
 * `timer-heap.ts`.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { ACK_NONE } from './control-block/acknowledgements.ts';
import {
  OUTSTANDING_TIMERS,
  SENDING_TIMERS,
  TIMEOUT_LEAST_US,
  TIMER_ACK,
  TIMER_FIN_WAIT,
  TIMER_KEEPALIVE,
  TIMER_PERSIST,
  TIMER_PROBE,
  TIMER_REORDER,
  TIMER_RETRANSMIT,
} from './control-block/timers.ts';
import { FIN_WAIT_2 } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/**
 * The longest a heap entry lies ahead, so that wrapping time stays comparable; longer timers are taken up
 * again.
 */
const AHEAD_MAX_MS = 1_000_000;
const US_PER_SECOND = 1_000_000;

/**
 * (Re)starts the retransmission timer (RFC 6298 §5.1, §5.3), or in its place that of a tail loss probe
 * (RFC 8985 §7.2). // Hot path: stores only, as a rule.
 */
export function startRetransmit(tcp: TcpTables, tcb: Tcb): void {
  const probeUs = tcp.recovery.probeDelayUs(tcb, true);
  if (probeUs < 0) startTimeout(tcp, tcb);
  else startSending(tcp, tcb, TIMER_PROBE, probeUs);
}

/**
 * New data has gone: a probe waits for the last of it, and a time-out for the first. // Hot path.
 */
export function startAfterSend(tcp: TcpTables, tcb: Tcb): void {
  const probeUs = tcp.recovery.probeDelayUs(tcb, false);
  if (probeUs >= 0) startSending(tcp, tcb, TIMER_PROBE, probeUs);
  else if ((tcb.timers.armed & OUTSTANDING_TIMERS) === 0) startTimeout(tcp, tcb);
}

/** As `startRetransmit`, where no probe is to come first. // Hot path. */
export function startTimeout(tcp: TcpTables, tcb: Tcb): void {
  if (COSTLY) checkRetransmit(tcb);
  const { rto } = tcb.rtt;
  startSending(tcp, tcb, TIMER_RETRANSMIT, tcb.timers.retries === 0 ? rto : untilUserTimeout(tcp, tcb, rto));
}

/**
 * No timer of what makes no progress runs beyond TCP_USER_TIMEOUT, as on Linux (tcp_clamp_rto_to_user_timeout,
 * tcp_clamp_probe0_to_user_timeout). @param us what it would be by itself.
 */
function untilUserTimeout({ environment }: TcpTables, { options, timers }: Tcb, us: number): number {
  if (options.userTimeoutMs === 0) return us;
  const elapsedMs = (environment.nowMs - timers.stalledMs) | 0;
  const leftMs = options.userTimeoutMs - elapsedMs;
  return Math.min(us, leftMs > us / 1000 ? us : Math.max(TIMEOUT_LEAST_US, leftMs * 1000));
}

/** Loss detection is to look again at what may only be late (RFC 8985 §6.2 step 5). */
export function startReorder(tcp: TcpTables, tcb: Tcb, afterUs: number): void {
  assert(flightBytes(tcb) > 0, 'timers: what may be late is outstanding');
  // As on Linux, beyond the moment itself: what comes meanwhile may be what is waited for.
  startSending(tcp, tcb, TIMER_REORDER, afterUs + TIMEOUT_LEAST_US);
}

/** One of the timers that share a deadline, in place of any other. // Hot path. */
export function startSending(tcp: TcpTables, tcb: Tcb, timer: number, afterUs: number): void {
  const { timers } = tcb;
  timers.armed = (timers.armed & ~SENDING_TIMERS) | timer;
  timers.retransmitAt = (tcp.environment.nowUs + afterUs) | 0;
  tcp.timers.schedule(tcb.index, timers.retransmitAt);
}

function checkRetransmit(tcb: Tcb): void {
  assert(tcb.hashed !== 0, 'timers: only a connection that lives sends again');
  assert(tcb.rtt.rto >= 0, 'timers: the retransmission time-out is not negative');
}

/** Stops it, and the persist timer with it (RFC 6298 §5.2). */
export function stopRetransmit(tcb: Tcb): void {
  tcb.timers.armed &= ~SENDING_TIMERS;
}

/** Starts the persist timer (RFC 9293 §3.8.6.1): first after an RTO, then twice as long each time. */
export function startPersist(tcp: TcpTables, tcb: Tcb): void {
  const { timers } = tcb;
  const { rtoMaxUs } = tcp.environment.config;
  assert(tcb.hashed !== 0, 'timers: only a connection that lives probes a window');
  let interval = tcb.rtt.rto;
  for (let i = 0; i < timers.retries && interval < rtoMaxUs; i++) interval *= 2;
  const most = Math.min(interval, rtoMaxUs);
  startSending(tcp, tcb, TIMER_PERSIST, timers.probes === 0 ? most : untilUserTimeout(tcp, tcb, most));
}

/** Starts the delayed-acknowledgement timer, unless it runs. // Hot path. */
export function startAckDelay(tcp: TcpTables, tcb: Tcb): void {
  const { timers } = tcb;
  if ((timers.armed & TIMER_ACK) !== 0) return;
  if (COSTLY) assert(tcb.acks.owed !== ACK_NONE, 'timers: an acknowledgement that is delayed is owed');
  const { nowUs, config } = tcp.environment;
  const ackAt = (nowUs + config.delayedAckUs) | 0;
  timers.armed |= TIMER_ACK;
  timers.ackAt = ackAt;
  tcp.timers.schedule(tcb.index, ackAt);
}

/** Sets the keep-alive timer. @param milliseconds from now; at most 32767 s, looked at every 1000 s. */
export function startKeepAlive(tcp: TcpTables, tcb: Tcb, milliseconds: number): void {
  assert(milliseconds > 0, 'timers: a keep-alive interval is not 0');
  assert(tcb.hashed !== 0, 'timers: only a connection that lives is kept alive');
  tcb.timers.armed |= TIMER_KEEPALIVE;
  tcb.timers.keepAliveAtMs = (tcp.environment.nowMs + milliseconds) | 0;
  tcp.timers.schedule(tcb.index, keepAliveLook(tcp, tcb));
}

/** Limits how long a connection that nobody owns waits for the peer's FIN (Linux tcp_fin_timeout). */
export function startFinWait(tcp: TcpTables, tcb: Tcb): void {
  assert(
    tcb.state === FIN_WAIT_2 && tcb.owner < 0,
    "timers: only what nobody owns waits for the peer's FIN by the clock",
  );
  const { finWaitSeconds } = tcb.options;
  const waitUs = finWaitSeconds > 0 ? finWaitSeconds * US_PER_SECOND : tcp.environment.config.finWait2Us;
  tcb.timers.armed |= TIMER_FIN_WAIT;
  tcb.timers.finWaitAt = (tcp.environment.nowUs + waitUs) | 0;
  tcp.timers.schedule(tcb.index, tcb.timers.finWaitAt);
}

/** When the keep-alive timer must be looked at. */
function keepAliveLook(tcp: TcpTables, tcb: Tcb): number {
  const left = (tcb.timers.keepAliveAtMs - tcp.environment.nowMs) | 0;
  const ms = left < 1 ? 1 : Math.min(left, AHEAD_MAX_MS);
  return (tcp.environment.nowUs + ms * 1000) | 0;
}

/** Puts the connection back in the heap under its earliest deadline. */
export function reschedule(tcp: TcpTables, tcb: Tcb): void {
  const { timers } = tcb;
  const { armed } = timers;
  if ((armed & SENDING_TIMERS) !== 0) tcp.timers.schedule(tcb.index, timers.retransmitAt);
  if ((armed & TIMER_ACK) !== 0) tcp.timers.schedule(tcb.index, timers.ackAt);
  if ((armed & TIMER_FIN_WAIT) !== 0) tcp.timers.schedule(tcb.index, timers.finWaitAt);
  if ((armed & TIMER_KEEPALIVE) !== 0) tcp.timers.schedule(tcb.index, keepAliveLook(tcp, tcb));
}
