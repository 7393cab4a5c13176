/** A card whose host has TCP/IP of its own beside it: each connection and counter is shown where it is. */
import { beforeAll, describe, expect, it } from 'vitest';
import { deviceFactsOf } from '../../src/inspect/beside.ts';
import {
  neighbourLinesOf,
  ownNeighbourLinesOf,
  ownRouteLinesOf,
  routeLinesOf,
} from '../../src/inspect/paths.ts';
import {
  type ConnectionLine,
  connectionsOf,
  hostBeside,
  ownStatisticsOf,
  ownTimeWaitOf,
  type RanWorld,
  ranFor,
  statisticsOf,
  timeWaitOf,
} from '../../src/inspect/running.ts';
import { withWorkload } from '../../src/sweep/workload.ts';
import { readTopology, type Topology } from '../../src/world/topology.ts';
import type { MixedHost } from '../../src/world/virtual/mixed-host.ts';

const RAN_NS = 5e6;
/** Callers are left on their host, and what is called at the first address of the server goes to its card. */
const POLICY = '[active] any => no-offload\n[listen] any => offload\nlocal host 10.0.0.2 => offload\n';

/** A server with a card of two ports, and two clients, one at each. */
function topologyOf(workload: string): Topology {
  const one = (host: string, address: string): object => ({ host, ports: { eth0: { address } } });
  const ports = { eth0: { address: '10.0.0.2/24' }, eth1: { address: '10.0.1.2/24' } };
  const wire = { rate: '1Gbit/s', delay: '10us' };
  const client = { workload, role: 'client', server: 'serve', connections: 2, size: 64 };
  return readTopology({
    hosts: { server: {}, left: {}, right: {} },
    cards: {
      two: { host: 'server', ports },
      left: one('left', '10.0.0.1/24'),
      right: one('right', '10.0.1.1/24'),
    },
    links: {
      a: { ends: ['two.eth0', 'left.eth0'], ...wire },
      b: { ends: ['two.eth1', 'right.eth0'], ...wire },
    },
    programs: {
      serve: { workload, role: 'server', host: 'server', connections: 4, size: 64 },
      near: { ...client, host: 'left' },
      far: { ...client, host: 'right' },
    },
  });
}

describe('a card beside its host’s own stack', () => {
  const topology = topologyOf('TCP_RR');
  let world: RanWorld;
  let host: MixedHost;
  beforeAll(() => {
    world = ranFor(topology, RAN_NS, POLICY);
    host = hostBeside(world, 0) as MixedHost;
  });

  it('shows each connection where it is, and the listener of either', () => {
    const at = ({ at: where, state, remote }: ConnectionLine): string =>
      `${where} ${state} ${remote.split(':')[0]}`;
    expect(connectionsOf(topology, world, 0).map(at)).toEqual([
      'card LISTEN *',
      'host LISTEN *',
      ...Array(2).fill('card ESTABLISHED 10.0.0.1'),
      ...Array(2).fill('host ESTABLISHED 10.0.1.1'),
    ]);
    expect(connectionsOf(topology, world, 1).map(at)).toEqual(Array(2).fill('host ESTABLISHED 10.0.0.2'));
  });

  it('counts apart what each of the two has done, and together it is all that the programs did', () => {
    const bytes = (list: readonly { name: string; value: number }[]): number =>
      list.find(({ name }) => name === 'bytesReceived')?.value ?? 0;
    const [card, own] = [bytes(statisticsOf(world, 0)), bytes(ownStatisticsOf(host))];
    const clients = [1, 2].map((at) => bytes(ownStatisticsOf(hostBeside(world, at) as MixedHost)));
    expect(Math.min(card, own)).toBeGreaterThan(1000);
    // A request may be under way at each connection.
    expect(Math.abs(card + own - clients[0] - clients[1])).toBeLessThanOrEqual(4 * 64);
    expect(statisticsOf(world, 1).some(({ name }) => name === 'bytesReceived')).toBe(false);
  });

  it('is told of as a device by what its host gave it', () => {
    expect(deviceFactsOf(host, 0)).toEqual([
      ['name', 'toe0, active'],
      ['limits', expect.stringMatching(/^listeners \d+, half-open \d+, connections \d+$/)],
      ['holds', 'listeners 1, connections 2'],
      ['got', '0 that the host opened, 2 that peers opened'],
      ['handed over, taken back', '0, 0'],
      ['refused', 'none'],
      ['link went down, came back', '0, 0'],
    ]);
  });

  it('has neighbours and routes of its own, as the host has', () => {
    expect(ownNeighbourLinesOf(host).map((line) => line.split(' ')[0])).toEqual(['10.0.0.1', '10.0.1.1']);
    expect(neighbourLinesOf(world, 0)).toHaveLength(2);
    expect(ownRouteLinesOf(host)).toEqual(routeLinesOf(world, 0));
  });
});

it('counts connections at rest of card and host apart', () => {
  const topology = topologyOf('TCP_CRR');
  const world = ranFor(topology, RAN_NS, POLICY);
  const own = ownTimeWaitOf(hostBeside(world, 0) as MixedHost);
  expect(Math.min(own, timeWaitOf(world, 0))).toBeGreaterThan(10);
  expect(hostBeside(ranFor(topology, 0), 0)).toBeUndefined();
});

it('is refused by name where a host cannot run TCP/IP beside its card', () => {
  const card = (host: string, last: number): object => ({
    host,
    runs: 'inline',
    ports: { eth0: { address: `10.0.0.${last}/24` } },
  });
  const world = {
    hosts: { left: {}, right: {} },
    cards: { a: card('left', 1), b: card('right', 2) },
    links: { wire: { ends: ['a.eth0', 'b.eth0'] } },
  };
  const topology = readTopology(withWorkload(world, { workload: 'TCP_RR', connections: 1, size: 64 }));
  expect(() => ranFor(topology, RAN_NS, POLICY)).toThrow('"cards.a" shares its wire with its host');
});
