/**
 * Whether every number of a card's configuration is one that a card can be built with. Asked before
 * anything is built, so that a bad one is named as the user wrote it and not by whoever would have made a
 * table of it.
 */
import type { NicFeatures } from '../../hdm/features.ts';
import { checkNicConfig, NIC_DEFAULTS, type NicConfig } from '../../hdm/nic-config.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { REPLY_RESERVE } from '../../iop/reply/outbound.ts';
import { checkStackConfig } from '../../tcpip/config-check.ts';
import { checkPipeConfig } from '../../wire/config.ts';
import { wireSlotBytes } from '../../wire/slots.ts';
import { CARD_SETTINGS, SLOTS_MAX } from './card-settings.ts';
import { shown } from './complaint.ts';
import { checkOneHost } from './host-address.ts';
import { nicCount } from './port-nics.ts';
import type { SettingRow } from './setting-row.ts';
import { SETTING_TABLE, settingOf } from './setting-table.ts';
import type { CardConfig, PortConfig } from './settings.ts';

/** The rings of all ports have their slots at once; so many more let data stay until a bucket has room. */
const SLOTS_BESIDE_RINGS = 4;

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
    ...wantedFeatures(config),
  };
}

/** The features of a card's device, as its settings want them. */
export function wantedFeatures(config: CardConfig): NicFeatures {
  const { checksumOffload } = config;
  return {
    rxChecksumming: checksumOffload === true || checksumOffload === 'rx',
    txChecksumming: checksumOffload === true || checksumOffload === 'tx',
    scatterGather: config.scatterGather,
    tcpSegmentationOffload: config.tcpSegmentationOffload,
    genericSegmentationOffload: config.genericSegmentationOffload,
    genericReceiveOffload: config.genericReceiveOffload,
    largeReceiveOffload: config.largeReceiveOffload,
  };
}

/** The settings with which a card's device has features. */
export function settingsOf(features: NicFeatures): Partial<CardConfig> {
  const { rxChecksumming: rx, txChecksumming: tx, ...rest } = features;
  return { ...rest, checksumOffload: rx && tx ? true : rx ? 'rx' : tx ? 'tx' : false };
}

/**
 * @param path before the settings' names, such as `cards.nic.`; empty for a configuration handed in by
 * itself.
 * @throws RangeError of one line that names the first number out of its range.
 */
export function checkCardRanges(config: CardConfig, path: string): void {
  for (const row of CARD_SETTINGS) checkNumber(path, row, settingOf(config, row.name));
  const nics = nicCount(config) + (config.innerLoop ? 1 : 0);
  const slotsLeast = nics * config.rxRing + SLOTS_BESIDE_RINGS;
  checkNumber(path, { name: 'packetSlots', meaning: '', range: [slotsLeast, SLOTS_MAX] }, config.packetSlots);
  under(path, () => checkNicConfig(nicConfig(config)));
  config.furtherPorts.forEach((port, i) => {
    under(`${path}furtherPorts.${i}.`, () => checkNicConfig(nicConfig(config, port)));
  });
  under(`${path}stack.`, () => checkStackConfig(config.stack));
  checkOneHost(`${path}stack.address`, config.stack);
  config.furtherPorts.forEach((port, i) => {
    checkOneHost(`${path}furtherPorts.${i}.address`, port);
  });
  checkTogether(config, path);
  under(`${path}wire.`, () => checkPipeConfig({ ...config.wire, slotBytes: wireSlotBytes(config.mtu) }));
}

/** What is legal alone and impossible with another setting. */
function checkTogether({ driver, pools, stack, transport }: CardConfig, path: string): void {
  for (const name of ['pools.inboundFrames', 'pools.outboundFrames'] as const) {
    const frames = name === 'pools.inboundFrames' ? pools.inboundFrames : pools.outboundFrames;
    if (transport !== 'ring' || Number.isInteger(Math.log2(frames))) continue;
    throw new RangeError(
      `"${path}${name}" expected a power of two for "${path}transport" ring, got ${frames}`,
    );
  }
  const lent = Math.floor(pools.outboundFrames / Math.ceil(driver.outboundFrameWords / FRAME_WORDS));
  if (transport === 'fifo' && lent < REPLY_RESERVE) {
    const room = Math.floor(pools.outboundFrames / REPLY_RESERVE) * FRAME_WORDS;
    throw new RangeError(
      `"${path}driver.outboundFrameWords" expected at most ${room} for "${path}pools.outboundFrames" ` +
        `${pools.outboundFrames}, got ${driver.outboundFrameWords}`,
    );
  }
  const most = (name: string, value: number, other: string, limit: number): void => {
    if (value <= limit) return;
    throw new RangeError(`"${path}${name}" expected at most "${path}${other}" ${limit}, got ${value}`);
  };
  const { transmitBuffers } = pools;
  most('driver.transmitReserve', driver.transmitReserve, 'pools.transmitBuffers', transmitBuffers);
  most('driver.transmitLowWatermark', driver.transmitLowWatermark, 'pools.transmitBuffers', transmitBuffers);
  const { receiveBufferBytes, receiveWindowBytes } = stack;
  most('stack.receiveWindowBytes', receiveWindowBytes, 'stack.receiveBufferBytes', receiveBufferBytes);
  const references = transmitBuffers + pools.immediateSlots;
  if (stack.sendElementsMax < references) {
    throw new RangeError(
      `"${path}stack.sendElementsMax" expected ${references} or more, one for each transmit buffer and ` +
        `slot, got ${stack.sendElementsMax}`,
    );
  }
}

/**
 * Holds each number that was handed in against its own range, before others follow from it and are blamed.
 * @throws RangeError of one line that names the first that is out of it.
 */
export function checkAsked(asked: object): void {
  for (const row of SETTING_TABLE) {
    const value = settingOf(asked, row.name);
    if (value !== undefined) checkNumber('', row, value);
  }
}

/** Looks at nothing where the row has no range. */
function checkNumber(path: string, row: SettingRow, value: unknown): void {
  const { name, range, whole = true, multipleOf, powerOfTwo = false } = row;
  if (range === undefined) return;
  const [least, most] = range;
  const limits = most === Number.MAX_VALUE ? `${least} or more` : `${least} to ${most}`;
  let expected = '';
  if (whole && !Number.isInteger(value)) expected = `a whole number from ${limits}`;
  else if (!(Number(value) >= least && Number(value) <= most)) expected = limits;
  else if (multipleOf !== undefined && Number(value) % multipleOf !== 0)
    expected = `a multiple of ${multipleOf}`;
  else if (powerOfTwo && !Number.isInteger(Math.log2(Number(value)))) expected = 'a power of two';
  if (expected === '') return;
  throw new RangeError(`"${path}${name}" expected ${expected}, got ${shown(value)}`);
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
