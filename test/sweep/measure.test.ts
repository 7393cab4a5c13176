/** One world measured: what the numbers are of, and that they are the same again. */
import { describe, expect, it } from 'vitest';
import { measure } from '../../src/sweep/measure.ts';
import { withSettings } from '../../src/sweep/settings.ts';
import { bundledWorld } from '../../src/sweep/worlds.ts';

/** Two hosts, 100 µs apart. */
function pair(more: object = {}, card: object = {}): object {
  return {
    costs: 'none',
    hosts: { left: {}, right: {} },
    cards: {
      a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...card },
      b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, ...card },
    },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], delay: '100us' } },
    ...more,
  };
}

const RR = { workload: 'TCP_RR', connections: 1, size: 64 };

describe('measure', () => {
  it('says what a round trip over a link of 100 µs must come to', () => {
    const measured = measure(pair(), RR, { operations: 500 });
    expect(measured.operations).toBe(500);
    expect(measured.ratePerS).toBeCloseTo(5000, -1);
    expect(measured.bytesPerS).toBeCloseTo(5000 * 128, -4);
    expect(measured.latencyUs?.p50).toBeCloseTo(200, 0);
    expect(measured.balanced).toBe(true);
  });

  it('finds the time where it was spent, and nothing left to wait for', () => {
    const { timeUs } = measure(pair(), RR, { operations: 500 });
    expect(timeUs.host).toBe(0);
    expect(timeUs.iop).toBe(0);
    expect(timeUs.wire).toBeGreaterThanOrEqual(200);
    const costly = measure(pair({ costs: 'card-2005' }), { ...RR, service: '50us' }, { operations: 500 });
    expect(costly.timeUs.host).toBeGreaterThan(50);
    expect(costly.timeUs.iop).toBeGreaterThan(0);
    expect(costly.timeUs.bus).toBeGreaterThan(0);
  });

  it('finds requests queueing where many share one processor, and none of them waiting for a pool', () => {
    const shared = { ...RR, connections: 32, service: '50us' };
    const { timeUs, stalls } = measure(pair(), shared, { operations: 500 });
    expect(timeUs.queueing).toBeGreaterThan(500);
    expect(timeUs.waiting).toBe(0);
    expect(stalls.transmitBuffer).toEqual({ episodes: 0, ns: 0 });
  });

  it('finds requests waiting where many share two buffers, and tells how full each pool was', () => {
    const few = { pools: { transmitBuffers: 2 }, driver: { transmitReserve: 0 } };
    const shared = { ...RR, size: 2000, connections: 16 };
    const { timeUs, stalls, pools, operations, elapsedNs } = measure(pair({}, few), shared, {
      operations: 500,
    });
    expect(Object.keys(pools)).toEqual(
      ['a', 'b'].flatMap((card) =>
        ['transmit', 'receive', 'slots', 'inboundFrames', 'outboundFrames', 'packets'].map(
          (pool) => `${card}.${pool}`,
        ),
      ),
    );
    const { count, highWater, dryEpisodes, dryNs, mean } = pools['a.transmit'];
    expect([count, highWater]).toEqual([2, 2]);
    expect(mean).toBeGreaterThan(1);
    expect(dryEpisodes).toBeGreaterThan(0);
    expect(dryNs).toBeLessThanOrEqual(elapsedNs);
    expect(stalls.transmitBuffer.episodes).toBeGreaterThan(operations / 4);
    expect(stalls.transmitBuffer.ns).toBeGreaterThan(elapsedNs);
    expect(timeUs.waiting).toBeCloseTo(stalls.transmitBuffer.ns / operations / 1000, 0);
    expect(stalls.window.episodes).toBe(0);
  });

  it('finds data waiting for buckets, and streams for their window', () => {
    const stream = { workload: 'TCP_STREAM', size: 65536 };
    const full = measure(pair(), stream, { operations: 100 });
    expect(full.stalls.window.episodes).toBeGreaterThan(0);
    expect(full.stalls.bucket.episodes).toBe(0);
    expect(full.timeUs.waiting).toBe(0);
    const few = { pools: { receiveBuckets: 4 } };
    const slow = { ...RR, size: 16384, connections: 16, service: '100us' };
    const { stalls, pools, timeUs, operations } = measure(pair({ costs: 'card-2005' }, few), slow, {
      operations: 100,
    });
    // A request has 12 segments, and no more waits than that.
    expect(stalls.bucket.episodes).toBeGreaterThan(operations / 10);
    expect(stalls.bucket.episodes).toBeLessThan(24 * operations);
    expect(timeUs.waiting).toBeCloseTo(stalls.bucket.ns / operations / 1000, 0);
    const { highWater, mean, dryEpisodes, dryNs } = pools['b.receive'];
    expect(highWater).toBe(4);
    expect(mean).toBeGreaterThan(1);
    expect(dryEpisodes).toBeLessThanOrEqual(stalls.bucket.episodes);
    expect(dryNs).toBeLessThan(stalls.bucket.ns);
  });

  it('counts what an operation makes happen', () => {
    const { perOperation } = measure(pair(), { ...RR, size: 2000 }, { operations: 500 });
    // Into a transmit buffer and out of buckets, there and back; a bucket for each segment at most.
    expect(perOperation.copies).toBeGreaterThanOrEqual(4);
    expect(perOperation.copiedBytes).toBeCloseTo(8000, -1);
    expect(perOperation.frames).toBeGreaterThanOrEqual(4);
  });

  it('gives the same again, and something else for another seed where links draw', () => {
    const lossy = { links: { wire: { ends: ['a.eth0', 'b.eth0'], delay: '100us', lossProbability: 0.05 } } };
    const of = (seed: number) => measure(pair({ ...lossy, seed }), RR, { operations: 300 });
    expect(of(1)).toEqual(of(1));
    expect(of(1).elapsedNs).not.toBe(of(2).elapsedNs);
  });

  it('measures connects and streams as well, and a stream has no latency', () => {
    const connects = measure(pair(), { ...RR, workload: 'TCP_CRR' }, { operations: 100 });
    expect(connects.latencyUs?.p50).toBeGreaterThan(200);
    const stream = measure(pair(), { workload: 'TCP_STREAM', size: 16384 }, { operations: 200 });
    expect(stream.latencyUs).toBeNull();
    expect(stream.bytesPerS).toBeGreaterThan(0);
  });

  it('counts the wait for a buffer as latency: connections are rate times mean latency (Little)', () => {
    for (const transmitBuffers of [4, 64]) {
      const world = pair({ costs: 'card-2005' }, { pools: { transmitBuffers } });
      const asked = { ...RR, connections: 8, size: 2048 };
      const { ratePerS, latencyUs } = measure(world, asked, { operations: 2000 });
      expect((ratePerS * (latencyUs?.mean ?? 0)) / 1e6).toBeCloseTo(8, 0);
    }
  });

  it('gives few buffers to all connections in turn, also where a send waits for one in its call', () => {
    for (const transmitDryPolicy of ['EAGAIN', 'block']) {
      const few = { pools: { transmitBuffers: 4 }, driver: { transmitDryPolicy } };
      const world = pair({ costs: 'card-2005' }, few);
      const asked = { ...RR, size: 2048, connections: 16, service: '1us', spread: 'exponential' };
      const { latencyUs } = measure(world, asked, { operations: 1000 });
      expect(latencyUs?.max, transmitDryPolicy).toBeLessThan(3 * (latencyUs?.p50 ?? 0));
    }
  });

  it('begins when all connections are past the burst of their start', () => {
    // All five hundred ask at once, and then each a hundred times a second.
    const resting = { ...RR, connections: 500, think: '10ms', spread: 'exponential' };
    const { latencyUs } = measure(pair({ costs: 'card-2025' }), resting, { operations: 1000, warmup: 10 });
    expect(latencyUs?.p50).toBeCloseTo(204, -1);
    expect(latencyUs?.p99).toBeLessThan(240);
    // An open loop uses those that are free, and may never need the others.
    const open = { ...RR, connections: 500, arrivals: '2k/s' };
    expect(measure(pair(), open, { operations: 100 }).operations).toBe(100);
  });

  it('counts of a stream what its peer has taken, and not what fills its buffers', () => {
    const stream = { workload: 'TCP_STREAM', size: 65536, connections: 2 };
    const { ratePerS, bytesPerS } = measure(pair({ costs: 'card-2025' }), stream, { operations: 200 });
    expect((ratePerS * 65536) / bytesPerS).toBeCloseTo(1, 1);
  });

  it('goes on to the measurement where some connections never get their turn', () => {
    // The first connection is always ready again before the second is tried.
    const programs = {
      echo: { workload: 'TCP_RR', role: 'server', host: 'right', connections: 2 },
      one: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo' },
      rare: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo', think: '10s' },
    };
    expect(measure(pair({ programs }), undefined, { operations: 100 }).operations).toBe(100);
  });

  it('measures requests that arrive whether or not they are answered', () => {
    const open = { ...RR, connections: 8, arrivals: '2k/s', spread: 'exponential' };
    expect(measure(pair(), open, { operations: 1000 }).ratePerS).toBeCloseTo(2000, -3);
  });

  /** Three hosts that call a fourth, by a switch. */
  function star(): object {
    const names = ['a', 'b', 'c', 'd'];
    const each = (of: (name: string, i: number) => object) =>
      Object.fromEntries(names.map((name, i) => [name, of(name, i)]));
    return {
      costs: 'none',
      hosts: each(() => ({})),
      switches: { lan: {} },
      cards: each((host, i) => ({ host, ports: { eth0: { address: `10.0.0.${i + 1}/24` } } })),
      links: each((name) => ({ ends: [`${name}.eth0`, 'lan'], delay: '10us' })),
    };
  }

  it('has every host call one that serves them all', () => {
    // A round trip takes 40 µs, and six connections make it at once: with places for two it would be
    // 50,000/s.
    const { ratePerS } = measure(star(), { ...RR, connections: 2 }, { operations: 3000 });
    expect(ratePerS).toBeGreaterThan(140_000);
  });

  it.each([
    { think: '50us', spread: 'exponential' },
    { think: '300us', connections: 3 },
    { arrivals: '500/s', spread: 'exponential' },
  ])('ends programs that rest between two requests: %o', (pace) => {
    for (const workload of ['TCP_RR', 'TCP_CRR']) {
      const measured = measure(star(), { ...RR, workload, ...pace }, { operations: 300 });
      expect(measured.operations).toBeGreaterThanOrEqual(300);
      expect(measured.balanced).toBe(true);
    }
  });

  it('keeps the programs a world has, and lets a world alone call itself', () => {
    const programs = {
      echo: { workload: 'TCP_RR', role: 'server', host: 'right' },
      caller: { workload: 'TCP_RR', role: 'client', host: 'left', server: 'echo', operations: 10 },
    };
    expect(measure(pair({ programs }), undefined, { operations: 50 }).operations).toBe(50);
    const alone = {
      hosts: { left: {} },
      cards: { a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } } } },
    };
    expect(measure(alone, RR, { operations: 50 }).operations).toBe(50);
  });

  it('says how far it came when the time is over, or that there is nothing to count', () => {
    expect(() => measure(pair(), RR, { operations: 1000, limitNs: 1e7 })).toThrow(
      /^the warm-up came to \d+ of 100 operations in 0.01 s of virtual time$/,
    );
    expect(() => measure(pair())).toThrow('"programs" expected a client, which counts operations');
    expect(() => measure(pair(), { ...RR, size: 0 })).toThrow(
      '"programs.server.size" expected a whole number',
    );
  });
});

describe('streams over a link that loses frames', () => {
  it('go on when card memory was short for a while', () => {
    const world = withSettings(bundledWorld('pair'), undefined, { 'link.lossProbability': 0.002, seed: 2 });
    const stream = { workload: 'TCP_STREAM', connections: 4, size: 65_536 };
    expect(measure(world, stream, { operations: 600 }).balanced).toBe(true);
  });
});

describe('connections over a link that loses half of its frames', () => {
  // Ends are sent again for minutes, by stacks whose programs have gone: the books wait for that.
  it('leave books that balance, whatever else a program met', () => {
    const met: string[] = [];
    for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const eventLoop of ['polling', 'readiness'] as const) {
        const wire = { ends: ['a.eth0', 'b.eth0'], delay: '100us', lossProbability: 0.5 };
        const load = { workload: 'TCP_CRR', connections: 4, size: 64, eventLoop } as const;
        try {
          measure(pair({ links: { wire }, seed }), load, { operations: 20, limitNs: 6e12 });
          met.push('its end');
        } catch (error) {
          met.push((error as Error).message);
        }
      }
    }
    expect(met.filter((message) => message.includes('books'))).toEqual([]);
    expect(met).toContain('its end');
  });
});

describe('measure by the name of a world', () => {
  it('is measure of the description that has this name', () => {
    const options = { operations: 200 };
    expect(measure('pair', RR, options)).toEqual(measure(bundledWorld('pair'), RR, options));
  });

  it.each<[string, () => unknown, string]>([
    [
      'a name there is not',
      () => measure('pear', RR),
      'measure expected a world, or the name of one: pair, star',
    ],
    ['a workload by its name', () => measure('pair', 'TCP_RR' as never), 'got "TCP_RR"'],
    ['an option there is not', () => measure('pair', RR, { ops: 5 } as object), '"ops" is not known'],
    ['no operations', () => measure('pair', RR, { operations: 0 }), '"operations" expected a whole number'],
    [
      'a limit of no time',
      () => measure('pair', RR, { limitNs: 0 }),
      '"limitNs" expected nanoseconds above 0',
    ],
    [
      'options that are a number',
      () => measure('pair', RR, 500 as never),
      'options of measure expected a map',
    ],
    ['options that are null', () => measure('pair', RR, null as never), 'options of measure expected a map'],
    ['a workload of null', () => measure('pair', null as never), 'a map of settings as workload, got null'],
  ])('refuses %s', (_, run, words) => {
    expect(run).toThrow(RangeError);
    expect(run).toThrow(words);
  });
});
