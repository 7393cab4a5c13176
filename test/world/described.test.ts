/**
 * One description, three drivers: two hosts, three cards, four ports on one of them, a switch, and programs
 * that know none of it.
 */
import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { WorldBooks } from '../../src/world/build/books.ts';
import type { WorldProgram } from '../../src/world/build/programs.ts';
import { openInlineWorld } from '../../src/world/inline/inline-world.ts';
import { ThreadWorld } from '../../src/world/thread/thread-world.ts';
import { parseTopology, readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const OFFICE = parseTopology(readFileSync(new URL('./descriptions/office.yaml', import.meta.url), 'utf8'));
const SECOND_NS = 1e9;
/** 200 requests and their responses of 64 bytes, and 100 writes of 8192. */
const BYTES = 2 * 200 * 64 + 100 * 8192;

function expectServed(programs: readonly WorldProgram[]): void {
  const done = new Map(programs.map(({ name, body }) => [name, body]));
  expect(done.get('caller')).toMatchObject({ operations: 200, finished: true });
  expect(done.get('source')).toMatchObject({ operations: 100, finished: true });
  expect(done.get('echo')?.bytesReceived).toBe(200 * 64);
  expect(done.get('sink')?.bytesReceived).toBe(100 * 8192);
}

function expectBooks(books: WorldBooks): void {
  expect(books.lines).toEqual([]);
  expect(books.bytesSent).toBe(BYTES);
  expect(books.bytesReceived).toBe(BYTES);
  expect(Object.values(books.lost).every((bytes) => bytes === 0)).toBe(true);
}

describe('the office in virtual time', () => {
  const run = () => {
    const world = new VirtualWorld(OFFICE);
    expect(world.runPrograms(600 * SECOND_NS)).toBe(true);
    return world;
  };
  const world = run();

  it('serves all its programs, and its books balance', () => {
    expectServed(world.programs);
    expectBooks(world.books());
  });

  it('sends what is for one subnet through its port alone', () => {
    const { links, switches } = world.books();
    expect(links['wan']['wireDropped']).toBeGreaterThan(0);
    expect(links['wan']['wireSent']).toBeGreaterThan((100 * 8192) / 1460);
    expect(links['b']['wireSent']).toBeGreaterThan(400);
    // A switch that has learnt floods no more: the third card hears the first frame and no other.
    expect(links['c']['wireArrived']).toBeLessThan(5);
    expect(switches['lan']['switchFlooded']).toBeLessThan(5);
    expect(links['nic.eth2']).toEqual({});
  });

  it('gives the same counters for the same seed, others for another', () => {
    const again = run();
    expect(again.snapshot()).toEqual(world.snapshot());
    expect(again.books().links).toEqual(world.books().links);
    const other = new VirtualWorld({ ...OFFICE, seed: 8 });
    expect(other.runPrograms(600 * SECOND_NS)).toBe(true);
    expect(other.books().links['wan']).not.toEqual(world.books().links['wan']);
  });

  it('takes longer on a host that costs more, and only for its own programs', () => {
    const dear = (host: number) => ({
      ...OFFICE,
      hosts: OFFICE.hosts.map((entry, i) =>
        i === host ? { ...entry, processor: { costs: { userCalls: 50_000 }, lookNs: 0 } } : entry,
      ),
      programs: OFFICE.programs.filter(({ workload }) => workload === 'TCP_RR'),
    });
    const elapsed = (topology: typeof OFFICE): number => {
      const slow = new VirtualWorld(topology);
      const startNs = slow.clock.nowNs;
      expect(slow.runPrograms(600 * SECOND_NS)).toBe(true);
      return slow.clock.nowNs - startNs;
    };
    const cheap = elapsed({ ...dear(0), hosts: OFFICE.hosts });
    expect(elapsed(dear(0))).toBeGreaterThan(1.5 * cheap);
    expect(elapsed(dear(1))).toBeGreaterThan(1.5 * cheap);
  });
});

describe('the office in real time', () => {
  let threads: ThreadWorld | undefined;
  afterEach(async () => {
    await threads?.close();
    threads = undefined;
  });

  it('serves all its programs inline, and its books balance', () => {
    const world = openInlineWorld(OFFICE);
    expect(world.runPrograms(50 * SECOND_NS)).toBe(true);
    expectServed(world.programs);
    expectBooks(world.books());
  });

  it('serves all programs with a thread for each card and the switch, and its books balance', async () => {
    threads = await ThreadWorld.open(OFFICE);
    expect(threads.plan.cards.map(({ site }) => site)).toEqual([1, 2, 3]);
    expect(threads.plan.switches.map(({ site }) => site)).toEqual([4]);
    expect(threads.runPrograms(50 * SECOND_NS)).toBe(true);
    expectServed(threads.programs);
    expectBooks(threads.books());
    expect(threads.faults).toEqual([]);
  });

  it('serves them with one card inline beside two in threads', async () => {
    const cards = OFFICE.cards.map((card, i) => (i === 1 ? { ...card, placement: 'inline' as const } : card));
    threads = await ThreadWorld.open({ ...OFFICE, cards });
    expect(threads.plan.cards.map(({ site }) => site)).toEqual([1, 0, 2]);
    expect(threads.runPrograms(50 * SECOND_NS)).toBe(true);
    expectServed(threads.programs);
    expectBooks(threads.books());
  });
});

describe('each workload on one card and on two', () => {
  const card = (address: string, host: string) => ({ host, ports: { p: { address } } });
  const programs = (workload: string, serverHost: string) => ({
    server: { workload, role: 'server', host: serverHost, connections: 3, size: 300 },
    client: {
      workload,
      role: 'client',
      host: 'a',
      server: 'server',
      connections: 3,
      size: 300,
      operations: 50,
    },
  });
  const one = (workload: string) =>
    readTopology({
      hosts: { a: {} },
      cards: { x: card('10.0.0.1/24', 'a') },
      programs: programs(workload, 'a'),
    });
  const two = (workload: string) =>
    readTopology({
      hosts: { a: {}, b: {} },
      cards: { x: card('10.0.0.1/24', 'a'), y: card('10.0.0.2/24', 'b') },
      links: { wire: { ends: ['x.p', 'y.p'], delay: '10us' } },
      programs: programs(workload, 'b'),
    });

  it.each(['TCP_RR', 'TCP_CRR', 'TCP_STREAM'])('%s, in virtual time and inline', (workload) => {
    for (const topology of [one(workload), two(workload)]) {
      const virtual = new VirtualWorld(topology);
      const inline = openInlineWorld(topology);
      for (const world of [virtual, inline]) {
        expect(world.runPrograms(30 * SECOND_NS)).toBe(true);
        const { lines, bytesSent, bytesReceived } = world.books();
        expect(lines).toEqual([]);
        expect(bytesReceived).toBe(bytesSent);
        expect(bytesSent).toBe((workload === 'TCP_STREAM' ? 1 : 2) * 50 * 300);
      }
    }
  });
});

describe('a card with several modules', () => {
  it('serves sockets behind whichever target id its table names', () => {
    const world = readTopology({
      hosts: { h: {} },
      cards: {
        c: { host: 'h', modules: ['echo', 'socket', 'echo'], ports: { p: { address: '10.0.0.1/24' } } },
      },
      programs: {
        server: { workload: 'TCP_RR', role: 'server', host: 'h' },
        client: { workload: 'TCP_RR', role: 'client', host: 'h', server: 'server', operations: 20 },
      },
    });
    const virtual = new VirtualWorld(world);
    expect(virtual.runPrograms(SECOND_NS)).toBe(true);
    expect(virtual.books().lines).toEqual([]);
    expect(virtual.books().bytesReceived).toBe(2 * 20 * 64);
  });
});

describe('a small world', () => {
  const small = {
    mtu: 1500,
    driver: { socketsMax: 16 },
    pools: { transmitBuffers: 16, transmitBufferBytes: 2048, receiveBuckets: 16, receiveBucketBytes: 2048 },
  };

  it('takes no more memory than what was asked for needs', () => {
    const { region, cards } = new VirtualWorld({ cards: [small] });
    expect(region.byteLength).toBeLessThan(5 << 18);
    expect(cards[0].config.stack.connectionsMax).toBe(32);
    expect(cards[0].config.pools.inboundFrames).toBe(64);
  });

  it('keeps every size that was asked for', () => {
    const { config } = new VirtualWorld({
      cards: [{ ...small, packetSlots: 100, pools: { ...small.pools, inboundFrames: 128 } }],
    }).cards[0];
    expect(config.packetSlots).toBe(100);
    expect(config.pools.inboundFrames).toBe(128);
  });
});
