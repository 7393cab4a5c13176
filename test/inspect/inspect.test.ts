/** A described card as its user sees it: what is said follows the description, and the run. */
import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../src/host/devices/policy/parse.ts';
import { decidedFor } from '../../src/inspect/decided.ts';
import { coalescingOf, identityOf, ringsOf } from '../../src/inspect/described.ts';
import { actualChanges, capabilitiesOf, featuresOf, withFeatures } from '../../src/inspect/features.ts';
import { neighbourLine, neighbourLinesOf, routeLine, routeLinesOf } from '../../src/inspect/paths.ts';
import { connectionsOf, ranFor, statisticsOf, timeWaitOf } from '../../src/inspect/running.ts';
import { changesText, featuresText } from '../../src/report/card-text.ts';
import { withWorkload } from '../../src/sweep/workload.ts';
import type { CardTopology } from '../../src/world/topology/checked.ts';
import { readTopology, type Topology } from '../../src/world/topology.ts';

function pair(card: object = {}, workload: object = {}): Topology {
  const nic = (host: string, last: number): object => ({
    host,
    ports: { eth0: { address: `10.0.0.${last}/24` } },
    ...card,
  });
  const world = {
    hosts: { left: {}, right: {} },
    cards: { a: nic('left', 1), b: nic('right', 2) },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '1Gbit/s', delay: '10us' } },
  };
  return readTopology(withWorkload(world, { workload: 'TCP_RR', connections: 3, size: 64, ...workload }));
}

describe('features', () => {
  const on = (topology: Topology): string[] =>
    featuresOf(topology.cards[0]).flatMap((feature) => (feature.on ? [feature.name] : []));

  it('are those that the card is set to', () => {
    expect(on(pair())).toEqual([
      'rx-checksumming',
      'tx-checksumming',
      'scatter-gather',
      'tcp-segmentation-offload',
    ]);
    expect(on(pair({ checksumOffload: false, tcpSegmentationOffload: false }))).toEqual(['scatter-gather']);
  });

  const values = (card: object): Record<string, string> =>
    Object.fromEntries(
      featuresText('a', featuresOf(pair(card).cards[0]), [], 'today', 80)
        .split('\n')
        .map((line) => line.split(': ') as [string, string]),
    );

  it('are off without what they need, and say that they are wanted', () => {
    const all = { genericSegmentationOffload: true, genericReceiveOffload: true, largeReceiveOffload: true };
    expect(values({ ...all, checksumOffload: 'tx', scatterGather: false })).toMatchObject({
      'rx-checksumming': 'off',
      'tx-checksumming': 'on',
      'scatter-gather': 'off',
      'tcp-segmentation-offload': 'off [requested on]',
      'generic-segmentation-offload': 'off [requested on]',
      'generic-receive-offload': 'on',
      'large-receive-offload': 'off [requested on]',
      'receive-hashing': 'off [fixed]',
    });
    expect(values({ ...all, checksumOffload: 'rx' })).toMatchObject({
      'tcp-segmentation-offload': 'off [requested on]',
      'generic-segmentation-offload': 'on',
      'large-receive-offload': 'on',
    });
  });

  it('change with what they need, as ethtool tells it', () => {
    const [card] = pair().cards;
    const told = (from: CardTopology, ...changes: [string, boolean][]): [CardTopology, string] => {
      const after = withFeatures(
        from,
        changes.map(([name, on]) => ({ name, on })),
      );
      return [after, changesText(actualChanges(from, after), 'today')];
    };
    const [without, first] = told(card, ['tx', false], ['gro', true]);
    expect(first).toBe(
      'Actual changes:\ntx-checksumming: off\ntcp-segmentation-offload: off [requested on]\n' +
        'generic-receive-offload: on\n',
    );
    expect(without.config).toMatchObject({ checksumOffload: 'rx', genericReceiveOffload: true });
    expect(told(without, ['tx-checksumming', true])[1]).toBe(
      'Actual changes:\ntx-checksumming: on\ntcp-segmentation-offload: on\n',
    );
    expect(told(told(without, ['tso', false])[0], ['tso', true])[1]).toBe(
      'Actual changes:\ntcp-segmentation-offload: off [requested on]\n',
    );
    expect(told(card, ['tso', true])[1]).toBe('No feature has changed.\n');
    expect(() => told(card, ['rxhash', true])).toThrow('receive-hashing is fixed');
    expect(() => told(card, ['speed', true])).toThrow('"speed" is no feature');
  });

  it('are what a world runs with', () => {
    const stream = { workload: 'TCP_STREAM', size: 20_000, connections: 1 };
    const counted = (names: readonly string[], ...set: string[]): boolean[] => {
      const plain = pair({}, stream);
      const on = set.map((name) => ({ name, on: !name.startsWith('-') }));
      const changes = on.map(({ name, on: to }) => ({ name: name.replace('-', ''), on: to }));
      const topology = { ...plain, cards: plain.cards.map((card) => withFeatures(card, changes)) };
      const statistics = statisticsOf(ranFor(topology, 3e6), 1).concat(
        statisticsOf(ranFor(topology, 3e6), 0),
      );
      return names.map((name) => statistics.some((one) => one.name === name));
    };
    const names = ['deviceTsoSegments', 'driverGsoSegments', 'driverLinearCopies'];
    expect(counted(names)).toEqual([true, false, false]);
    expect(counted(names, '-tso', 'gso')).toEqual([false, true, false]);
    expect(counted(names, '-sg')).toEqual([false, false, true]);
  });

  it('say who does the work instead where the device does not', () => {
    const how = (topology: Topology, work: string): string | undefined =>
      capabilitiesOf(topology.cards[0]).find((one) => one.work.startsWith(work))?.how;
    expect(how(pair(), 'TCP segmentation')).toBe('by its device');
    expect(how(pair({ tcpSegmentationOffload: false }), 'TCP segmentation')).toBe("by the card's processor");
    const old = capabilitiesOf(pair({ classVersion: 1 }).cards[0]).find(({ work }) => work === 'UDP');
    expect(old?.where).toBe('nobody');
    const limits = capabilitiesOf(pair({ driver: { socketsMax: 77 } }).cards[0]).map((one) => one.how);
    expect(limits.filter((text) => text.startsWith('77 sockets'))).toHaveLength(1);
  });
});

it('rings and coalescing are what is described', () => {
  const { cards } = pair({ rxRing: 32, moderation: { rxUsecs: 20, rxFrames: 4 } });
  expect(Object.fromEntries(ringsOf(cards[0]))).toMatchObject({ rx: '32', tx: '128' });
  expect(Object.fromEntries(coalescingOf(cards[0]))).toMatchObject({ 'rx-usecs': '20', 'rx-frames': '4' });
});

it('a card says its host, its addresses and its link', () => {
  expect(Object.fromEntries(identityOf(pair(), 1, '9.9'))).toMatchObject({
    version: '9.9',
    host: 'right',
    'eth0 address': '10.0.0.2/24',
    'eth0 speed': '1000Mb/s',
    'eth0 link detected': 'yes, wire',
  });
});

describe('a world that has run', () => {
  const topology = pair();
  const world = ranFor(topology, 5e6);

  it('has counted what its programs did, and nothing that was not', () => {
    const statistics = statisticsOf(world, 0);
    const value = (name: string): number => statistics.find((one) => one.name === name)?.value ?? 0;
    expect(value('sendCopiesBytes') + value('immediateCopiesBytes')).toBe(value('bytesSent'));
    expect(statistics.every((one) => one.value !== 0 && one.doc !== '')).toBe(true);
    expect(statisticsOf(ranFor(topology, 0), 0).find(({ name }) => name === 'bytesSent')).toBeUndefined();
  });

  it('shows both ends of each connection, and listeners first', () => {
    const [client, server] = [0, 1].map((card) => connectionsOf(topology, world, card));
    expect(client.map(({ state }) => state)).toEqual(['ESTABLISHED', 'ESTABLISHED', 'ESTABLISHED']);
    expect(server.map(({ state }) => state)).toEqual(['LISTEN', ...client.map(({ state }) => state)]);
    expect(server.slice(1).map(({ remote }) => remote)).toEqual(client.map(({ local }) => local));
    expect(client.every(({ srttUs, cwndBytes }) => srttUs > 15 && cwndBytes > 1460)).toBe(true);
  });

  it('counts connections that rest after their end, at the side that ended first', () => {
    const after = ranFor(pair({}, { workload: 'TCP_CRR' }), 5e6);
    expect([timeWaitOf(after, 0), timeWaitOf(world, 1)]).toEqual([0, 0]);
    expect(timeWaitOf(after, 1)).toBeGreaterThan(10);
  });
});

it('a policy decides on the programs of a card by its first rule that matches', () => {
  const topology = pair();
  const rules = parsePolicy('[active] remote port 1-100 => no-offload\nany => offload\n');
  const outcomes = (card: number): string[] => decidedFor(topology, card, rules).map((line) => line.outcome);
  expect(outcomes(0)).toEqual(['no-offload']);
  expect(outcomes(1)).toEqual(['offload', 'offload']);
  expect(decidedFor(topology, 0, [])[0].by).toBe('no rule: the list ends with no-offload');
});

it('a rule that names another card leaves to the host what comes by this one', () => {
  const ports = (last: number): object => ({ eth0: { address: `10.0.${last}.1/24` } });
  const peer = (last: number): object => ({
    host: 'peer',
    ports: { eth0: { address: `10.0.${last}.2/24` } },
  });
  const topology = readTopology({
    hosts: { server: {}, peer: {} },
    cards: {
      one: { host: 'server', ports: ports(0) },
      two: { host: 'server', ports: ports(1) },
      near: peer(0),
      far: peer(1),
    },
    links: { a: { ends: ['one.eth0', 'near.eth0'] }, b: { ends: ['two.eth0', 'far.eth0'] } },
    programs: {
      first: { workload: 'TCP_RR', role: 'server', host: 'server', card: 'one', port: 80 },
      second: { workload: 'TCP_RR', role: 'server', host: 'server', card: 'two', port: 81 },
    },
  });
  const rules = parsePolicy('any => offload, device toe1\n');
  const outcomes = [0, 1].map((card) => decidedFor(topology, card, rules).map(({ outcome }) => outcome));
  expect(outcomes).toEqual([Array(2).fill('no-offload'), Array(2).fill('offload')]);
  expect(decidedFor(topology, 0, rules)[0].by).toBe('any => offload, device toe1 (this card is toe0)');
});

describe('the ways of a card’s packets', () => {
  it('are its neighbours and routes, as ip neigh and ip route print them', () => {
    const world = ranFor(pair(), 5e6);
    expect(neighbourLinesOf(world, 0)).toEqual([
      expect.stringMatching(/^10\.0\.0\.2 dev port0 lladdr 02(:[0-9a-f]{2}){5} REACHABLE$/),
    ]);
    expect(routeLinesOf(world, 0)).toEqual(['10.0.0.0/24 dev port0 proto kernel scope link src 10.0.0.1']);
  });

  it('are the gateway’s first, then the longest prefix and the lowest metric', () => {
    const world = ranFor(pair(), 0);
    const stack = world.cards[0].parts.stack!;
    const add = (destination: number, prefixLength: number, metrics = {}) =>
      expect(
        stack.ways.addRoute({ destination, prefixLength, via: 0x0a000002, port: 0, ...metrics }, 0),
      ).toBe(0);
    add(0, 0);
    add(0xc0a80000, 16, { metric: 20, mtu: 1400, rto_min: 40 });
    add(0xc0a80000, 16, { metric: 10, initcwnd: 4 });
    expect(routeLinesOf(world, 0)).toEqual([
      'default via 10.0.0.2 dev port0',
      '10.0.0.0/24 dev port0 proto kernel scope link src 10.0.0.1',
      '192.168.0.0/16 via 10.0.0.2 dev port0 metric 10 initcwnd 4',
      '192.168.0.0/16 via 10.0.0.2 dev port0 metric 20 mtu 1400 rto_min 40ms',
    ]);
  });

  it('are told without a hardware address where none is known', () => {
    const entry = { address: 0x0a000009, port: 1, macHigh: 0, macLow: 0, state: 'FAILED' };
    expect(neighbourLine(entry)).toBe('10.0.0.9 dev port1 FAILED');
    expect(routeLine({ to: 0, prefixLength: 0, via: 0x0a000001, port: 2, source: 0, metrics: {} })).toBe(
      'default via 10.0.0.1 dev port2',
    );
  });
});

describe('a world that cannot run', () => {
  const apart = (card: object, link: object = {}): Topology =>
    readTopology({
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...card },
        b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '1Gbit/s', delay: '10us', ...link } },
      programs: {
        serve: { workload: 'TCP_RR', role: 'server', host: 'right', connections: 1 },
        call: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'serve', connections: 1 },
      },
    });

  it('is refused before, by the program that no way leads from', () => {
    const elsewhere = apart({ ports: { eth0: { address: '10.0.9.1/24' } } });
    expect(() => ranFor(elsewhere, 1e6)).toThrow(
      new RangeError(
        '"programs.call.server": the card "a" has no port on a subnet of the card "b", and no "gateway"',
      ),
    );
  });

  it('says in one line which call of a program has failed, and by when', () => {
    const dead = apart({ stack: { synRetries: 1, synLinearRetries: 0 } }, { down: [{ at: '0ms' }] });
    expect(connectionsOf(dead, ranFor(dead, 1e6), 0)[0].state).toBe('SYN-SENT');
    expect(() => ranFor(dead, 60e9)).toThrow(
      /^a program fails within \d+ ms of virtual time: connect failed with [A-Z]+$/,
    );
  });
});
