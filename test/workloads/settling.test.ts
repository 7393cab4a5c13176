/** Connections that are past the burst of their start, so that what is measured is what goes on. */
import { describe, expect, it } from 'vitest';
import { Settling } from '../../src/workloads/settling.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { trips } from '../rules/trips.ts';

function client(workload: string, more: object, connections = 4) {
  const world = new VirtualWorld(
    readTopology({
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } } },
        b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], delay: '10us' } },
      programs: {
        server: { workload, role: 'server', host: 'right', connections, size: 16384 },
        client: {
          workload,
          role: 'client',
          host: 'left',
          server: 'server',
          connections,
          size: 16384,
          ...more,
        },
      },
    }),
  );
  const body = world.programs.find(({ name }) => name === 'client')?.body;
  if (body === undefined || !('operations' in body)) throw new Error('no client');
  return { world, body };
}

describe('settling', () => {
  it('counts each connection once', () => {
    const settling = new Settling(3, false);
    expect(settling.left).toBe(3);
    settling.settled(1);
    settling.settled(1);
    expect(settling.left).toBe(2);
    settling.settled(0);
    settling.settled(2);
    expect(settling.left).toBe(0);
  });

  it('waits for nobody in an open loop', () => {
    const settling = new Settling(3, true);
    expect(settling.left).toBe(0);
    settling.settled(1);
    expect(settling.left).toBe(0);
  });

  trips('settling: a connection that is past its start was counted before', () => {
    const settling = new Settling(2, false);
    settling.left = 0;
    settling.settled(0);
  });
});

describe('a client', () => {
  it.each(['TCP_RR', 'TCP_CRR'])('of %s is settled once each connection has had an answer', (workload) => {
    const { world, body } = client(workload, { think: '1ms' });
    expect(body.unsettled).toBe(4);
    expect(world.run(() => body.unsettled === 0, 1e9)).toBe(true);
    // All four begin at once, and think for longer than an answer takes.
    expect(body.operations).toBe(4);
  });

  it('of an open loop is settled once its connections stand, though it needs only one of them', () => {
    const { world, body } = client('TCP_RR', { arrivals: '100/s' });
    expect(body.unsettled).toBe(4);
    expect(world.run(() => body.unsettled === 0, 1e9)).toBe(true);
    expect(body.connected).toBe(true);
    expect(body.operations).toBe(0);
  });

  it('of a stream is settled once its peer has made room for a write', () => {
    const { world, body } = client('TCP_STREAM', {});
    expect(world.run(() => body.unsettled === 0, 1e9)).toBe(true);
    const received = world.programs.reduce((sum, program) => sum + program.body.bytesReceived, 0);
    expect(received).toBeGreaterThan(0);
    expect(body.operations).toBeGreaterThan(4);
  });
});
