/** One workload on this experiment's server, under one policy: how fast, and what processors it takes. */
import { charge } from '../../sweep/counts.ts';
import { endPrograms } from '../../sweep/run-programs.ts';
import type { MixedWorld } from '../../world/virtual/mixed-world.ts';
import { openBed, serverOf, type TestBed } from './world.ts';

export interface LoadFigures {
  /** Operations, and payload bytes that the server took, for each second of virtual time. */
  readonly perS: number;
  readonly bytesPerS: number;
  /** Processor time of the server's host, and of its cards, for each second of virtual time. */
  readonly hostShare: number;
  readonly cardShare: number;
  /** The same of the host for each operation, in nanoseconds. */
  readonly hostNsEach: number;
  /** Connections that the first device got, and frames that passed a tap. */
  readonly offloaded: number;
  readonly tapped: number;
}

const LIMIT_NS = 120e9;
/** Part of the operations that is done before anything counts. */
const WARMUP = 0.2;

/** What has passed so far. */
interface Passed {
  readonly nowNs: number;
  readonly operations: number;
  readonly bytes: number;
  readonly hostNs: number;
  readonly cardNs: number;
}

/** @param tapNs what a tap takes of the host for a frame of so many bytes; undefined: there is none. */
export function measureLoad(
  bed: TestBed,
  operations: number,
  tapNs?: (length: number) => number,
): LoadFigures {
  const world = openBed(bed);
  let tapped = 0;
  let tappedNs = 0;
  if (tapNs !== undefined) {
    const frame = (_device: unknown, _direction: unknown, _address: number, length: number): void => {
      const ns = tapNs(length);
      tapped += 1;
      tappedNs += ns;
      world.occupy(ns);
    };
    for (const steering of world.steerings) steering.tap = { frame };
  }
  const clients = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []));
  const done = (): number => clients.reduce((sum, client) => sum + client.operations, 0);
  for (const client of clients) client.operationsMax = Number.POSITIVE_INFINITY;
  const spent = spending(bed, world);
  const look = (): Passed => ({
    nowNs: world.queue.nowNs,
    operations: done(),
    bytes: world.programs.reduce((sum, { body }) => sum + ('accepted' in body ? body.bytesReceived : 0), 0),
    ...spent(tappedNs),
  });
  const reach = (count: number): void => {
    if (!world.run(() => done() >= count, LIMIT_NS))
      throw new Error(`no ${count} operations in ${LIMIT_NS / 1e9} s`);
  };
  reach(Math.ceil(operations * WARMUP));
  const before = look();
  reach(before.operations + operations);
  const after = look();
  endPrograms(world, LIMIT_NS);
  const seconds = (after.nowNs - before.nowNs) / 1e9;
  const hostNs = after.hostNs - before.hostNs;
  const count = after.operations - before.operations;
  return {
    perS: count / seconds,
    bytesPerS: (after.bytes - before.bytes) / seconds,
    hostShare: hostNs / 1e9 / seconds,
    cardShare: (after.cardNs - before.cardNs) / 1e9 / seconds,
    hostNsEach: hostNs / count,
    offloaded: world.offloading.registry.devices.reduce((sum, { offeredPassive }) => sum + offeredPassive, 0),
    tapped,
  };
}

/** What the server's processors have worked so far, by what their ledgers have counted. */
function spending(bed: TestBed, world: MixedWorld): (tappedNs: number) => Pick<Passed, 'hostNs' | 'cardNs'> {
  const { host, cards, plain } = serverOf(bed);
  return (tappedNs) => {
    const drivers = cards.map((_, i) => charge(world.cards[i].host.ledger.snapshot(), host.processor.costs));
    const processors = cards.map((card, i) =>
      charge(world.cards[i].iopLedger.snapshot(), card.processor.costs),
    );
    const sum = (all: readonly number[]): number => all.reduce((total, ns) => total + ns, 0);
    return {
      hostNs: charge(world.host.ledger.snapshot(), plain) + sum(drivers) + tappedNs,
      cardNs: sum(processors),
    };
  };
}
