/**
 * Features of plain cards switched at random while programs send, over links that lose, double, damage and
 * reorder: every byte is checked as it is read, and the books balance. So are the merges' effects on a stack
 * that is slower than its wire.
 */
import { describe, expect, it } from 'vitest';
import { FEATURES, type NicFeatures } from '../../src/hdm/features.ts';
import { Random } from '../../src/time/random.ts';
import { readTopology } from '../../src/world/topology.ts';
import { type HostCosts, HostWorld } from '../../src/world/virtual/host-world.ts';
import { LONG } from '../long.ts';
import { PatternReceiver, PatternSender } from '../world/transfer.ts';

const ADDRESSES = [0x0a00_0001, 0x0a00_0002];
/** A question and its answer. */
const ARP_FRAMES = 2;
/** What a segment costs a host that is slower than ten gigabits. */
const SLOW = { tcpInSegs: 8000, deviceRxPackets: 4000, ipOutRequests: 3000, driverGroSegments: 500 };

interface Pair {
  readonly world: HostWorld;
  readonly senders: readonly PatternSender[];
  readonly receivers: readonly PatternReceiver[];
}

/**
 * Two hosts, of which the first sends `totals` bytes to the second, a connection each. @param ways 2: and the
 * second as much back.
 */
function pairOf(
  totals: readonly number[],
  card: object,
  link: object,
  ways: 1 | 2,
  costs: Partial<HostCosts> = {},
): Pair {
  const nic = (host: string, last: number): object => ({
    host,
    ports: { eth0: { address: `10.0.0.${last}/24` } },
    packetSlots: 512,
    ...card,
  });
  const topology = readTopology({
    seed: 7,
    hosts: { left: {}, right: {} },
    cards: { a: nic('left', 1), b: nic('right', 2) },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '1Gbit/s', delay: '20us', ...link } },
  });
  const world = new HostWorld(topology, () => ({ costs: SLOW, interruptNs: 5000, ...costs }));
  const receivers: PatternReceiver[] = [];
  const senders: PatternSender[] = [];
  totals.forEach((total, i) => {
    for (let from = 0; from < ways; from++) {
      const to = 1 - from;
      const port = 5000 + i;
      const receiver = new PatternReceiver(world.stacks[to].stack, port);
      receivers.push(receiver);
      world.addProgram(to, receiver);
      const sender = new PatternSender(world.stacks[from].stack, ADDRESSES[to], port, total, 20_000);
      senders.push(sender);
      world.addProgram(from, sender);
    }
  });
  return { world, senders, receivers };
}

/** Runs until all is received, and `between` is called every so often. */
function finish(
  { world, receivers }: Pair,
  totals: readonly number[],
  stepNs: number,
  between: () => void,
): void {
  const ended = (): boolean => receivers.every((receiver) => receiver.ended);
  for (let turn = 0; !world.run(ended, stepNs); turn++) {
    if (turn === 20_000) throw new Error('it is never done');
    between();
  }
  receivers.forEach(({ received }, i) => {
    expect(received).toBe(totals[Math.floor((i * totals.length) / receivers.length)]);
  });
  world.run(() => world.unbalanced() === undefined, 60e9);
  expect(world.unbalanced()).toBeUndefined();
}

const sum = (world: HostWorld, name: string): number =>
  world.snapshot().reduce((total, counts) => total + counts[name], 0);

const DONE = [
  'driverGroSegments',
  'deviceLroSegments',
  'driverLinearCopies',
  'driverGsoSegments',
  'deviceTsoSegments',
  'checksums',
];

const HARM = {
  lossProbability: 0.005,
  duplicateProbability: 0.005,
  corruptProbability: 0.005,
  reorderProbability: 0.02,
  reorderDelay: '100us',
};

/** What all runs with seeds so far have counted by name. */
const counted: Record<string, number> = {};

describe.each(Array.from({ length: LONG ? 40 : 3 }, (_, seed) => seed + 1))('storm %i', (seed) => {
  it.each([
    ['plain', FEATURES, {}],
    ['lan', ['genericReceiveOffload'] as const, { lan: true as const }],
  ])('%s', (_, names, costs) => {
    const random = new Random(seed);
    const totals = [150_000, 60_000];
    const pair = pairOf(totals, { rxRing: 64 }, HARM, 2, costs);
    const { world } = pair;
    let switched = 0;
    finish(pair, totals, 100_000, () => {
      const change: Partial<Record<keyof NicFeatures, boolean>> = {};
      for (const name of names) if (random.below(3) === 0) change[name] = random.below(2) === 0;
      world.setFeatures(random.below(2), change);
      switched += 1;
    });
    expect(switched).toBeGreaterThan(10);
    expect(sum(world, 'deviceRefused')).toBe(0);
    for (const name of DONE) counted[name] = (counted[name] ?? 0) + sum(world, name);
  });
});

it('the storms have put together, cut, copied and summed by all that do', () => {
  for (const name of DONE) expect(counted[name], name).toBeGreaterThan(0);
});

describe('a host that is slower than its wire', () => {
  const TOTAL = [2_000_000];
  /** A window that the receive ring holds: a sender that fills more of it than that would lose frames. */
  const WINDOW_BYTES = 160_000;
  const stack = { receiveBufferBytes: WINDOW_BYTES, receiveWindowBytes: WINDOW_BYTES };
  const run = (card: object): { world: HostWorld; ns: number } => {
    const pair = pairOf(TOTAL, { rxRing: 128, stack, ...card }, { rate: '10Gbit/s' }, 1);
    finish(pair, TOTAL, 1e9, () => undefined);
    return { world: pair.world, ns: pair.world.queue.nowNs };
  };
  const plain = run({});
  const merged = run({ genericReceiveOffload: true });

  it('crosses its stack less often, and is done sooner', () => {
    expect(sum(merged.world, 'tcpInSegs')).toBeLessThan(sum(plain.world, 'tcpInSegs') * 0.6);
    expect(merged.ns).toBeLessThan(plain.ns * 0.8);
  });

  it('acknowledges no less, and nothing twice', () => {
    for (const { world } of [plain, merged]) {
      expect(sum(world, 'tcpRetransSegs')).toBe(0);
      expect(sum(world, 'tcpDuplicates')).toBe(0);
    }
    const crossed = sum(merged.world, 'driverGroPackets');
    const segments = sum(merged.world, 'driverGroSegments');
    // Every segment that came was counted, alone or in a packet.
    expect(sum(merged.world, 'tcpInSegs') - crossed + segments).toBe(
      sum(merged.world, 'deviceRxPackets') - ARP_FRAMES,
    );
  });

  it('is switched by name, and what a card does that messages reach is fixed', () => {
    const { world } = pairOf([10], { packetSlots: 512 }, {}, 1, { window: { directBytesMin: 0 } });
    expect(() => world.setFeatures(0, { scatterGather: false })).toThrow(
      '"scatterGather" of a card with the',
    );
    const lan = pairOf([10], {}, {}, 1, { lan: true }).world;
    expect(() => lan.setFeatures(0, { tcpSegmentationOffload: true })).toThrow('is fixed, as it came up');
  });
});
