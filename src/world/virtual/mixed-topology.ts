/**
 * A described world in which some hosts run TCP/IP themselves beside their cards: each of such a host's cards
 * shares its wire, its hardware address and its IPv4 address with a port of the host's own stack. Out of the
 * description of the cards comes a plain device for each of these hosts with a port for each of its cards',
 * and where a port was linked a splitter, from which wires of no length lead to the two.
 */
import type { BondConfig } from '../../bond/bond-config.ts';
import type { PolicyRule } from '../../host/devices/policy/rule.ts';
import type { StationAddress } from '../../host/devices/steering.ts';
import { PERFECT_PIPE } from '../../wire/config.ts';
import { shown } from '../config/complaint.ts';
import { portsOfNics } from '../config/port-nics.ts';
import type { CardConfig, PortConfig } from '../config/settings.ts';
import type { CardTopology, LinkEnd, LinkTopology, Topology } from '../topology/checked.ts';

/** What a host has received and no program has read lies in packets of its memory. */
const PACKET_SLOTS_LEAST = 4096;
/** Frames that wait between a splitter and a device, in a device's own memory. */
const DEVICE_FRAMES = 1024;
/** From the splitter to a device, so that it hears of a frame by its time. */
const DEVICE_NS = 1;
/** By which names a host has its cards as devices, from 0. */
export const DEVICE_NAMES = 'toe%d';
/** Of a splitter: the wire, the host's own device, the card. */
const SPLITTER = { ports: 3, addressesMax: 16, ageingNs: 0 };
/** Connections in TIME-WAIT that host and cards have each, fewer than either has ports to choose from. */
const TIME_WAIT_MAX = 16384;
/** Room for the image of a connection that goes to a card, or comes back, where none was asked for. */
const IMAGE_BYTES = 1 << 22;
/** References to bytes to be sent that came with such connections. */
const TAKEN_OVER_ELEMENTS = 1024;
/** Ports that are chosen for connections: the host's above this one, the cards' up to it. */
const CARDS_LAST_PORT = 40959;

/** A wire of such a host: of a port, or of one of those that a bond has. */
export interface MixedWire {
  /** Index of the card that shares it, and of its device there. */
  readonly card: number;
  readonly nic: number;
  /** The port of the host's stack that it is at. */
  readonly port: number;
  /** Index of its splitter among the switches; -1 where it has no link. */
  readonly splitter: number;
  /** The link of the description that it is; undefined: none. */
  readonly link: string | undefined;
}

/** A port of the host's stack, which is one of a card's too. */
export interface MixedPort {
  readonly card: number;
  /** By its number on the card. */
  readonly port: number;
  /** The hardware address that both have there. */
  readonly station: StationAddress;
}

/** Where in the world the parts of such a host are. */
export interface MixedPlace {
  /** Its index. */
  readonly host: number;
  /** Index of the plain device among the cards, and of the cards that share its wires. */
  readonly plain: number;
  readonly cards: readonly number[];
  /** By the numbers that the host's stack has for them: those of the first card, then of the next. */
  readonly ports: readonly MixedPort[];
  /** In the same order; the plain device has a device for each. */
  readonly wires: readonly MixedWire[];
}

export interface MixedTopology {
  readonly topology: Topology;
  readonly places: readonly MixedPlace[];
}

/** @param hosts their indices. @throws RangeError of one line for a host that cannot be so. */
export function mixedTopology(description: Topology, hosts: readonly number[]): MixedTopology {
  let topology = description;
  const places = hosts.map((host) => {
    const mixed = withPlain(topology, host);
    topology = mixed.topology;
    return mixed.place;
  });
  return { topology, places };
}

/**
 * @returns what is wrong with a rule that names a device which no host would have, whose cards are all its
 *   devices; undefined: nothing is.
 */
export function unknownDevice({ hosts, cards }: Topology, rules: readonly PolicyRule[]): string | undefined {
  const most = Math.max(0, ...hosts.map((_, host) => cards.filter((card) => card.host === host).length));
  const names = Array.from({ length: most }, (_, i) => DEVICE_NAMES.replace('%d', String(i)));
  const at = rules.findIndex(({ settings }) => !names.includes(settings.device ?? names[0]));
  if (at < 0) return undefined;
  const { device = '' } = rules[at].settings;
  return `rule ${at + 1} names the device ${shown(device)}, which no host has: expected ${names.join(' or ')}`;
}

/** The same world, in which one host more is so. */
function withPlain(topology: Topology, host: number): { topology: Topology; place: MixedPlace } {
  const cards = topology.cards.flatMap((card, i) => (card.host === host ? [i] : []));
  checkCards(topology, host, cards);
  const plain = topology.cards.length;
  const switches = [...topology.switches];
  const ports = cards.flatMap((card) =>
    stationsOf(topology.cards[card]).map((station, port): MixedPort => ({ card, port, station })),
  );
  const wires = cards
    .flatMap((card) => nicsOf(topology, card))
    .map((wire): MixedWire => {
      const { card, nic } = wire;
      const link = topology.links.find(({ ends }) => ends.some((end) => isAt(end, card, nic)))?.name;
      const port = ports.findIndex((own) => own.card === card && own.port === wire.port);
      if (link === undefined) return { card, nic, port, link, splitter: -1 };
      const name = `${nameOf(topology, card, nic)}.splitter`;
      return { card, nic, port, link, splitter: switches.push({ name, ...SPLITTER }) - 1 };
    });
  const links = topology.links.map((link): LinkTopology => {
    const [a, b] = link.ends.map((end): LinkEnd => {
      const at = wires.find(({ card, nic }) => isAt(end, card, nic));
      return at === undefined ? end : { switch: at.splitter, port: 0 };
    });
    return { ...link, ends: [a, b] };
  });
  wires.forEach(({ card, nic, splitter }, port) => {
    if (splitter < 0) return;
    const name = nameOf(topology, card, nic);
    links.push(deviceLink(`${name}.host`, { switch: splitter, port: 1 }, { card: plain, port }));
    links.push(deviceLink(`${name}.device`, { switch: splitter, port: 2 }, { card, port: nic }));
  });
  const own = cards.map((card) => topology.cards[card]);
  const all = topology.cards.map((card, i) =>
    cards.includes(i) ? { ...card, config: cardsPart(card.config) } : card,
  );
  // Programs of the host have all its sockets, whichever card they were described with.
  const programs = topology.programs.map((program) =>
    program.host === host ? { ...program, card: cards[0] } : program,
  );
  const mixed = { ...topology, switches, links, programs, cards: [...all, plainCard(own)] };
  return { topology: mixed, place: { host, plain, cards, ports, wires } };
}

/** The hardware address of each port of a card's stack. */
export function stationsOf({ config: { mac, furtherPorts } }: CardTopology): StationAddress[] {
  return [mac, ...furtherPorts.map((port) => port.mac)].map((bytes) => ({
    high: (bytes[0] << 8) | bytes[1],
    low: (bytes[2] << 24) | (bytes[3] << 16) | (bytes[4] << 8) | bytes[5],
  }));
}

/** The devices of a card, each with the port of the card's stack that it is of. */
function nicsOf({ cards }: Topology, card: number): { card: number; nic: number; port: number }[] {
  return portsOfNics(cards[card].config).map((port, nic) => ({ card, nic, port }));
}

/** Of a card with one device the card's own name says which. */
function nameOf({ cards }: Topology, card: number, nic: number): string {
  const { name, ports } = cards[card];
  return ports.length === 1 ? name : `${name}.${ports[nic]}`;
}

function checkCards(topology: Topology, host: number, own: readonly number[]): void {
  const { hosts, cards, links } = topology;
  if (own.length === 0) throw new RangeError(`"hosts.${hosts[host]?.name}" expected a card of its own`);
  const nics = own.flatMap((card) => nicsOf(topology, card));
  for (const card of own) {
    const { name, ports, placement, modules } = cards[card];
    const refuse = (words: string): RangeError =>
      new RangeError(`"cards.${name}" shares its wire with its host: expected ${words}`);
    if (placement === 'inline') throw refuse('a processor of its own, got "inline"');
    if (!modules.includes('socket')) throw refuse('a card with sockets');
    if (nics.length === 1) continue;
    const alone = ports.find((_, nic) => !links.some(({ ends }) => ends.some((end) => isAt(end, card, nic))));
    if (alone === undefined) continue;
    if (ports.length === 1) throw refuse('a link, as its host has other cards');
    throw refuse(`a link at each of its ports, and "${alone}" has none`);
  }
}

function isAt(end: LinkEnd, card: number, nic: number): boolean {
  return 'card' in end && end.card === card && end.port === nic;
}

function deviceLink(name: string, from: LinkEnd, to: LinkEnd): LinkTopology {
  return {
    name,
    pipe: { ...PERFECT_PIPE, queueFrames: DEVICE_FRAMES, delayNs: DEVICE_NS },
    ends: [from, to],
  };
}

/** A card's part of what it shares with its host: the ports that are chosen for connections. */
function cardsPart(config: CardConfig): CardConfig {
  const { pools } = config;
  return {
    ...config,
    pools: { ...pools, imageBytes: pools.imageBytes || IMAGE_BYTES },
    stack: {
      ...config.stack,
      ephemeralLast: CARDS_LAST_PORT,
      timeWaitMax: TIME_WAIT_MAX,
      sendElementsMax: config.stack.sendElementsMax + TAKEN_OVER_ELEMENTS,
    },
  };
}

/** The plain device with a port for each of the cards', bonds among them. */
function plainCard(own: readonly CardTopology[]): CardTopology {
  const [first] = own;
  const { config } = first;
  const [, ...furtherPorts] = own.flatMap(
    ({ config: { stack, mtu, mac, furtherPorts: further } }): PortConfig[] => [
      { address: stack.address, prefixLength: stack.prefixLength, mtu, mac },
      ...further,
    ],
  );
  const named = ({ name }: CardTopology, ports: readonly string[]): string[] =>
    ports.map((port) => (ports.length === 1 ? name : `${name}.${port}`));
  const stackPorts = own.flatMap((card) => named(card, card.stackPorts));
  return {
    ...first,
    name: `${first.name}.plain`,
    ports: own.flatMap((card) => named(card, card.ports)),
    stackPorts,
    config: {
      ...config,
      packetSlots: Math.max(config.packetSlots, PACKET_SLOTS_LEAST),
      // Only the driver of a card of sockets moves what is unread to a store.
      pools: { ...config.pools, storeBlocks: 1 },
      furtherPorts,
      bonds: bondsOf(own),
      stack: {
        ...config.stack,
        furtherPorts: furtherPorts.map(({ address, prefixLength }) => ({ address, prefixLength })),
        loopbackPort: config.innerLoop ? stackPorts.length : 0,
        ephemeralFirst: CARDS_LAST_PORT + 1,
        timeWaitMax: TIME_WAIT_MAX,
        // Of a card of its own it would draw the same numbers.
        seed: (config.stack.seed + 1_000_003) | 0,
      },
    },
  };
}

/** The bonds of the cards, by the ports of the plain device. */
function bondsOf(own: readonly CardTopology[]): BondConfig[] {
  let before = 0;
  return own.flatMap(({ config, stackPorts }) => {
    const bonds = config.bonds.map((bond) => ({ ...bond, port: before + bond.port }));
    before += stackPorts.length;
    return bonds;
  });
}
