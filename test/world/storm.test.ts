/** Many sockets, small pools, chance: every byte arrives in order, nothing hangs, everything comes home. */
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../src/dma/card-layout.ts';
import { TRANSPORTS } from '../../src/i2o/queues.ts';
import { reconcile } from '../../src/ledger/reconcile.ts';
import { Random } from '../../src/time/random.ts';
import type { CardOverrides } from '../../src/world/card-config.ts';
import { VirtualWorld } from '../../src/world/virtual.ts';
import { Answerer, Dialler, type Tally } from './storm.ts';

const SECOND_NS = 1e9;
const PORTS = [80, 81];
const STREAMS = 100;

/** Pools of chance, small enough that each runs dry. */
function smallCard(random: Random, transport: Transport): CardOverrides {
  return {
    transport,
    pools: {
      transmitBuffers: 4 + random.below(12),
      transmitBufferBytes: 2048,
      receiveBuckets: 4 + random.below(28),
      receiveBucketBytes: 2048,
      inboundFrames: 4 << random.below(4),
      outboundFrames: 4 << random.below(4),
      immediateSlots: 1 + random.below(8),
    },
    driver: {
      socketsMax: 48 + random.below(40),
      transmitReserve: random.below(3),
      transmitLowWatermark: 1 + random.below(4),
      bucketsPerPost: 1 + random.below(9),
      acceptsPosted: 1 + random.below(16),
      sendBufferBytes: 4096 << random.below(4),
    },
    moderation: { rxUsecs: random.below(2) * 20, rxFrames: 4 },
    packetSlots: 48 + random.below(200),
  };
}

function storm(
  seed: number,
  cards: 1 | 2,
  transport: Transport = 'ring',
): { world: VirtualWorld; tally: Tally } {
  const random = new Random(seed);
  const configs =
    cards === 1
      ? ([smallCard(random, transport)] as const)
      : ([smallCard(random, transport), smallCard(random, transport)] as const);
  const costly = random.below(2) === 1;
  const world = new VirtualWorld({
    cards: configs,
    seed,
    link: { delayNs: 1000 * (1 + random.below(200)), lossProbability: random.below(3) * 0.01 },
    hostCosts: costly ? { userCalls: 100, outboundReleased: 200 } : {},
    iopCosts: costly ? { inboundReleased: 300, tcpInSegs: 500 } : {},
    doorbellNs: random.below(2) * 3000,
    interruptNs: random.below(2) * 5000,
  });
  const from = world.cards[0]!;
  const to = world.cards.at(-1)!;
  const tally: Tally = { dialled: 0, whole: 0, cut: 0 };
  const answerer = new Answerer(to.stack, random, PORTS, 2304 + random.below(20_000), tally);
  const dialler = new Dialler(from.stack, random, to.config.stack.address, PORTS, STREAMS, 24, tally);
  if (from === to) from.start({ step: () => dialler.step() + answerer.step() });
  else {
    from.start(dialler);
    to.start(answerer);
  }
  const done = world.run(() => dialler.done && answerer.idle, 2000 * SECOND_NS);
  expect(done, `seed ${seed}: ${JSON.stringify(tally)}`).toBe(true);
  world.run(() => false, 5 * SECOND_NS);
  answerer.step();
  answerer.closeListeners();
  world.run(() => false, 300 * SECOND_NS);
  return { world, tally };
}

function expectHome(world: VirtualWorld): void {
  const add = (a: Record<string, number>, b: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.keys(b).map((name) => [name, (a[name] ?? 0) + b[name]!]));
  const snapshots = world.snapshot();
  const host = snapshots.filter((_, i) => i % 2 === 0).reduce(add, {});
  const iop = snapshots.filter((_, i) => i % 2 === 1).reduce(add, {});
  expect(reconcile(host, iop, { transmitInUse: 0 }, true).lines).toEqual([]);
  for (const card of world.cards) {
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.stack.socketsInUse).toBe(0);
    expect(card.host.receive.waiting + card.host.receive.withCard).toBe(card.host.receive.count);
    expect(card.parts.packets.available).toBe(card.parts.packets.count - card.parts.packetsInDevice);
  }
}

describe.each([
  [1, 'ring'],
  [2, 'ring'],
  [1, 'fifo'],
  [2, 'fifo'],
] as const)('a storm on %i card(s), %s', (cards, transport) => {
  it.each(Array.from({ length: 9 }, (_, i) => i + 1))('delivers and comes home (seed %i)', (seed) => {
    const { world, tally } = storm(seed, cards, transport);
    expect(tally.dialled).toBe(STREAMS);
    expect(tally.whole).toBeGreaterThan(STREAMS / 2);
    expectHome(world);
  });
});

it.each(TRANSPORTS)('gives the same ledgers for the same seed, %s', (transport) => {
  expect(storm(5, 2, transport).world.snapshot()).toEqual(storm(5, 2, transport).world.snapshot());
});
