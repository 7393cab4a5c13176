/**
 * Storms on cards with the fewest buffers, buckets, frames and slots that can be set: whatever is tried,
 * every stream comes whole and everything comes home. A stream may be slow; none may stand still.
 */
import { expect } from 'vitest';
import type { Transport } from '../../src/dma/card-layout.ts';
import type { DriverConfig } from '../../src/osm/memory/driver-config.ts';
import type { SocketStack } from '../../src/socket/contract.ts';
import { EAGAIN, ENOBUFS } from '../../src/socket/errno.ts';
import { NEVER } from '../../src/time/agent.ts';
import type { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import type { Program } from '../../src/workloads/program.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { Answerer, Dialler, type Tally } from './storm.ts';

const SECOND_NS = 1e9;
const PORTS = [80];
const STREAMS = 24;
const RETRY_NS = 1e6;

export const POLICIES = ['EAGAIN', 'ENOBUFS', 'block'] as const;
export type Policy = DriverConfig['transmitDryPolicy'];

/** From one upwards, one as likely as all others together. */
const few = (random: Random, most: number): number => (random.below(2) === 0 ? 1 : 1 + random.below(most));

function tinyCard(random: Random, transport: Transport, transmitDryPolicy: Policy): CardOverrides {
  const rxRing = 1 << random.below(4);
  const transmitBuffers = few(random, 4);
  return {
    transport,
    pools: {
      transmitBuffers,
      transmitBufferBytes: 64 << random.below(6),
      receiveBuckets: few(random, 4),
      receiveBucketBytes: 64 << random.below(6),
      inboundFrames: 2 << random.below(3),
      outboundFrames: 4 << random.below(3),
      ...(random.below(2) === 0 ? { immediateSlots: few(random, 4) } : {}),
    },
    driver: {
      socketsMax: 24 + random.below(40),
      transmitDryPolicy,
      bucketsPerPost: 1 + random.below(9),
      acceptsPosted: 1 + random.below(4),
      sendBufferBytes: 2048 << random.below(5),
      ...(random.below(3) === 0 ? { transmitReserve: Math.min(transmitBuffers, random.below(3)) } : {}),
      ...(random.below(4) === 0 ? { immediateBytesMax: 0 } : {}),
    },
    moderation: { rxUsecs: random.below(2) * 20, rxFrames: 1 + random.below(4) },
    rxRing,
    packetSlots: rxRing + 4 + random.below(60),
  };
}

/** The calls of a program that tries again a little later when it hears ENOBUFS. */
class Patient {
  retryNs = NEVER;
  readonly stack: SocketStack;

  constructor(stack: SocketStack, clock: Clock) {
    const send = (socket: number, bytes: Uint8Array, offset: number, length: number): number => {
      const taken = stack.send(socket, bytes, offset, length);
      if (taken !== -ENOBUFS) return taken;
      this.retryNs = clock.nowNs + RETRY_NS;
      return -EAGAIN;
    };
    this.stack = Object.create(stack, { send: { value: send } }) as SocketStack;
  }

  run(program: Program): Program {
    return {
      step: () => {
        this.retryNs = NEVER;
        return program.step();
      },
      nextDeadlineNs: () => this.retryNs,
    };
  }
}

/** @returns how the streams ended; throws when one stands still, loses a byte, or leaves something behind. */
export function tinyStorm(seed: number, transport: Transport, policy: Policy): Tally {
  const random = new Random(seed);
  const cards = [tinyCard(random, transport, policy), tinyCard(random, transport, policy)] as const;
  const costly = random.below(2) === 1;
  const world = new VirtualWorld({
    cards,
    seed,
    link: { delayNs: 1000 * (1 + random.below(200)), lossProbability: random.below(3) * 0.01 },
    hostCosts: costly ? { userCalls: 100, outboundReleased: 200 } : {},
    iopCosts: costly ? { inboundReleased: 300, tcpInSegs: 500 } : {},
    doorbellNs: random.below(2) * 3000,
    interruptNs: random.below(2) * 5000,
  });
  const [from, to] = world.cards;
  const tally: Tally = { dialled: 0, whole: 0, cut: 0 };
  const asking = new Patient(from.stack, world.clock);
  const answering = new Patient(to.stack, world.clock);
  const answerer = new Answerer(answering.stack, random, PORTS, 2304 + random.below(20_000), tally);
  const { address } = to.config.stack;
  const dialler = new Dialler(asking.stack, random, address, PORTS, STREAMS, 2 + random.below(8), tally);
  from.start(asking.run(dialler));
  to.start(answering.run(answerer));
  const over = (): boolean => dialler.done && answerer.idle;
  const done = world.run(over, 5000 * SECOND_NS);
  const told = `seed ${seed}, ${transport}, ${policy}: ${JSON.stringify({ tally, cards })}`;
  expect(done, told).toBe(true);
  world.run(() => false, 5 * SECOND_NS);
  answerer.step();
  answerer.closeListeners();
  world.run(() => false, 300 * SECOND_NS);
  expect(world.books().lines, told).toEqual([]);
  for (const card of world.cards) {
    expect(card.host.transmit.inUse, told).toBe(0);
    expect(card.host.receive.spare, told).toBe(card.host.receive.count);
    expect(card.stack.socketsInUse, told).toBe(0);
  }
  return tally;
}
