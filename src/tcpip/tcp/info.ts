/**
 * What Linux's TCP_INFO tells of a connection (include/uapi/linux/tcp.h), as far as it is known here; the
 * names are Linux's without their `tcpi_`. Linux counts segments where bytes are counted here: a segment is
 * then one of the present MSS, and a shorter one behind them counts as one more. For looking on, not for hot
 * paths: a record is made each time.
 */
import { SSTHRESH_START } from './congestion/congestion.ts';
import { RECOVERY_FAST, RECOVERY_NONE, RECOVERY_TIMEOUT } from './control-block/recovery-state.ts';
import { advertisedPayload, pathMtu } from './path.ts';
import { addElapsed } from './sending-time.ts';
import { CLOSED, LISTEN, SYN_SENT, TIME_WAIT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/**
 * Times are microseconds, but for `last…`, which are milliseconds. Windows are segments where Linux's are.
 */
export interface TcpInfo {
  /** A state, by Linux's number. */
  readonly state: number;
  /** TCP_CA_Open 0, _Disorder 1, _CWR 2, _Recovery 3, _Loss 4. */
  readonly ca_state: number;
  readonly retransmits: number;
  readonly probes: number;
  readonly backoff: number;
  /** Bits: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 of which the peer has made use. */
  readonly options: number;
  readonly snd_wscale: number;
  readonly rcv_wscale: number;
  readonly rto: number;
  /** How long an acknowledgement is delayed. */
  readonly ato: number;
  readonly snd_mss: number;
  readonly rcv_mss: number;
  readonly unacked: number;
  readonly sacked: number;
  readonly lost: number;
  readonly last_data_sent: number;
  readonly last_data_recv: number;
  readonly last_ack_recv: number;
  readonly pmtu: number;
  /** Bytes: how far the window may open now. */
  readonly rcv_ssthresh: number;
  readonly rtt: number;
  readonly rttvar: number;
  readonly snd_ssthresh: number;
  readonly snd_cwnd: number;
  readonly advmss: number;
  readonly reordering: number;
  /** The round trip as the receiver sees it; 0: not measured. */
  readonly rcv_rtt: number;
  readonly total_retrans: number;
  readonly bytes_acked: number;
  readonly bytes_received: number;
  readonly segs_out: number;
  readonly segs_in: number;
  readonly notsent_bytes: number;
  /** The least round trip measured; 0: none was. */
  readonly min_rtt: number;
  readonly data_segs_in: number;
  readonly data_segs_out: number;
  /** While there was something to send or to be acknowledged; of it, held back by the peer, by SO_SNDBUF. */
  readonly busy_time: number;
  readonly rwnd_limited: number;
  readonly sndbuf_limited: number;
  readonly delivered: number;
  /** Of these, segments whose acknowledgements echoed a mark (RFC 3168). */
  readonly delivered_ce: number;
  readonly bytes_sent: number;
  readonly bytes_retrans: number;
  readonly rcv_ooopack: number;
  /** Bytes: the peer's window, and ours. */
  readonly snd_wnd: number;
  readonly rcv_wnd: number;
  readonly total_rto: number;
  readonly total_rto_recoveries: number;
  /** Milliseconds. */
  readonly total_rto_time: number;
  /** Bytes queued and not acknowledged: what SIOCOUTQ answers, and no part of Linux's record. */
  readonly outq_bytes: number;
}

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
/** Duplicate acknowledgements after which a segment counts as lost (RFC 5681 §3.2). */
const REORDERING = 3;

/** What is told of a connection or listener now. */
export function tcpInfo(tcp: TcpTables, tcb: Tcb): TcpInfo {
  const { nowUs } = tcp.environment;
  addElapsed(tcb.totals, nowUs);
  return { ...stateNow(tcp, tcb), ...pathNow(tcp, tcb), ...totalsNow(tcp, tcb) };
}

/** What was negotiated, and how sending stands. */
function stateNow({ environment }: TcpTables, tcb: Tcb) {
  const { rtt, recovery, timers, congestion, mss } = tcb;
  const segments = (bytes: number): number => Math.ceil(Math.max(0, bytes) / mss);
  return {
    // As on Linux: the socket of a connection in TIME-WAIT has none any more.
    state: tcb.state === TIME_WAIT ? CLOSED : tcb.state,
    ca_state: congestionState(tcb),
    retransmits: timers.retries,
    probes: timers.probes,
    backoff: timers.retries,
    options: negotiated(tcb),
    snd_wscale: tcb.sndScale,
    rcv_wscale: tcb.scaling === 0 ? 0 : tcb.rcvScale,
    rto: rtt.rto,
    ato: environment.config.delayedAckUs,
    unacked: tcb.state === SYN_SENT ? 1 : segments(flightBytes(tcb)),
    sacked: tcb.sackPermitted === 0 ? recovery.dupAcks : segments(recovery.sackedBytes),
    lost: segments(recovery.lostBytes),
    snd_ssthresh:
      congestion.ssthresh >= SSTHRESH_START ? SSTHRESH_NONE : Math.floor(congestion.ssthresh / mss),
    snd_cwnd: Math.max(1, Math.floor(congestion.cwnd / mss)),
    reordering: REORDERING,
    notsent_bytes: Math.max(0, (tcb.sndEnd - tcb.sndNxt) | 0),
    outq_bytes: Math.max(0, (tcb.sndEnd - tcb.sndUna) | 0),
  };
}

/** Linux's state of congestion. */
function congestionState({ recovery, marks }: Tcb): number {
  if (recovery.phase !== RECOVERY_NONE) return CA_STATES[recovery.phase];
  if (marks.reducing !== 0) return CA_CWR;
  return recovery.dupAcks > 0 || recovery.sackCount > 0 ? CA_DISORDER : CA_STATES[RECOVERY_NONE];
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
  return {
    snd_mss: tcb.mss,
    rcv_mss: received.segmentBytesMax,
    last_data_sent: (nowMs - totals.lastDataSentMs) | 0,
    last_data_recv: synchronized ? ((nowUs - acks.lastDataUs) / US_PER_MS) | 0 : 0,
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
