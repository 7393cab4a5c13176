/** A port that is full most of the time is shared: streams that fill it do not keep requests from it. */
import { expect, it } from 'vitest';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const request = { workload: 'TCP_RR', connections: 16, size: 128 };
const stream = { workload: 'TCP_STREAM', connections: 2, size: 16384 };

it('requests go beside streams over a link of a short queue, and nothing is sent again', () => {
  const world = new VirtualWorld(
    readTopology({
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } } },
        b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '20us', queueFrames: 256 } },
      programs: {
        sink: { ...stream, role: 'server', host: 'right', port: 9 },
        echo: { ...request, role: 'server', host: 'right' },
        pump: { ...stream, role: 'client', host: 'left', server: 'sink' },
        caller: { ...request, role: 'client', host: 'left', server: 'echo', think: '20us' },
      },
    }),
  );
  world.run(() => false, 100e6);
  const requests = world.programs.find(({ name }) => name === 'caller')?.body as { operations: number };
  expect(requests.operations).toBeGreaterThan(2000);
  for (const counters of world.snapshot()) expect(counters['tcpRetransSegs'] ?? 0).toBe(0);
});
