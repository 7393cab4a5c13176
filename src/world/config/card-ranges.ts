/**
 * Whether every number of a card's configuration is one that a card can be built with. Asked before
 * anything is built, so that a bad one is named as the user wrote it and not by whoever would have made a
 * table of it.
 */
import { checkNicConfig, NIC_DEFAULTS, type NicConfig } from '../../hdm/nic-config.ts';
import { REPLY_RESERVE } from '../../iop/reply/outbound.ts';
import { SOCKETS_MAX } from '../../osm/memory/driver-config.ts';
import { checkStackConfig } from '../../tcpip/config.ts';
import { checkPipeConfig } from '../../wire/config.ts';
import { wireSlotBytes } from '../../wire/slots.ts';
import type { CardConfig, PortConfig } from './settings.ts';

const TIME_MAX_NS = 1e15;
/** The card's batch control holds contexts in whole microseconds, up to a second. */
const CONTEXT_HOLD_MAX_NS = 1e9;
const COUNT_MAX = 65536;
const BYTES_MAX = 1 << 29;

const SLOTS_MAX = 1 << 20;
/** The rings of all ports have their slots at once; so many more let data stay until a bucket has room. */
const SLOTS_BESIDE_RINGS = 4;

/** Least and most of each whole number, by its path. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  'pools.inboundFrames': [2, COUNT_MAX],
  'pools.outboundFrames': [REPLY_RESERVE, COUNT_MAX],
  'pools.transmitBuffers': [1, COUNT_MAX],
  'pools.transmitBufferBytes': [64, 1 << 20],
  'pools.receiveBuckets': [1, COUNT_MAX],
  'pools.receiveBucketBytes': [64, 1 << 20],
  'pools.immediateSlots': [1, COUNT_MAX],
  'pools.storeBlocks': [1, 4 * COUNT_MAX],
  'driver.socketsMax': [1, SOCKETS_MAX],
  'driver.sendBufferBytes': [1, BYTES_MAX],
  'driver.transmitReserve': [0, COUNT_MAX],
  'driver.transmitLowWatermark': [0, COUNT_MAX],
  'driver.immediateBytesMax': [0, COUNT_MAX],
  'driver.bucketsPerPost': [1, COUNT_MAX],
  'driver.acceptsPosted': [0, COUNT_MAX],
  'driver.spinNs': [0, TIME_MAX_NS],
  'driver.controlTimeoutNs': [1, TIME_MAX_NS],
  'moderation.rxUsecs': [0, 1e6],
  'moderation.rxFrames': [0, COUNT_MAX],
  iopSpinNs: [0, TIME_MAX_NS],
  contextHoldNs: [0, CONTEXT_HOLD_MAX_NS],
};

/** Sizes that are laid out in whole lines of this many bytes. */
const MULTIPLE = 64;
const IN_LINES = ['pools.transmitBufferBytes', 'pools.receiveBucketBytes'];

/** What a port's device is told. */
export function nicConfig(config: CardConfig, port: Pick<PortConfig, 'mtu' | 'mac'> = config): NicConfig {
  return {
    ...NIC_DEFAULTS,
    mtu: port.mtu,
    mac: port.mac,
    txRing: config.txRing,
    rxRing: config.rxRing,
    // No more than a part of the card's memory: what has come is moved on in between.
    pollFrames: Math.max(1, Math.min(NIC_DEFAULTS.pollFrames, config.packetSlots >> 2)),
    tcpSegmentationOffload: config.tcpSegmentationOffload,
    txChecksumming: config.checksumOffload,
    rxChecksumming: config.checksumOffload,
  };
}

/**
 * @param path before the settings' names, such as `cards.nic.`; empty for a configuration handed in by
 * itself.
 * @throws RangeError of one line that names the first number out of its range.
 */
export function checkCardRanges(config: CardConfig, path: string): void {
  const sections = new Map<string, unknown>(Object.entries(config));
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const [section, field] = name.split('.');
    const holder = sections.get(section);
    const value =
      field === undefined ? holder : new Map<string, unknown>(Object.entries(holder as object)).get(field);
    checkNumber(`${path}${name}`, value as number, least, most, IN_LINES.includes(name));
  }
  const ports = 1 + config.furtherPorts.length + (config.innerLoop ? 1 : 0);
  const slotsLeast = ports * config.rxRing + SLOTS_BESIDE_RINGS;
  checkNumber(`${path}packetSlots`, config.packetSlots, slotsLeast, SLOTS_MAX, false);
  under(path, () => checkNicConfig(nicConfig(config)));
  config.furtherPorts.forEach((port, i) => {
    under(`${path}furtherPorts.${i}.`, () => checkNicConfig(nicConfig(config, port)));
  });
  under(`${path}stack.`, () => checkStackConfig(config.stack));
  under(`${path}wire.`, () => checkPipeConfig({ ...config.wire, slotBytes: wireSlotBytes(config.mtu) }));
}

function checkNumber(name: string, value: number, least: number, most: number, inLines: boolean): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`"${name}" expected ${least} to ${most}, got ${value}`);
  }
  if (inLines && value % MULTIPLE !== 0) {
    throw new RangeError(`"${name}" expected a multiple of ${MULTIPLE}, got ${value}`);
  }
}

/** Runs another folder's check, whose complaint names a field, and puts the path before that name. */
export function under(path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof RangeError) || !error.message.startsWith('"')) throw error;
    throw new RangeError(`"${path}${error.message.slice(1)}`);
  }
}
