/** Programs that think, serve and arrive by a clock of their own, held against what queueing theory says. */

import { describe, expect, it } from 'vitest';
import { LatencyRecorder } from '../../src/record/latency.ts';
import { Clock } from '../../src/time/clock.ts';
import { Random } from '../../src/time/random.ts';
import { draw, NOT_YET, Pacing, UNPACED } from '../../src/workloads/pacing.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { LONG } from '../long.ts';

class Latencies extends LatencyRecorder {
  readonly all: number[] = [];

  override record(ns: number): void {
    this.all.push(ns);
  }

  get meanUs(): number {
    return this.all.reduce((sum, ns) => sum + ns, 0) / this.all.length / 1000;
  }
}

interface Programs {
  readonly workload?: 'TCP_RR' | 'TCP_CRR';
  readonly client?: object;
  readonly server?: object;
  readonly connections?: number;
  readonly operations?: number;
}

function run({ workload = 'TCP_RR', client = {}, server = {}, connections = 1, operations = 500 }: Programs) {
  const world = new VirtualWorld(
    readTopology({
      costs: 'none',
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } } },
        b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], delay: '10us' } },
      programs: {
        server: { workload, role: 'server', host: 'right', connections, ...server },
        client: {
          workload,
          role: 'client',
          host: 'left',
          server: 'server',
          connections,
          operations,
          ...client,
        },
      },
    }),
  );
  const body = world.programs.find(({ name }) => name === 'client')?.body;
  if (body === undefined || !('operations' in body)) throw new Error('no client');
  const latencies = new Latencies();
  body.latency = latencies;
  const startNs = world.clock.nowNs;
  let endNs = startNs;
  expect(world.run(() => body.finished, 600e9)).toBe(true);
  endNs = world.clock.nowNs;
  expect(latencies.all.length).toBe(operations);
  return { latencies, elapsedS: (endNs - startNs) / 1e9 };
}

describe('a paced program', () => {
  it('of a closed loop thinks between an answer and the next request', () => {
    const { latencies, elapsedS } = run({ client: { think: '180us' }, operations: 500 });
    expect(latencies.meanUs).toBeCloseTo(20, 0);
    expect(elapsedS).toBeCloseTo(500 * 200e-6, 2);
  });

  it('makes its requests wait for the processor of its server', () => {
    const { latencies } = run({ server: { service: '75us' } });
    expect(latencies.meanUs).toBeCloseTo(95, 0);
  });

  it.each(['TCP_RR', 'TCP_CRR'] as const)(
    'of an open loop arrives as often as it says, by %s',
    (workload) => {
      const { elapsedS } = run({ workload, client: { arrivals: '2k/s' }, connections: 8, operations: 1000 });
      expect(elapsedS).toBeCloseTo(0.5, 1);
    },
  );

  it('counts the latency of an open loop from the arrival, though no connection was free', () => {
    // One connection answers in 120 µs, and a request comes every 100: each waits 20 µs longer than the last.
    const { latencies } = run({
      client: { arrivals: '10k/s' },
      server: { service: '100us' },
      operations: 100,
    });
    expect(latencies.all[99]).toBeGreaterThan(latencies.all[0] + 98 * 19_000);
  });

  it.runIf(LONG)(
    'waits as long as a queue of Poisson arrivals and constant service (Pollaczek and Khinchine)',
    () => {
      const { latencies } = run({
        client: { arrivals: '5k/s', spread: 'exponential' },
        server: { service: '100us' },
        connections: 64,
        operations: 20_000,
      });
      // Half loaded: service 100 µs, in the queue 50 µs on average, and 20 µs on the wire.
      expect(latencies.meanUs).toBeGreaterThan(165);
      expect(latencies.meanUs).toBeLessThan(175);
    },
  );
});

describe('pacing', () => {
  it('draws times around their mean', () => {
    const random = new Random(7);
    const times = Array.from({ length: 20_000 }, () =>
      draw(1000, { ...UNPACED, spread: 'exponential' }, random),
    );
    const mean = times.reduce((sum, ns) => sum + ns, 0) / times.length;
    expect(mean).toBeGreaterThan(970);
    expect(mean).toBeLessThan(1030);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(draw(1000, UNPACED, random)).toBe(1000);
  });

  it('says when the next request is due', () => {
    const clock = new Clock();
    clock.set(0);
    const closed = new Pacing({ ...UNPACED, thinkNs: 50 }, 2, new Random(1), clock);
    expect(closed.begin(0)).toBe(0);
    expect(closed.begin(1)).toBe(0);
    expect(closed.begin(1)).toBe(NOT_YET);
    clock.set(30);
    closed.completed(1);
    expect(closed.begin(1)).toBe(NOT_YET);
    expect(closed.nextNs()).toBe(80);
    const open = new Pacing({ ...UNPACED, arrivalNs: 100 }, 1, new Random(1), clock);
    expect(open.begin(0)).toBe(NOT_YET);
    expect(open.nextNs()).toBe(130);
    clock.set(300);
    expect(open.begin(0)).toBe(130);
    open.completed(0);
    expect(open.begin(0)).toBe(230);
    expect(open.begin(0)).toBe(NOT_YET);
    expect(open.nextNs()).toBe(330);
  });
});

describe('a request that was ready before its client came to it', () => {
  it('has waited since then, but for the first of its connection', () => {
    const clock = new Clock();
    clock.set(1000);
    const pacing = new Pacing({ ...UNPACED, thinkNs: 50 }, 2, new Random(1), clock);
    expect(pacing.begin(0)).toBe(1000);
    pacing.completed(0);
    clock.set(1300);
    expect(pacing.begin(1)).toBe(1300);
    expect(pacing.begin(0)).toBe(1050);
    // One that is made again counts from then.
    pacing.again(0);
    clock.set(1400);
    expect(pacing.begin(0)).toBe(1400);
  });

  it('counts what keeps its client busy: connections are rate times latency and think time (Little)', () => {
    // A client that serves itself: each of its four connections finds its processor taken for 75 µs by the
    // others' requests, and often just when it has thought.
    const { latencies, elapsedS } = run({
      client: { think: '100us', server: 'server' },
      server: { host: 'left', service: '75us' },
      connections: 4,
      operations: 2000,
    });
    const meanS = (latencies.meanUs + 100) / 1e6;
    expect((2000 / elapsedS) * meanS).toBeCloseTo(4, 1);
  });
});

describe('the pace of a description', () => {
  const described = (program: object) => () => run({ client: program });
  it.each([
    [{ think: 5 }, '"programs.client.think" expected a time with its unit'],
    [{ arrivals: '0/s' }, '"programs.client.arrivals" expected a rate above 0'],
    [{ arrivals: '5' }, '"programs.client.arrivals" expected a rate above 0'],
    [{ service: '5us' }, '"programs.client.service" is not known of a client'],
    [{ think: '5us', arrivals: '5/s' }, '"programs.client.think" is of a client that waits'],
    [{ spread: 'normal' }, '"programs.client.spread" expected constant or exponential'],
  ])('%o is refused', (program, message) => expect(described(program)).toThrow(message));
});
