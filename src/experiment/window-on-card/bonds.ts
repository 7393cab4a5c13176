/**
 * The ports of the card as one bond, with the TCP window on the card: what a hash makes of several links, and
 * what a link that dies does to a stream. Bytes that were filled by way of one port are sent by way of
 * another, since the ports share the window.
 */
import { ARMS, type Arm } from '../../compare/arms.ts';
import { readTopology } from '../../world/topology.ts';
import { HostWorld } from '../../world/virtual/host-world.ts';
import { type Effect, effectOf } from '../claims/effect.ts';
import type { Claim } from '../claims/judge.ts';
import type { Run } from './world.ts';
import { serverAndPeer, windowHosts, wirePayloadPerS } from './world.ts';

/** How the bond is told to be, under the names of Linux's bonding driver. */
interface Bonding {
  readonly mode: 'active-backup' | 'balance-xor';
  /** Of balance-xor. */
  readonly xmitHashPolicy?: 'layer3+4';
  /** How often links are looked at; 0: never. */
  readonly miimon: string;
}

const DERIVED = 'derived from the same text';
/** Many enough that a hash of their ports leaves no link out. */
const STREAMS = 16;
/** How long streams run before they are looked at, and how long they are. */
const SETTLED_NS = 20e6;
const LOOKED_AT_NS = 20e6;
/** What is on the wires when a link dies has arrived then. */
const ARRIVED_NS = 1e6;
/** How long a stream is waited for that has lost its link. */
const PATIENCE_NS = 5e9;
const SECOND_NS = 1e9;
const ACTIVE: Bonding = { mode: 'active-backup', miimon: '10ms' };
const HASHED: Bonding = { mode: 'balance-xor', xmitHashPolicy: 'layer3+4', miimon: '10ms' };

function openBond(run: Run, bonding: Bonding, streams: number): HostWorld {
  const ports = Array.from({ length: run.ports }, (_, i) => `eth${i}`);
  const bond = { ports, ...bonding };
  const portsOf = (side: number): object => ({
    ports: Object.fromEntries(ports.map((name) => [name, {}])),
    bonds: { bond0: { ...bond, address: `10.0.0.${side}/24` } },
  });
  const { size } = run;
  const programs = {
    sink: { workload: 'TCP_STREAM', role: 'server', host: 'peer', size, connections: streams },
    source: {
      ...{ workload: 'TCP_STREAM', role: 'client', host: 'server', server: 'sink' },
      ...{ size, connections: streams },
    },
  };
  const arm = ARMS.find(({ name }) => name === 'window') as Arm;
  const topology = readTopology(serverAndPeer(run, arm, portsOf, programs));
  return new HostWorld(topology, windowHosts(run, topology));
}

function received(world: HostWorld): number {
  return world.snapshot()[1]['bytesReceived'];
}

/** Of what all wires carry, how many percent the peer's program is given. */
function linksFilled(run: Run, bonding: Bonding, streams: number): number {
  const world = openBond(run, bonding, streams);
  world.run(() => false, SETTLED_NS);
  const before = received(world);
  world.run(() => false, LOOKED_AT_NS);
  return (100 * (received(world) - before) * SECOND_NS) / LOOKED_AT_NS / wirePayloadPerS(run.ports);
}

/** How long a stream stands when the link dies by which it goes, in nanoseconds; `PATIENCE_NS`: for good. */
function pauseNs(run: Run, bonding: Bonding): number {
  const world = openBond(run, bonding, 1);
  world.run(() => false, SETTLED_NS);
  world.setLink('wire0', false);
  const diedNs = world.queue.nowNs;
  world.run(() => false, ARRIVED_NS);
  const before = received(world);
  const goesOn = world.run(() => received(world) > before, PATIENCE_NS);
  return goesOn ? world.queue.nowNs - diedNs : PATIENCE_NS;
}

/** @param base what each trial is a change of. @param step told of each figure. */
export function bondClaims(
  base: Run,
  seeds: readonly number[],
  step: <T>(figure: T) => T = (figure) => figure,
): Claim[] {
  const each = (what: string, unit: string, of: (run: Run) => number): Effect =>
    effectOf(
      what,
      unit,
      seeds.map((seed) => step(of({ ...base, seed }))),
    );
  const filled = (bonding: Bonding, streams: number): Effect =>
    each('of what all wires of a bond carry, filled', '%', (run) => linksFilled(run, bonding, streams));
  const stands = (bonding: Bonding): Effect =>
    each('until a stream goes on whose link has died', 'ns', (run) => pauseNs(run, bonding));
  return [
    {
      name: 'bond-by-hash',
      statement:
        'A bond that hashes its streams fills clearly more than half of what its links carry together',
      source: DERIVED,
      effect: filled(HASHED, STREAMS),
      bound: { above: 55 },
      without: { cause: 'the hash, one link being active', effect: filled(ACTIVE, STREAMS) },
      under: [{ factor: 'how many streams there are', condition: 'one stream', effect: filled(HASHED, 1) }],
    },
    {
      name: 'link-dies',
      statement: 'When a link of a bond dies its streams go on by another within a second',
      source: DERIVED,
      effect: stands(ACTIVE),
      bound: { below: SECOND_NS },
      without: {
        cause: 'looking at links (miimon)',
        effect: stands({ mode: 'active-backup', miimon: '0ms' }),
      },
    },
  ];
}
