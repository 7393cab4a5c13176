/** A card that runs inline shares its host's processor in virtual time, as it does in real time. */
import { describe, expect, it } from 'vitest';
import { LatencyRecorder } from '../../src/record/latency.ts';
import { readTopology, type Topology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const WORK = { inboundReleased: 10_000 };

function looped(runs: 'thread' | 'inline', workload = 'TCP_RR', card: object = {}): Topology {
  return readTopology({
    costs: 'none',
    hosts: { host: { processor: { costs: { messageRequests: 10_000 } } } },
    cards: {
      card: {
        host: 'host',
        runs,
        ports: { eth0: { address: '10.0.0.1/24' } },
        processor: { costs: WORK },
        ...card,
      },
    },
    programs: {
      server: { workload, role: 'server', host: 'host', connections: 8 },
      client: { workload, role: 'client', host: 'host', server: 'server', connections: 8, operations: 400 },
    },
  });
}

function elapsedNs(topology: Topology): number {
  const world = new VirtualWorld(topology);
  const beganNs = world.queue.nowNs;
  expect(world.runPrograms(60e9)).toBe(true);
  expect(world.books().lines).toEqual([]);
  return world.queue.nowNs - beganNs;
}

describe('one processor for host and card', () => {
  it('takes the sum of their work, where two take hardly more than the longer', () => {
    const world = new VirtualWorld(looped('inline'));
    const beganNs = world.queue.nowNs;
    const work = (): number => {
      const [host, card] = world.snapshot();
      return host['messageRequests'] + card['inboundReleased'];
    };
    const before = work();
    expect(world.runPrograms(60e9)).toBe(true);
    const workNs = (work() - before) * 10_000;
    const inlineNs = world.queue.nowNs - beganNs;
    expect(inlineNs).toBeGreaterThan(workNs * 0.9);
    expect(elapsedNs(looped('thread'))).toBeLessThan(0.7 * inlineNs);
  });

  it.each(['TCP_RR', 'TCP_CRR', 'TCP_STREAM'])('%s, its books balance', (workload) => {
    expect(elapsedNs(looped('inline', workload))).toBeGreaterThan(0);
  });

  it('lets its card run while it waits inside a call', () => {
    const world = new VirtualWorld(looped('inline', 'TCP_STREAM', { pools: { transmitBuffers: 64 } }));
    const { host } = world.cards[0];
    expect(host.driver.deadErrno).toBe(0);
    expect(world.runPrograms(60e9)).toBe(true);
  });

  it('gives the same again', () => {
    const run = (): unknown[] => {
      const world = new VirtualWorld(looped('inline', 'TCP_CRR'));
      const latency = new LatencyRecorder();
      for (const { body } of world.programs) if ('latency' in body) body.latency = latency;
      world.runPrograms(60e9);
      return [world.queue.nowNs, world.snapshot(), latency.summary()];
    };
    expect(run()).toEqual(run());
  });

  it('joins two inline cards of one host, and leaves another host its own processor', () => {
    const card = (host: string, runs: string, address: string): object => ({
      host,
      runs,
      ports: { eth0: { address } },
    });
    const topology = readTopology({
      costs: 'card-2025',
      hosts: { left: {}, right: {} },
      cards: {
        a: card('left', 'inline', '10.0.0.1/24'),
        b: card('left', 'inline', '10.0.1.1/24'),
        c: card('right', 'thread', '10.0.0.2/24'),
      },
      links: { wire: { ends: ['a.eth0', 'c.eth0'], delay: '10us' } },
      programs: {
        server: { workload: 'TCP_RR', role: 'server', host: 'right' },
        client: {
          workload: 'TCP_RR',
          role: 'client',
          host: 'left',
          card: 'a',
          server: 'server',
          operations: 100,
        },
      },
    });
    expect(elapsedNs(topology)).toBeGreaterThan(100 * 20_000);
  });
});
