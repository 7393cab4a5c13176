/** A host with offload devices beside its own stack: who gets what, and what a program sees. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accepted, listener, opened, peer, served, until } from '../../src/experiment/open-toe/calls.ts';
import { PEER_ADDRESSES, SERVER_ADDRESSES } from '../../src/experiment/open-toe/world.ts';
import { PacketFilter } from '../../src/host/devices/filter.ts';
import { parsePolicy } from '../../src/host/devices/policy/parse.ts';
import { TOUCH_POINTS } from '../../src/host/devices/touch-points.ts';
import { SOCKET_CLASS_ID } from '../../src/i2o/tids.ts';
import { WRITABLE } from '../../src/socket/contract.ts';
import { errnoName } from '../../src/socket/errno.ts';
import { SO_ERROR } from '../../src/socket/options.ts';
import { singleCard } from '../../src/world/build/short-forms.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import { readTopology } from '../../src/world/topology.ts';
import { mixedTopology } from '../../src/world/virtual/mixed-topology.ts';
import { MixedWorld } from '../../src/world/virtual/mixed-world.ts';
import { mixedWorld, pass, transfer } from './mixed-bed.ts';

function programs(workload: string, size: number, operations: number): object {
  const server = { workload, role: 'server', host: 'server', connections: 6, size };
  const client = { workload, role: 'client', connections: 6, size, operations };
  return {
    serving: { ...server, card: 'first', port: 80 },
    near: { ...client, host: 'near', server: 'serving' },
  };
}

function toe(world: MixedWorld, at: number) {
  return world.offloading.registry.devices[at];
}

/** Closes sockets, and has the books balance once all is at rest. */
function ended(
  world: MixedWorld,
  own: readonly number[],
  theirs: readonly (readonly [number, number])[],
): void {
  for (const socket of own) world.stack.close(socket);
  for (const [at, socket] of theirs) peer(world, at).close(socket);
  world.rest();
  expect(world.unbalanced()).toBeUndefined();
}

describe('programs on a host with offload devices', () => {
  const policies = [
    '',
    'any => offload',
    '[listen] any => offload\n[passive] remote host 10.0.0.0/24 => offload',
  ];
  const loads = [
    ['TCP_STREAM', 65_536, 60],
    ['TCP_RR', 64, 300],
    ['TCP_CRR', 64, 120],
  ] as const;
  for (const policy of policies) {
    it.each(loads)(
      `do all they are to, with books that balance, under ${JSON.stringify(policy)}: %s`,
      (...load) => {
        const run = (): MixedWorld => {
          const world = mixedWorld({ policy, programs: programs(...load) });
          expect(world.runPrograms(60e9)).toBe(true);
          expect(world.unbalanced()).toBeUndefined();
          return world;
        };
        const world = run();
        expect(toe(world, 0).offeredPassive > 0).toBe(policy !== '');
        expect(run().snapshot()).toEqual(world.snapshot());
      },
    );
  }
});

describe('connections that peers open', () => {
  it('go to the device up to its limit, and to the host beyond it, and no peer can tell', () => {
    const world = mixedWorld({ limits: { listeners: 1, halfOpen: 8, connections: 2 } });
    const listening = listener(world.stack, 80);
    const pairs = [0, 1, 2, 3].map(() => served(world, 0, listening, 80));
    const homes = pairs.map(([own]) => world.stack.deviceOf(own));
    expect(homes).toEqual(['toe0', 'toe0', undefined, undefined]);
    expect(toe(world, 0).refusals['connections full']).toBe(2);
    for (const [own, theirs] of pairs) {
      transfer(world, [world.stack, own], [peer(world, 0), theirs], 50_000);
      transfer(world, [peer(world, 0), theirs], [world.stack, own], 50_000);
    }
    ended(
      world,
      [listening, ...pairs.map(([own]) => own)],
      pairs.map(([, theirs]) => [0, theirs]),
    );
  });

  it('are refused a device without a place for its listener, or for one more half-open', () => {
    const none = mixedWorld({ limits: { listeners: 0, halfOpen: 8, connections: 9 } });
    const at = listener(none.stack, 80);
    expect(none.stack.deviceOf(served(none, 0, at, 80)[0])).toBeUndefined();
    expect(toe(none, 0).refusals).toMatchObject({ 'listeners full': 1, 'no listener there': 1 });
    const closed = mixedWorld({ limits: { listeners: 1, halfOpen: 0, connections: 9 } });
    const there = listener(closed.stack, 80);
    expect(closed.stack.deviceOf(served(closed, 0, there, 80)[0])).toBeUndefined();
    expect(toe(closed, 0).refusals['half-open full']).toBe(1);
  });

  it('go to each maker by its own wire', () => {
    const world = mixedWorld();
    const listening = listener(world.stack, 80);
    const homes = [0, 1].map((at) => world.stack.deviceOf(served(world, at, listening, 80)[0]));
    expect(homes).toEqual(['toe0', 'toe1']);
  });

  it('follow the policy of the moment, and stay where they are', () => {
    const world = mixedWorld();
    const { policy, registry } = world.offloading;
    const listening = listener(world.stack, 80);
    const [first, theirs] = served(world, 0, listening, 80);
    policy.replace(parsePolicy('any => no-offload'));
    const [second] = served(world, 0, listening, 80);
    policy.replace(parsePolicy('any => offload'));
    expect(registry.deactivate('toe0')).toBe(0);
    const [third] = served(world, 0, listening, 80);
    expect([first, second, third].map((socket) => world.stack.deviceOf(socket))).toEqual([
      'toe0',
      undefined,
      undefined,
    ]);
    expect(toe(world, 0).refusals.inactive).toBe(1);
    expect(errnoName(registry.unregister('toe0'))).toBe('EBUSY');
    transfer(world, [world.stack, first], [peer(world, 0), theirs], 30_000);
  });
});

describe('connections that the host opens', () => {
  it('are its own while the device does not know the way, and the device has those after', () => {
    const world = mixedWorld();
    const listening = listener(peer(world, 0), 80);
    const homes = [0, 1].map(() => {
      const { socket, errno } = opened(world, world.stack, PEER_ADDRESSES[0], 80);
      expect(errno).toBe(0);
      const theirs = accepted(world, peer(world, 0), listening);
      transfer(world, [world.stack, socket], [peer(world, 0), theirs], 20_000);
      return world.stack.deviceOf(socket);
    });
    expect(homes).toEqual([undefined, 'toe0']);
    expect(toe(world, 0).refusals['neighbour unknown']).toBe(1);
  });

  it('are refused by the peer as ever', () => {
    const world = mixedWorld();
    listener(peer(world, 0), 80);
    opened(world, world.stack, PEER_ADDRESSES[0], 80);
    const { socket, errno } = opened(world, world.stack, PEER_ADDRESSES[0], 81);
    expect([world.stack.deviceOf(socket), errnoName(errno)]).toEqual(['toe0', 'ECONNREFUSED']);
    expect(world.stack.getOption(socket, SO_ERROR)).toBe(0);
  });

  it('fall back to the host where the card fails after it has taken them', () => {
    const world = mixedWorld({ card: { stack: { neighbourReachableUs: 1_000_000 } } });
    const listening = listener(peer(world, 0), 80);
    opened(world, world.stack, PEER_ADDRESSES[0], 80);
    const socket = world.stack.socket();
    world.stack.connect(socket, PEER_ADDRESSES[0], 80);
    expect(world.stack.deviceOf(socket)).toBe('toe0');
    // The card goes before the handshake is over: what it had begun the host begins again.
    world.cards[0].host.restartCard(SOCKET_CLASS_ID);
    until(world, () => (world.stack.readiness(socket) & WRITABLE) !== 0);
    expect(world.stack.deviceOf(socket)).toBeUndefined();
    expect(world.stack.getOption(socket, SO_ERROR)).toBe(0);
    accepted(world, peer(world, 0), listening);
    transfer(
      world,
      [world.stack, socket],
      [peer(world, 0), accepted(world, peer(world, 0), listening)],
      9000,
    );
    expect(toe(world, 0).refusals['card refused']).toBe(1);
  });

  it('have the port that a bind has named, whoever gets them', () => {
    const world = mixedWorld();
    const listening = listener(peer(world, 0), 80);
    opened(world, world.stack, PEER_ADDRESSES[0], 80);
    accepted(world, peer(world, 0), listening);
    const socket = world.stack.socket();
    expect(world.stack.bind(socket, SERVER_ADDRESSES[0], 5555)).toBe(0);
    world.stack.connect(socket, PEER_ADDRESSES[0], 80);
    const theirs = accepted(world, peer(world, 0), listening);
    expect(world.stack.deviceOf(socket)).toBe('toe0');
    expect(peer(world, 0).remoteEndpoint(theirs)).toEqual({ address: SERVER_ADDRESSES[0], port: 5555 });
    expect(errnoName(world.stack.bind(world.stack.socket(), SERVER_ADDRESSES[0], 5555))).toBe('EADDRINUSE');
  });
});

describe('what else the host has to do with', () => {
  it('taps see the frames of host and device, and only their own without one', () => {
    const world = mixedWorld({ limits: { listeners: 1, halfOpen: 8, connections: 1 } });
    const seen = new Map<string, number>();
    world.steerings[0].tap = {
      frame: (device, direction) => {
        const key = `${device ?? 'host'} ${direction}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      },
    };
    const listening = listener(world.stack, 80);
    for (const [own, theirs] of [0, 1].map(() => served(world, 0, listening, 80))) {
      transfer(world, [world.stack, own], [peer(world, 0), theirs], 20_000);
    }
    expect([...seen.keys()].sort()).toEqual(['host in', 'host out', 'toe0 in', 'toe0 out']);
  });

  it.each([true, false])("the packet filter is the device's too, or bypassed: %s", (honoured) => {
    const world = mixedWorld();
    const [steering] = world.steerings;
    const listening = listener(world.stack, 80);
    served(world, 0, listening, 80);
    steering.filter = new PacketFilter();
    const [{ expression }] = parsePolicy('local port 80 => no-offload');
    steering.filter.rules = [{ direction: 'in', protocol: 'tcp', expression, drop: true }];
    steering.filtersDevices = honoured;
    const socket = peer(world, 0).socket();
    peer(world, 0).connect(socket, SERVER_ADDRESSES[0], 80);
    pass(world, 50e6);
    expect(world.stack.accept(listening) >= 0).toBe(!honoured);
    expect(steering.filter.dropped > 0).toBe(honoured);
  });

  it('a wire that is cut brings nothing, and a device behind it gets nothing', () => {
    const world = mixedWorld();
    const listening = listener(peer(world, 0), 80);
    opened(world, world.stack, PEER_ADDRESSES[0], 80);
    accepted(world, peer(world, 0), listening);
    world.setLink(0, false);
    const socket = world.stack.socket();
    world.stack.connect(socket, PEER_ADDRESSES[0], 80);
    pass(world, 100e6);
    expect(world.stack.deviceOf(socket)).toBeUndefined();
    expect(world.stack.readiness(socket)).toBe(0);
    expect(toe(world, 0).refusals['link down']).toBe(1);
    world.setLink(0, true);
    until(world, () => world.stack.readiness(socket) !== 0);
    expect(world.stack.getOption(socket, SO_ERROR)).toBe(0);
  });
});

describe('two hosts of one wire that are both mixed', () => {
  const topology = readTopology({
    seed: 3,
    costs: 'card-2005',
    hosts: { left: {}, right: {} },
    cards: {
      one: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, driver: { socketsMax: 64 } },
      two: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, driver: { socketsMax: 64 } },
    },
    links: { wire: { ends: ['one.eth0', 'two.eth0'], rate: '10Gbit/s', delay: '5us' } },
    programs: {
      serving: { workload: 'TCP_RR', role: 'server', host: 'right', connections: 6, size: 700 },
      asking: {
        workload: 'TCP_RR',
        role: 'client',
        host: 'left',
        server: 'serving',
        connections: 6,
        size: 700,
      },
    },
  });
  const run = (introduced: boolean) => {
    const limits = { listeners: 1, halfOpen: 6, connections: 4 };
    const of = (host: number) => ({
      host,
      costs: { costs: {}, interruptNs: 0 },
      policy: 'any => offload',
      limits,
    });
    const world = new MixedWorld(topology, of(0), of(1));
    if (introduced) world.introduce();
    const clients = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []));
    for (const client of clients) client.operationsMax = 300;
    expect(world.runPrograms(60e9)).toBe(true);
    expect(world.unbalanced()).toBeUndefined();
    const [left, right] = world.hosts.map(({ offloading }) => offloading.registry.devices[0]);
    return { world, left, right };
  };

  it('have each connection at either end where that end puts it, and balance their books', () => {
    const { world, left, right } = run(true);
    expect([left.offeredActive, left.refusals['connections full']]).toEqual([4, 2]);
    expect([right.offeredPassive, right.refusals['connections full']]).toEqual([4, 2]);
    const [leftOwn, rightOwn] = world.snapshot();
    expect([leftOwn['tcpActiveOpens'], rightOwn['tcpPassiveOpens']]).toEqual([2, 2]);
    expect(run(true).world.snapshot()).toEqual(world.snapshot());
  });

  it('begin on the hosts alone where these do not know each other yet', () => {
    const { left } = run(false);
    expect([left.offeredActive, left.refusals['neighbour unknown']]).toEqual([0, 6]);
  });
});

describe('the touch points of the host', () => {
  it('are each passed at one place of the code', () => {
    const folder = new URL('../../src/host/devices/', import.meta.url);
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
    const text = files.map((name) => readFileSync(new URL(name, folder), 'utf8')).join('\n');
    for (const name of Object.keys(TOUCH_POINTS)) {
      expect(text.split(`.pass('${name}')`).length - 1, name).toBe(1);
    }
    expect(text.split('.pass(').length - 1).toBe(Object.keys(TOUCH_POINTS).length);
  });
});

describe('a host that cannot be mixed', () => {
  const config = cardConfig({});
  const single = singleCard(config, { name: 'card', seed: 1, modules: ['socket'] });
  const [card] = single.cards;
  it.each([
    ['no card', { ...single, cards: [] }, '"hosts.card.host" expected a card of its own'],
    [
      'a card on its processor',
      { ...single, cards: [{ ...card, placement: 'inline' as const }] },
      'of its own',
    ],
    [
      'a card without sockets',
      { ...single, cards: [{ ...card, modules: ['echo' as const] }] },
      'with sockets',
    ],
    ['two cards, one without a link', { ...single, cards: [card, card] }, 'expected a link'],
  ])('is refused by name: %s', (_, topology, words) => {
    expect(() => mixedTopology(topology, [0])).toThrow(words);
  });
});
