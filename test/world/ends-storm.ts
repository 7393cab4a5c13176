/**
 * A storm of ends: many connections between programs that send, rest, shut down, close and reset by chance,
 * over links of chance, on cards whose pools are tiny. It throws what the programs and the judge find, and
 * what is not back at the end, with the seed.
 */

import type { Transport } from '../../src/dma/card-layout.ts';
import { Random } from '../../src/time/random.ts';
import type { PipeConfig } from '../../src/wire/config.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import type { VirtualCard } from '../../src/world/virtual/virtual-card.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { judge, type Links } from './ends-judge.ts';
import type { EndRecord } from './ends-plan.ts';
import { EndsProgram } from './ends-program.ts';

const SECOND_NS = 1e9;
const PORTS = [80, 81, 82];
const INITIAL_SEGMENTS = 10;
/** The least that a segment carries: the MTU without headers and options. */
const SEGMENT_BYTES = 1500 - 60;

type Link = Partial<Omit<PipeConfig, 'slotBytes'>>;

/** @returns a link: fast and clean, far, slow, or one that damages in one way or in all. */
function drawLink(random: Random): Link {
  const delayNs = 1000 * (1 + random.below(500));
  const chance = 0.01 * (1 + random.below(4));
  const held = { reorderProbability: chance, reorderDelayNs: 1000 * (1 + random.below(3000)) };
  switch (random.below(8)) {
    case 0:
      return {};
    case 1:
      return { delayNs };
    case 2:
      return { delayNs: 100 * delayNs };
    case 3:
      return { delayNs, rateBitsPerSecond: 2e6 * (1 + random.below(20)), queueFrames: 32 };
    case 4:
      return { delayNs, lossProbability: chance };
    case 5:
      return { delayNs, ...held };
    case 6:
      return { delayNs, duplicateProbability: chance, corruptProbability: chance / 4 };
    default:
      return { delayNs, jitterNs: delayNs, lossProbability: chance, duplicateProbability: chance, ...held };
  }
}

function drawCard(random: Random, transport: Transport): CardOverrides {
  const tiny = random.below(3) > 0;
  const socketsMax = 40 + random.below(100);
  const transmitBuffers = 1 + random.below(tiny ? 8 : 64);
  return {
    transport,
    mtu: 1500,
    pools: {
      transmitBuffers,
      transmitBufferBytes: 256 << random.below(5),
      receiveBuckets: 1 + random.below(tiny ? 8 : 64),
      receiveBucketBytes: 256 << random.below(5),
      inboundFrames: 4 << random.below(5),
      outboundFrames: 4 << random.below(5),
      // One for each socket, which may send when others hold all the buffers, and some more.
      immediateSlots: socketsMax + 1 + random.below(tiny ? 4 : 32),
    },
    driver: {
      socketsMax,
      transmitReserve: Math.min(transmitBuffers, random.below(3)),
      transmitLowWatermark: Math.min(transmitBuffers, 1 + random.below(4)),
      bucketsPerPost: 1 + random.below(9),
      acceptsPosted: 1 + random.below(8),
      sendBufferBytes: 2048 << random.below(6),
      batchSends: random.below(4) === 0,
    },
    stack: {
      receiveBufferBytes: 1 << 16,
      receiveWindowBytes: 2048 << random.below(5),
      connectionsMax: 512,
      timeWaitMax: 512,
    },
    moderation: { rxUsecs: random.below(2) * 20, rxFrames: 4 },
    packetSlots: 64 + random.below(400),
    rxRing: 16,
  };
}

export interface EndsTally {
  connections: number;
  ends: number;
  resets: number;
  gaveUp: number;
  bytes: number;
  clean: boolean;
}

/** Runs one storm. @throws Error of what is wrong, with the seed. */
export function endsStorm(seed: number, connections = 40): EndsTally {
  const random = new Random(seed);
  const transport: Transport = random.below(3) === 0 ? 'fifo' : 'ring';
  const two = random.below(3) > 0;
  const first = drawCard(random, transport);
  const cards = two ? ([first, drawCard(random, transport)] as const) : ([first] as const);
  const costly = random.below(3) === 0;
  const world = new VirtualWorld({
    cards,
    seed,
    link: drawLink(random),
    hostCosts: costly ? { userCalls: 100, outboundReleased: 200 } : {},
    iopCosts: costly ? { inboundReleased: 300, tcpInSegs: 500 } : {},
    doorbellNs: random.below(2) * 3000,
    interruptNs: random.below(2) * 5000,
  });
  try {
    return run(world, random, connections);
  } catch (error) {
    (error as Error).message = `seed ${seed}: ${(error as Error).message}`;
    throw error;
  }
}

function run(world: VirtualWorld, random: Random, connections: number): EndsTally {
  const clients = new Map<number, EndRecord>();
  const count = { next: 0, end: connections };
  const atOnce = 1 + random.below(20);
  const programs = world.cards.map((card, i) => {
    const peer = world.cards[world.cards.length - 1 - i];
    const { address } = peer.config.stack;
    const common = { clock: world.clock, random, ports: PORTS, clients, count, atOnce };
    const { sockets } = card.host.driver['closing']['table'];
    const peerPort = (socket: number) => sockets[socket].remotePort;
    return new EndsProgram({ ...common, stack: card.stack, address, peerPort }, PORTS);
  });
  world.cards.forEach((card, i) => {
    card.start(programs[i]);
  });
  const over = () => programs.every(({ done }) => done);
  if (!world.run(over, 30_000 * SECOND_NS)) throw new Error('the programs never end');
  // Connections that nobody has accepted yet are accepted, and end by themselves.
  for (let i = 0; i < 3; i++) {
    world.run(() => false, 700 * SECOND_NS);
    world.run(over, 3000 * SECOND_NS);
  }
  for (const program of programs) program.close();
  world.run(() => false, 2000 * SECOND_NS);
  const records = programs.flatMap((program) => program.records);
  const links = linksOf(world);
  const wrong = records.flatMap((record) => judge(record, links));
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
  for (const card of world.cards) expectHome(card);
  const { lines } = world.books();
  if (lines.length > 0) throw new Error(`the books: ${lines.join('; ')}`);
  return {
    connections: count.next,
    ends: records.filter(({ endNs }) => endNs >= 0).length,
    resets: records.filter(({ told }) => told !== undefined).length,
    gaveUp: records.filter(({ gaveUp }) => gaveUp).length,
    bytes: records.reduce((sum, { received }) => sum + received, 0),
    clean: links.clean,
  };
}

function linksOf(world: VirtualWorld): Links {
  const wires = world.wireCounters();
  const damaged = ['wireDropped', 'wireDuplicated', 'wireReordered', 'wireCorrupted', 'wireOverflow'];
  const lost = world.cards.some(({ iopLedger }) => iopLedger.snapshot().deviceRxNoBuffer > 0);
  const windows = world.cards.map(({ config }) => config.stack.receiveWindowBytes);
  return {
    clean: !lost && damaged.every((name) => (wires[name] ?? 0) === 0),
    windowBytes: Math.min(INITIAL_SEGMENTS * SEGMENT_BYTES, ...windows),
  };
}

/** Everything that a connection borrows is back. */
function expectHome({ host, parts, stack, name }: VirtualCard): void {
  const { receive, transmit } = host;
  receive.check();
  transmit.check();
  const tcp = parts.stack?.['tcp'];
  const left: Record<string, number> = {
    sockets: stack.socketsInUse,
    'transmit buffers': transmit.inUse,
    buckets: receive.count - receive.spare,
    'store blocks': receive.next.length - receive.count - receive.blocksFree,
    packets: parts.packets.count - parts.packetsInDevice - parts.packets.available,
  };
  if (tcp !== undefined) {
    left['connections'] = tcp.tcbs.length - tcp.freeTcbCount;
    left['timers'] = tcp.timers.isEmpty ? 0 : 1;
    left['TIME-WAITs'] = tcp.timeWait.count;
    left['send elements'] = tcp.sendQueue.length.length - tcp.sendQueue.available;
    left['ports'] = tcp.holders.total();
  }
  for (const [what, number] of Object.entries(left)) {
    if (number !== 0) throw new Error(`${name}: ${number} ${what} are not back`);
  }
}
