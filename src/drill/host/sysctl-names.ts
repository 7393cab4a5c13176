/** Linux's and FreeBSD's names of settings, and what each is here. */
import type { CongestionControlName, LossRecoveryName } from '../../tcpip/config.ts';
import type { LiveField } from './live-config.ts';

/** A number, of which `scale` makes the field's unit. */
export interface NumberSetting {
  readonly kind: 'number';
  readonly field: LiveField;
  readonly scale: number;
}

export interface FlagSetting {
  readonly kind: 'flag';
  readonly fields: readonly (
    | 'timestamps'
    | 'windowScaling'
    | 'sack'
    | 'takesUnstamped'
    | 'resetEndsTimeWait'
    | 'slowStartAfterIdle'
    | 'ecnFallback'
    | 'acceptRedirects'
    | 'tailLossProbes'
  )[];
  /** The values that say yes; where there are none, all but 0 do. */
  readonly on?: readonly string[];
}

/** Several numbers. */
export interface ListSetting {
  readonly kind: 'list';
  readonly count: number;
  readonly fields: (values: readonly number[]) => Partial<Record<LiveField, number>>;
}

/** One of a few ways to do a thing, chosen when the host is made. */
export interface ChoiceSetting {
  readonly kind: 'choice';
  readonly field: 'congestionControl' | 'lossRecovery';
  /** Ours by what is said. */
  readonly choices: Readonly<Record<string, CongestionControlName | LossRecoveryName>>;
}

/** What the stack does is so by itself: other values ask for what it does not have. */
export interface FixedSetting {
  readonly kind: 'fixed';
  readonly values: readonly string[];
  readonly lacks: string;
}

/** It changes nothing that a script sees here. */
export interface IdleSetting {
  readonly kind: 'idle';
  readonly why: string;
}

export type Setting = NumberSetting | FlagSetting | ListSetting | ChoiceSetting | FixedSetting | IdleSetting;

const US_PER_MS = 1000;
const US_PER_SECOND = 1_000_000;
const S_PER_MS = 1 / 1000;

const number = (field: LiveField, scale = 1): NumberSetting => ({ kind: 'number', field, scale });
const flag = (...fields: FlagSetting['fields']): FlagSetting => ({ kind: 'flag', fields });
const fixed = (lacks: string, ...values: string[]): FixedSetting => ({ kind: 'fixed', values, lacks });
const idle = (why: string): IdleSetting => ({ kind: 'idle', why });

const CONGESTION: ChoiceSetting = {
  kind: 'choice',
  field: 'congestionControl',
  choices: { reno: 'newreno', newreno: 'newreno', cubic: 'cubic' },
};
/** Linux's bit 0 is RACK. Tail loss probes come with it here, unless tcp_early_retrans forbids them. */
const RECOVERY: ChoiceSetting = {
  kind: 'choice',
  field: 'lossRecovery',
  choices: { '0': 'sack', '1': 'rack', '3': 'rack', '4': 'rack', freebsd: 'sack', rack: 'rack' },
};
const RACK = idle('losses are found by RFC 6675, or by RFC 8985');
/** No value of its parameters means what is here. */
const HYSTART = fixed("Linux's own HyStart (slow start ends by RFC 9406 here)");
const PACING = idle('nothing is paced');
const TSO = idle('the device cuts nothing');
const BUFFERS = idle('it is memory that is not modelled');
const FAST_OPEN = idle('there is no TCP Fast Open');
const CACHE = idle('nothing is remembered of earlier connections');

/** The largest buffer of a connection. */
const BUFFER_MOST = 1 << 29;

/** Half of a buffer is window, as with Linux's tcp_adv_win_scale of 1. */
const window = (bytes: number): number => Math.max(2048, Math.floor(bytes / 2));

const LINUX: Readonly<Record<string, Setting>> = {
  'net.ipv4.tcp_rmem': {
    kind: 'list',
    count: 3,
    fields: ([, usual, most]) => ({
      receiveBufferBytes: Math.max(2048, most),
      receiveWindowBytes: Math.min(window(usual), Math.max(2048, most)),
      receiveBufferTold: Math.max(2048, usual),
    }),
  },
  'net.ipv4.tcp_wmem': {
    kind: 'list',
    count: 3,
    fields: ([, usual, most]) => ({
      sendBufferBytes: Math.max(2048, usual),
      sendBufferMost: Math.max(2048, most),
    }),
  },
  'net.ipv4.ip_local_port_range': {
    kind: 'list',
    count: 2,
    fields: ([ephemeralFirst, ephemeralLast]) => ({ ephemeralFirst, ephemeralLast }),
  },
  'net.ipv4.tcp_timestamps': flag('timestamps'),
  'net.ipv4.tcp_window_scaling': flag('windowScaling'),
  'net.ipv4.tcp_sack': flag('sack'),
  'net.ipv4.tcp_slow_start_after_idle': flag('slowStartAfterIdle'),
  'net.ipv4.tcp_syn_retries': number('synRetries'),
  'net.ipv4.tcp_syn_linear_timeouts': number('synLinearRetries'),
  'net.ipv4.tcp_synack_retries': number('synAckRetries'),
  'net.ipv4.tcp_retries2': number('retries'),
  'net.ipv4.tcp_orphan_retries': number('orphanRetries'),
  'net.ipv4.tcp_fin_timeout': number('finWait2Us', US_PER_SECOND),
  'net.ipv4.tcp_keepalive_time': number('keepAliveIdleSeconds'),
  'net.ipv4.tcp_keepalive_intvl': number('keepAliveIntervalSeconds'),
  'net.ipv4.tcp_keepalive_probes': number('keepAliveProbes'),
  'net.ipv4.tcp_rto_min_us': number('rtoMinUs'),
  'net.ipv4.tcp_rto_max_ms': number('rtoMaxUs', US_PER_MS),
  'net.ipv4.tcp_tw_reuse_delay': number('timeWaitReuseUs', US_PER_MS),
  'net.ipv4.tcp_invalid_ratelimit': number('challengeAckUs', US_PER_MS),
  'net.ipv4.conf.all.accept_redirects': flag('acceptRedirects'),
  'net.ipv4.conf.default.accept_redirects': flag('acceptRedirects'),
  'net.ipv4.neigh.default.base_reachable_time_ms': number('neighbourReachableUs', US_PER_MS),
  'net.ipv4.neigh.default.retrans_time_ms': number('neighbourRetransUs', US_PER_MS),
  'net.ipv4.neigh.default.delay_first_probe_time': number('neighbourDelayUs', US_PER_SECOND),
  // In units of USER_HZ, of which Linux has 100 a second.
  'net.ipv4.neigh.default.locktime': number('neighbourLockUs', US_PER_SECOND / 100),
  'net.ipv4.neigh.default.gc_stale_time': number('neighbourStaleUs', US_PER_SECOND),
  'net.ipv4.neigh.default.gc_thresh1': number('neighboursKept'),
  'net.ipv4.neigh.default.gc_thresh2': number('neighboursSoftMax'),
  'net.ipv4.neigh.default.gc_thresh3': number('neighboursMax'),
  'net.ipv4.neigh.default.unres_qlen_bytes': number('neighbourQueueBytes'),
  'net.ipv4.neigh.default.ucast_solicit': number('neighbourUnicastProbes'),
  'net.ipv4.neigh.default.mcast_solicit': number('neighbourBroadcastProbes'),
  'net.ipv4.ip_default_ttl': number('ttl'),
  'net.ipv4.ipfrag_time': number('reassemblyUs', US_PER_SECOND),
  'net.ipv4.tcp_ecn': number('ecn'),
  'net.ipv4.tcp_ecn_fallback': flag('ecnFallback'),
  'net.ipv4.tcp_dsack': fixed('a receiver without DSACK', '1'),
  'net.ipv4.tcp_reordering': fixed('another threshold of duplicates than 3', '3'),
  'net.ipv4.tcp_mtu_probing': number('mtuProbing'),
  'net.ipv4.route.mtu_expires': number('pathMtuExpiresUs', US_PER_SECOND),
  'net.ipv4.route.min_pmtu': number('pathMtuMin'),
  'net.ipv4.tcp_base_mss': number('baseMss'),
  'net.ipv4.tcp_mtu_probe_floor': number('mtuProbeFloor'),
  'net.ipv4.tcp_probe_threshold': number('mtuProbeThreshold'),
  'net.ipv4.tcp_probe_interval': number('mtuProbeIntervalSeconds'),
  'net.ipv4.ip_no_pmtu_disc': fixed('packets without DF', '0'),
  'net.ipv4.tcp_thin_linear_timeouts': fixed('linear time-outs of thin streams', '0'),
  'net.ipv4.tcp_abort_on_overflow': fixed('a reset where a backlog is full', '0'),
  'net.ipv4.tcp_stdurg': fixed('urgent pointers of another meaning', '0'),
  'net.ipv4.tcp_shrink_window': fixed('windows that shrink', '0'),
  'net.ipv4.tcp_congestion_control': CONGESTION,
  'net.ipv4.tcp_recovery': RECOVERY,
  'net.ipv4.tcp_early_retrans': { ...flag('tailLossProbes'), on: ['3', '4'] },
  // Parameters of Linux's module.
  'tcp_cubic.beta': fixed('another share of the window after a loss than 717/1024', '717'),
  'tcp_cubic.bic_scale': fixed('another steepness of CUBIC than 0.4', '41'),
  'tcp_cubic.fast_convergence': fixed('CUBIC without fast convergence', '1'),
  'tcp_cubic.tcp_friendliness': fixed('CUBIC that is no friend of Reno', '1'),
  'tcp_cubic.initial_ssthresh': fixed('a threshold at the start', '0'),
  'tcp_cubic.hystart': HYSTART,
  'tcp_cubic.hystart_detect': HYSTART,
  'tcp_cubic.hystart_low_window': HYSTART,
  'tcp_cubic.hystart_ack_delta_us': HYSTART,
  'net.ipv4.tcp_fack': RACK,
  'net.ipv4.tcp_frto': RACK,
  'net.ipv4.tcp_max_reordering': RACK,
  'net.ipv4.tcp_pacing_ss_ratio': PACING,
  'net.ipv4.tcp_pacing_ca_ratio': PACING,
  'net.ipv4.tcp_tso_win_divisor': TSO,
  'net.ipv4.tcp_min_tso_segs': TSO,
  'net.ipv4.tcp_tso_rtt_log': TSO,
  'net.ipv4.tcp_limit_output_bytes': TSO,
  'net.ipv4.tcp_autocorking': TSO,
  'net.ipv4.tcp_notsent_lowat': BUFFERS,
  'net.ipv4.tcp_moderate_rcvbuf': BUFFERS,
  'net.ipv4.tcp_adv_win_scale': BUFFERS,
  'net.ipv4.tcp_app_win': BUFFERS,
  'net.ipv4.tcp_mem': BUFFERS,
  'net.core.rmem_max': BUFFERS,
  'net.core.wmem_max': BUFFERS,
  'net.core.rmem_default': BUFFERS,
  'net.core.wmem_default': BUFFERS,
  'net.core.somaxconn': BUFFERS,
  'net.ipv4.tcp_max_syn_backlog': BUFFERS,
  'net.ipv4.tcp_max_tw_buckets': BUFFERS,
  'net.ipv4.tcp_fastopen': FAST_OPEN,
  'net.ipv4.tcp_fastopen_key': FAST_OPEN,
  'net.ipv4.tcp_fastopen_blackhole_timeout_sec': FAST_OPEN,
  'net.ipv4.tcp_no_metrics_save': CACHE,
  'net.ipv4.tcp_tw_reuse': idle('a pair in TIME-WAIT is taken over by a new connect'),
  'net.ipv4.tcp_syncookies': number('synCookies'),
  'net.ipv4.tcp_rfc1337': { ...flag('resetEndsTimeWait'), on: ['0'] },
  'net.ipv4.tcp_challenge_ack_limit': idle('challenges are limited for each connection'),
  'net.core.default_qdisc': PACING,
};

const FREEBSD: Readonly<Record<string, Setting>> = {
  'net.inet.tcp.rfc1323': flag('timestamps', 'windowScaling'),
  'net.inet.tcp.sack.enable': flag('sack'),
  'net.inet.tcp.recvspace': {
    kind: 'list',
    count: 1,
    fields: ([bytes]) => ({ receiveWindowBytes: bytes, receiveBufferTold: bytes }),
  },
  'net.inet.tcp.sendspace': number('sendBufferBytes'),
  // More than a stack has for one connection makes no other window: the shift is 14 by then.
  'kern.ipc.maxsockbuf': {
    kind: 'list',
    count: 1,
    fields: ([bytes]) => ({ receiveBufferBytes: Math.min(bytes, BUFFER_MOST) }),
  },
  'net.inet.tcp.delacktime': number('delayedAckUs', US_PER_MS),
  'net.inet.tcp.rexmit_slop': number('rtoSlopUs', US_PER_MS),
  'net.inet.tcp.ecn.maxretries': {
    kind: 'list',
    count: 1,
    fields: ([again]) => ({ ecnSynTimeouts: again + 1 }),
  },
  'net.inet.tcp.rexmit_min': number('rtoMinUs', US_PER_MS),
  'net.inet.tcp.keepinit': number('openTimeoutMs'),
  'net.inet.tcp.rexmit_drop_options': fixed('a third SYN without options', '0'),
  'net.inet.tcp.keepidle': number('keepAliveIdleSeconds', S_PER_MS),
  'net.inet.tcp.keepintvl': number('keepAliveIntervalSeconds', S_PER_MS),
  'net.inet.tcp.keepcnt': number('keepAliveProbes'),
  'net.inet.tcp.msl': number('timeWaitUs', 2 * US_PER_MS),
  'net.inet.tcp.finwait2_timeout': number('finWait2Us', US_PER_MS),
  'net.inet.tcp.initcwnd_segments': number('initialWindowSegments'),
  'net.inet.ip.ttl': number('ttl'),
  'net.inet.tcp.ecn.enable': number('ecn'),
  'net.inet.tcp.blackhole': fixed('ports that answer nothing', '0'),
  'net.inet.tcp.functions_default': RECOVERY,
  'net.inet.tcp.cc.algorithm': CONGESTION,
  'net.inet.tcp.hostcache.purgenow': CACHE,
  'net.inet.tcp.hostcache.enable': CACHE,
  'net.inet.tcp.fastopen.client_enable': FAST_OPEN,
  'net.inet.tcp.fastopen.server_enable': FAST_OPEN,
  'net.inet.tcp.syncookies': number('synCookies'),
  'net.inet.tcp.syncookies_only': number('synCookies', 2),
  'net.inet.tcp.rfc3042': fixed('a sender without limited transmit', '1'),
  'net.inet.tcp.path_mtu_discovery': fixed('packets without DF', '1'),
  'net.inet.tcp.rexmit_initial': number('rtoInitialUs', US_PER_MS),
  'net.inet.tcp.syncache.rexmtlimit': number('synAckRetries'),
  'net.inet.tcp.tolerate_missing_ts': flag('takesUnstamped'),
  'net.inet.tcp.insecure_rst': fixed('resets that need not be at the left edge', '0'),
  'net.inet.tcp.insecure_syn': fixed('a SYN that ends a connection', '0'),
  'net.inet.tcp.insecure_ack': fixed('acknowledgements of what was long ago', '0'),
  'net.inet.tcp.drop_synfin': fixed('a SYN with a FIN that is not answered', '0'),
  'net.inet.tcp.delayed_ack': fixed('acknowledgements that are never delayed', '1'),
  'net.inet.tcp.always_keepalive': fixed('keep-alive of every connection', '0'),
  'net.inet.tcp.icmp_may_rst': fixed('a connect that outlives what ICMP says', '1'),
  'net.inet.tcp.rfc3390': fixed('another first window than ten segments', '1'),
  'net.inet.tcp.rfc3465': fixed('a window that grows by acknowledgements', '1'),
  'net.inet.tcp.sack.revised': fixed('an older way to count what is in flight', '1'),
  'net.inet.tcp.rfc6675_pipe': fixed('an older way to count what is in flight', '1'),
  'net.inet.tcp.pmtud_blackhole_detection': number('mtuProbing'),
  'net.inet.tcp.hostcache.expire': CACHE,
  'net.inet.tcp.hostcache.prune': CACHE,
  'net.inet.tcp.hostcache.purge': CACHE,
  'net.inet.tcp.do_prr': fixed('recovery without a proportional rate', '1'),
  'net.inet.tcp.fast_finwait2_recycle': fixed('FIN-WAIT-2 that ends at once', '0'),
  'net.inet.tcp.signature_verify_input': fixed('MD5 signatures', '0'),
  'net.inet.tcp.tso': TSO,
  'net.inet.tcp.nolocaltimewait': idle('no peer of a script is on this host'),
  'net.inet.tcp.maxtcptw': BUFFERS,
  'net.inet.tcp.log_in_vain': idle('nothing is logged'),
  'net.inet.tcp.log_debug': idle('nothing is logged'),
  'kern.ipc.somaxconn': BUFFERS,
  'kern.ipc.soacceptqueue': BUFFERS,
  'net.inet.tcp.recvbuf_auto': BUFFERS,
  'net.inet.tcp.sendbuf_auto': BUFFERS,
  'net.inet.tcp.recvbuf_max': BUFFERS,
  'net.inet.tcp.sendbuf_max': BUFFERS,
  'kern.timecounter.alloweddeviation': idle('time is virtual'),
};

/** The setting of a name, which may have slashes for its dots; undefined: there is none here. */
export function settingOf(name: string): Setting | undefined {
  const plain = name.replace(/^\/proc\/sys\//, '').replaceAll('/', '.');
  if (Object.hasOwn(LINUX, plain)) return LINUX[plain];
  return Object.hasOwn(FREEBSD, plain) ? FREEBSD[plain] : undefined;
}
