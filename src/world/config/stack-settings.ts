/** The settings of a card's stack, as data. Their ranges are the stack's own. */
import {
  ADDRESS_DEFENCES,
  CONGESTION_CONTROLS,
  DEFAULT_STACK_CONFIG,
  LOSS_RECOVERIES,
} from '../../tcpip/config.ts';
import { stackRange } from '../../tcpip/config-check.ts';
import { FLAG, type SettingRow } from './setting-row.ts';

/** What each says, and where another setting matters, that. */
const WORDS: Readonly<Record<keyof typeof DEFAULT_STACK_CONFIG, readonly [string, Partial<SettingRow>?]>> = {
  address: [
    'IPv4 address of the first port, as a number',
    { beside: "in a described world the card's `ports` say it; it is one that a host can have" },
  ],
  prefixLength: ["prefix length of the first port's subnet", { beside: 'as `stack.address`' }],
  gateway: [
    "next hop for what is on no port's subnet; 0: none",
    { beside: 'in a described world `gateway`' },
  ],
  furtherPorts: [
    'addresses of the ports beyond the first',
    { form: 'a list', follows: '`furtherPorts` of the card', beside: 'must be those: set `furtherPorts`' },
  ],
  loopbackPort: [
    "the port that serves the card's own addresses",
    { follows: '`innerLoop`', beside: 'must be what follows: set `innerLoop`' },
  ],
  connectionsMax: [
    'TCP connections and listeners at once',
    {
      follows: 'twice `driver.socketsMax`, or 4096 more',
      beside: '`driver.socketsMax` at least, or ENOBUFS comes first',
    },
  ],
  activeConnections: [
    'TCP connections kept ready for segments; idle ones beyond them are kept in a compact form',
    { beside: 'matters where it is below `stack.connectionsMax`' },
  ],
  timeWaitMax: [
    'connections in TIME-WAIT (tcp_max_tw_buckets); the oldest ends early when there are more',
    {
      follows: 'eight times `driver.socketsMax`, or 32768',
      beside: 'fewer than ephemeral ports, so that one is free',
    },
  ],
  sendElementsMax: [
    'references of all send queues',
    {
      follows: 'one for each transmit buffer and slot, and 256 more',
      beside: 'at least one for each transmit buffer and slot',
    },
  ],
  udpSocketsMax: ['UDP sockets at once', { follows: '`driver.socketsMax`, or 256' }],
  udpSendsMax: ['datagrams that wait to be sent'],
  receiveBufferBytes: [
    'largest window of a connection (tcp_rmem, SO_RCVBUF)',
    { unit: 'bytes', beside: 'all buckets, and `packetSlots`, should hold it' },
  ],
  receiveWindowBytes: [
    'the window that a connection begins with; what its program reads lets it grow',
    {
      unit: 'bytes',
      follows:
        'less where `pools.storeBlocks` are few for `driver.socketsMax`, or the largest window is less',
      beside: 'at most `stack.receiveBufferBytes`',
    },
  ],
  wholeSegmentWindow: ["whether that window is a whole number of segments, as Linux's is"],
  takesBeyondWindow: [
    'whether a segment that reaches beyond the window is taken whole where nothing is unread, and else not at ' +
      'all, as by Linux',
  ],
  resetEndsTimeWait: ['whether a reset ends TIME-WAIT, as by Linux (tcp_rfc1337, the other way round)'],
  takesUnstamped: ['whether segments without timestamps are taken where they were agreed on, as by Linux'],
  seed: [
    'seed of sequence numbers, ports and timestamps',
    { follows: "drawn by `openCard`; in a world its `seed` and the card's place" },
  ],
  ephemeralFirst: ['first ephemeral port (ip_local_port_range)', { beside: 'at most `stack.ephemeralLast`' }],
  ephemeralLast: ['last one', { beside: 'at least `stack.ephemeralFirst`' }],
  ttl: ['time to live of packets (ip_default_ttl)'],
  timestamps: ['whether timestamps are offered (tcp_timestamps)'],
  windowScaling: ['whether window scaling is (tcp_window_scaling)'],
  sack: ['whether selective acknowledgement is (tcp_sack)'],
  rtoInitialUs: ['retransmission time-out before the first sample (RFC 6298)'],
  rtoMinUs: ['what is added to the mean round trip at least', { beside: 'at most `stack.rtoMaxUs`' }],
  rtoMaxUs: ['its most', { beside: 'at least `stack.rtoMinUs`' }],
  rtoSlopUs: ['what each time-out has beyond that, however often it has doubled'],
  synRetries: ['times that a SYN is sent again'],
  synLinearRetries: ['times before these, whose interval does not double (tcp_syn_linear_timeouts)'],
  synAckRetries: ['times that a SYN-ACK is'],
  retries: ['times that data is (tcp_retries2)'],
  orphanRetries: ['times that data of a connection nobody owns is (tcp_orphan_retries)'],
  delayedAckUs: ['an acknowledgement waits for so long at most (RFC 9293: below 500 ms)'],
  quickAcks: ['segments acknowledged at once after start and loss'],
  initialWindowSegments: ['segments before the first acknowledgement (RFC 6928)'],
  slowStartAfterIdle: ['whether an idle congestion window starts again (tcp_slow_start_after_idle)'],
  tailLossProbes: ['whether the last that was sent is probed for (RFC 8985; tcp_early_retrans)'],
  congestionControl: [
    'how the congestion window grows, and what a loss costs (tcp_congestion_control): RFC 5681 or RFC 9438',
    { choices: CONGESTION_CONTROLS },
  ],
  lossRecovery: [
    'how loss is found with SACK (tcp_recovery): by what arrived (RFC 6675), or by time (RFC 8985)',
    { choices: LOSS_RECOVERIES },
  ],
  ecn: ['explicit congestion notification (tcp_ecn): 0 none, 1 asked for, 2 agreed to where the peer asks'],
  ecnFallback: ['whether a SYN that is sent again does not ask for it (tcp_ecn_fallback)'],
  ecnSynTimeouts: ['after so many time-outs (0: whenever it is sent again)'],
  synCookies: ['SYN cookies (tcp_syncookies): 0 never, 1 where a SYN queue is full, 2 for each SYN'],
  pathMtuMin: ['the least MTU that a router is believed to name (route.min_pmtu)', { unit: 'bytes' }],
  pathMtuExpiresUs: ['how long it is believed, before larger packets are tried again (route.mtu_expires)'],
  mtuProbing: [
    'what is tried where routers say nothing of a path (tcp_mtu_probing): 0 nothing, 1 smaller segments where none is answered, 2 larger ones from the start',
  ],
  baseMss: ['the size of segments with which that begins (tcp_base_mss)', { unit: 'bytes' }],
  mtuProbeFloor: ['their least size (tcp_mtu_probe_floor)', { unit: 'bytes' }],
  mtuProbeThreshold: [
    'the search ends where what is left of it is less (tcp_probe_threshold)',
    { unit: 'bytes' },
  ],
  mtuProbeIntervalSeconds: ['and begins again after so long (tcp_probe_interval)', { unit: 's' }],
  outOfOrderMax: ['segments that a connection may hold out of order', { beside: '`packetSlots` hold them' }],
  timeWaitUs: ['how long TIME-WAIT lasts'],
  timeWaitReuseUs: ['after so long an active opener may take it over (tcp_tw_reuse)'],
  finWait2Us: ["how long a connection nobody owns waits for the peer's FIN (tcp_fin_timeout)"],
  keepAliveIdleSeconds: ['tcp_keepalive_time', { unit: 's' }],
  keepAliveIntervalSeconds: ['tcp_keepalive_intvl', { unit: 's' }],
  keepAliveProbes: ['tcp_keepalive_probes'],
  challengeAckUs: ['a connection answers at most one challenge in so long (RFC 5961)'],
  reassembliesMax: ['datagrams being put together at once'],
  reassemblyUs: ['how long each may take (ipfrag_time)'],
  neighboursMax: [
    'hardware addresses remembered at least',
    { follows: 'in a described world twice its cards, where that is more' },
  ],
  neighboursKept: ['with no more than these none is forgotten (gc_thresh1)'],
  neighboursSoftMax: ['with so many a new one takes the place of one not heard of for 5 s (gc_thresh2)'],
  neighbourStaleUs: ['for how long one that is not in use is remembered (gc_stale_time)'],
  neighbourQueueBytes: ['bytes of datagrams that wait for one at most (unres_qlen_bytes)', { unit: 'B' }],
  neighbourReachableUs: ['for how long one counts as reachable on average (base_reachable_time)'],
  neighbourDelayUs: ['how long one in use may go unconfirmed before it is asked (delay_first_probe_time)'],
  neighbourRetransUs: ['between one request and the next (retrans_time)'],
  neighbourLockUs: ['for how long another reply does not change a hardware address (locktime)'],
  neighbourUnicastProbes: ['requests to itself before it is given up (ucast_solicit)'],
  neighbourBroadcastProbes: ['requests to everybody before it is given up (mcast_solicit)'],
  addressProbes: ['ARP probes before an own address is used (RFC 5227 PROBE_NUM is 3); 0: none, as Linux'],
  addressProbeWaitUs: ['the longest time before the first (PROBE_WAIT)'],
  addressProbeMinUs: [
    'the least time between two (PROBE_MIN)',
    { beside: 'at most `stack.addressProbeMaxUs`' },
  ],
  addressProbeMaxUs: ['the most (PROBE_MAX)', { beside: 'at least `stack.addressProbeMinUs`' }],
  addressAnnounceWaitUs: ["from the last to the address's use (ANNOUNCE_WAIT)"],
  addressAnnouncements: ['announcements of an address that was probed (ANNOUNCE_NUM)'],
  addressAnnounceIntervalUs: ['between two (ANNOUNCE_INTERVAL)'],
  arpNotify: ['whether an address that is not probed is announced, too (arp_notify)'],
  addressDefence: [
    'what is done where another station speaks for an address in use: nothing, or RFC 5227 §2.4 (a), (b), (c)',
    { choices: ADDRESS_DEFENCES },
  ],
  addressDefendIntervalUs: ['between two defences (DEFEND_INTERVAL)'],
  addressConflictsMax: ['after so many conflicts an address is probed again more rarely (MAX_CONFLICTS)'],
  addressRateLimitUs: ['namely once in so long (RATE_LIMIT_INTERVAL)'],
  acceptRedirects: ['whether redirects of the gateway in use are followed (accept_redirects)'],
  icmpErrorsPerSecond: ['ICMP errors sent in a second'],
  udpReceiveBytes: ["bytes that a UDP socket's queue holds", { unit: 'bytes' }],
  udpReceiveDatagrams: ['datagrams that it holds'],
};

export const STACK_SETTINGS: readonly SettingRow[] = Object.entries(DEFAULT_STACK_CONFIG).map(
  ([field, value]): SettingRow => {
    const [meaning, more = {}] = WORDS[field as keyof typeof WORDS];
    const of =
      typeof value === 'boolean'
        ? { choices: FLAG }
        : typeof value === 'number'
          ? { range: stackRange(field) }
          : {};
    const unit = field.endsWith('Us') ? { unit: 'µs' } : {};
    return { name: `stack.${field}`, meaning, ...of, ...unit, ...more };
  },
);
