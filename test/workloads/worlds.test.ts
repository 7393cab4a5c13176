/** Every workload of described worlds: what its counts come to, how it ends, and what its datagrams lose. */
import { describe, expect, it } from 'vitest';
import { measure } from '../../src/sweep/measure.ts';
import { isClient } from '../../src/workloads/program.ts';
import { WORKLOAD_NAMES, WORKLOADS } from '../../src/workloads/programs.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const LIMIT_NS = 300e9;
/** Of cards that take the longest datagrams, some of them in part. */
const ROOM = {
  packetSlots: 512,
  pools: { receiveBucketBytes: 65_536, receiveBuckets: 16, transmitBuffers: 64 },
  driver: { socketsMax: 128 },
  // The first datagrams of a burst wait for the neighbour's address; by default some of so many would give way.
  stack: { neighbourQueueBytes: 4 << 20 },
};
const OPERATIONS = 30;

/** Two hosts 20 µs apart, and a client that does so many operations. */
function described(workload: object, link: object = {}, operations = OPERATIONS): object {
  return {
    hosts: { left: {}, right: {} },
    cards: {
      a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...ROOM },
      b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, ...ROOM },
    },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '20us', ...link } },
    programs: {
      server: { role: 'server', host: 'right', ...workload },
      client: { role: 'client', host: 'left', server: 'server', operations, ...workload },
    },
  };
}

function run(workload: object, link: object = {}, operations = OPERATIONS) {
  const world = new VirtualWorld(readTopology(described(workload, link, operations)));
  const finished = world.runPrograms(LIMIT_NS);
  const [server, client] = world.programs.map(({ body }) => body);
  if (!isClient(client) || isClient(server)) throw new Error('servers come first');
  return { world, finished, client, server, books: world.books() };
}

describe.each(WORKLOAD_NAMES)('%s', (workload) => {
  const { datagrams } = WORKLOADS[workload];

  it.each([
    { size: 1, connections: 1 },
    { size: 20_000, connections: 3 },
    ...(datagrams ? [{ size: 65_507, connections: 2 }] : []),
  ])('does its operations and ends, the books balanced: $size bytes, $connections at once', (shape) => {
    const { finished, client, server, books } = run({ workload, ...shape });
    expect([finished, books.lines, server.connections]).toEqual([true, [], 0]);
    expect(client.operations).toBeGreaterThanOrEqual(OPERATIONS);
    // Of short writes that arrive, a reader is given some at once.
    if (workload !== 'TCP_MAERTS') expect(client.operations).toBe(OPERATIONS);
    expect(server.accepted).toBe(client.opened);
    expect(books.bytesSent).toBe(books.bytesReceived);
  });

  it('comes through a link that loses, doubles and reorders frames', () => {
    const bad = { lossProbability: 0.02, duplicateProbability: 0.01, reorderProbability: 0.02 };
    const { finished, client, server, books } = run({ workload, size: 3000, connections: 3 }, bad, 100);
    expect([finished, books.lines]).toEqual([true, []]);
    if (!datagrams) return;
    expect(client.sent).toBeGreaterThanOrEqual(100);
    const arrived = client.arrived ?? server.arrived ?? 0;
    expect(arrived).toBeGreaterThan(70);
    expect(arrived).not.toBe(client.sent);
  });

  it('is measured: a rate of what arrived, and latencies where there are requests', () => {
    const { operation } = WORKLOADS[workload];
    const world = described({ workload, connections: 2, size: 1000 });
    const measured = measure(world, undefined, { operations: 30 });
    expect(measured.ratePerS).toBeGreaterThan(0);
    expect(measured.latencyUs === null).toBe(operation === 'write' || operation === 'datagram');
    expect(measured.datagrams === undefined).toBe(!datagrams);
    expect(measure(world, undefined, { operations: 30 })).toEqual(measured);
  });
});

describe('answers of another length than requests', () => {
  it.each(['TCP_RR', 'TCP_CRR', 'UDP_RR'])('are known of %s', (workload) => {
    const { client, server, books } = run({ workload, size: 100, response: 5000, connections: 2 });
    expect([client.bytesReceived, server.bytesReceived]).toEqual([OPERATIONS * 5000, OPERATIONS * 100]);
    expect(books.lines).toEqual([]);
  });
});

describe('connections that rest', () => {
  const tcp = WORKLOAD_NAMES.filter((name) => !WORKLOADS[name].datagrams);

  it.each(tcp)('are beside those of %s, and take no part in it', (workload) => {
    const { finished, client, server, books } = run({ workload, idle: 20, connections: 2 });
    expect([finished, books.lines]).toEqual([true, []]);
    expect(client.opened).toBeGreaterThanOrEqual(22);
    expect(server.accepted).toBe(client.opened);
  });

  it('cost a program that tries each of its sockets, and nothing to one that is told', () => {
    const rate = (idle: number, eventLoop: string): number =>
      measure(described({ workload: 'TCP_RR', idle, eventLoop }), undefined, { operations: 40 }).ratePerS;
    expect(rate(100, 'readiness')).toBeCloseTo(rate(0, 'readiness'), -1);
    expect(rate(100, 'polling')).toBeLessThan(0.9 * rate(0, 'polling'));
  });
});

describe('HTTP', () => {
  const http = { workload: 'HTTP', connections: 4, size: 3000 };

  it.each(['client', 'server'])('has connections that its %s closes after so many requests', (closes) => {
    const { client, server, books } = run({ ...http, requests: 7, closes });
    const least = Math.ceil(OPERATIONS / 7);
    expect(client.opened).toBeGreaterThanOrEqual(least);
    expect(client.opened).toBeLessThanOrEqual(least + 4);
    expect([server.accepted, books.lines]).toEqual([client.opened, []]);
  });

  it('draws sizes whose mean is the one asked for, the same for the same seed', () => {
    const bytes = (sizes: string): number => {
      const { client } = run({ ...http, sizes }, {}, 800);
      return client.bytesReceived / client.operations;
    };
    const [plain, drawn] = [bytes('constant'), bytes('exponential')];
    expect(Math.abs(drawn / plain - 1)).toBeLessThan(0.15);
    expect(drawn).not.toBe(plain);
    expect(bytes('exponential')).toBe(drawn);
    expect(bytes('pareto')).toBeGreaterThan(0.5 * plain);
  });
});

describe('datagrams', () => {
  it('that are lost on a link are counted by name, and none is missing beside them', () => {
    const lossy = described({ workload: 'UDP_STREAM', size: 1000 }, { lossProbability: 0.1 });
    const { datagrams } = measure(lossy, undefined, { operations: 400 });
    if (datagrams === undefined) throw new Error('no datagrams');
    const { sent, lost, lostAt } = datagrams;
    expect(lost / sent).toBeGreaterThan(0.05);
    expect(lost / sent).toBeLessThan(0.15);
    expect(lostAt).toEqual({ 'lost on a link': lost });
  });

  it('come no faster than their reader takes them, and the others find its socket full', () => {
    const slow = described({ workload: 'UDP_STREAM', size: 1000, arrivals: '100k/s', spread: 'exponential' });
    const { programs } = slow as { programs: { server: object } };
    const { arrivals: _, spread: __, ...server } = programs.server as Record<string, unknown>;
    const { ratePerS, datagrams } = measure(
      { ...slow, programs: { ...programs, server: { ...server, service: '20us' } } },
      undefined,
      { operations: 800 },
    );
    expect(ratePerS).toBeLessThan(50_000);
    expect(datagrams?.sentPerS).toBeGreaterThan(90_000);
    expect(datagrams?.lostAt["the reader's socket full"]).toBe(datagrams?.lost);
  });

  it('that had no answer in time are sent again, and that is a part of their latency', () => {
    const lossy = { lossProbability: 0.05 };
    const { latencyUs, datagrams } = measure(
      described({ workload: 'UDP_RR', connections: 4 }, lossy),
      { timeout: '5ms' },
      { operations: 300 },
    );
    expect(latencyUs?.p99).toBeGreaterThan(5000);
    expect(latencyUs?.p50).toBeLessThan(100);
    expect(datagrams?.lost).toBeGreaterThan(10);
  });

  it('above the MTU are lost with any of their fragments', () => {
    const { datagrams } = measure(
      described({ workload: 'UDP_STREAM', size: 4000 }, { lossProbability: 0.03 }),
      undefined,
      { operations: 100 },
    );
    expect(datagrams?.lost).toBeGreaterThan(3);
    expect(datagrams?.lostAt['a fragment missing']).toBeGreaterThan(0);
  });
});

describe('what a workload does not know', () => {
  it.each([
    [{ workload: 'TCP_STREAM', spread: 'constant' }, '"programs.server.spread" is not known of TCP_STREAM'],
    [{ workload: 'UDP_STREAM', idle: 4 }, '"programs.server.idle" is not known of UDP_STREAM'],
    [{ workload: 'TCP_RR', requests: 4 }, '"programs.server.requests" is not known of TCP_RR'],
    [{ workload: 'HTTP', response: 4 }, '"programs.server.response" is not known of HTTP'],
    [{ workload: 'UDP_RR', size: 65_508 }, '"programs.server.size" expected a whole number from 1 to 65507'],
    [{ workload: 'TCP_RR', size: '64kB' }, 'or such a size as 512B or 64KiB, got "64kB"'],
    [{ workload: 'TCP_RR', response: '2MiB' }, '"programs.server.response" expected a whole number from 1'],
    [{ workload: 'TCP_RR', size: '0.3B' }, '"programs.server.size" expected a whole number from 1'],
    [{ workload: 'HTTP', request: 5 }, '"programs.server.request" expected a whole number from'],
    [{ workload: 'HTTP', closes: 'both' }, '"programs.server.closes" expected client or server'],
    [
      { workload: 'HTTP', sizes: 'odd' },
      '"programs.server.sizes" expected constant or exponential or pareto',
    ],
  ])('is refused in one line: %j', (workload, line) => {
    expect(() => readTopology(described(workload))).toThrow(line);
  });

  it.each([
    [
      {},
      'do not fit the buckets of the card "b": set "pools.receiveBucketBytes" to 60032 or more, not 16384',
    ],
    [
      { pools: { receiveBucketBytes: 60_032 } },
      'come in 41 fragments, too many for the packet slots of the card "b": set "packetSlots" to 328 or more',
    ],
  ])('is refused where a card has no room for its datagrams', (card, line) => {
    const { hosts, cards, links, programs } = described({ workload: 'UDP_RR', size: 60_000 }) as {
      [section: string]: { [name: string]: object };
    };
    const b = { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, ...card };
    expect(() => readTopology({ hosts, cards: { ...cards, b }, links, programs })).toThrow(line);
  });

  it.each([
    [{ size: 1500 }, { transmitBuffers: 2, transmitBufferBytes: 512 }, '"programs.server.size"', '2 of 512'],
    [{ size: 100, response: 5000 }, { transmitBufferBytes: 512 }, '"programs.server.response"', '8 of 512'],
  ])('is refused where a datagram does not fit the buffers of a send: %j', (shape, pools, key, buffers) => {
    const { hosts, cards, links, programs } = described({ workload: 'UDP_RR', ...shape }) as {
      [section: string]: { [name: string]: object };
    };
    const b = { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, pools };
    const read = (): object => readTopology({ hosts, cards: { ...cards, b }, links, programs });
    expect(read).toThrow(`${key}: datagrams of `);
    expect(read).toThrow(`do not fit the transmit buffers of a send on the card "b", ${buffers}: set`);
  });

  it('is refused where both ends differ in it', () => {
    const world = described({ workload: 'UDP_RR' }) as { programs: { client: object } };
    const client = { ...world.programs.client, response: 100 };
    expect(() => readTopology({ ...world, programs: { ...world.programs, client } })).toThrow(
      '"server" runs UDP_RR of 64 bytes, not UDP_RR of 64 bytes with answers of 100',
    );
  });
});
