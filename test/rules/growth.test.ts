/**
 * Rule 6 of src/ARCHITECTURE.md: no pool, ring or table grows after start. Read off the source, and seen in a
 * run.
 */
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../src/dma/card-layout.ts';
import { Random } from '../../src/time/random.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { Answerer, Dialler, type Tally } from '../world/storm.ts';
import { type Growth, growthAfterStart } from './growth.ts';
import { grownSince, sizesHeld } from './held.ts';
import { fakeSources, sources } from './sources.ts';

/** Code that looks like growth after start and is none, and why. */
const ALLOWED: Readonly<Record<string, string>> = {
  'src/dma/plan.ts: MemoryPlan.reserve': 'planning memory is what start is',
  'src/hdm/tap-file.ts: PlainTapFile.add': "Node's writev wants a list, as long as a packet has pieces",
  'src/i2o/queues/fifo/card-consumer.ts: FifoCardConsumer.give': 'a FIFO in shared memory, of fixed size',
  'src/i2o/queues/fifo/card-producer.ts: FifoCardProducer.post': 'a FIFO in shared memory, of fixed size',
  'src/i2o/queues/fifo/fifo-port.ts: HostPort.writeInbound': 'a FIFO in shared memory, of fixed size',
  'src/i2o/queues/fifo/fifo-port.ts: HostPort.writeOutbound': 'a FIFO in shared memory, of fixed size',
  'src/osm/memory/transmit-pool.ts: countdown': 'called by the constructors alone',
  'src/osm/message/device-params.ts: DeviceParams.result': 'the answer of a call that is made by hand',
  'src/osm/user/wasteful-sockets.ts: WastefulSockets.allocate': 'breaks the rule where it is told to',
  'src/tcpip/stack/stack.ts: Stack.tcpPush': 'sends the segment with PSH: not a list',
  'src/wire/flight.ts: Flight.launch': 'a heap of as many slots as the wire has frames',
  'src/wire/flight.ts: Flight.double': 'a heap of as many slots as the wire has frames',
};

const unlisted = (growth: readonly Growth[]) => growth.filter(({ where }) => ALLOWED[where] === undefined);

describe('the source', () => {
  it('makes nothing longer outside constructors', () => {
    expect(unlisted(growthAfterStart(sources())).map(({ where, what }) => `${where}: ${what}`)).toEqual([]);
  });

  it('has no exception that is none any more', () => {
    const places = new Set(growthAfterStart(sources()).map(({ where }) => where));
    expect(Object.keys(ALLOWED).filter((where) => !places.has(where))).toEqual([]);
  });

  it('finds lists, maps and arrays that grow in methods and callbacks', () => {
    const text = `
      class A {
        private readonly table = new Map<number, number>();
        private readonly list: number[] = [];
        private readonly later = () => this.list.push(1);
        constructor() { this.list.push(0); this.table.set(0, 0); }
        m() { this.table.set(1, 1); [1].forEach((x) => this.list.unshift(x)); return new Uint8Array(4); }
        get g() { this.list[this.list.length] = 2; return bytes.set(x); }
      }
      const first = new Map();
      function f() { first.set(1, 2); }`;
    const growth = growthAfterStart(fakeSources({ 'src/osm/a.ts': text, 'src/world/b.ts': text }));
    expect(growth.map(({ where, what }) => `${where} ${what.split(': ')[1]}`)).toEqual([
      'src/osm/a.ts: A.later this.list.push(1)',
      'src/osm/a.ts: A.m this.table.set(1, 1)',
      'src/osm/a.ts: A.m this.list.unshift(x)',
      'src/osm/a.ts: A.m new Uint8Array(4)',
      'src/osm/a.ts: A.g this.list[this.list.length] = 2',
      'src/osm/a.ts: f first.set(1, 2)',
    ]);
  });
});

const SECOND_NS = 1e9;
const STREAMS = 120;

/** Two small cards and a lossy link; all streams of a storm. @returns what is larger afterwards. */
function grownInStorm(transport: Transport): string[] {
  const pools = {
    transmitBuffers: 8,
    transmitBufferBytes: 2048,
    receiveBuckets: 12,
    receiveBucketBytes: 2048,
  };
  const card = { transport, pools, driver: { socketsMax: 64, transmitReserve: 1 }, packetSlots: 96 };
  const world = new VirtualWorld({
    cards: [card, card],
    seed: 3,
    link: { delayNs: 20_000, lossProbability: 0.01 },
  });
  const [from, to] = world.cards;
  const random = new Random(3);
  const tally: Tally = { dialled: 0, whole: 0, cut: 0 };
  const answerer = new Answerer(to.stack, random, [80], 8000, tally);
  const dialler = new Dialler(from.stack, random, to.config.stack.address, [80], STREAMS, 24, tally);
  const programs = ['programs'];
  const before = sizesHeld(world, programs);
  expect(before.size).toBeGreaterThan(100);
  from.start(dialler);
  to.start(answerer);
  expect(world.run(() => dialler.done && answerer.idle, 2000 * SECOND_NS)).toBe(true);
  expect(tally.whole).toBeGreaterThan(STREAMS / 2);
  return grownSince(before, sizesHeld(world, programs));
}

describe('a run', () => {
  it.each(['ring', 'fifo'] as const)('leaves every table as large as it was, %s', (transport) => {
    expect(grownInStorm(transport)).toEqual([]);
  });

  it('would show a table that grew, wherever it is', () => {
    const world = { cards: [{ waiting: new Map([[1, [2]]]), list: [1] }], program: [] as number[] };
    const before = sizesHeld(world, ['program']);
    world.cards[0].waiting.get(1)?.push(3);
    world.cards[0].waiting.set(2, []);
    world.program.push(1);
    expect(grownSince(before, sizesHeld(world, ['program']))).toEqual([
      '.cards.0.waiting: 1 to 2',
      '.cards.0.waiting.2: not there to 0',
      '.cards.0.waiting.1: 1 to 2',
    ]);
  });
});
