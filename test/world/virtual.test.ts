/** Whole cards in virtual time: driver, rings, processor, module, stack, device and wire, inline. */
import { describe, expect, it } from 'vitest';
import { reconcile } from '../../src/ledger/reconcile.ts';
import type { VirtualOptions } from '../../src/world/virtual/virtual-options.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { PatternReceiver, PatternSender } from './transfer.ts';

const PORT = 8080;
const SECOND_NS = 1e9;

interface Outcome {
  readonly world: VirtualWorld;
  readonly receiver: PatternReceiver;
  readonly elapsedNs: number;
}

/** Sends `bytes` from the first card to the last, and lets the connection end. */
function transfer(bytes: number, options: VirtualOptions, limitNs: number): Outcome {
  const world = new VirtualWorld(options);
  const from = world.cards[0];
  const to = world.cards.at(-1)!;
  const receiver = new PatternReceiver(to.stack, PORT);
  const startNs = world.clock.nowNs;
  const sender = new PatternSender(from.stack, to.config.stack.address, PORT, bytes);
  if (from === to) from.start({ step: () => sender.step() + receiver.step() });
  else {
    from.start(sender);
    to.start(receiver);
  }
  const done = world.run(() => receiver.ended, limitNs);
  expect(done, `ended after ${receiver.received} of ${bytes} bytes`).toBe(true);
  const elapsedNs = world.clock.nowNs - startNs;
  world.run(() => false, 200 * SECOND_NS); // FIN, TIME-WAIT and every last context
  return { world, receiver, elapsedNs };
}

/** Every buffer is home and both ledgers balance as one. */
function expectBalanced(world: VirtualWorld): void {
  const sum = (a: Record<string, number>, b: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.keys(a).map((name) => [name, a[name] + b[name]]));
  const snapshots = world.snapshot();
  const zero = Object.fromEntries(Object.keys(snapshots[0]).map((name) => [name, 0]));
  const host = snapshots.filter((_, i) => i % 2 === 0).reduce(sum, zero);
  const iop = snapshots.filter((_, i) => i % 2 === 1).reduce(sum, zero);
  expect(reconcile(host, iop, { transmitInUse: 0 }, world.wireCounters()).lines).toEqual([]);
  expect(world.books().lines).toEqual([]);
  for (const card of world.cards) {
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.stack.socketsInUse).toBe(0);
    expect(card.parts.packets.available).toBe(card.parts.packets.count - card.parts.packetsInDevice);
  }
}

describe('one card looped to itself', () => {
  it('moves a megabyte to itself and balances', () => {
    const { world, receiver } = transfer(1 << 20, { cards: [{ mtu: 65535, packetSlots: 128 }] }, SECOND_NS);
    expect(receiver.received).toBe(1 << 20);
    expectBalanced(world);
  });
});

describe('two cards', () => {
  const slow: VirtualOptions = {
    cards: [{}, {}],
    link: { delayNs: 50e6, lossProbability: 0.02, queueFrames: 1024 },
    seed: 7,
  };

  it('moves 10 MB over 100 ms and 2 % loss in seconds of processor time, not minutes', () => {
    const before = process.cpuUsage();
    const { world, receiver } = transfer(10e6, slow, 600 * SECOND_NS);
    const { user, system } = process.cpuUsage(before);
    expect(receiver.received).toBe(10e6);
    expectBalanced(world);
    const [, iop] = world.snapshot();
    expect(world.wireCounters()['wireDropped']).toBeGreaterThan(10);
    expect(iop!['tcpRetransSegs']).toBeGreaterThan(10);
    // Processor time, so that a busy machine does not count; the whole process's, with the costly
    // assertions on.
    expect((user + system) / 1000).toBeLessThan(6000);
  });

  it('gives the same ledgers for the same seed, others for another', () => {
    const run = (seed: number): Record<string, number>[] =>
      transfer(1e6, { ...slow, seed }, 600 * SECOND_NS).world.snapshot();
    const first = run(7);
    expect(run(7)).toEqual(first);
    expect(run(8)).not.toEqual(first);
  });

  it('survives loss, reordering, duplication and corruption at once', () => {
    const { world } = transfer(
      300_000,
      {
        cards: [{}, {}],
        link: {
          delayNs: 1e6,
          lossProbability: 0.03,
          duplicateProbability: 0.03,
          corruptProbability: 0.03,
          reorderProbability: 0.05,
          reorderDelayNs: 2e6,
        },
        seed: 3,
      },
      600 * SECOND_NS,
    );
    expectBalanced(world);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('survives starved pools (seed %i)', (seed) => {
    const starved = {
      pools: {
        transmitBuffers: 3,
        transmitBufferBytes: 2048,
        receiveBuckets: 2,
        receiveBucketBytes: 2048,
        inboundFrames: 4,
        outboundFrames: 8,
        immediateSlots: 1,
      },
      driver: { transmitReserve: 0, transmitLowWatermark: 1, bucketsPerPost: 1 },
      packetSlots: 40,
    };
    const { world } = transfer(
      200_000,
      { cards: [starved, starved], link: { delayNs: 1e5, lossProbability: 0.01 }, seed },
      600 * SECOND_NS,
    );
    expectBalanced(world);
  });

  it('charges work: a card with costs is slower, by what the ledger says', () => {
    const fast = transfer(1e6, { cards: [{}, {}] }, 10 * SECOND_NS);
    const charged = transfer(
      1e6,
      { cards: [{}, {}], iopCosts: { tcpInSegs: 1000, tcpOutSegs: 1000 } },
      10 * SECOND_NS,
    );
    expect(charged.elapsedNs).toBeGreaterThan(fast.elapsedNs);
  });
});
