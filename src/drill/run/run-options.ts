/** The options of a run, by packetdrill's names; what a script's head says goes first. */
import type { SystemName } from '../host/live-config.ts';
import type { ScriptOption } from '../script/ast.ts';
import { NotJudged, ScriptError } from '../script/script-error.ts';

export interface RunOptions {
  /** IPv4 addresses as numbers. */
  readonly localAddress: number;
  readonly remoteAddress: number;
  /** Ports of `bind(3, ..., ...)` and `connect(3, ..., ...)`. */
  readonly bindPort: number;
  readonly connectPort: number;
  /** Largest IPv4 packet of the host's device. */
  readonly mtu: number;
  /** How early or late something may be, and by which share of the time since the event before. */
  readonly toleranceUs: number;
  readonly tolerancePercent: number;
  /** Microseconds of a tick of timestamps, whose values are then looked at; 0: they are not. */
  readonly tickUs: number;
  readonly echoScaled: boolean;
  /** Ours: whether the timestamp that is echoed is looked at. */
  readonly strictEcho: boolean;
  /** Whether a packet of the script's must be one on the wire, and not several that follow each other. */
  readonly strictSegments: boolean;
  /** Bytes of each segment of a packet that arrives merged from several; 0: each is one segment. */
  readonly segmentBytes: number;
  readonly seed: number;
  /**
   * The system whose defaults the host has, and whose order of options a SYN is held against; absent: the one
   * that the script's commands name, or Linux.
   */
  readonly system?: SystemName;
  /** Settings by Linux's names, given before the script begins. */
  readonly settings: Readonly<Record<string, string>>;
}

export const DEFAULT_RUN_OPTIONS: RunOptions = {
  localAddress: 0xc0a8_0001,
  remoteAddress: 0xc000_0201,
  bindPort: 8080,
  connectPort: 8080,
  mtu: 1500,
  toleranceUs: 4000,
  tolerancePercent: 12.5,
  tickUs: 0,
  echoScaled: false,
  strictEcho: false,
  strictSegments: false,
  segmentBytes: 0,
  seed: 1,
  settings: {},
};

/** Options that say how packetdrill runs on a machine: they say nothing here. */
const IDLE: ReadonlySet<string> = new Set([
  ...['gateway_ip', 'netmask_ip', 'speed', 'init_scripts', 'code_command', 'code_format', 'verbose', 'debug'],
  ...['send_omit_free', 'define'],
]);
const BEYOND: Readonly<Record<string, string>> = {
  wire_client: 'packetdrill on two machines',
  wire_server: 'packetdrill on two machines',
  wire_server_ip: 'packetdrill on two machines',
  wire_server_port: 'packetdrill on two machines',
  wire_client_dev: 'packetdrill on two machines',
  wire_server_dev: 'packetdrill on two machines',
  so_filename: 'sockets of a shared object',
  so_flags: 'sockets of a shared object',
  is_anyip: 'addresses that are not the host’s',
  non_fatal: 'failures that do not count',
  code_sockopt: 'other records than TCP_INFO',
  fuzz_seed: 'packets changed at random',
};

type Reader = (value: string) => Partial<RunOptions> | undefined;

const READERS: Readonly<Record<string, Reader>> = {
  local_ip: (value) => addressed(value, (localAddress) => ({ localAddress })),
  remote_ip: (value) => addressed(value, (remoteAddress) => ({ remoteAddress })),
  bind_port: (value) => whole(value, 1, 65_535, (bindPort) => ({ bindPort })),
  connect_port: (value) => whole(value, 1, 65_535, (connectPort) => ({ connectPort })),
  mtu: (value) => whole(value, 68, 65_535, (mtu) => ({ mtu })),
  tolerance_usecs: (value) => whole(value, 0, 1e9, (toleranceUs) => ({ toleranceUs })),
  tolerance_percent: (value) => {
    const tolerancePercent = Number(value);
    return tolerancePercent >= 0 && tolerancePercent <= 100 ? { tolerancePercent } : undefined;
  },
  tcp_ts_tick_usecs: (value) => whole(value, 0, 1e6, (tickUs) => ({ tickUs })),
  tcp_ts_ecr_scaled: () => ({ echoScaled: true }),
  strict_ts_ecr: () => ({ strictEcho: true }),
  strict_segments: () => ({ strictSegments: true }),
  mss: (value) => whole(value, 0, 65_535, (segmentBytes) => ({ segmentBytes })),
  seed: (value) => whole(value, 0, 0x7fff_ffff, (seed) => ({ seed })),
  system: (value) => (value === 'linux' || value === 'freebsd' ? { system: value } : undefined),
};

/** What each wants, for errors. */
const WANTED: Readonly<Record<string, string>> = {
  local_ip: 'an IPv4 address',
  remote_ip: 'an IPv4 address',
  bind_port: 'a port',
  connect_port: 'a port',
  mtu: '68 to 65535',
  tolerance_usecs: 'microseconds',
  tolerance_percent: '0 to 100',
  tcp_ts_tick_usecs: 'microseconds',
  mss: 'bytes of a segment',
  seed: '0 to 2147483647',
  system: 'linux or freebsd',
};

/**
 * Reads the options of a script's head over those that a run has already.
 * @throws ScriptError for a value that cannot be. @throws NotJudged for what is not served, as IPv6.
 */
export function withScriptOptions(
  file: string,
  options: readonly ScriptOption[],
  before: RunOptions,
): RunOptions {
  let result = before;
  for (const { name, value = '', place } of options) {
    if (name === 'ip_version' && value !== 'ipv4') throw new NotJudged(place, ipWords(value));
    if (/^(local_ip|remote_ip)$/.test(name) && value.includes(':')) throw new NotJudged(place, 'IPv6');
    const beyond = Object.hasOwn(BEYOND, name) ? BEYOND[name] : undefined;
    if (beyond !== undefined) throw new NotJudged(place, beyond);
    if (name === 'ip_version' || IDLE.has(name)) continue;
    const reader = Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    if (reader === undefined) throw new NotJudged(place, `the option --${name}`);
    const read = reader(value);
    if (read === undefined) {
      throw new ScriptError(file, place, `--${name}: expected ${WANTED[name]}, got "${value}"`);
    }
    result = { ...result, ...read };
  }
  return result;
}

function ipWords(value: string): string {
  return value === 'ipv4-mapped-ipv6' ? 'IPv6 sockets for IPv4' : 'IPv6';
}

function addressed(
  value: string,
  made: (address: number) => Partial<RunOptions>,
): Partial<RunOptions> | undefined {
  const address = addressOf(value.replace(/\/\d+$/, ''));
  return address === undefined ? undefined : made(address);
}

function whole(
  value: string,
  least: number,
  most: number,
  made: (value: number) => Partial<RunOptions>,
): Partial<RunOptions> | undefined {
  const number = Number(value);
  return /^\d+$/.test(value) && number >= least && number <= most ? made(number) : undefined;
}

/** The number of an IPv4 address; undefined where it is none. */
export function addressOf(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (parts === undefined || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
