/** Reads the cards of a world: configuration, ports, place. */

import type { BondConfig } from '../../bond/bond-config.ts';
import type { ProfilePart } from '../../plans/profiles.ts';
import { cardConfig } from '../config/card-config.ts';
import { checkOverrides } from '../config/card-config-check.ts';
import { under } from '../config/card-ranges.ts';
import { type CardOverrides, DEFAULT_CARD_CONFIG, type PortConfig } from '../config/settings.ts';
import {
  type BusCosts,
  type CardTopology,
  type HostTopology,
  MODULE_KINDS,
  type ModuleKind,
} from './checked.ts';
import { Fields } from './fields.ts';
import { readProcessor } from './hosts.ts';
import { MTU, readPorts } from './ports.ts';
import { ipv4Address, latencyNs, rateBitsPerSecond } from './quantities.ts';

/** Keys of a card that are settings of its configuration under the same name. */
const SETTINGS = [
  'transport',
  'pools',
  'driver',
  'stack',
  'moderation',
  'rxRing',
  'txRing',
  'tcpSegmentationOffload',
  'checksumOffload',
  'scatterGather',
  'genericSegmentationOffload',
  'genericReceiveOffload',
  'largeReceiveOffload',
  'packetSlots',
  'wire',
  'iopSpinNs',
  'classVersion',
  'contextHoldNs',
] as const;
const KEYS = [
  'host',
  'runs',
  'modules',
  'ports',
  'bonds',
  'gateway',
  'mtu',
  'loopback',
  'processor',
  'bus',
  'dma',
  'doorbell',
  'interrupt',
];
/** All that a description says of a card. */
export const CARD_KEYS: readonly string[] = [...KEYS, ...SETTINGS];
/** Settings of the stack that the ports say. */
const OF_PORTS = ['address', 'prefixLength', 'gateway', 'furtherPorts', 'loopbackPort'];
const NEIGHBOURS_MAX = 65536;
const MODULES_MAX = 8;

/** A card as read, and whether its first port leads to a link is not known yet. */
export interface CardDraft extends Omit<CardTopology, 'config'> {
  readonly path: string;
  readonly overrides: CardOverrides;
  /** Of the stack's ports: where the description has them, and what they are. */
  readonly portPaths: readonly string[];
  readonly portConfigs: readonly PortConfig[];
  readonly bonds: readonly BondConfig[];
  /** What the user said of a loop inside the card; undefined: nothing. */
  readonly loopback: boolean | undefined;
}

/**
 * @param seed the world's: each card's stack draws from one of its own. @param profile what a card says that
 * says nothing.
 */
export function readCards(
  world: Fields,
  hosts: readonly HostTopology[],
  seed: number,
  profile: ProfilePart,
): CardDraft[] {
  const neighboursMax = neighboursFor(world);
  const hostIndices = new Map<unknown, number>(hosts.map((host, i) => [host.name, i]));
  return world.named('cards').map(({ name, value, path }, index) => {
    const card = new Fields(value, path, CARD_KEYS);
    const host = hostIndices.get(card.get('host'));
    if (host === undefined)
      throw card.refusal('host', `a host of "hosts" (${hosts.map((h) => h.name).join(', ')})`);
    const stackPorts = readPorts(card, index);
    const stack: unknown = card.get('stack') ?? {};
    for (const key of OF_PORTS) {
      if (typeof stack === 'object' && Object.hasOwn(stack as object, key)) {
        throw new RangeError(`"${path}.stack.${key}" is not known: the card's ports and "gateway" say it`);
      }
    }
    const overrides: Record<string, unknown> = { mtu: card.whole('mtu', 68, 65535, MTU) };
    for (const key of SETTINGS) if (card.has(key)) overrides[key] = card.get(key);
    under(`${path}.`, () => checkOverrides(overrides, DEFAULT_CARD_CONFIG));
    return {
      name,
      path,
      host,
      placement: card.choice('runs', ['thread', 'inline'] as const, 'thread'),
      modules: readModules(card),
      ports: stackPorts.flatMap(({ devices }) => devices),
      stackPorts: stackPorts.map((port) => port.name),
      portPaths: stackPorts.map((port) => port.path),
      portConfigs: stackPorts.map(({ config }) => config),
      bonds: stackPorts.flatMap(({ bond }, port) => (bond === undefined ? [] : [{ ...bond, port }])),
      loopback: card.has('loopback') ? card.flag('loopback', false) : undefined,
      processor: readProcessor(card, profile),
      bus: readBus(card, profile),
      doorbellNs: latencyNs(either(card, profile, 'doorbell'), 'doorbell'),
      interruptNs: latencyNs(either(card, profile, 'interrupt'), 'interrupt'),
      overrides: {
        ...overrides,
        stack: {
          seed: (seed + index) | 0,
          neighboursMax,
          ...(stack as object),
          gateway: card.has('gateway') ? ipv4Address(card, 'gateway') : 0,
        },
      },
    };
  });
}

/**
 * Neighbours that a card's stack remembers, where the description says nothing: twice the cards of the world,
 * since any of them may be on one segment, and a table that is half empty loses no entry to another.
 */
function neighboursFor(world: Fields): number {
  const wanted = 2 ** Math.ceil(Math.log2(2 * Math.max(1, world.named('cards').length)));
  return Math.min(NEIGHBOURS_MAX, Math.max(DEFAULT_CARD_CONFIG.stack.neighboursMax, wanted));
}

/** The whole configuration, once it is known whether the first port leads anywhere. */
export function finishCard(draft: CardDraft, firstPortLinked: boolean): CardTopology {
  const { path, overrides, portPaths: _, portConfigs, bonds, loopback = firstPortLinked, ...card } = draft;
  const [first, ...furtherPorts] = portConfigs;
  let config = DEFAULT_CARD_CONFIG;
  under(`${path}.`, () => {
    config = cardConfig({
      ...overrides,
      mtu: first.mtu,
      mac: first.mac,
      furtherPorts,
      bonds,
      innerLoop: loopback,
      stack: { ...overrides.stack, address: first.address, prefixLength: first.prefixLength },
    });
  });
  return { ...card, config };
}

/** `bus: { rate: 4Gbit/s, latency: 500ns }, dma: { request: 300ns }`. */
function readBus(card: Fields, profile: ProfilePart): BusCosts {
  const bus = new Fields(card.get('bus'), card.at('bus'), ['rate', 'latency']);
  const dma = new Fields(card.get('dma'), card.at('dma'), ['request']);
  const profileBus = profile['bus'] as ProfilePart;
  const profileDma = profile['dma'] as ProfilePart;
  const rate = rateBitsPerSecond(either(bus, profileBus, 'rate'), 'rate');
  return {
    latencyNs: latencyNs(either(bus, profileBus, 'latency'), 'latency'),
    nsPerByte: rate === 0 ? 0 : 8e9 / rate,
    requestNs: latencyNs(either(dma, profileDma, 'request'), 'request'),
  };
}

/** Where a key is to be read: in the description, or else in the profile. */
function either(own: Fields, profile: ProfilePart | undefined, key: string): Fields {
  return own.has(key) ? own : new Fields({ [key]: profile?.[key] }, '', [key]);
}

/** One module serves sockets, as the driver's calls need it; others may stand beside it. */
function readModules(card: Fields): ModuleKind[] {
  const kinds: unknown = card.get('modules') ?? ['socket'];
  const known =
    Array.isArray(kinds) && kinds.length <= MODULES_MAX && kinds.every((kind) => MODULE_KINDS.includes(kind));
  if (!known || kinds.filter((kind) => kind === 'socket').length !== 1) {
    throw card.refusal('modules', `a list of ${MODULE_KINDS.join(' and ')}, with "socket" once`);
  }
  return kinds as ModuleKind[];
}

/** @throws RangeError when two ports of the world have one address or one hardware address. */
export function checkUnique(cards: readonly CardDraft[]): void {
  const addresses = new Map<number, string>();
  const macs = new Map<string, string>();
  for (const card of cards) {
    card.portConfigs.forEach(({ address, mac }, i) => {
      const path = card.portPaths[i];
      const other = addresses.get(address);
      if (other !== undefined) throw new RangeError(`"${path}.address" is the address of "${other}" too`);
      const text = Array.from(mac, (byte) => byte.toString(16).padStart(2, '0')).join(':');
      const otherMac = macs.get(text);
      if (otherMac !== undefined) {
        throw new RangeError(`"${path}.mac" is the hardware address of "${otherMac}" too: ${text}`);
      }
      addresses.set(address, path);
      macs.set(text, path);
    });
  }
}
