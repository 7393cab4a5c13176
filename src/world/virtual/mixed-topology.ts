/**
 * A described world in which some hosts run TCP/IP themselves beside their cards: each of such a host's cards
 * shares its wire, its hardware address and its IPv4 address with a port of the host's own stack. Out of the
 * description of the cards comes a plain device for each of these hosts with a port for each card, and where
 * a card was linked a splitter, from which wires of no length lead to the two.
 */
import { PERFECT_PIPE } from '../../wire/config.ts';
import type { CardConfig } from '../config/settings.ts';
import type { CardTopology, LinkEnd, LinkTopology, Topology } from '../topology/checked.ts';

/** What a host has received and no program has read lies in packets of its memory. */
const PACKET_SLOTS_LEAST = 4096;
/** Frames that wait between a splitter and a device, in a device's own memory. */
const DEVICE_FRAMES = 1024;
/** From the splitter to a device, so that it hears of a frame by its time. */
const DEVICE_NS = 1;
/** Connections in TIME-WAIT that host and cards have each, fewer than either has ports to choose from. */
const TIME_WAIT_MAX = 16384;
/** Room for the image of a connection that goes to a card, or comes back, where none was asked for. */
const IMAGE_BYTES = 1 << 22;
/** References to bytes to be sent that came with such connections. */
const TAKEN_OVER_ELEMENTS = 1024;
/** Ports that are chosen for connections: the host's above this one, the cards' up to it. */
const CARDS_LAST_PORT = 40959;

/** Where in the world the parts of such a host are. */
export interface MixedPlace {
  /** Its index. */
  readonly host: number;
  /** Index of the plain device among the cards, and of the cards that share its wires, by its ports. */
  readonly plain: number;
  readonly cards: readonly number[];
  /** Index of each of these cards' splitter among the switches; -1 where it has no link. */
  readonly splitters: readonly number[];
  /** The link of the description that each of these cards has; undefined: none. */
  readonly links: readonly (string | undefined)[];
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

/** The same world, in which one host more is so. */
function withPlain(topology: Topology, host: number): { topology: Topology; place: MixedPlace } {
  const cards = topology.cards.flatMap((card, i) => (card.host === host ? [i] : []));
  const linked = (card: number): boolean =>
    topology.links.some(({ ends }) => ends.some((end) => isAt(end, card)));
  checkCards(topology, host, cards, linked);
  const plain = topology.cards.length;
  const switches = [...topology.switches];
  const splitters = cards.map((card) => {
    if (!linked(card)) return -1;
    const name = `${topology.cards[card].name}.splitter`;
    return switches.push({ name, ports: 3, addressesMax: 16, ageingNs: 0 }) - 1;
  });
  const links = topology.links.map((link): LinkTopology => {
    const [a, b] = link.ends.map((end): LinkEnd => {
      const at = 'card' in end ? cards.indexOf(end.card) : -1;
      return at < 0 ? end : { switch: splitters[at], port: 0 };
    });
    return { ...link, ends: [a, b] };
  });
  cards.forEach((card, port) => {
    const splitter = splitters[port];
    if (splitter < 0) return;
    const { name } = topology.cards[card];
    links.push(deviceLink(`${name}.host`, { switch: splitter, port: 1 }, { card: plain, port }));
    links.push(deviceLink(`${name}.device`, { switch: splitter, port: 2 }, { card, port: 0 }));
  });
  const outer = cards.map(
    (card) => topology.links.find(({ ends }) => ends.some((end) => isAt(end, card)))?.name,
  );
  const own = cards.map((card) => topology.cards[card]);
  const all = topology.cards.map((card, i) =>
    cards.includes(i) ? { ...card, config: cardsPart(card.config) } : card,
  );
  // Programs of the host have all its sockets, whichever card they were described with.
  const programs = topology.programs.map((program) =>
    program.host === host ? { ...program, card: cards[0] } : program,
  );
  const mixed = { ...topology, switches, links, programs, cards: [...all, plainCard(own)] };
  return { topology: mixed, place: { host, plain, cards, splitters, links: outer } };
}

function checkCards(
  { hosts, cards }: Topology,
  host: number,
  own: readonly number[],
  linked: (card: number) => boolean,
): void {
  if (own.length === 0) throw new RangeError(`"hosts.${hosts[host]?.name}" expected a card of its own`);
  for (const card of own) {
    const { name, ports, placement, modules } = cards[card];
    const refuse = (words: string): RangeError =>
      new RangeError(`"cards.${name}" shares its wire with its host: expected ${words}`);
    if (ports.length > 1) throw refuse(`one port, got ${ports.length}`);
    if (placement === 'inline') throw refuse('a processor of its own, got "inline"');
    if (!modules.includes('socket')) throw refuse('a card with sockets');
    if (own.length > 1 && !linked(card)) throw refuse('a link, as its host has other cards');
  }
}

function isAt(end: LinkEnd, card: number): boolean {
  return 'card' in end && end.card === card;
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

/** The plain device with a port for each card. */
function plainCard(own: readonly CardTopology[]): CardTopology {
  const [first, ...further] = own;
  const { config } = first;
  const furtherPorts = further.map(({ config: { mtu, mac, stack } }) => {
    const { address, prefixLength } = stack;
    return { address, prefixLength, mtu, mac };
  });
  return {
    ...first,
    name: `${first.name}.plain`,
    ports: own.map(({ name }) => name),
    stackPorts: own.map(({ name }) => name),
    config: {
      ...config,
      packetSlots: Math.max(config.packetSlots, PACKET_SLOTS_LEAST),
      // Only the driver of a card of sockets moves what is unread to a store.
      pools: { ...config.pools, storeBlocks: 1 },
      furtherPorts,
      stack: {
        ...config.stack,
        furtherPorts: furtherPorts.map(({ address, prefixLength }) => ({ address, prefixLength })),
        loopbackPort: config.innerLoop ? own.length : 0,
        ephemeralFirst: CARDS_LAST_PORT + 1,
        timeWaitMax: TIME_WAIT_MAX,
        // Of a card of its own it would draw the same numbers.
        seed: (config.stack.seed + 1_000_003) | 0,
      },
    },
  };
}
