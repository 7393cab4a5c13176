/**
 * The world of this experiment: a server with two makers' cards, each on a wire of its own and with the
 * host's own stack beside it, and a peer at the other end of each wire, or all of them at one switch. The
 * peers' work costs nothing, so that what is measured is the server's.
 */

import type { OffloadLimits } from '../../host/devices/device.ts';
import { plainCosts } from '../../sweep/plain-costs.ts';
import type { Costs } from '../../time/cost-model.ts';
import type { CardTopology, HostTopology, Topology } from '../../world/topology/checked.ts';
import { readTopology } from '../../world/topology.ts';
import { MixedWorld } from '../../world/virtual/mixed-world.ts';

/** Index of the server among the hosts. */
export const SERVER = 0;
/** Address of the server's card at each wire, and index of the peer's card among all. */
export const SERVER_ADDRESSES = [0x0a000001, 0x0a000101] as const;
export const PEER_ADDRESSES = [0x0a000002, 0x0a000102] as const;
export const PEER_CARDS = [2, 3] as const;

/** A host's and its cards' costs, and who gets what. */
export interface TestBed {
  readonly seed: number;
  /** A bundled cost profile. */
  readonly profile: string;
  readonly policy: string;
  /** How many times as fast the cards' processors are as the profile has them; 1. */
  readonly cardSpeed?: number;
  /** How many times as fast the host's processor does the protocol's work as a card's. */
  readonly hostSpeed: number;
  /** What each system call of the host's own stack takes beside its work, in nanoseconds. */
  readonly systemCallNs: number;
  /** What each card publishes; absent: as much as its settings let it. */
  readonly limits?: OffloadLimits;
  /** Programs, as a described world has them. */
  readonly programs?: object;
  /** Settings of the server's cards. */
  readonly card?: object;
  /** What else is to be said of both links. */
  readonly link?: object;
  /** All four cards are at one switch. */
  readonly oneSwitch?: true;
}

/** Sockets that a host has: what is tried here needs no more. */
const SOCKETS_MAX = 1024;
const LINK = { rate: '10Gbit/s', delay: '5us', queueFrames: 512 };
const ENDS = { one: ['first.eth0', 'near.eth0'], two: ['second.eth0', 'far.eth0'] };
const SWITCHED = Object.fromEntries(
  ['first', 'second', 'near', 'far'].map((card) => [card, [`${card}.eth0`, 'middle']]),
);
const NO_COSTS = { costs: {}, lookNs: 0 };
const NO_BUS = { latencyNs: 0, nsPerByte: 0, requestNs: 0 };

function description({ seed, profile, programs = {}, card = {}, link = {}, oneSwitch }: TestBed): object {
  const at = (host: string, address: string, own: object = {}): object => ({
    host,
    ports: { eth0: { address } },
    driver: { socketsMax: SOCKETS_MAX },
    ...own,
  });
  return {
    seed,
    costs: profile,
    hosts: { server: {}, near: {}, far: {} },
    cards: {
      first: at('server', '10.0.0.1/24', card),
      second: at('server', '10.0.1.1/24', card),
      near: at('near', '10.0.0.2/24'),
      far: at('far', '10.0.1.2/24'),
    },
    ...(oneSwitch ? { switches: { middle: {} } } : {}),
    links: Object.fromEntries(
      Object.entries(oneSwitch ? SWITCHED : ENDS).map(([name, ends]) => [name, { ends, ...LINK, ...link }]),
    ),
    programs,
  };
}

/** The peers' hosts and cards take no time, and the server's cards are as fast as they are set to be. */
function settled(topology: Topology, cardSpeed: number): Topology {
  const quick = ({ costs, lookNs }: CardTopology['processor']): CardTopology['processor'] => ({
    lookNs,
    costs: Object.fromEntries(Object.entries(costs).map(([name, ns]) => [name, ns / cardSpeed])),
  });
  const cards = topology.cards.map((card) =>
    card.host === SERVER
      ? { ...card, processor: quick(card.processor) }
      : { ...card, processor: NO_COSTS, bus: NO_BUS, doorbellNs: 0, interruptNs: 0 },
  );
  const hosts = topology.hosts.map((host, i) => (i === SERVER ? host : { ...host, processor: NO_COSTS }));
  return { ...topology, hosts, cards };
}

function topologyOf(bed: TestBed, cardSpeed = bed.cardSpeed ?? 1): Topology {
  return settled(readTopology(description(bed)), cardSpeed);
}

/** The server alone: its host, its cards, and what its own stack costs it. */
export interface Server {
  readonly host: HostTopology;
  readonly cards: readonly CardTopology[];
  readonly plain: Costs;
}

export function serverOf(bed: TestBed): Server {
  const { hosts, cards } = topologyOf(bed);
  // What the protocol's work costs the host follows from the profile, however fast its cards are.
  const [asItIs] = topologyOf(bed, 1).cards;
  return {
    host: hosts[SERVER],
    cards: cards.filter(({ host }) => host === SERVER),
    plain: plainCosts(hosts[SERVER], asItIs, bed),
  };
}

export function openBed(bed: TestBed): MixedWorld {
  const topology = topologyOf(bed);
  const { policy, limits } = bed;
  return new MixedWorld(topology, {
    host: SERVER,
    costs: { costs: serverOf(bed).plain, interruptNs: topology.cards[0].interruptNs },
    policy,
    ...(limits === undefined ? {} : { limits }),
  });
}
