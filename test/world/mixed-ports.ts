/** A server whose one card has four ports: two joined to a bond, and two alone; its host has a stack beside it. */
import { listener, until } from '../../src/experiment/open-toe/calls.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { cardOf, PLAIN, plainCosts } from '../../src/sweep/plain-costs.ts';
import { readTopology } from '../../src/world/topology.ts';
import { MixedWorld } from '../../src/world/virtual/mixed-world.ts';

const at = (text: string): number => text.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);

export const SERVER = 0;
/** By the numbers of the host's ports: its own address there, and its peer's. */
export const OWN = ['10.0.0.1', '10.0.1.1', '10.0.2.1'].map(at);
export const PEERS = ['10.0.0.2', '10.0.1.2', '10.0.2.2'].map(at);
/** The wires: two of the bond, one of each other port. */
export const WIRES = 4;

export interface PortsBed {
  readonly policy?: string;
  readonly bond?: object;
  readonly seed?: number;
}

export function portsWorld({ policy = 'any => offload', bond, seed = 1 }: PortsBed = {}): MixedWorld {
  const small = { driver: { socketsMax: 64 }, packetSlots: 512, rxRing: 16 };
  const peer = (host: string, address: string): object => ({ host, ...small, ports: { eth0: { address } } });
  const wire = { rate: '1Gbit/s', delay: '5us' };
  const topology = readTopology({
    costs: 'card-2005',
    seed,
    hosts: { server: {}, one: {}, two: {}, three: {} },
    cards: {
      four: {
        host: 'server',
        ...small,
        ports: { eth0: {}, eth1: {}, eth2: { address: '10.0.1.1/24' }, eth3: { address: '10.0.2.1/24' } },
        bonds: {
          bond0: {
            ports: ['eth0', 'eth1'],
            address: '10.0.0.1/24',
            miimon: '1ms',
            ...(bond ?? { mode: 'active-backup' }),
          },
        },
      },
      one: peer('one', '10.0.0.2/24'),
      two: peer('two', '10.0.1.2/24'),
      three: peer('three', '10.0.2.2/24'),
    },
    switches: { hub: {}, common: {} },
    links: {
      a: { ends: ['four.eth0', 'hub'], ...wire },
      b: { ends: ['four.eth1', 'hub'], ...wire },
      hub: { ends: ['one.eth0', 'hub'], ...wire },
      c: { ends: ['four.eth2', 'common'], ...wire },
      d: { ends: ['four.eth3', 'common'], ...wire },
      second: { ends: ['two.eth0', 'common'], ...wire },
      third: { ends: ['three.eth0', 'common'], ...wire },
    },
  });
  const card = cardOf(topology.cards, SERVER);
  const costs = plainCosts(topology.hosts[SERVER], card, PLAIN);
  const world = new MixedWorld(topology, {
    host: SERVER,
    costs: { costs, interruptNs: card.interruptNs },
    policy,
  });
  world.introduce();
  return world;
}

/** The sockets of the peer behind one of the host's ports. */
export function peerAt(world: MixedWorld, port: number): SocketStack {
  return world.cards[1 + port].stack;
}

/** A peer connects to the address of one of the host's ports. @returns the server's end, and the peer's. */
export function connected(world: MixedWorld, port: number, listening: number): [number, number] {
  const stack = peerAt(world, port);
  const socket = stack.socket();
  stack.connect(socket, OWN[port], 80);
  let own = -1;
  until(world, () => {
    own = world.stack.accept(listening);
    return own >= 0;
  });
  return [own, socket];
}

export { listener };
