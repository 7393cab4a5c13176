/** The world of an arm: a balancer's addresses and one server, a plain device or a card for each address. */
import { plainCosts } from '../../sweep/plain-costs.ts';
import type { Costs } from '../../time/cost-model.ts';
import type { CardTopology, Topology } from '../../world/topology/checked.ts';
import { readTopology } from '../../world/topology.ts';
import type { HostCosts } from '../../world/virtual/host-world.ts';
import { type Arm, portsOf } from './arm.ts';

/** Of what age the machines are: the case is of 2004 or 2005. */
const PROFILE = 'card-2005';
/** Sockets that a program may have: its table's largest. */
const SOCKETS_MOST = 65_535;
const FIRST_PORT = 1024;
/** Host memory for what is under way: at a thousand requests a second hardly anything is. */
const POOLS = {
  transmitBuffers: 512,
  transmitBufferBytes: 2048,
  receiveBuckets: 512,
  receiveBucketBytes: 2048,
};

/** The server's card, and the first of the balancer's. */
export const SERVER = 0;
export const BALANCER = 1;

/** Addresses are those of one subnet. */
export function addressOf(card: number): number {
  return 0x0a000001 + card;
}

/** @throws RangeError of one line for a world that cannot be. */
export function topologyOf(arm: Arm, seed: number): Topology {
  const cards: Record<string, object> = { server: cardOf(arm, 'server', SERVER, arm.serverSockets) };
  // One address needs no switch.
  const direct = arm.addresses === 1;
  const ends: Record<string, object> = direct ? {} : { server: { ends: ['server.eth0', 'lan'] } };
  for (let i = 0; i < arm.addresses; i++) {
    const name = `balancer${i}`;
    cards[name] = cardOf(arm, 'balancer', BALANCER + i, SOCKETS_MOST);
    ends[name] = { ends: [`${name}.eth0`, direct ? 'server.eth0' : 'lan'] };
  }
  const topology = readTopology({
    seed,
    costs: PROFILE,
    hosts: { server: {}, balancer: {} },
    ...(direct ? {} : { switches: { lan: {} } }),
    cards,
    links: ends,
  });
  return withCosts(topology, arm);
}

function cardOf(arm: Arm, host: string, index: number, socketsMost: number): object {
  const ports = portsOf(arm);
  const all = arm.addresses * ports;
  const sockets = Math.min(SOCKETS_MOST, Math.max(16, Math.floor(socketsMost / arm.scale)));
  const own = host === 'server' ? Math.min(sockets, all + 16) : Math.min(sockets, ports + 16);
  const held = host === 'server' ? all : ports;
  return {
    host,
    ports: { eth0: { address: `10.0.0.${index + 1}/24` } },
    packetSlots: 4096,
    pools: POOLS,
    driver: { socketsMax: own },
    stack: {
      connectionsMax: held + 1024,
      timeWaitMax: held + 64,
      ephemeralFirst: FIRST_PORT,
      ephemeralLast: FIRST_PORT + ports - 1,
      timestamps: arm.timestamps,
      timeWaitUs: Math.round(arm.timeWaitS * 1e6),
      // Never before TIME-WAIT has ended anyway, or after Linux's second.
      timeWaitReuseUs: arm.reusesTimeWait ? 1_000_000 : Math.round(arm.timeWaitS * 1e6) + 1_000_000,
    },
  };
}

/**
 * A world so many times smaller has processors so many times slower; a server of several cores is one as fast
 * as all of them. The balancer's machine takes no time: it is not what is asked about.
 */
function withCosts(topology: Topology, { scale, cores, protocolCosts }: Arm): Topology {
  const times = (costs: Costs, factor: number): Costs =>
    Object.fromEntries(Object.entries(costs).map(([name, ns]) => [name, ns * factor]));
  const isServer = (host: number): boolean => topology.hosts[host].name === 'server' && protocolCosts;
  return {
    ...topology,
    hosts: topology.hosts.map((host, i) => ({
      ...host,
      processor: {
        ...host.processor,
        costs: times(host.processor.costs, isServer(i) ? scale / cores : 0),
      },
    })),
    cards: topology.cards.map((card) => ({
      ...card,
      processor: {
        ...card.processor,
        costs: times(card.processor.costs, isServer(card.host) ? scale : 0),
      },
    })),
  };
}

/** A host as fast as its card's processor, that enters its kernel for each call. */
const ON_HOST = { hostSpeed: 1, systemCallNs: 0 };

/**
 * What a server that runs TCP/IP itself pays: the protocol's work costs its card's processor's time, on as
 * many cores. @param host by its index.
 */
export function hostCostsOf(topology: Topology, host: number, { cores }: Arm): HostCosts {
  const card = topology.cards.find((candidate) => candidate.host === host) as CardTopology;
  const onCores = { ...ON_HOST, hostSpeed: ON_HOST.hostSpeed * cores };
  return { costs: plainCosts(topology.hosts[host], card, onCores), interruptNs: card.interruptNs };
}
