/** RFC 5681 with RFC 6582; RFC 9438; none, for links that are nobody else's. */
export const CONGESTION_CONTROLS = ['newreno', 'cubic', 'none'] as const;
export type CongestionControlName = (typeof CONGESTION_CONTROLS)[number];

/** RFC 6675; RFC 8985. */
export const LOSS_RECOVERIES = ['sack', 'rack'] as const;
export type LossRecoveryName = (typeof LOSS_RECOVERIES)[number];

/** What is done about another station that speaks for an own address: nothing, or RFC 5227 §2.4 (a), (b), (c). */
export const ADDRESS_DEFENCES = ['ignore', 'yield', 'defend', 'keep'] as const;
export type AddressDefenceName = (typeof ADDRESS_DEFENCES)[number];

/** A port's own address and its subnet's prefix length, 0 to 32. */
export interface PortAddress {
  readonly address: number;
  readonly prefixLength: number;
}

/**
 * Everything that can be set on a stack. A field in whose remark a Linux setting is named has that setting's
 * meaning. Times are microseconds and must stay below 2^30, since the clock is an int32 that wraps, except
 * where a unit says otherwise. Every table is sized by these numbers when the stack is made.
 */
export interface StackConfig {
  /** Own IPv4 address of port 0. 127/8 is always served besides. */
  readonly address: number;
  /** Prefix length of port 0's subnet, 0 to 32. */
  readonly prefixLength: number;
  /**
   * Next hop for what is on no port's subnet; 0: none. It is reached through the port whose subnet holds it,
   * else through port 0.
   */
  readonly gateway: number;
  /** Address and subnet of the ports behind port 0, at most 15 of them; no address twice. */
  readonly furtherPorts: readonly PortAddress[];
  /**
   * The port through which packets to own addresses and to 127/8 leave and come back. One more than the last
   * port with an address: a port for that purpose alone.
   */
  readonly loopbackPort: number;
  /** TCP connections and listeners there can be at once. */
  readonly connectionsMax: number;
  /**
   * TCP connections that are kept as they are, with all that segments need. Where `connectionsMax` is more,
   * those beyond that are idle are kept in a compact form until they are used again.
   */
  readonly activeConnections: number;
  /** Connections in TIME-WAIT (tcp_max_tw_buckets); the oldest is ended early when there are more. */
  readonly timeWaitMax: number;
  /** References that all TCP send queues hold together. */
  readonly sendElementsMax: number;
  /** UDP sockets there can be at once. */
  readonly udpSocketsMax: number;
  /** Datagrams waiting to be sent, all UDP sockets together. */
  readonly udpSendsMax: number;
  /** Receive buffer of a connection in bytes: its largest window (tcp_rmem). */
  readonly receiveBufferBytes: number;
  /**
   * The window a connection begins with. It grows by each byte that the user consumes, up to the receive
   * buffer: a user that does not read is promised little memory.
   */
  readonly receiveWindowBytes: number;
  /** Whether that window is a whole number of segments of the own MSS, as Linux's is. */
  readonly wholeSegmentWindow: boolean;
  /**
   * Whether a segment that begins in the window and reaches beyond it is taken whole where nothing is unread,
   * and else refused whole, as Linux does since 6.17 (tcp_sequence); false: what lies in the window is taken
   * (RFC 9293 §3.10.7.4).
   */
  readonly takesBeyondWindow: boolean;
  /**
   * Whether a segment without timestamps is taken on a connection that has them, as Linux does
   * (net.inet.tcp.tolerate_missing_ts); RFC 7323 §3.2 has it dropped.
   */
  readonly takesUnstamped: boolean;
  /**
   * Whether a reset in place ends TIME-WAIT, as RFC 9293 §3.10.7.4 has it and Linux by itself (its tcp_rfc1337 is
   * the other way round); RFC 1337 advises against it.
   */
  readonly resetEndsTimeWait: boolean;
  /** Seed of initial sequence numbers, ephemeral ports and timestamp offsets. */
  readonly seed: number;

  /**
   * First and last ephemeral port (ip_local_port_range). More of them than TIME-WAIT entries, so that one is
   * always free.
   */
  readonly ephemeralFirst: number;
  readonly ephemeralLast: number;
  /** Time to live of packets sent, 1 to 255 (ip_default_ttl). */
  readonly ttl: number;

  /** RFC 7323 timestamps (tcp_timestamps) and window scaling (tcp_window_scaling), RFC 2018 (tcp_sack). */
  readonly timestamps: boolean;
  readonly windowScaling: boolean;
  readonly sack: boolean;

  /**
   * Retransmission time-out (RFC 6298): before the first sample, least and most. The least is Linux's 200 ms,
   * not the RFC's 1 s, and as there it is the least of the variance's term, on top of the mean round trip.
   */
  readonly rtoInitialUs: number;
  readonly rtoMinUs: number;
  readonly rtoMaxUs: number;
  /**
   * What each time-out has beyond that, however often it has doubled, but for a first SYN's, which nothing was
   * measured for (FreeBSD's rexmit_slop).
   */
  readonly rtoSlopUs: number;
  /**
   * SYN, SYN-ACK and data retransmissions before giving up. 7 SYNs are 255 s; RFC 9293 MUST-23 asks for at
   * least 180 s.
   */
  readonly synRetries: number;
  /** Further SYN retransmissions before these, whose interval does not double (tcp_syn_linear_timeouts). */
  readonly synLinearRetries: number;
  readonly synAckRetries: number;
  readonly retries: number;
  /** Retransmissions of a connection nobody owns any more (tcp_orphan_retries). */
  readonly orphanRetries: number;

  /** An acknowledgement waits at most this long for company (RFC 9293 MUST-40: below 500 ms). */
  readonly delayedAckUs: number;
  /** Segments acknowledged at once after the start and after loss (Linux TCP_MAX_QUICKACKS). */
  readonly quickAcks: number;
  /** Segments that may be sent before the first acknowledgement (RFC 6928: 10; a route's initcwnd). */
  readonly initialWindowSegments: number;
  /**
   * RFC 5681 §4.1: a congestion window idle for an RTO starts again from the initial window
   * (tcp_slow_start_after_idle).
   */
  readonly slowStartAfterIdle: boolean;
  /** Whether RACK sends tail loss probes (RFC 8985 §7; Linux tcp_early_retrans, where 0 says that it does not). */
  readonly tailLossProbes: boolean;
  /** How the congestion window grows, and what a loss costs (tcp_congestion_control). */
  readonly congestionControl: CongestionControlName;
  /**
   * How loss is found where the peer has SACK (tcp_recovery): by counting what arrived (RFC 6675), or by time
   * (RFC 8985, with tail loss probes).
   */
  readonly lossRecovery: LossRecoveryName;
  /**
   * Explicit congestion notification (RFC 3168, tcp_ecn): 0 none; 1 asked for and agreed to; 2 agreed to
   * where the peer asks.
   */
  readonly ecn: number;
  /** Whether a SYN that is sent again no longer asks for it (RFC 3168 §6.1.1.1, tcp_ecn_fallback). */
  readonly ecnFallback: boolean;
  /** After so many time-outs, that is; 0: whenever it is sent again. */
  readonly ecnSynTimeouts: number;
  /**
   * SYN cookies (RFC 4987, tcp_syncookies): 0 never; 1 where a listener has as many connections half open as
   * it may; 2 for each SYN.
   */
  readonly synCookies: number;
  /** The least MTU that a router is believed to name (route/min_pmtu). */
  readonly pathMtuMin: number;
  /** How long it is believed before larger packets are tried again (RFC 1191 §6.3, route/mtu_expires). */
  readonly pathMtuExpiresUs: number;
  /**
   * How large packets a path carries (RFC 4821, tcp_mtu_probing): 0 what routers say; 1 smaller segments are
   * tried where none is answered, and then larger ones again; 2 larger ones are tried from the start.
   */
  readonly mtuProbing: number;
  /** The payload of a segment with which that begins (tcp_base_mss), and its least (tcp_mtu_probe_floor). */
  readonly baseMss: number;
  readonly mtuProbeFloor: number;
  /** The search ends where what is left is less (tcp_probe_threshold), and begins again in so long. */
  readonly mtuProbeThreshold: number;
  /** tcp_probe_interval. */
  readonly mtuProbeIntervalSeconds: number;
  /** Segments one connection may hold out of order. */
  readonly outOfOrderMax: number;

  /** How long TIME-WAIT lasts: 2 MSL. Linux: 60 s. */
  readonly timeWaitUs: number;
  /** An active opener may take a TIME-WAIT pair over after this long (tcp_tw_reuse); 0: at once. */
  readonly timeWaitReuseUs: number;
  /** How long a connection nobody owns waits for the peer's FIN (tcp_fin_timeout). */
  readonly finWait2Us: number;
  /** tcp_keepalive_time, _intvl, _probes. */
  readonly keepAliveIdleSeconds: number;
  readonly keepAliveIntervalSeconds: number;
  readonly keepAliveProbes: number;
  /**
   * A connection answers at most one challenge or out-of-window acknowledgement in this time (RFC 5961 §7).
   */
  readonly challengeAckUs: number;

  /** IPv4 datagrams being put together at once, and how long each may take (ipfrag_time). */
  readonly reassembliesMax: number;
  readonly reassemblyUs: number;
  /** Hardware addresses remembered at least (neigh/default/gc_thresh3). */
  readonly neighboursMax: number;
  /** With no more than these none is forgotten, however long nothing was sent to it (gc_thresh1). */
  readonly neighboursKept: number;
  /** With so many a new one takes the place of one that has not been heard of for 5 s (gc_thresh2). */
  readonly neighboursSoftMax: number;
  /** One that nothing was sent to, and nothing confirmed, for so long is forgotten (gc_stale_time). */
  readonly neighbourStaleUs: number;
  /**
   * Bytes of datagrams that wait for one hardware address at most, beside the latest of them, which always does;
   * the oldest give way (unres_qlen_bytes, which counts the kernel's own memory as well).
   */
  readonly neighbourQueueBytes: number;
  /** How long one counts as reachable on average (base_reachable_time): half as long to half as long again. */
  readonly neighbourReachableUs: number;
  /** How long one in use may go unconfirmed after that before it is asked (delay_first_probe_time). */
  readonly neighbourDelayUs: number;
  /** Between one request and the next (retrans_time; RFC 1122 §2.3.2.1: a second). */
  readonly neighbourRetransUs: number;
  /**
   * So long a hardware address stays that has just been learnt, whatever other replies say (locktime): of
   * several that answer one request the first is believed. A request for us, and an announcement, change it.
   */
  readonly neighbourLockUs: number;
  /** Requests to the neighbour itself, and to everybody, before it is given up (ucast_solicit, mcast_solicit). */
  readonly neighbourUnicastProbes: number;
  readonly neighbourBroadcastProbes: number;
  /**
   * ARP probes before an own address is used (RFC 5227 PROBE_NUM, which is 3 there); 0: it is used at once, as
   * by Linux. Also after the link of its port has come up again.
   */
  readonly addressProbes: number;
  /** The longest time before the first (PROBE_WAIT), and the least and most between two (PROBE_MIN, _MAX). */
  readonly addressProbeWaitUs: number;
  readonly addressProbeMinUs: number;
  readonly addressProbeMaxUs: number;
  /** From the last of them to the address's use (ANNOUNCE_WAIT). */
  readonly addressAnnounceWaitUs: number;
  /** Announcements of an address that was probed (ANNOUNCE_NUM), and the time between two (ANNOUNCE_INTERVAL). */
  readonly addressAnnouncements: number;
  readonly addressAnnounceIntervalUs: number;
  /** Whether an address that is not probed is announced, too: at the start, and when its link comes up (arp_notify). */
  readonly arpNotify: boolean;
  /** What is done while an address is in use, and how far apart two defences are at least (DEFEND_INTERVAL). */
  readonly addressDefence: AddressDefenceName;
  readonly addressDefendIntervalUs: number;
  /** After so many conflicts (MAX_CONFLICTS) an address is probed again only in so long (RATE_LIMIT_INTERVAL). */
  readonly addressConflictsMax: number;
  readonly addressRateLimitUs: number;
  /** Whether redirects of the gateway in use are followed (RFC 1122 §3.2.2.2, accept_redirects). */
  readonly acceptRedirects: boolean;
  /** ICMP errors sent, at most this many a second (icmp_ratelimit is per destination; ours is for all). */
  readonly icmpErrorsPerSecond: number;
  /** Bytes and datagrams one UDP socket's receive queue holds. */
  readonly udpReceiveBytes: number;
  readonly udpReceiveDatagrams: number;
}

export const DEFAULT_STACK_CONFIG: StackConfig = {
  address: 0x0a000001,
  prefixLength: 24,
  gateway: 0,
  furtherPorts: [],
  loopbackPort: 0,
  connectionsMax: 4096,
  activeConnections: 8192,
  timeWaitMax: 32768,
  sendElementsMax: 16384,
  udpSocketsMax: 256,
  udpSendsMax: 1024,
  receiveBufferBytes: 1 << 20,
  receiveWindowBytes: 1 << 20,
  wholeSegmentWindow: false,
  takesBeyondWindow: false,
  takesUnstamped: false,
  resetEndsTimeWait: false,
  seed: 1,
  ephemeralFirst: 16384,
  ephemeralLast: 65535,
  ttl: 64,
  timestamps: true,
  windowScaling: true,
  sack: true,
  rtoInitialUs: 1_000_000,
  rtoMinUs: 200_000,
  rtoSlopUs: 0,
  rtoMaxUs: 120_000_000,
  synRetries: 7,
  synLinearRetries: 0,
  synAckRetries: 5,
  retries: 15,
  orphanRetries: 8,
  delayedAckUs: 40_000,
  quickAcks: 16,
  initialWindowSegments: 10,
  slowStartAfterIdle: true,
  tailLossProbes: true,
  congestionControl: 'cubic',
  lossRecovery: 'rack',
  ecn: 2,
  ecnFallback: true,
  ecnSynTimeouts: 0,
  synCookies: 1,
  pathMtuMin: 552,
  pathMtuExpiresUs: 600_000_000,
  mtuProbing: 0,
  baseMss: 1024,
  mtuProbeFloor: 48,
  mtuProbeThreshold: 8,
  mtuProbeIntervalSeconds: 600,
  outOfOrderMax: 1024,
  timeWaitUs: 60_000_000,
  timeWaitReuseUs: 1_000_000,
  finWait2Us: 60_000_000,
  keepAliveIdleSeconds: 7200,
  keepAliveIntervalSeconds: 75,
  keepAliveProbes: 9,
  challengeAckUs: 200_000,
  reassembliesMax: 16,
  reassemblyUs: 30_000_000,
  neighboursMax: 256,
  neighboursKept: 128,
  neighboursSoftMax: 512,
  neighbourStaleUs: 60_000_000,
  neighbourQueueBytes: 212_992,
  neighbourReachableUs: 30_000_000,
  neighbourDelayUs: 5_000_000,
  neighbourRetransUs: 1_000_000,
  neighbourLockUs: 1_000_000,
  neighbourUnicastProbes: 3,
  neighbourBroadcastProbes: 3,
  addressProbes: 0,
  addressProbeWaitUs: 1_000_000,
  addressProbeMinUs: 1_000_000,
  addressProbeMaxUs: 2_000_000,
  addressAnnounceWaitUs: 2_000_000,
  addressAnnouncements: 2,
  addressAnnounceIntervalUs: 2_000_000,
  arpNotify: false,
  addressDefence: 'keep',
  addressDefendIntervalUs: 10_000_000,
  addressConflictsMax: 10,
  addressRateLimitUs: 60_000_000,
  acceptRedirects: true,
  icmpErrorsPerSecond: 1000,
  udpReceiveBytes: 212_992,
  udpReceiveDatagrams: 256,
};

/**
 * How many ports a stack of this configuration sends through: those with an address, and a pure loopback port
 * where there is one.
 */
export function portsOf(config: StackConfig): number {
  return Math.max(1 + config.furtherPorts.length, config.loopbackPort + 1);
}
