/**
 * Opening: initial sequence numbers (RFC 6528), what both sides' options make of a connection, and the states
 * LISTEN, SYN-SENT and SYN-RECEIVED of RFC 9293 §3.10.7.2 to .4.
 */
import { assert } from '../../assert/assert.ts';
import { TCP_LISTEN_OVERFLOWS, TCP_PASSIVE_OPENS } from '../../ledger/counters.gen.ts';
import { ECONNREFUSED } from '../../socket/errno.ts';
import { ACK, FIN, RST, SYN } from '../header/tcp.ts';
import { after, atOrBefore, before } from '../seq.ts';
import { addEmbryo, hasRoomForEmbryo, isAcceptQueueFull, joinAcceptQueue } from './accept-queue.ts';
import { measureByTimestamp, sampleRoundTrip } from './acknowledge.ts';
import { TIMEOUT_LEAST_US, TIMER_RETRANSMIT } from './control-block/timers.ts';
import { answerWithCookie, takeCookie, wantsCookie } from './cookie-open.ts';
import { agreeOnEcn } from './ecn.ts';
import { allocateTcb, failTcb, hashTcb } from './lifecycle.ts';
import { beginMtuSearch } from './mtu-search.ts';
import { advertisedPayload, initialWindow, routeTcb, updateMss } from './path.ts';
import { recallPathMtu } from './path-mtu.ts';
import { expectSegments } from './peer-segments.ts';
import { acknowledgeNow, markReady } from './ready.ts';
import type { SegmentIn } from './segment-in.ts';
import { setState } from './set-state.ts';
import { CLOSED, ESTABLISHED, FIN_WAIT_1, SYN_RECEIVED, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { MSS_DEFAULT, type Tcb } from './tcb.ts';
import { startKeepAlive, startSending, stopRetransmit } from './timers.ts';
import { roundFirstWindow, windowShift } from './window.ts';

/** RFC 6298 §5.7: the time-out after a SYN was lost, until a round trip has been measured. */
const RTO_AFTER_SYN_LOSS_US = 3_000_000;
/** The window field's most. */
const FIELD_MAX = 65535;

/** Chooses ISN and timestamp offset of a connection whose addresses are set. */
export function chooseSequence(tcp: TcpTables, tcb: Tcb): void {
  const { hash, environment } = tcp;
  hash.hash(tcb.localAddress, tcb.remoteAddress, (tcb.localPort << 16) | tcb.remotePort);
  setIss(tcb, (hash.low + environment.sequenceClock) | 0);
  tcb.stamps.offset = hash.high;
}

/** Sets the ISN and everything that starts there. */
export function setIss(tcb: Tcb, iss: number): void {
  assert(tcb.sndMax === tcb.iss, 'handshake: the initial sequence number is set before anything is sent');
  tcb.iss = iss;
  tcb.sndUna = iss;
  tcb.sndNxt = iss;
  tcb.sndMax = iss;
  tcb.sndEnd = (iss + 1) | 0;
  tcb.sndSmall = iss;
  tcb.sndUp = iss;
  // Before the SYN, or the loss of the very first segment could only be noticed by the timer (RFC 6582 §3.2).
  tcb.recovery.recover = (iss - 1) | 0;
}

/** Takes the peer's SYN: its sequence number, window and options (only those that we want too). */
function takeSyn(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { config, nowMs } = tcp.environment;
  assert(
    tcb.state === CLOSED || tcb.state === SYN_SENT,
    'handshake: a SYN is taken by a connection that has seen none',
  );
  assert(tcb.received.slotsHeld === 0, 'handshake: nothing has been received before the SYN');
  tcb.irs = segment.seq;
  tcb.rcvNxt = (segment.seq + 1) | 0;
  tcb.rcvAdv = tcb.rcvNxt;
  tcb.acks.lastSent = tcb.rcvNxt;
  tcb.rcvUp = segment.seq;
  tcb.mssPeer = segment.mss === 0 ? MSS_DEFAULT : segment.mss;
  tcb.stamps.on = config.timestamps && segment.timestamps !== 0 ? 1 : 0;
  agreeOnEcn(config, tcb, segment);
  tcb.sackPermitted = config.sack && segment.sackPermitted !== 0 ? 1 : 0;
  if (tcb.stamps.on !== 0) {
    tcb.stamps.recent = segment.tsValue;
    tcb.stamps.recentMs = nowMs;
  }
  if (config.windowScaling && segment.windowScale >= 0) {
    tcb.scaling = 1;
    tcb.sndScale = segment.windowScale;
    tcb.rcvScale = windowShift(tcb.received.bufferBytesMax);
  }
  // RFC 7323 §2.2: the window of a SYN is never scaled.
  tcb.sndWnd = segment.window;
  tcb.sndWndMax = segment.window;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  updateMss(tcp, tcb);
}

/**
 * A SYN for a listener: RFC 9293 §3.10.7.2, third check.
 * @param iss from TIME-WAIT's successor rule, or 0 to choose one.
 */
export function acceptSyn(tcp: TcpTables, listener: Tcb, segment: SegmentIn, iss: number): void {
  if (iss === 0 && wantsCookie(tcp.environment.config, listener)) {
    answerWithCookie(tcp, listener, segment);
    return;
  }
  const tcb = hasRoomForEmbryo(listener) ? allocateTcb(tcp) : undefined;
  if (tcb === undefined) {
    countOverflow(tcp, listener);
    return;
  }
  openEmbryo(tcp, tcb, listener, segment, iss);
  markReady(tcp, tcb);
}

/**
 * An acknowledgement for a listener, which may be of a cookie: then it completes the handshake. Of no cookie of
 * ours it is answered by a reset; of one for which there is no room it is dropped, as by Linux
 * (tcp_get_cookie_sock): whoever thinks himself connected sends again.
 * @returns the connection that it is for, in SYN-RECEIVED; undefined: there is none.
 */
export function acceptCookie(tcp: TcpTables, listener: Tcb, segment: SegmentIn): Tcb | undefined {
  const { seq, ack, flags, ecn } = segment;
  if (!takeCookie(tcp, listener, segment)) {
    replyReset(tcp, segment);
    return undefined;
  }
  const tcb = isAcceptQueueFull(listener) ? undefined : allocateTcb(tcp);
  if (tcb === undefined) countOverflow(tcp, listener);
  else {
    openEmbryo(tcp, tcb, listener, segment, 0);
    setIss(tcb, (ack - 1) | 0);
    // The SYN-ACK has gone, with the window that it could say; and nothing is waited for any more.
    tcb.sndNxt = ack;
    tcb.sndMax = ack;
    tcb.rcvAdv = (tcb.rcvNxt + Math.min(FIELD_MAX, tcb.received.bufferBytes)) | 0;
    tcb.timers.retries = tcb.options.deferAccept;
  }
  segment.seq = seq;
  segment.flags = flags;
  segment.ecn = ecn;
  return tcb;
}

/** A SYN makes a connection of a listener's. @param iss as of `acceptSyn`. */
function openEmbryo(tcp: TcpTables, tcb: Tcb, listener: Tcb, segment: SegmentIn, iss: number): void {
  inherit(tcb, listener);
  addEmbryo(tcp, listener, tcb);
  tcb.localAddress = segment.destination;
  tcb.remoteAddress = segment.source;
  tcb.localPort = segment.ports & 0xffff;
  tcb.remotePort = segment.ports >>> 16;
  routeTcb(tcp, tcb);
  recallPathMtu(tcp, tcb);
  chooseSequence(tcp, tcb);
  if (iss !== 0 && before(tcb.iss, iss)) setIss(tcb, iss);
  takeSyn(tcp, tcb, segment);
  roundFirstWindow(tcp, tcb, advertisedPayload(tcp, tcb));
  setState(tcp, tcb, SYN_RECEIVED);
  hashTcb(tcp, tcb);
}

/** A listener has no room for a connection: the segment is dropped, and the peer will send it again. */
function countOverflow(tcp: TcpTables, listener: Tcb): void {
  tcp.environment.counters[TCP_LISTEN_OVERFLOWS] += 1;
  if (listener.owner >= 0) tcp.environment.owner.overflowed(listener.owner);
}

/** An accepted connection starts with its listener's options, as on Linux. */
function inherit(tcb: Tcb, listener: Tcb): void {
  tcb.options.inherit(listener.options);
  tcb.congestion.chosen = listener.congestion.chosen;
  tcb.received.bufferBytes = listener.received.bufferBytes;
  tcb.received.bufferBytesMax = listener.received.bufferBytesMax;
  tcb.ttl = listener.ttl;
  tcb.tos = listener.tos;
}

/** Whether an acknowledgement is for our SYN or for data sent with it: RFC 9293 §3.10.7.3, first check. */
function acknowledgesSyn(tcb: Tcb, ack: number): boolean {
  return after(ack, tcb.iss) && atOrBefore(ack, tcb.sndMax);
}

/** Our reset has ended what the peer had of an earlier connection: the SYN goes again at once, as on Linux. */
function askAgain(tcp: TcpTables, tcb: Tcb): void {
  const { timers } = tcb;
  assert(tcb.state === SYN_SENT, 'handshake: what asks again is a SYN that was not acknowledged');
  if (timers.retries === 0 && (timers.armed & TIMER_RETRANSMIT) !== 0) {
    startSending(tcp, tcb, TIMER_RETRANSMIT, TIMEOUT_LEAST_US);
  }
}

/** A segment in SYN-SENT: RFC 9293 §3.10.7.3. */
export function receiveInSynSent(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { flags } = segment;
  const acknowledges = (flags & ACK) !== 0;
  if (acknowledges && !acknowledgesSyn(tcb, segment.ack)) {
    // The peer answers an earlier connection of the same pair.
    if ((flags & RST) === 0) {
      replyReset(tcp, segment);
      askAgain(tcp, tcb);
    }
    return;
  }
  if ((flags & RST) !== 0) {
    // The peer refuses the connection; without an acknowledgement anybody could have sent it.
    if (acknowledges) failTcb(tcp, tcb, ECONNREFUSED);
    return;
  }
  if ((flags & SYN) === 0) return;
  takeSyn(tcp, tcb, segment);
  if (!acknowledges) {
    // The peer opens at the same time (RFC 9293 §3.5): our SYN goes again, now with an acknowledgement.
    setState(tcp, tcb, SYN_RECEIVED);
    tcb.sndNxt = tcb.iss;
    markReady(tcp, tcb);
    return;
  }
  // The peer has accepted the connection.
  establish(tcp, tcb, segment);
  acknowledgeNow(tcp, tcb);
}

/**
 * The peer has acknowledged our SYN: RFC 9293 §3.10.7.4, fifth check, SYN-RECEIVED.
 * @returns false when the segment is to be dropped.
 */
export function receiveInSynReceived(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (!acknowledgesSyn(tcb, segment.ack)) {
    replyReset(tcp, segment);
    return false;
  }
  if (
    tcb.timers.retries < tcb.options.deferAccept &&
    tcb.parent >= 0 &&
    (segment.flags & FIN) === 0 &&
    segment.length === 0
  ) {
    // TCP_DEFER_ACCEPT: as on Linux the handshake is complete only with the first data, or when it has taken
    // too long.
    tcb.listening.deferred = 1;
    return false;
  }
  if (tcb.parent >= 0 && isAcceptQueueFull(tcp.tcbs[tcb.parent])) {
    // As on Linux: not established until there is room.
    countOverflow(tcp, tcp.tcbs[tcb.parent]);
    return false;
  }
  // As on Linux the window of the SYN, which was never scaled, counts no more.
  tcb.sndWnd = segment.window << tcb.sndScale;
  tcb.sndWndMax = tcb.sndWnd;
  establish(tcp, tcb, segment);
  if (tcb.parent >= 0) {
    tcp.environment.counters[TCP_PASSIVE_OPENS] += 1;
    joinAcceptQueue(tcp, tcb);
  }
  return true;
}

/** The handshake is complete on this side; our SYN is acknowledged. */
function establish(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { config, nowUs } = tcp.environment;
  const { rtt } = tcb;
  assert(tcb.sndUna === tcb.iss, 'handshake: our SYN is acknowledged once');
  setState(tcp, tcb, tcb.finQueued === 0 ? ESTABLISHED : FIN_WAIT_1);
  tcb.sndSmall = tcb.iss;
  tcb.acks.lastDataUs = (nowUs - config.delayedAckUs) | 0;
  beginMtuSearch(tcp, tcb);
  expectSegments(tcb, advertisedPayload(tcp, tcb));
  // As on Linux one loss alone, which is rather a round trip of more than a second, costs nothing.
  const lost = tcb.recovery.retransmissions > 1 && !answersFirstSyn(tcp, tcb, segment);
  tcp.congestion.start(tcb.congestion, tcb.mss, lost ? 1 : initialWindow(tcp, tcb));
  const { totals } = tcb;
  // As Linux counts them: of a passive open its SYN-ACK is not the connection's, and the peer's SYN is.
  totals.delivered = 1;
  if (tcb.parent < 0) totals.bytesAcked = 1;
  else {
    totals.segmentsOut = 0;
    totals.segmentsIn += 1;
  }
  // Only the SYN is out, and it is no data: of the general rules for acknowledgements only the timing
  // applies.
  tcb.sndUna = (tcb.iss + 1) | 0;
  tcb.sndNxt = tcb.sndUna;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  tcb.timers.retries = 0;
  stopRetransmit(tcb);
  if (rtt.timing !== 0) sampleRoundTrip(tcp, tcb, (nowUs - rtt.timedUs) | 0);
  else if (echoes(tcb, segment)) measureByTimestamp(tcp, tcb, segment);
  rtt.timing = 0;
  // As on Linux the handshake's is one of those whose least counts (RFC 8985 §6.2 step 1): no full segment is
  // answered as quickly on an idle path, but a short one may be.
  tcb.rack.leastRttUs = rtt.leastUs;
  tcb.rack.leastRttMs = tcp.environment.nowMs;
  if (rtt.synRetransmitted !== 0 && rtt.srtt === 0) rtt.rto = RTO_AFTER_SYN_LOSS_US;
  if (tcb.options.keepAlive !== 0) startKeepAlive(tcp, tcb, tcb.options.keepIdleSeconds * 1000);
  if (tcb.sndNxt !== tcb.sndEnd || tcb.finQueued !== 0) markReady(tcp, tcb);
  if (tcb.parent < 0 && tcb.owner >= 0) tcp.environment.owner.connected(tcb.owner, 0);
}

/** Whether a segment tells by its timestamp which of our transmissions it answers (RFC 7323 §4). */
function echoes({ stamps }: Tcb, segment: SegmentIn): boolean {
  return stamps.on !== 0 && segment.timestamps !== 0 && segment.tsEcho !== 0;
}

/**
 * Whether what was sent again, a SYN or the answer to one, was only late: the peer echoes the first one's
 * timestamp (RFC 3522; Linux: tcp_try_undo_spurious_syn).
 */
function answersFirstSyn({ environment }: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  if (!echoes(tcb, segment)) return false;
  const { nowMs, nowUs } = environment;
  const agoMs = Math.trunc(((nowUs - tcb.rtt.timedUs) | 0) / 1000);
  assert(agoMs >= 0, 'handshake: our first SYN was sent before it is answered');
  const echoedAgoMs = (nowMs + tcb.stamps.offset - segment.tsEcho) | 0;
  // Both clocks are rounded down.
  return Math.abs(echoedAgoMs - agoMs) <= 1;
}

/** The reset that answers a segment of no connection: RFC 9293 §3.10.7.1. It has its type of service, as on Linux. */
export function replyReset(tcp: TcpTables, segment: SegmentIn): void {
  const { source, destination, ports, seq, ack, flags, length } = segment;
  if ((flags & RST) !== 0) return;
  const reversed = (ports << 16) | (ports >>> 16);
  const { replies, environment } = tcp;
  if ((flags & ACK) !== 0) {
    if (replies.queue(destination, source, reversed, ack, 0, RST, 0)) {
      replies.setService(segment.tos, environment.config.ttl);
    }
    return;
  }
  // SYN and FIN occupy a sequence number each.
  const end = (seq + length + ((flags & SYN) === 0 ? 0 : 1) + ((flags & FIN) === 0 ? 0 : 1)) | 0;
  if (replies.queue(destination, source, reversed, 0, end, RST | ACK, 0)) {
    replies.setService(segment.tos, environment.config.ttl);
  }
}
