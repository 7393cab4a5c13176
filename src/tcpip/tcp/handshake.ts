/**
 * Opening: initial sequence numbers (RFC 6528), what both sides' options make of a connection, and the states
 * LISTEN, SYN-SENT and SYN-RECEIVED of RFC 9293 §3.10.7.2 to .4.
 */

import { TCP_LISTEN_OVERFLOWS, TCP_PASSIVE_OPENS } from '../../ledger/counters.gen.ts';
import { ECONNREFUSED } from '../../socket/errno.ts';
import { IPV4_BYTES } from '../header/ipv4.ts';
import { ACK, RST, SYN, TCP_BYTES, TIMESTAMPS_BYTES } from '../header/tcp.ts';
import { sampleRoundTrip } from './acknowledge.ts';
import { ACK_NOW } from './control-block/acknowledgements.ts';
import { acknowledgeNow, allocateTcb, failTcb, hashTcb, routeTcb } from './lifecycle.ts';
import type { SegmentIn } from './segment-in.ts';
import { setState } from './set-state.ts';
import { ESTABLISHED, FIN_WAIT_1, SYN_RECEIVED } from './state.ts';
import { markReady, type TcpTables } from './tables.ts';
import { MSS_DEFAULT, type Tcb } from './tcb.ts';
import { startKeepAlive, stopRetransmit } from './timers.ts';
import { windowShift } from './window.ts';

/** A smaller MSS is an attack (CVE-2019-11477); Linux has the same floor. */
const MSS_MIN = 48;
/** RFC 6298 §5.7. */
const RTO_AFTER_SYN_LOSS_US = 3_000_000;
const SYN_QUEUE_MIN = 16;

/** Chooses ISN and timestamp offset of a connection whose addresses are set. */
export function chooseSequence(tcp: TcpTables, tcb: Tcb): void {
  const { hash, environment } = tcp;
  hash.hash(tcb.localAddress, tcb.remoteAddress, (tcb.localPort << 16) | tcb.remotePort);
  setIss(tcb, (hash.low + environment.sequenceClock) | 0);
  tcb.stamps.offset = hash.high;
}

/** Sets the ISN and everything that starts there. */
export function setIss(tcb: Tcb, iss: number): void {
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

/** RFC 9293 §3.7.1: the largest payload of a segment. Again when the path's MTU or an option changes. */
export function updateMss(tcp: TcpTables, tcb: Tcb): void {
  const portMtu = tcp.environment.ports[tcb.port].mtu;
  const mtu = tcb.pathMtu > 0 && tcb.pathMtu < portMtu ? tcb.pathMtu : portMtu;
  let mss = Math.min(tcb.mssPeer, mtu - IPV4_BYTES - TCP_BYTES);
  if (tcb.options.segmentBytesMax > 0 && tcb.options.segmentBytesMax < mss) mss = tcb.options.segmentBytesMax;
  if (mss < MSS_MIN) mss = MSS_MIN;
  tcb.mss = mss - (tcb.stamps.on !== 0 ? TIMESTAMPS_BYTES : 0);
}

/** Takes the peer's SYN: its sequence number, window and options (only those that we want too). */
function takeSyn(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { config, nowMs } = tcp.environment;
  tcb.irs = segment.seq;
  tcb.rcvNxt = (segment.seq + 1) | 0;
  tcb.rcvAdv = tcb.rcvNxt;
  tcb.acks.lastSent = tcb.rcvNxt;
  tcb.rcvUp = segment.seq;
  tcb.mssPeer = segment.mss === 0 ? MSS_DEFAULT : segment.mss;
  tcb.stamps.on = config.timestamps && segment.timestamps !== 0 ? 1 : 0;
  tcb.sackPermitted = config.sack && segment.sackPermitted !== 0 ? 1 : 0;
  if (tcb.stamps.on !== 0) {
    tcb.stamps.recent = segment.tsValue;
    tcb.stamps.recentMs = nowMs;
  }
  if (config.windowScaling && segment.windowScale >= 0) {
    tcb.scaling = 1;
    tcb.sndScale = segment.windowScale;
    tcb.rcvScale = windowShift(tcb.received.bufferBytes);
  }
  // RFC 7323 §2.2: the window of a SYN is never scaled.
  tcb.sndWnd = segment.window;
  tcb.sndWndMax = segment.window;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  updateMss(tcp, tcb);
}

/**
 * A SYN for a listener: RFC 9293 §3.10.7.2, third check. @param iss from TIME-WAIT's successor rule, or 0 to
 * choose one.
 */
export function acceptSyn(tcp: TcpTables, listener: Tcb, segment: SegmentIn, iss: number): void {
  const { counters } = tcp.environment;
  const embryosMax = Math.max(listener.listening.backlog, SYN_QUEUE_MIN);
  const full =
    listener.listening.acceptCount > listener.listening.backlog ||
    listener.listening.embryoCount >= embryosMax;
  const tcb = full ? undefined : allocateTcb(tcp);
  if (tcb === undefined) {
    counters[TCP_LISTEN_OVERFLOWS] += 1;
    if (listener.owner >= 0) tcp.environment.owner.overflowed(listener.owner);
    return;
  }
  inherit(tcb, listener);
  tcb.parent = listener.index;
  listener.listening.embryoCount += 1;
  tcb.localAddress = segment.destination;
  tcb.remoteAddress = segment.source;
  tcb.localPort = segment.ports & 0xffff;
  tcb.remotePort = segment.ports >>> 16;
  routeTcb(tcp, tcb);
  chooseSequence(tcp, tcb);
  if (iss !== 0 && ((tcb.iss - iss) | 0) < 0) setIss(tcb, iss);
  takeSyn(tcp, tcb, segment);
  setState(tcp, tcb, SYN_RECEIVED);
  hashTcb(tcp, tcb);
  markReady(tcp, tcb);
}

/** An accepted connection starts with its listener's options, as on Linux. */
function inherit(tcb: Tcb, listener: Tcb): void {
  tcb.options.inherit(listener.options);
  tcb.received.bufferBytes = listener.received.bufferBytes;
  tcb.ttl = listener.ttl;
  tcb.tos = listener.tos;
}

/** A segment in SYN-SENT: RFC 9293 §3.10.7.3. */
export function receiveInSynSent(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { flags, ack } = segment;
  const acknowledges = (flags & ACK) !== 0;
  if (acknowledges && (((ack - tcb.iss) | 0) <= 0 || ((ack - tcb.sndMax) | 0) > 0)) {
    if ((flags & RST) === 0) replyReset(tcp, segment);
    return;
  }
  if ((flags & RST) !== 0) {
    if (acknowledges) failTcb(tcp, tcb, ECONNREFUSED);
    return;
  }
  if ((flags & SYN) === 0) return;
  takeSyn(tcp, tcb, segment);
  if (!acknowledges) {
    // Simultaneous open (RFC 9293 §3.5): our SYN again, now with an acknowledgement.
    setState(tcp, tcb, SYN_RECEIVED);
    tcb.sndNxt = tcb.iss;
    markReady(tcp, tcb);
    return;
  }
  establish(tcp, tcb, segment);
  acknowledgeNow(tcp, tcb, ACK_NOW);
}

/**
 * The acknowledgement of our SYN has come: RFC 9293 §3.10.7.4, fifth check, SYN-RECEIVED. @returns false: not
 * acceptable.
 */
export function receiveInSynReceived(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): boolean {
  const { ack } = segment;
  if (((ack - tcb.iss) | 0) <= 0 || ((ack - tcb.sndMax) | 0) > 0) {
    replyReset(tcp, segment);
    return false;
  }
  if (tcb.parent >= 0) {
    const listener = tcp.tcbs[tcb.parent];
    if (listener.listening.acceptCount > listener.listening.backlog) {
      // As on Linux: not established until there is room; the peer will send again.
      tcp.environment.counters[TCP_LISTEN_OVERFLOWS] += 1;
      if (listener.owner >= 0) tcp.environment.owner.overflowed(listener.owner);
      return false;
    }
  }
  tcb.sndWnd = segment.window << tcb.sndScale;
  establish(tcp, tcb, segment);
  if (tcb.parent >= 0) joinAcceptQueue(tcp, tcb);
  return true;
}

/** The handshake is complete on this side; our SYN is acknowledged. */
function establish(tcp: TcpTables, tcb: Tcb, segment: SegmentIn): void {
  const { config, nowUs } = tcp.environment;
  setState(tcp, tcb, tcb.finQueued === 0 ? ESTABLISHED : FIN_WAIT_1);
  tcb.sndSmall = tcb.iss;
  tcb.acks.lastDataUs = (nowUs - config.delayedAckUs) | 0;
  const lost = tcb.rtt.synRetransmitted !== 0;
  tcp.congestion.start(tcb.congestion, tcb.mss, lost ? 1 : config.initialWindowSegments);
  // Only the SYN is out, and it is no data: nothing of the general rules for acknowledgements applies but the
  // timing.
  tcb.sndUna = (tcb.iss + 1) | 0;
  tcb.sndNxt = tcb.sndUna;
  tcb.sndWl1 = segment.seq;
  tcb.sndWl2 = segment.ack;
  tcb.timers.retries = 0;
  stopRetransmit(tcb);
  if (tcb.rtt.timing !== 0) sampleRoundTrip(tcp, tcb, (nowUs - tcb.rtt.timedUs) | 0);
  tcb.rtt.timing = 0;
  if (lost && tcb.rtt.srtt === 0) tcb.rtt.rto = RTO_AFTER_SYN_LOSS_US;
  if (tcb.options.keepAlive !== 0) startKeepAlive(tcp, tcb, tcb.options.keepIdleSeconds * 1000);
  if (tcb.sndNxt !== tcb.sndEnd || tcb.finQueued !== 0) markReady(tcp, tcb);
  if (tcb.parent < 0 && tcb.owner >= 0) tcp.environment.owner.connected(tcb.owner, 0);
}

function joinAcceptQueue(tcp: TcpTables, tcb: Tcb): void {
  const listener = tcp.tcbs[tcb.parent];
  tcp.environment.counters[TCP_PASSIVE_OPENS] += 1;
  listener.listening.embryoCount -= 1;
  tcb.acceptNext = -1;
  if (listener.listening.acceptTail < 0) listener.listening.acceptHead = tcb.index;
  else tcp.tcbs[listener.listening.acceptTail].acceptNext = tcb.index;
  listener.listening.acceptTail = tcb.index;
  listener.listening.acceptCount += 1;
  if (listener.listening.acceptCount === 1 && listener.owner >= 0)
    tcp.environment.owner.acceptable(listener.owner);
}

/** The reset that answers a segment of no connection: RFC 9293 §3.10.7.1. */
export function replyReset(tcp: TcpTables, segment: SegmentIn): void {
  const { source, destination, ports, seq, ack, flags, length } = segment;
  if ((flags & RST) !== 0) return;
  const reversed = (ports << 16) | (ports >>> 16);
  if ((flags & ACK) !== 0) {
    tcp.replies.queue(destination, source, reversed, ack, 0, RST, 0);
    return;
  }
  const end = (seq + length + (flags & SYN ? 1 : 0) + (flags & 1)) | 0;
  tcp.replies.queue(destination, source, reversed, 0, end, RST | ACK, 0);
}
