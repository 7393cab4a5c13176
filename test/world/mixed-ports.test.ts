/** A host with several ports beside its offload device: who gets what by which port, and what when one dies. */
import { describe, expect, it } from 'vitest';
import { opened, until } from '../../src/experiment/open-toe/calls.ts';
import { parsePolicy } from '../../src/host/devices/policy/parse.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { Random } from '../../src/time/random.ts';
import { readTopology } from '../../src/world/topology.ts';
import { mixedTopology } from '../../src/world/virtual/mixed-topology.ts';
import type { MixedWorld } from '../../src/world/virtual/mixed-world.ts';
import { LONG } from '../long.ts';
import { pass, transfer } from './mixed-bed.ts';
import { connected, listener, OWN, PEERS, peerAt, portsWorld, WIRES } from './mixed-ports.ts';
import { callsOf } from './storm-calls.ts';

/** Closes all, and has the books balance. */
function ended(world: MixedWorld, sockets: readonly (readonly [SocketStack, number])[]): void {
  for (const [stack, socket] of sockets) stack.close(socket);
  world.rest();
  expect(world.unbalanced()).toBeUndefined();
}

const bothWays = (world: MixedWorld, port: number, own: number, theirs: number, bytes = 60_000): void => {
  transfer(world, [world.stack, own], [peerAt(world, port), theirs], bytes);
  transfer(world, [peerAt(world, port), theirs], [world.stack, own], bytes);
};

describe('a card of several ports beside a stack of its host', () => {
  it('has what a rule gives it by the address of a port, in either direction, and the host the rest', () => {
    const policy = [
      '[listen] any => offload',
      '[passive] local host 10.0.1.1 => offload',
      '[active] remote host 10.0.2.0/24 and remote port 90 => offload',
    ].join('\n');
    const world = portsWorld({ policy });
    const listening = listener(world.stack, 80);
    const pairs = OWN.map((_, port) => connected(world, port, listening));
    expect(pairs.map(([own]) => world.stack.deviceOf(own))).toEqual([undefined, 'toe0', undefined]);
    pairs.forEach(([own, theirs], port) => {
      bothWays(world, port, own, theirs);
    });
    const listeners = PEERS.map((_, port) => listener(peerAt(world, port), 90));
    const outwards = PEERS.map((address) => opened(world, world.stack, address, 90));
    expect(outwards.map(({ socket }) => world.stack.deviceOf(socket))).toEqual([
      undefined,
      undefined,
      'toe0',
    ]);
    ended(world, [
      [world.stack, listening],
      ...pairs.flatMap(([own, theirs], port): [SocketStack, number][] => [
        [world.stack, own],
        [peerAt(world, port), theirs],
      ]),
      ...listeners.map((socket, port): [SocketStack, number] => [peerAt(world, port), socket]),
      ...outwards.map(({ socket }): [SocketStack, number] => [world.stack, socket]),
    ]);
  });

  it.each([
    ['active-backup', { mode: 'active-backup' }],
    ['a hash', { mode: 'balance-xor', xmitHashPolicy: 'layer3+4' }],
  ])('goes on over a bond (%s) of which a link dies, on the card and on the host', (_, bond) => {
    const world = portsWorld({ bond });
    const listening = listener(world.stack, 80);
    const [own, theirs] = connected(world, 0, listening);
    world.offloading.policy.replace(parsePolicy(''));
    const [hosts, hostsTheirs] = connected(world, 0, listening);
    expect([own, hosts].map((socket) => world.stack.deviceOf(socket))).toEqual(['toe0', undefined]);
    for (const dead of [0, 1]) {
      world.setLink(dead, false);
      pass(world, 3e6);
      bothWays(world, 0, own, theirs);
      bothWays(world, 0, hosts, hostsTheirs);
      world.setLink(dead, true);
      pass(world, 3e6);
    }
    ended(world, [
      [world.stack, listening],
      [world.stack, own],
      [world.stack, hosts],
      [peerAt(world, 0), theirs],
      [peerAt(world, 0), hostsTheirs],
    ]);
  });

  it('keeps a connection whose subnet another of its ports serves from now on, and the host knows', () => {
    const world = portsWorld();
    const listening = listener(world.stack, 80);
    const [own, theirs] = connected(world, 1, listening);
    bothWays(world, 1, own, theirs);
    world.setLink(2, false);
    expect(world.hosts[0].failOver(1, 2)).toBe(0);
    bothWays(world, 1, own, theirs, 20_000);
    expect(world.stack.deviceOf(own)).toBe('toe0');
    world.setLink(2, true);
    expect(world.hosts[0].failBack(1)).toBe(0);
    bothWays(world, 1, own, theirs, 20_000);
    ended(world, [
      [world.stack, listening],
      [world.stack, own],
      [peerAt(world, 1), theirs],
    ]);
  });

  it('is not asked for a connection by a port whose link is down, and is by another', () => {
    const world = portsWorld();
    const listeners = PEERS.map((_, port) => listener(peerAt(world, port), 90));
    world.setLink(2, false);
    const down = world.stack.socket();
    world.stack.connect(down, PEERS[1], 90);
    const up = opened(world, world.stack, PEERS[2], 90);
    expect(world.stack.deviceOf(down)).toBeUndefined();
    expect(world.stack.deviceOf(up.socket)).toBe('toe0');
    const [device] = world.offloading.registry.devices;
    expect(device.refusals['link down']).toBe(1);
    world.setLink(2, true);
    ended(world, [
      [world.stack, down],
      [world.stack, up.socket],
      ...listeners.map((socket, port): [SocketStack, number] => [peerAt(world, port), socket]),
    ]);
  });

  it('hands connections off and back by each of its ports, and is told of routes and neighbours there', () => {
    const world = portsWorld({ policy: '' });
    const listening = listener(world.stack, 80);
    const pairs = OWN.map((_, port) => connected(world, port, listening));
    pairs.forEach(([own, theirs], port) => {
      expect(world.stack.handOff(own, 'toe0')).toBe(0);
      bothWays(world, port, own, theirs, 20_000);
      const route = { destination: PEERS[port], prefixLength: 32, via: 0, port };
      expect(world.hosts[0].addRoute(route)).toBe(0);
      expect(world.cards[0].parts.stack?.leavingPort(PEERS[port])).toBe(port);
      expect(world.stack.takeBack(own)).toBe(0);
      bothWays(world, port, own, theirs, 20_000);
    });
    ended(world, [
      [world.stack, listening],
      ...pairs.flatMap(([own, theirs], port): [SocketStack, number][] => [
        [world.stack, own],
        [peerAt(world, port), theirs],
      ]),
    ]);
  });

  it('is refused by name where a port of it has no link', () => {
    const description = {
      hosts: { a: {}, b: {} },
      cards: {
        two: {
          host: 'a',
          ports: { eth0: { address: '10.0.0.1/24' }, eth1: { address: '10.0.1.1/24' } },
        },
        other: { host: 'b', ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['two.eth0', 'other.eth0'] } },
    };
    expect(() => mixedTopology(readTopology(description), [0])).toThrow(
      '"cards.two" shares its wire with its host: expected a link at each of its ports, and "eth1" has none',
    );
  });
});

const POLICIES = [
  '',
  'any => offload',
  '[passive] local host 10.0.1.1 => offload',
  'any => offload, after 900',
];
const happened = { offloaded: 0, handedOver: 0, takenBack: 0, linkDowns: 0, bytes: 0 };

/** All links are up again, and all routes as they were. */
function mended(world: MixedWorld): void {
  const [host] = world.hosts;
  for (let wire = 0; wire < WIRES; wire++) world.setLink(wire, true);
  for (const port of [1, 2]) host.failBack(port);
  for (const peer of PEERS) host.removeRoute(peer, 32);
}

/** Calls, policies, hand-offs, links and routes at random. */
function storm(seed: number): void {
  const random = new Random(seed);
  const hash = { mode: 'balance-xor', xmitHashPolicy: 'layer3+4' };
  const world = portsWorld({ seed, ...(random.below(2) === 0 && { bond: hash }) });
  const stacks = [world.stack, ...PEERS.map((_, port) => peerAt(world, port))];
  const listeners = stacks.map((stack) => listener(stack, 80));
  const open: [SocketStack, number][] = [];
  const bytes = new Uint8Array(3000);
  const [host] = world.hosts;
  const steps = [
    ...callsOf({ random, stacks, listeners, own: OWN, peers: PEERS, open, bytes }),
    () => world.offloading.policy.replace(parsePolicy(POLICIES[random.below(POLICIES.length)])),
    () => {
      for (const [stack, socket] of open) {
        if (stack !== world.stack || random.below(2) === 0) continue;
        if (world.stack.deviceOf(socket) === undefined) world.stack.handOff(socket, 'toe0');
        else world.stack.takeBack(socket);
      }
    },
    () => world.setLink(random.below(WIRES), random.below(3) > 0),
    () => host.setMtu(random.below(PEERS.length), 500 + random.below(1000)),
    () => {
      const port = 1 + random.below(2);
      host.failOver(port, 3 - port);
      pass(world, random.below(2_000_000));
      if (random.below(4) > 0) host.failBack(port);
    },
    () => {
      const port = random.below(PEERS.length);
      host.addRoute({ destination: PEERS[port], prefixLength: 32, via: 0, port });
    },
    () => host.removeRoute(PEERS[random.below(PEERS.length)], 32),
  ];
  for (let i = 0; i < 90; i++) {
    steps[random.below(steps.length)]();
    pass(world, random.below(400_000));
  }
  mended(world);
  for (const [i, stack] of stacks.entries()) stack.close(listeners[i]);
  ended(world, open);
  noteHappened(world);
}

/** What has happened in a storm that is over: the device has nothing left. */
function noteHappened(world: ReturnType<typeof portsWorld>): void {
  const [device] = world.offloading.registry.devices;
  expect(device.attachedSockets + device.attachedListeners).toBe(0);
  happened.offloaded += device.offeredActive + device.offeredPassive;
  happened.handedOver += device.handedOver;
  happened.takenBack += device.takenBack;
  happened.linkDowns += device.linkDowns;
  happened.bytes += world.books().bytesReceived;
}

describe('several ports in a storm of calls, policies, hand-offs, links and routes', () => {
  it.each(Array.from({ length: LONG ? 30 : 3 }, (_, i) => i + 1))('end balanced: seed %i', storm, 60_000);

  it('have carried bytes, moved connections and lost links', () => {
    expect(Object.entries(happened).filter(([, count]) => count === 0)).toEqual([]);
  });
});

it('each half of a hash-bond carries what the host and the card send', () => {
  const world = portsWorld({ bond: { mode: 'balance-xor', xmitHashPolicy: 'layer3+4' } });
  const listening = listener(world.stack, 80);
  const pairs = Array.from({ length: 8 }, () => connected(world, 0, listening));
  for (const [own, theirs] of pairs) bothWays(world, 0, own, theirs, 4000);
  until(world, () => true);
  const counted = world.linkCounters();
  for (const link of ['a', 'b']) expect(counted[link]['wireSent'] ?? 0).toBeGreaterThan(50);
  ended(world, [
    [world.stack, listening],
    ...pairs.flatMap(([own, theirs]): [SocketStack, number][] => [
      [world.stack, own],
      [peerAt(world, 0), theirs],
    ]),
  ]);
});
