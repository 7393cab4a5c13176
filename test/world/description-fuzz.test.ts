/** Whatever stands at whatever key, a description gives a world, or one line that names the path of a key. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

type Map = Record<string, unknown>;

const SMALL = {
  pools: { transmitBuffers: 16, transmitBufferBytes: 2048, receiveBuckets: 16, receiveBucketBytes: 2048 },
  driver: { socketsMax: 16, replyMode: 'auto' },
};

/** A description that says something at every key there is. */
function whole(): Map {
  return {
    seed: 7,
    hosts: { left: { memory: '64MiB', processor: { costs: { userCalls: 200 } } }, right: {} },
    cards: {
      a: {
        ...structuredClone(SMALL),
        host: 'left',
        runs: 'inline',
        mtu: 1500,
        gateway: '10.0.0.9',
        loopback: true,
        modules: ['socket', 'echo'],
        transport: 'ring',
        doorbell: '1us',
        interrupt: '1us',
        rxRing: 16,
        txRing: 128,
        tcpSegmentationOffload: true,
        checksumOffload: true,
        packetSlots: 64,
        wire: { queueFrames: 4, lossProbability: 0 },
        iopSpinNs: 0,
        classVersion: 2,
        contextHoldNs: 0,
        moderation: { rxUsecs: 1, rxFrames: 1 },
        stack: { neighboursMax: 16, seed: 1, ttl: 64 },
        processor: { costs: { inboundReleased: 1 } },
        ports: {
          eth0: { address: '10.0.0.1/24', mtu: 1400, mac: '02:69:6e:69:63:09' },
          eth1: { address: '10.0.1.1/24' },
        },
      },
      b: { ...structuredClone(SMALL), host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
    },
    switches: { sw: { addresses: 64, ageing: '1s' } },
    links: {
      w: {
        ends: ['a.eth0', 'sw'],
        rate: '1Gbit/s',
        delay: '50us',
        jitter: '1us',
        queueFrames: 8,
        lossProbability: 0.01,
        duplicateProbability: 0.01,
        corruptProbability: 0.01,
        reorderProbability: 0.01,
        reorderDelay: '1us',
      },
      v: { ends: ['b.eth0', 'sw'] },
    },
    programs: {
      echo: {
        workload: 'TCP_RR',
        role: 'server',
        host: 'right',
        card: 'b',
        address: '10.0.0.2',
        port: 7,
        connections: 1,
        size: 64,
      },
      caller: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo', operations: 3 },
    },
  };
}

function pathsOf(holder: object, before: readonly string[] = []): string[][] {
  return Object.entries(holder).flatMap(([key, value]) => {
    const path = [...before, key];
    return typeof value === 'object' && value !== null ? [path, ...pathsOf(value, path)] : [path];
  });
}

const PATHS = pathsOf(whole());

function changed(path: readonly string[], value: unknown): unknown {
  const world = whole();
  let holder = world;
  for (const key of path.slice(0, -1)) holder = holder[key] as Map;
  holder[path[path.length - 1]] = value;
  return world;
}

/** Reads and builds. What is refused must be refused as a user is to be told it. */
function tryWorld(description: unknown): void {
  try {
    new VirtualWorld(readTopology(description));
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).toMatch(/^("(\\.|[^"\\])*"|a world):? [^\n]+$/);
  }
}

const circle: Map = {};
circle['itself'] = circle;

/** What no file says, and a program may hand in. */
const NO_DATA = [circle, 10n, () => 1, Symbol('x'), new Map([['a', 1]]), new Date(0), undefined];
/** What is nearly right somewhere. */
const NEARLY = [
  null,
  '',
  'a\nb',
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  -1,
  1.5,
  65536,
  2 ** 31,
  2 ** 53,
  1e308,
  [],
  {},
  { 'a\nb': 1 },
  JSON.parse('{ "__proto__": 1 }') as unknown,
  `${'9'.repeat(400)}s`,
  '0.0.0.0/0',
  '10.0.0.1/0',
  'sw',
  'a.eth0',
  ['sw', 'sw'],
  ['a.eth1', 'b.eth0'],
  ['socket', 'socket'],
];

describe('a description with something else at one of its keys', () => {
  it('is a whole world to begin with', () => {
    const world = new VirtualWorld(readTopology(whole()));
    expect(world.runPrograms(60e9)).toBe(true);
    expect(world.books().lines).toEqual([]);
  });

  it('gives a world or one line, for any JSON', () => {
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom(...NEARLY), fc.integer(), fc.double());
    fc.assert(
      fc.property(fc.constantFrom(...PATHS), value, (path, at) => tryWorld(changed(path, at))),
      { numRuns: 600 },
    );
  });

  it('gives a world or one line, for what is no data at all', () => {
    for (const path of PATHS) for (const value of NO_DATA) tryWorld(changed(path, value));
  });

  it('gives one line for a key there is not', () => {
    const holders = PATHS.filter((path) => {
      const at = path.reduce<unknown>((holder, key) => (holder as Map)[key], whole());
      return typeof at === 'object' && !Array.isArray(at);
    });
    fc.assert(
      fc.property(fc.constantFrom(...holders), fc.string({ unit: 'binary' }), (path, key) =>
        tryWorld(changed([...path, key], 1)),
      ),
      { numRuns: 300 },
    );
  });

  it('gives a world or one line, for any JSON instead of it', () => {
    fc.assert(fc.property(fc.jsonValue(), tryWorld), { numRuns: 200 });
  });
});
