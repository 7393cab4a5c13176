/** A stack's configuration whose numbers may change while it runs, but for those that tables are sized by. */
import { DEFAULT_STACK_CONFIG, type StackConfig } from '../../tcpip/config.ts';
import { checkStackConfig, stackRange } from '../../tcpip/config-check.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Beside the stack's own: what its sockets and its device have. */
export interface DrillConfig extends Mutable<StackConfig> {
  /** SO_SNDBUF of a new socket, in bytes, and how far Linux lets it grow. */
  sendBufferBytes: number;
  sendBufferMost: number;
  /** SO_RCVBUF of one, as it is told until a program sets it. */
  receiveBufferTold: number;
  /** How long a connect may take in milliseconds, whatever its retransmissions (FreeBSD); 0: as long as those. */
  openTimeoutMs: number;
}

/** Tables, of which a script uses few places. */
const TABLES: Partial<StackConfig> = {
  connectionsMax: 256,
  timeWaitMax: 256,
  sendElementsMax: 16_384,
  udpSocketsMax: 64,
  udpSendsMax: 256,
  neighboursMax: 64,
};

/**
 * What the usual preamble of Linux's own scripts sets: tcp_rmem "4096 540000 15728640" and tcp_wmem "4096
 * 262144 4194304". Half of a receive buffer is window.
 */
const LINUX: Partial<StackConfig> = {
  receiveBufferBytes: 15 * 1024 * 1024,
  receiveWindowBytes: 270_000,
  // As Linux has them.
  wholeSegmentWindow: true,
  takesBeyondWindow: true,
  takesUnstamped: true,
  resetEndsTimeWait: true,
  challengeAckUs: 500_000,
  synLinearRetries: 4,
  // Every host is on the wire: no route has to be said.
  prefixLength: 0,
  // Hardware addresses are of no interest, and last as long as they can.
  neighbourReachableUs: 0x3fff_ffff,
};

const SEND_BUFFER_BYTES = 262_144;
const SEND_BUFFER_MOST = 4_194_304;
const RECEIVE_BUFFER_TOLD = 540_000;

/** Systems that scripts are written for. */
export type SystemName = 'linux' | 'freebsd';

/**
 * What a FreeBSD host has by itself where Linux has something else: recvspace 65536, sendspace 32768, a
 * largest buffer of 2 MiB, losses found by RFC 6675, and acknowledgements that are delayed from the start.
 */
const FREEBSD: Partial<StackConfig> = {
  receiveBufferBytes: 2 * 1024 * 1024,
  receiveWindowBytes: 65_536,
  wholeSegmentWindow: false,
  takesBeyondWindow: false,
  takesUnstamped: false,
  resetEndsTimeWait: false,
  lossRecovery: 'sack',
  synLinearRetries: 0,
  quickAcks: 0,
  // TCPTV_KEEPCNT, TCP_MAXRXTSHIFT, SYNCACHE_MAXREXMTS and TCPTV_REXMTMAX; rexmit_min and rexmit_slop.
  keepAliveProbes: 8,
  synRetries: 12,
  retries: 12,
  synAckRetries: 3,
  rtoMaxUs: 64_000_000,
  rtoMinUs: 30_000,
  rtoSlopUs: 200_000,
  // Of ecn.maxretries, 1: the second SYN that goes again is one without.
  ecnSynTimeouts: 2,
};
/** TCPTV_KEEP_INIT. */
const FREEBSD_OPEN_TIMEOUT_MS = 75_000;
const FREEBSD_SEND_BUFFER_BYTES = 32_768;
const FREEBSD_RECEIVE_BUFFER_TOLD = 65_536;

/** @param overrides of the stack's fields. @throws RangeError naming a field that is out of range. */
export function drillConfig(overrides: Partial<StackConfig>, system: SystemName = 'linux'): DrillConfig {
  const isLinux = system === 'linux';
  const own = isLinux ? LINUX : { ...LINUX, ...FREEBSD };
  const stack = { ...DEFAULT_STACK_CONFIG, ...TABLES, ...own, ...overrides };
  checkStackConfig(stack);
  return {
    ...stack,
    sendBufferBytes: isLinux ? SEND_BUFFER_BYTES : FREEBSD_SEND_BUFFER_BYTES,
    sendBufferMost: SEND_BUFFER_MOST,
    receiveBufferTold: isLinux ? RECEIVE_BUFFER_TOLD : FREEBSD_RECEIVE_BUFFER_TOLD,
    openTimeoutMs: isLinux ? 0 : FREEBSD_OPEN_TIMEOUT_MS,
  };
}

/** The fields that a number may be given while the stack runs. */
export type LiveField = {
  [K in keyof DrillConfig]: DrillConfig[K] extends number ? K : never;
}[keyof DrillConfig];

const OWN_RANGES: Readonly<Record<string, readonly [number, number]>> = {
  sendBufferBytes: [2048, 1 << 29],
  sendBufferMost: [2048, 1 << 29],
  receiveBufferTold: [2048, 1 << 29],
  openTimeoutMs: [0, 3_600_000],
};

/** @throws RangeError where a number is out of the field's range. */
export function setNumber(config: DrillConfig, field: LiveField, value: number): void {
  const [least, most] = Object.hasOwn(OWN_RANGES, field) ? OWN_RANGES[field] : stackRange(field);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`expected ${least} to ${most}, got ${value}`);
  }
  config[field] = value;
}
