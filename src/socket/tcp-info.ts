/**
 * What Linux's TCP_INFO tells of a connection (include/uapi/linux/tcp.h), as far as every stack here knows it;
 * the names are Linux's without their `tcpi_`. What a card tells of it crosses in SocketInfoGet and
 * SocketTotalsGet (spec/socket.yaml, `i2o/tcp-info.ts`).
 */

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
  /** Segments in flight; of a listener, connections that wait to be accepted. */
  readonly unacked: number;
  /** Of these, those that SACKs name; of a listener, its backlog. */
  readonly sacked: number;
  /** Of these, those that count as lost, until they are acknowledged. */
  readonly lost: number;
  /** Of these, those that were sent again. */
  readonly retrans: number;
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
  /**
   * While there was something to send or to be acknowledged; of it, held back by the peer, and by SO_SNDBUF.
   * A card has 0 in the last: its host keeps the send buffer.
   */
  readonly busy_time: number;
  readonly rwnd_limited: number;
  readonly sndbuf_limited: number;
  readonly delivered: number;
  /** Of these, segments whose acknowledgements echoed a mark (RFC 3168). */
  readonly delivered_ce: number;
  readonly bytes_sent: number;
  readonly bytes_retrans: number;
  /** How often segments were seen to arrive in another order than sent. */
  readonly reord_seen: number;
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
