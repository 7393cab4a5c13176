/** Hosts' stacks over cards with the TCP window, in virtual time: filled and placed by messages. */
import { describe, expect, it } from 'vitest';
import { worldOf } from '../../src/sweep/plan.ts';
import { planOf } from '../../src/sweep/short-form.ts';
import type { WindowMoves } from '../../src/world/build/window-stack.ts';
import { readTopology } from '../../src/world/topology.ts';
import { HostWorld } from '../../src/world/virtual/host-world.ts';
import { LONG } from '../long.ts';

type Settings = Readonly<Record<string, unknown>>;

interface Form {
  readonly settings?: Settings;
  readonly operations?: number;
  readonly size?: number;
  /** Of the links. */
  readonly pipe?: object;
  readonly moves?: WindowMoves;
  readonly costs?: Readonly<Record<string, number>>;
  readonly seed?: number;
}

function run(workload: string, form: Form = {}) {
  const { settings = {}, operations = 60, size = 1000, pipe = {}, costs = {} } = form;
  const window = form.moves ?? { directBytesMin: 0 };
  const plan = planOf({ vary: [], workload, connections: 4, size, seeds: '1', link: '1G,20us' });
  const defaults = { seed: form.seed ?? 1, packetSlots: 1024, rxRing: 64, checksumOffload: true };
  const read = readTopology(worldOf(plan, { ...defaults, ...settings } as never));
  const links = read.links.map((link) => ({ ...link, pipe: { ...link.pipe, ...pipe } }));
  const world = new HostWorld({ ...read, links }, () => ({ costs, interruptNs: 0, window }));
  const clients = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []));
  for (const client of clients) client.operationsMax = operations;
  expect(world.runPrograms(120e9)).toBe(true);
  expect(world.unbalanced()).toBeUndefined();
  const hosts = world.snapshot();
  const cards = world.cardSnapshot().map((counts) => counts!);
  for (const counts of hosts) {
    expect(counts['outboundRefused']).toBe(0);
    expect(counts['failuresTaken'] + counts['failuresOurs']).toBe(0);
  }
  for (const counts of cards) {
    expect(counts['inboundRefused']).toBe(0);
    for (const name of ['Outside', 'NotFilled', 'AlreadyFilled', 'NotHeld', 'BadTransactions', 'Overfull'])
      expect([name, counts[`window${name}`]]).toEqual([name, 0]);
    expect(counts['lanTxErrors']).toBe(0);
  }
  return { world, hosts, cards, link: links[0].name };
}

const sum = (of: readonly Readonly<Record<string, number>>[], name: string): number =>
  of.reduce((total, counts) => total + counts[name], 0);

describe.each(['ring', 'fifo'])('over the %s', (transport) => {
  const workloads = transport === 'ring' ? ['TCP_RR', 'TCP_CRR', 'TCP_STREAM'] : ['TCP_STREAM'];
  it.each(workloads)('%s is done', (workload) => {
    const { world } = run(workload, { settings: { transport, 'pools.transmitBuffers': 64 } });
    for (const built of world.stacks) {
      const { memory } = built as unknown as { memory: { empty: number } };
      expect(memory.empty).toBe(64);
    }
  });
});

it('is the same again with the same seed', () => {
  const once = () => {
    const { hosts, cards, world } = run('TCP_RR', { operations: 100 });
    return JSON.stringify([hosts, cards, world.queue.nowNs]);
  };
  expect(once()).toBe(once());
});

it('moves each byte of a stream over the bus once on its way out and once on its way in', () => {
  const { hosts, cards } = run('TCP_STREAM', { size: 8192 });
  const sent = sum(hosts, 'bytesSent');
  expect(sum(cards, 'windowFillsBytes')).toBe(sent);
  // A short segment comes whole and is copied: the rest of a write that the peer's window cut.
  const whole = sum(hosts, 'windowWholeCopiesBytes');
  expect(whole).toBeLessThan(sent / 100);
  expect(sum(cards, 'windowPlacementsBytes') + whole).toBe(sent);
  expect(sum(hosts, 'sendCopies') + sum(hosts, 'receiveCopies')).toBe(0);
  expect(sum(hosts, 'mappings')).toBeGreaterThan(0);
});

it('sends again from the window: nothing but headers crosses', () => {
  const { hosts, cards } = run('TCP_STREAM', {
    size: 8192,
    operations: LONG ? 20_000 : 200,
    pipe: { lossProbability: 0.02 },
  });
  const sent = sum(hosts, 'bytesSent');
  expect(sum(cards, 'retransmitFetchesBytes')).toBeGreaterThan(0);
  expect(sum(cards, 'windowFillsBytes')).toBe(sent);
  const arrived = sum(cards, 'windowPlacementsBytes') + sum(hosts, 'windowWholeCopiesBytes');
  expect(arrived).toBe(sum(hosts, 'bytesReceived'));
});

it('has a processor copy what is shorter than pays, and maps no page for that', () => {
  const { hosts } = run('TCP_RR', { size: 100, moves: { directBytesMin: 200, wholeBytesMax: 0 } });
  expect(sum(hosts, 'mappings')).toBe(0);
  expect(sum(hosts, 'sendCopiesBytes')).toBe(sum(hosts, 'bytesSent'));
  expect(sum(hosts, 'receiveCopiesBytes')).toBe(sum(hosts, 'bytesReceived'));
});

it('several transactions share a message', () => {
  const { hosts } = run('TCP_STREAM', { size: 16_384, operations: 100 });
  const asked = ['windowFillsAsked', 'windowPlacementsAsked', 'windowReleasesAsked', 'lanPacketsSent'];
  const transactions = asked.reduce((total, name) => total + sum(hosts, name), 0);
  expect(sum(hosts, 'inboundPosted')).toBeLessThan(transactions / 1.5);
});

/** Card memory, frames and rings as small as they may be. */
const TINY: Settings = {
  packetSlots: 28,
  rxRing: 8,
  txRing: 4,
  'pools.inboundFrames': 8,
  'pools.outboundFrames': 8,
  'pools.transmitBuffers': 4,
  'pools.transmitBufferBytes': 2048,
};

it.each(['TCP_RR', 'TCP_STREAM', 'TCP_CRR'])('%s goes on with little of everything', (workload) => {
  run(workload, { settings: TINY, size: 6000, operations: 30 });
});

it.each(Array.from({ length: LONG ? 60 : 5 }, (_, i) => i))(
  'storm %i: a wire that loses, doubles and reorders, and tiny card memory',
  (seed) => {
    const workload = ['TCP_STREAM', 'TCP_RR', 'TCP_CRR'][seed % 3];
    const pipe = {
      lossProbability: 0.03,
      duplicateProbability: 0.02,
      corruptProbability: 0.01,
      reorderProbability: 0.05,
      reorderDelayNs: 200_000,
    };
    const settings = { ...TINY, packetSlots: 20 + 4 * (seed % 4) };
    run(workload, { settings, size: 200 + 1700 * (seed % 5), operations: 30, pipe, seed: seed + 1 });
  },
);

it('is told by the card that a link went down, and came back', () => {
  const { world, link } = run('TCP_RR', { operations: 20 });
  const [built] = world.stacks as unknown as readonly { driver: { ports: readonly { linkUp: boolean }[] } }[];
  for (const up of [false, true]) {
    world.setLink(link, up);
    world.run(() => false, 1e6);
    expect(built.driver.ports[0].linkUp).toBe(up);
  }
});
