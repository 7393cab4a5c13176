/** Worlds at the edges of what can be described: each serves, balances, and is the same again. */
import { describe, expect, it } from 'vitest';
import { openInlineWorld } from '../../src/world/inline/inline-world.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

type Map = Record<string, unknown>;

const SMALL = {
  pools: { transmitBuffers: 16, transmitBufferBytes: 2048, receiveBuckets: 16, receiveBucketBytes: 2048 },
  driver: { socketsMax: 64 },
};

/** Two hosts with a card each, joined by a link. */
function pair(link: Map, workload: Map, a: Map = SMALL, b: Map = a): Map {
  return {
    hosts: { l: {}, r: {} },
    cards: {
      a: { host: 'l', ports: { p: { address: '10.0.0.1/24' } }, ...a },
      b: { host: 'r', ports: { p: { address: '10.0.0.2/24' } }, ...b },
    },
    links: { wire: { ends: ['a.p', 'b.p'], ...link } },
    programs: {
      s: { role: 'server', host: 'r', workload: 'TCP_RR', ...workload },
      k: { role: 'client', host: 'l', server: 's', operations: 60, workload: 'TCP_RR', ...workload },
    },
  };
}

/** Cards on one switch, all of which call the first, and ask for it at the same moment. */
function star(count: number): Map {
  const all = Array.from({ length: count }, (_, i) => i);
  const named = (name: string, of: (i: number) => unknown) =>
    Object.fromEntries(all.map((i) => [`${name}${i}`, of(i)]));
  const client = (i: number) => ({
    workload: 'TCP_RR',
    role: 'client',
    host: `h${i}`,
    server: 's',
    operations: 2,
  });
  return {
    hosts: named('h', () => ({})),
    cards: named('c', (i) => ({
      ...SMALL,
      driver: { socketsMax: 128 },
      host: `h${i}`,
      ports: { p: { address: `10.0.0.${i + 1}/24` } },
    })),
    switches: { sw: {} },
    links: named('l', (i) => ({ ends: [`c${i}.p`, 'sw'], queueFrames: 128 })),
    programs: {
      s: { workload: 'TCP_RR', role: 'server', host: 'h0', connections: count },
      ...Object.fromEntries(all.slice(1).map((i) => [`k${i}`, client(i)])),
    },
  };
}

const stream = (link: Map, a: Map, b: Map = a): Map =>
  pair(link, { workload: 'TCP_STREAM', size: 20_000 }, a, b);

const WORLDS: readonly (readonly [string, Map])[] = [
  ['sixty cards that ask for one at the same moment', star(60)],
  ['a link of one frame', stream({ queueFrames: 1 }, SMALL)],
  [
    'a link of one frame that takes its time',
    stream({ queueFrames: 1, rate: '1Gbit/s', delay: '5us' }, SMALL),
  ],
  ['a link of three frames', stream({ queueFrames: 3, rate: '1Gbit/s' }, SMALL)],
  ['the least MTU', pair({}, { size: 3000 }, { ...SMALL, mtu: 68 })],
  ['MTUs of 9000 and 1500', stream({}, { ...SMALL, mtu: 9000 }, SMALL)],
  [
    'ring and fifo, echo modules before and behind',
    stream(
      {},
      { ...SMALL, transport: 'fifo', modules: ['echo', 'socket'] },
      { ...SMALL, modules: ['socket', 'echo'] },
    ),
  ],
  [
    'two buffers each way',
    stream(
      {},
      {
        pools: { transmitBuffers: 2, transmitBufferBytes: 2048, receiveBuckets: 2, receiveBucketBytes: 2048 },
        driver: { socketsMax: 4 },
      },
    ),
  ],
  [
    'every frame doubled, every fifth damaged',
    pair({ duplicateProbability: 1, corruptProbability: 0.2, delay: '1us', queueFrames: 4 }, {}),
  ],
  ['one frame in ten lost', pair({ lossProbability: 0.1, delay: '1ms' }, {})],
];

describe.each(WORLDS)('%s', (_what, description) => {
  const run = () => {
    const world = new VirtualWorld(readTopology(description));
    expect(world.runPrograms(600e9)).toBe(true);
    expect(world.books().lines).toEqual([]);
    return { counters: world.snapshot(), books: world.books(), endNs: world.clock.nowNs };
  };

  it('serves its programs, balances, and is the same again', () => {
    expect(run()).toEqual(run());
  });
});

describe('many cards in real time', () => {
  it('all find the one they ask for at the same moment', () => {
    const world = openInlineWorld(readTopology(star(60)));
    expect(world.runPrograms(60e9)).toBe(true);
    expect(world.books().lines).toEqual([]);
  });
});
