/** Hosts' stacks over cards of network ports, in virtual time: the packets travel in messages. */
import { describe, expect, it } from 'vitest';
import { worldOf } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import { readTopology } from '../../src/world/topology.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';
import { LONG } from '../long.ts';

type Settings = Readonly<Record<string, unknown>>;

/** @param lossProbability of each frame on the links. @param costs of the hosts, by counter. */
function run(workload: string, settings: Settings = {}, operations = 150, lossProbability = 0, costs = {}) {
  const plan = planOf({ vary: [], workload, connections: 4, size: 1000, seeds: '1', link: '1G,20us' });
  const read = readTopology(worldOf(plan, { seed: 1, packetSlots: 1024, ...settings } as never));
  const links = read.links.map((link) => ({ ...link, pipe: { ...link.pipe, lossProbability } }));
  const topology = { ...read, links };
  const world = new HostWorld(topology, () => ({ costs, interruptNs: 0, lan: true }));
  const clients = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []));
  for (const client of clients) client.operationsMax = operations;
  expect(world.runPrograms(60e9)).toBe(true);
  expect(world.unbalanced()).toBeUndefined();
  const cards = world.cardSnapshot().map((counts) => counts!);
  return { world, hosts: world.snapshot(), cards };
}

describe.each(['ring', 'fifo'])('over the %s', (transport) => {
  it.each(['TCP_RR', 'TCP_CRR', 'TCP_STREAM'])('%s is done, and the books balance', (workload) => {
    const { hosts, cards, world } = run(workload, { transport, 'pools.transmitBuffers': 64 });
    for (const counts of hosts) {
      expect(counts['outboundRefused']).toBe(0);
      expect(counts['failuresTaken']).toBe(0);
    }
    for (const counts of cards) {
      expect(counts['inboundRefused']).toBe(0);
      expect(counts['lanTxErrors']).toBe(0);
      expect(counts['interrupts']).toBeGreaterThan(0);
    }
    for (const { memory } of world.stacks) expect(memory.available).toBe(64);
  });
});

it('is the same again with the same seed', () => {
  const once = () => {
    const { hosts, cards, world } = run('TCP_RR', {}, 100);
    return JSON.stringify([hosts, cards, world.queue.nowNs]);
  };
  expect(once()).toBe(once());
});

it('sends payload by reference, and copies what is not in kernel memory', () => {
  const { hosts } = run('TCP_STREAM');
  const copied = hosts.reduce((sum, counts) => sum + counts['lanCopiesBytes'], 0);
  const sent = hosts.reduce((sum, counts) => sum + counts['lanPacketsSentBytes'], 0);
  expect(copied).toBeLessThan(sent / 50);
});

it('several packets share messages, and several replies', () => {
  // Of few buckets: what they are posted in at the start is soon outnumbered.
  const { hosts, cards } = run('TCP_STREAM', { packetSlots: 192 }, 400);
  const sum = (of: readonly Record<string, number>[], name: string): number =>
    of.reduce((total, counts) => total + counts[name], 0);
  expect(sum(hosts, 'inboundPosted')).toBeLessThan(sum(hosts, 'lanPacketsSent'));
  expect(sum(cards, 'outboundPosted')).toBeLessThan(
    sum(hosts, 'lanPacketsSent') + sum(hosts, 'lanPacketsTaken'),
  );
});

it('goes on with few of everything', () => {
  const few = {
    packetSlots: 48,
    rxRing: 16,
    txRing: 4,
    'pools.inboundFrames': 8,
    'pools.outboundFrames': 8,
    'pools.transmitBuffers': 4,
  };
  run('TCP_RR', few, 200);
  run('TCP_STREAM', few, 200);
});

it('is done over a link that loses packets, and holds memory until the card has fetched', () => {
  const { hosts } = run('TCP_STREAM', {}, LONG ? 20_000 : 2000, 0.01);
  expect(hosts.reduce((sum, counts) => sum + counts['tcpRetransSegs'], 0)).toBeGreaterThan(0);
});

it('takes what its processor and its bus cost', () => {
  const free = run('TCP_RR', {}, 50);
  const dear = run('TCP_RR', {}, 50, 0, { messageRequests: 5000, hostInterruptsServiced: 20_000 });
  expect(dear.world.queue.nowNs).toBeGreaterThan(free.world.queue.nowNs * 1.2);
});

it('refuses what only a device on the bus of the host can have', () => {
  const plan = planOf({ vary: [], workload: 'TCP_RR', connections: 1, size: 1, seeds: '1', link: '1G,20us' });
  const topology = readTopology(worldOf(plan, { seed: 1 }));
  const costs = { costs: {}, interruptNs: 0, lan: true, window: { directBytesMin: 0 } } as const;
  expect(() => new HostWorld(topology, () => costs)).toThrow('without a window');
});
