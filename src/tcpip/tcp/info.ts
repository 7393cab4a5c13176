/**
 * Makes the record of `socket/tcp-info.ts` for a connection. Linux counts segments where bytes are counted
 * here: a segment is then one of the present MSS, and a shorter one behind them counts as one more. For
 * looking on, not for hot paths: a record is made each time.
 */
import { assert } from '../../assert/assert.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import { SSTHRESH_START } from './congestion/congestion.ts';
import { RECOVERY_FAST, RECOVERY_NONE, RECOVERY_TIMEOUT } from './control-block/recovery-state.ts';
import { advertisedPayload, pathMtu } from './path.ts';
import { addElapsed } from './sending-time.ts';
import { HELD, LOST, RESENT } from './sent-segments.ts';
import { CLOSED, LISTEN, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, segmentMost, type Tcb } from './tcb.ts';

const OPTION_TIMESTAMPS = 1;
const OPTION_SACK = 2;
const OPTION_WINDOW_SCALE = 4;
const OPTION_ECN = 8;
const OPTION_ECN_SEEN = 16;
/** Linux's states of congestion by our phases of recovery, and its state before a loss is found. */
const CA_STATES: Readonly<Record<number, number>> = {
  [RECOVERY_NONE]: 0,
  [RECOVERY_FAST]: 3,
  [RECOVERY_TIMEOUT]: 4,
};
const CA_DISORDER = 1;
const CA_CWR = 2;
/** Linux's TCP_INFINITE_SSTHRESH: no loss has set a threshold. */
const SSTHRESH_NONE = 0x7fff_ffff;
const US_PER_MS = 1000;

/** What is told of a connection or listener now. */
export function tcpInfo(tcp: TcpTables, tcb: Tcb): TcpInfo {
  const { nowUs } = tcp.environment;
  addElapsed(tcb.totals, nowUs);
  return { ...stateNow(tcp, tcb), ...pathNow(tcp, tcb), ...totalsNow(tcp, tcb) };
}

/** What was negotiated, and how sending stands. */
function stateNow(tcp: TcpTables, tcb: Tcb) {
  const { environment } = tcp;
  const { rtt, recovery, rack, timers, congestion, mss, listening } = tcb;
  const listens = tcb.state === LISTEN;
  const segments = (bytes: number): number => Math.ceil(Math.max(0, bytes) / mss);
  const resent = resentBytes(tcp, tcb);
  return {
    // As on Linux: the socket of a connection in TIME-WAIT has none any more.
    state: tcb.state === TIME_WAIT ? CLOSED : tcb.state,
    ca_state: congestionState(tcb),
    retransmits: timers.retries,
    probes: timers.probes,
    backoff: backoffOf(tcp, tcb),
    options: negotiated(tcb),
    snd_wscale: tcb.sndScale,
    rcv_wscale: tcb.scaling === 0 ? 0 : tcb.rcvScale,
    rto: rtt.rto,
    ato: environment.config.delayedAckUs,
    // Of a listener Linux tells its accept queue and its backlog in these two.
    unacked: listens ? listening.acceptCount : tcb.state === SYN_SENT ? 1 : segments(flightBytes(tcb)),
    sacked: listens ? listening.backlog : sackedSegments(tcb),
    // As on Linux, what is lost stays so until it is acknowledged; a probe (RFC 8985 §7) sends what is not.
    lost: segments(recovery.lostBytes + (recovery.phase === RECOVERY_NONE ? 0 : resent)),
    retrans: segments(resent),
    snd_ssthresh:
      congestion.ssthresh >= SSTHRESH_START ? SSTHRESH_NONE : Math.floor(congestion.ssthresh / mss),
    snd_cwnd: Math.max(1, Math.floor(congestion.cwnd / mss)),
    reordering: rack.reordering,
    reord_seen: rack.reordered,
    notsent_bytes: Math.max(0, (tcb.sndEnd - tcb.sndNxt) | 0),
    outq_bytes: Math.max(0, (tcb.sndEnd - tcb.sndUna) | 0),
  };
}

/**
 * How often the time-out has doubled: as on Linux until a round trip is measured anew, whatever was acknowledged
 * meanwhile (Karn's rule).
 */
function backoffOf({ environment, routes }: TcpTables, { rtt, timers, remoteAddress }: Tcb): number {
  if (rtt.srtt === 0 || timers.retries > 0) return timers.retries;
  assert(rtt.rto > 0, 'TCP_INFO: a round trip that was measured has made a time-out');
  const least = routes.rtoMinUs(remoteAddress, environment.config.rtoMinUs);
  const base = (rtt.srtt >> 3) + Math.max(rtt.rttvar, least);
  return Math.max(0, Math.floor(Math.log2(Math.max(1, rtt.rto - environment.config.rtoSlopUs) / base)));
}

function sackedSegments({ sackPermitted, recovery, mss }: Tcb): number {
  return sackPermitted === 0 ? recovery.dupAcks : Math.ceil(recovery.sackedBytes / mss);
}

/** Bytes that were sent again and are in the network, where recovery by time records what is sent. */
function resentBytes({ sent }: TcpTables, tcb: Tcb): number {
  let bytes = 0;
  for (let record = tcb.sent.head; record >= 0; record = sent.next[record]) {
    if ((sent.flags[record] & (HELD | LOST | RESENT)) === RESENT)
      bytes += (sent.end[record] - sent.start[record]) | 0;
  }
  return bytes;
}

/** Linux's state of congestion. */
function congestionState({ recovery, marks }: Tcb): number {
  if (recovery.phase !== RECOVERY_NONE) return CA_STATES[recovery.phase];
  if (marks.reducing !== 0) return CA_CWR;
  const disorder = recovery.dupAcks > 0 || recovery.sackCount > 0 || recovery.sackedBytes > 0;
  return disorder ? CA_DISORDER : CA_STATES[RECOVERY_NONE];
}

/** What both sides have agreed on, as Linux's bits. */
function negotiated({ stamps, sackPermitted, scaling, marks }: Tcb): number {
  const ecn = marks.on * OPTION_ECN + marks.on * marks.seen * OPTION_ECN_SEEN;
  return stamps.on * OPTION_TIMESTAMPS + sackPermitted * OPTION_SACK + scaling * OPTION_WINDOW_SCALE + ecn;
}

/** Sizes, windows and times of the path. */
function pathNow(tcp: TcpTables, tcb: Tcb) {
  const { rtt, timers, totals, acks, received } = tcb;
  const { nowMs, nowUs } = tcp.environment;
  const routed = tcb.state !== CLOSED && tcb.state !== LISTEN;
  const synchronized = routed && tcb.state !== SYN_SENT;
  // Before there has been any, it counts from the handshake; see `establish`.
  const lastDataUs = acks.lastDataUs + (totals.bytesReceived > 0 ? 0 : tcp.environment.config.delayedAckUs);
  return {
    snd_mss: segmentMost(tcb),
    rcv_mss: received.segmentBytesMax,
    last_data_sent: (nowMs - totals.lastDataSentMs) | 0,
    last_data_recv: synchronized ? ((nowUs - lastDataUs) / US_PER_MS) | 0 : 0,
    last_ack_recv: (nowMs - timers.lastReceiveMs) | 0,
    pmtu: routed ? pathMtu(tcp, tcb) : tcp.environment.mtus[0],
    advmss: advertisedPayload(tcp, tcb),
    rtt: rtt.srtt >> 3,
    rttvar: rtt.rttvar >> 2,
    min_rtt: rtt.leastUs,
    rcv_rtt: totals.receiverRtt >> 3,
    rcv_ssthresh: received.bufferBytes,
    snd_wnd: tcb.sndWnd,
    rcv_wnd: synchronized ? Math.max(0, (tcb.rcvAdv - tcb.rcvNxt) | 0) : 0,
  };
}

/** What there has been since the connection was opened. */
function totalsNow({ environment }: TcpTables, { totals, recovery, timers }: Tcb) {
  const stalledMs = timers.retries > 0 ? (environment.nowMs - timers.stalledMs) | 0 : 0;
  return {
    total_retrans: recovery.retransmissions,
    bytes_acked: totals.bytesAcked,
    bytes_received: totals.bytesReceived,
    bytes_sent: totals.bytesSent,
    bytes_retrans: totals.bytesRetransmitted,
    segs_out: totals.segmentsOut,
    segs_in: totals.segmentsIn,
    data_segs_in: totals.dataSegmentsIn,
    data_segs_out: totals.dataSegmentsOut,
    delivered: totals.delivered,
    delivered_ce: totals.deliveredMarked,
    rcv_ooopack: totals.outOfOrderIn,
    busy_time: totals.busyUs,
    rwnd_limited: totals.windowLimitedUs,
    sndbuf_limited: totals.bufferLimitedUs,
    total_rto: totals.timeouts,
    total_rto_recoveries: totals.timeoutRecoveries,
    total_rto_time: totals.timeoutMs + stalledMs,
  };
}
