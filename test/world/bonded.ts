/** A world in which a server has several devices as one port, and streams go on while links die. */
import type { Topology } from '../../src/world/topology/checked.ts';
import { readTopology } from '../../src/world/topology.ts';

export interface BondedBed {
  /** Of the bond, beside its ports and address. */
  readonly bond?: object;
  /** Of the peer's bond; absent: the peer has one port, and a switch is between them. */
  readonly peerBond?: object;
  readonly nics?: number;
  /** By the number of the link: what it is beside its ends. */
  readonly links?: readonly object[];
  readonly operations?: number;
  readonly connections?: number;
  readonly workload?: string;
  readonly costs?: string;
}

export const SERVER = 0;
export const PEER = 1;

export function bondedWorld(bed: BondedBed = {}): Topology {
  const { bond = { mode: 'active-backup' }, peerBond, nics = 2, links = [] } = bed;
  const { operations = 200, connections = 4, workload = 'TCP_RR', costs = 'none' } = bed;
  const names = Array.from({ length: nics }, (_, i) => `eth${i}`);
  const ports = Object.fromEntries(names.map((name) => [name, {}]));
  const small = { driver: { socketsMax: 64 }, rxRing: 16, packetSlots: 512 };
  const bonds = (more: object, address: string): object => ({
    ports,
    bonds: { bond0: { ports: names, address, miimon: '1ms', ...more } },
  });
  const wire = { rate: '1Gbit/s', delay: '5us' };
  const peer =
    peerBond === undefined ? { ports: { eth0: { address: '10.0.0.2/24' } } } : bonds(peerBond, '10.0.0.2/24');
  const ends = (i: number): string[] => [`server.eth${i}`, peerBond === undefined ? 'hub' : `peer.eth${i}`];
  return readTopology({
    costs,
    hosts: { server: {}, peer: {} },
    cards: {
      server: { host: 'server', ...small, ...bonds(bond, '10.0.0.1/24') },
      peer: { host: 'peer', ...small, ...peer },
    },
    ...(peerBond === undefined ? { switches: { hub: {} } } : {}),
    links: {
      ...Object.fromEntries(names.map((_, i) => [`wire${i}`, { ends: ends(i), ...wire, ...links[i] }])),
      ...(peerBond === undefined ? { up: { ends: ['peer.eth0', 'hub'], ...wire } } : {}),
    },
    programs: {
      sink: { workload, role: 'server', host: 'peer', size: 1000, connections },
      source: {
        workload,
        role: 'client',
        host: 'server',
        server: 'sink',
        operations,
        connections,
        size: 1000,
      },
    },
  });
}
