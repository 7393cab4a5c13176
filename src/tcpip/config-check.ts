/** What the numbers and words of a stack's configuration may be, and its check. */
import {
  ADDRESS_DEFENCES,
  CONGESTION_CONTROLS,
  DEFAULT_STACK_CONFIG,
  LOSS_RECOVERIES,
  type StackConfig,
} from './config.ts';

export const FURTHER_PORTS_MAX = 15;
/** TCP connections and listeners that a stack may have room for. */
export const CONNECTIONS_MAX = 1 << 20;
type Range = readonly [number, number];
const TIME: Range = [0, 0x3fff_ffff];
/** What doubles when it has passed, so that it must be more than nothing. */
const TIMEOUT: Range = [1, 0x3fff_ffff];
/** An address or a seed: signed and unsigned reading mean the same. */
const WORD: Range = [-(2 ** 31), 2 ** 32 - 1];
const PREFIX_LENGTH: Range = [0, 32];

/** Least and most of each number. */
const RANGES: Readonly<Record<string, Range>> = {
  prefixLength: PREFIX_LENGTH,
  connectionsMax: [1, CONNECTIONS_MAX],
  activeConnections: [1, 1 << 20],
  timeWaitMax: [1, 1 << 20],
  sendElementsMax: [1, 1 << 24],
  udpSocketsMax: [0, 65536],
  udpSendsMax: [1, 1 << 20],
  receiveBufferBytes: [2048, 1 << 29],
  receiveWindowBytes: [2048, 1 << 29],
  ephemeralFirst: [1, 65535],
  ephemeralLast: [1, 65535],
  ttl: [1, 255],
  rtoInitialUs: TIMEOUT,
  rtoMinUs: TIMEOUT,
  rtoMaxUs: TIMEOUT,
  rtoSlopUs: [0, 60_000_000],
  synRetries: [0, 255],
  synLinearRetries: [0, 255],
  synAckRetries: [0, 255],
  retries: [0, 255],
  orphanRetries: [0, 255],
  quickAcks: [0, 65535],
  initialWindowSegments: [1, 1000],
  ecn: [0, 2],
  ecnSynTimeouts: [0, 255],
  synCookies: [0, 2],
  pathMtuMin: [68, 65535],
  mtuProbing: [0, 2],
  baseMss: [48, 65495],
  mtuProbeFloor: [48, 65495],
  mtuProbeThreshold: [0, 65535],
  mtuProbeIntervalSeconds: [1, 1_000_000],
  outOfOrderMax: [0, 1 << 20],
  keepAliveIdleSeconds: [1, 32767],
  keepAliveIntervalSeconds: [1, 32767],
  keepAliveProbes: [1, 127],
  reassembliesMax: [1, 4096],
  neighboursMax: [16, 65536],
  neighboursKept: [0, 65536],
  neighboursSoftMax: [0, 65536],
  neighbourQueueBytes: [0, 1 << 30],
  neighbourUnicastProbes: [0, 255],
  neighbourBroadcastProbes: [1, 255],
  addressProbes: [0, 10],
  addressAnnouncements: [1, 10],
  addressConflictsMax: [1, 1000],
  icmpErrorsPerSecond: [0, 1_000_000],
  udpReceiveBytes: [0, 1 << 29],
  udpReceiveDatagrams: [1, 65536],
};

/** @returns least and most of a field that is a number. */
export function stackRange(field: string): Range {
  return RANGES[field] ?? (field.endsWith('Us') ? TIME : WORD);
}

/** @throws RangeError naming the first field that is out of range, or cannot be beside another. */
export function checkStackConfig(config: StackConfig): void {
  for (const [field, value] of Object.entries(config)) {
    if (typeof value === 'number') checkNumber(field, value, stackRange(field));
  }
  checkChoice('congestionControl', config.congestionControl, CONGESTION_CONTROLS);
  checkChoice('lossRecovery', config.lossRecovery, LOSS_RECOVERIES);
  checkChoice('addressDefence', config.addressDefence, ADDRESS_DEFENCES);
  checkPorts(config);
  checkTimeouts(config);
  checkProbes(config);
  if (config.ephemeralFirst > config.ephemeralLast) {
    throw new RangeError(
      `"ephemeralLast" expected at least ${config.ephemeralFirst}, got ${config.ephemeralLast}`,
    );
  }
}

/** Whoever left the one as it was by default has set the other. */
function checkTimeouts({ rtoMinUs, rtoMaxUs }: StackConfig): void {
  if (rtoMinUs <= rtoMaxUs) return;
  if (rtoMaxUs === DEFAULT_STACK_CONFIG.rtoMaxUs) {
    throw new RangeError(`"rtoMinUs" expected at most "rtoMaxUs" ${rtoMaxUs}, got ${rtoMinUs}`);
  }
  throw new RangeError(`"rtoMaxUs" expected at least "rtoMinUs" ${rtoMinUs}, got ${rtoMaxUs}`);
}

/** The time between two probes has a least and a most; whoever left one as it was has set the other. */
function checkProbes({ addressProbeMinUs: least, addressProbeMaxUs: most }: StackConfig): void {
  if (least <= most) return;
  if (most === DEFAULT_STACK_CONFIG.addressProbeMaxUs) {
    throw new RangeError(`"addressProbeMinUs" expected at most "addressProbeMaxUs" ${most}, got ${least}`);
  }
  throw new RangeError(`"addressProbeMaxUs" expected at least "addressProbeMinUs" ${least}, got ${most}`);
}

function checkChoice(name: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new RangeError(`"${name}" expected ${choices.join(' or ')}, got ${value}`);
}

function checkNumber(name: string, value: number, [least, most]: Range): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`"${name}" expected an integer from ${least} to ${most}, got ${value}`);
  }
}

function checkPorts({ address, furtherPorts, loopbackPort }: StackConfig): void {
  if (furtherPorts.length > FURTHER_PORTS_MAX) {
    throw new RangeError(`"furtherPorts" expected at most ${FURTHER_PORTS_MAX}, got ${furtherPorts.length}`);
  }
  for (const [i, port] of furtherPorts.entries()) {
    checkNumber(`furtherPorts[${i}].address`, port.address, WORD);
    checkNumber(`furtherPorts[${i}].prefixLength`, port.prefixLength, PREFIX_LENGTH);
    const same = (other: number) => (other | 0) === (port.address | 0);
    if (same(address) || furtherPorts.slice(0, i).some((other) => same(other.address))) {
      throw new RangeError(
        `"furtherPorts[${i}].address" expected an address no other port has, got ${port.address}`,
      );
    }
  }
  checkNumber('loopbackPort', loopbackPort, [0, 1 + furtherPorts.length]);
}
