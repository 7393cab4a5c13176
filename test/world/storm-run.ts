/**
 * Runs a storm (storm.ts): cards of chance, pools small enough that each runs dry. Anything may watch the
 * cards' traces.
 */

import { expect } from 'vitest';
import type { Transport } from '../../src/dma/card-layout.ts';
import { Random } from '../../src/time/random.ts';
import type { Program } from '../../src/workloads/program.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import type { VirtualOptions } from '../../src/world/virtual/virtual-options.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { type Chat, Chatter } from './datagram-storm.ts';
import { Answerer, Dialler, type Tally } from './storm.ts';

const SECOND_NS = 1e9;
const PORTS = [80, 81];
export const STREAMS = 100;
/** Datagrams each chatter sends. */
export const DATAGRAMS = 150;
const CHAT_PORT = 4000;

/**
 * Pools of chance, small enough that each runs dry; but numbers for all, since a stream nobody accepts
 * keeps its buffers.
 */
function smallCard(random: Random, transport: Transport, chatters: number): CardOverrides {
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
      socketsMax: 48 + 2 * chatters + random.below(40),
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

/**
 * @param chatters datagram sockets on each card that talk all the while; each also to a port where nobody
 * is.
 */
export function storm(
  seed: number,
  cards: 1 | 2,
  transport: Transport = 'ring',
  traces: NonNullable<VirtualOptions['traces']> = [],
  chatters = 0,
): { world: VirtualWorld; tally: Tally; chat: Chat } {
  const random = new Random(seed);
  const configs =
    cards === 1
      ? ([smallCard(random, transport, chatters)] as const)
      : ([smallCard(random, transport, chatters), smallCard(random, transport, chatters)] as const);
  const costly = random.below(2) === 1;
  const world = new VirtualWorld({
    cards: configs,
    seed,
    traces,
    link: { delayNs: 1000 * (1 + random.below(200)), lossProbability: random.below(3) * 0.01 },
    hostCosts: costly ? { userCalls: 100, outboundReleased: 200 } : {},
    iopCosts: costly ? { inboundReleased: 300, tcpInSegs: 500 } : {},
    doorbellNs: random.below(2) * 3000,
    interruptNs: random.below(2) * 5000,
  });
  const from = world.cards[0];
  const to = world.cards.at(-1)!;
  const tally: Tally = { dialled: 0, whole: 0, cut: 0 };
  const answerer = new Answerer(to.stack, random, PORTS, 2304 + random.below(20_000), tally);
  const dialler = new Dialler(from.stack, random, to.config.stack.address, PORTS, STREAMS, 24, tally);
  const chat: Chat = { sent: 0, received: 0, cut: 0, refused: 0 };
  const here = chattersOf(from, to, random, CHAT_PORT, chatters, chat);
  const there = chattersOf(to, from, random, CHAT_PORT + 100, chatters, chat);
  const everybody = [...here, ...there];
  if (from === to) from.start(together([dialler, answerer, ...everybody]));
  else {
    from.start(together([dialler, ...here]));
    to.start(together([answerer, ...there]));
  }
  const over = (): boolean => dialler.done && answerer.idle && everybody.every((one) => one.done);
  const done = world.run(over, 2000 * SECOND_NS);
  expect(done, `seed ${seed}: ${JSON.stringify({ tally, chat })}`).toBe(true);
  world.run(() => false, 5 * SECOND_NS);
  answerer.step();
  answerer.closeListeners();
  for (const one of everybody) one.close();
  world.run(() => false, 300 * SECOND_NS);
  return { world, tally, chat };
}

/** Datagram sockets on `card` that talk to those on `other`. */
function chattersOf(
  card: VirtualCard,
  other: VirtualCard,
  random: Random,
  firstPort: number,
  count: number,
  chat: Chat,
): Chatter[] {
  const otherPort = firstPort === CHAT_PORT ? CHAT_PORT + 100 : CHAT_PORT;
  // One port more than there are sockets: nobody is there.
  const ports = Array.from({ length: count + 1 }, (_, i) => otherPort + i);
  const { address } = other.config.stack;
  return Array.from(
    { length: count },
    (_, i) => new Chatter(card.stack, random, address, firstPort + i, ports, DATAGRAMS, chat),
  );
}

function together(programs: readonly Program[]): Program {
  return { step: () => programs.reduce((worked, program) => worked + program.step(), 0) };
}
