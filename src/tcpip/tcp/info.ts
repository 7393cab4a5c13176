/**
 * What Linux's TCP_INFO tells of a connection (include/uapi/linux/tcp.h), as far as it is known here; the
 * names are Linux's without their `tcpi_`. Linux counts segments where bytes are counted here: a segment is
 * then one of the present MSS, and a shorter one behind them counts as one more. For looking on, not for hot
 * paths: a record is made each time.
 */
import { IPV4_BYTES } from '../header/ipv4.ts';
import { TCP_BYTES } from '../header/tcp.ts';
import { RECOVERY_FAST, RECOVERY_NONE, RECOVERY_TIMEOUT } from './control-block/recovery-state.ts';
import { pathMtu } from './path.ts';
import { CLOSED, LISTEN, SYN_SENT } from './state.ts';
import type { TcpTables } from './tables.ts';
import { flightBytes, type Tcb } from './tcb.ts';

/**
 * Times are microseconds, but for `last…`, which are milliseconds. Windows are segments where Linux's are.
 */
export interface TcpInfo {
  /** A state, by Linux's number. */
  readonly state: number;
  /** TCP_CA_Open 0, _Disorder 1, _Recovery 3, _Loss 4. */
  readonly ca_state: number;
  readonly retransmits: number;
  readonly probes: number;
  readonly backoff: number;
  /** Bits: 1 timestamps, 2 SACK, 4 window scaling. */
  readonly options: number;
  readonly snd_wscale: number;
  readonly rcv_wscale: number;
  readonly rto: number;
  readonly snd_mss: number;
  readonly rcv_mss: number;
  readonly unacked: number;
  readonly sacked: number;
  readonly lost: number;
  readonly last_data_recv: number;
  readonly pmtu: number;
  readonly rtt: number;
  readonly rttvar: number;
  readonly snd_ssthresh: number;
  readonly snd_cwnd: number;
  readonly advmss: number;
  readonly reordering: number;
  readonly total_retrans: number;
  readonly notsent_bytes: number;
  /** Bytes queued and not acknowledged: what SIOCOUTQ answers, and no part of Linux's record. */
  readonly outq_bytes: number;
  /** Bytes; Linux tells these since 5.18, and FreeBSD has always. */
  readonly snd_wnd: number;
}

const OPTION_TIMESTAMPS = 1;
const OPTION_SACK = 2;
const OPTION_WINDOW_SCALE = 4;
/** Linux's states of congestion by our phases of recovery, and its state before a loss is found. */
const CA_STATES: Readonly<Record<number, number>> = {
  [RECOVERY_NONE]: 0,
  [RECOVERY_FAST]: 3,
  [RECOVERY_TIMEOUT]: 4,
};
const CA_DISORDER = 1;
/** Linux's TCP_INFINITE_SSTHRESH: no loss has set a threshold. */
const SSTHRESH_NONE = 0x7fff_ffff;
/** A threshold from here on is the one that a connection begins with. */
const SSTHRESH_START = 0x3fff_ffff;
/** Duplicate acknowledgements after which a segment counts as lost (RFC 5681 §3.2). */
const REORDERING = 3;

/** What is told of a connection or listener now. */
export function tcpInfo(tcp: TcpTables, tcb: Tcb): TcpInfo {
  const { rtt, recovery, timers, congestion, mss } = tcb;
  const { nowMs } = tcp.environment;
  const { phase } = recovery;
  const disordered = recovery.dupAcks > 0 || recovery.sackCount > 0;
  const segments = (bytes: number): number => Math.ceil(Math.max(0, bytes) / mss);
  const routed = tcb.state !== CLOSED && tcb.state !== LISTEN;
  const mtu = routed ? pathMtu(tcp, tcb) : tcp.environment.mtus[0];
  return {
    state: tcb.state,
    ca_state: phase === RECOVERY_NONE && disordered ? CA_DISORDER : CA_STATES[phase],
    retransmits: timers.retries,
    probes: timers.probes,
    backoff: timers.retries,
    options:
      tcb.stamps.on * OPTION_TIMESTAMPS + tcb.sackPermitted * OPTION_SACK + tcb.scaling * OPTION_WINDOW_SCALE,
    snd_wscale: tcb.sndScale,
    rcv_wscale: tcb.scaling === 0 ? 0 : tcb.rcvScale,
    rto: rtt.rto,
    snd_mss: mss,
    rcv_mss: tcb.received.segmentBytesMax,
    unacked: tcb.state === SYN_SENT ? 1 : segments(flightBytes(tcb)),
    sacked: tcb.sackPermitted === 0 ? recovery.dupAcks : segments(recovery.sackedBytes),
    lost: segments(recovery.lostBytes),
    last_data_recv: (nowMs - timers.lastReceiveMs) | 0,
    pmtu: mtu,
    rtt: rtt.srtt >> 3,
    rttvar: rtt.rttvar >> 2,
    snd_ssthresh:
      congestion.ssthresh >= SSTHRESH_START ? SSTHRESH_NONE : Math.floor(congestion.ssthresh / mss),
    snd_cwnd: Math.max(1, Math.floor(congestion.cwnd / mss)),
    advmss: tcp.environment.mtus[tcb.port] - IPV4_BYTES - TCP_BYTES,
    reordering: REORDERING,
    total_retrans: recovery.retransmissions,
    notsent_bytes: Math.max(0, (tcb.sndEnd - tcb.sndNxt) | 0),
    outq_bytes: Math.max(0, (tcb.sndEnd - tcb.sndUna) | 0),
    snd_wnd: tcb.sndWnd,
  };
}
