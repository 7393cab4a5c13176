/**
 * How fast worlds in virtual time run: segments simulated in a second of this processor, over both hosts,
 * both cards and the link. With processors and a link that cost nothing but a delay, segments go in
 * batches, as many as there are connections; with those of a present card each is an event of its own.
 */
import { readTopology } from '../src/world/topology.ts';
import { VirtualWorld } from '../src/world/virtual/virtual-world.ts';

interface Case {
  readonly workload: string;
  readonly connections: number;
  readonly size: number;
  readonly operations: number;
}

const CASES: readonly Case[] = [
  { workload: 'TCP_RR', connections: 32, size: 64, operations: 160_000 },
  { workload: 'TCP_STREAM', connections: 1, size: 65_536, operations: 12_000 },
];
const WORLDS = [
  { title: 'no costs, a delay alone', costs: 'none', link: { delay: '5us' } },
  { title: 'costs of card-2025, 10 Gbit/s', costs: 'card-2025', link: { delay: '5us', rate: '10Gbit/s' } },
];
/** Virtual time that no case comes near. */
const LIMIT_NS = 60e9;

/** @param scale 1 for a figure, less for a smoke test. @returns a line for each case in each world. */
export function runSimulationBench(scale: number): string[] {
  return WORLDS.flatMap(({ title, costs, link }) =>
    CASES.map((shape) => {
      const { segments, operations, cpuS } = simulated(costs, link, shape, scale);
      const name = `${shape.workload} x${shape.connections}`.padEnd(14);
      const perS = Math.round(segments / cpuS / 1000);
      const perOperation = ((cpuS * 1e6) / operations).toFixed(1);
      const rate = `${perS} thousand segments a processor second`;
      return `${name} ${title}: ${rate}, ${perOperation} us an operation`;
    }),
  );
}

function simulated(costs: string, link: object, shape: Case, scale: number) {
  const { workload, connections, size } = shape;
  const count = Math.ceil(shape.operations * scale);
  const program = { workload, connections, size };
  const world = new VirtualWorld(
    readTopology({
      costs,
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', mtu: 1500, ports: { eth0: { address: '10.0.0.1/24' } } },
        b: { host: 'right', mtu: 1500, ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], ...link } },
      programs: {
        server: { ...program, role: 'server', host: 'right' },
        client: { ...program, role: 'client', host: 'left', server: 'server' },
      },
    }),
  );
  const client = world.programs.map(({ body }) => body).find((body) => 'operationsMax' in body);
  if (client === undefined) throw new Error('the world has no client');
  const segmentsOf = (): number =>
    world.snapshot().reduce((sum, counters) => sum + (counters['tcpOutSegs'] ?? 0), 0);
  // The compiler has seen all of it before anything is timed.
  run(world, () => client.operations >= count / 4);
  const before = { segments: segmentsOf(), operations: client.operations, cpu: process.cpuUsage() };
  run(world, () => client.operations >= count);
  const { user, system } = process.cpuUsage(before.cpu);
  return {
    segments: segmentsOf() - before.segments,
    operations: client.operations - before.operations,
    cpuS: (user + system) / 1e6,
  };
}

function run(world: VirtualWorld, done: () => boolean): void {
  if (!world.run(done, LIMIT_NS)) throw new Error('the simulation did not come to its end');
}
