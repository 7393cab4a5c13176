/**
 * One world measured in virtual time in which hosts run TCP/IP themselves: it warms up, does so many
 * operations, ends its programs, and its books must balance.
 */
import { LatencyRecorder, type LatencySummary } from '../record/latency.ts';
import { type Counts, charge, since } from '../sweep/counts.ts';
import { bytesOf, clientsOf, endPrograms, isWarm, operationsOf } from '../sweep/run-programs.ts';
import type { Costs } from '../time/cost-model.ts';
import type { Topology } from '../world/topology/checked.ts';
import { type HostCosts, HostWorld } from '../world/virtual/host-world.ts';

export interface HostMeasurement {
  readonly operations: number;
  readonly elapsedNs: number;
  /** Payload that all programs were given. */
  readonly bytes: number;
  readonly latencyUs: LatencySummary | null;
  /** What each stack counted meanwhile. */
  readonly counts: readonly Counts[];
  /** What that work took of the hosts' processors. */
  readonly hostNs: number;
  /** And of their cards', where these have one. */
  readonly cardNs: number;
}

export interface HostMeasureOptions {
  readonly operations: number;
  readonly limitNs: number;
}

/** @throws Error of one line when the operations are not done in time, or the books do not balance. */
export function measureHostWorld(
  topology: Topology,
  costsOf: (host: number) => HostCosts,
  { operations, limitNs }: HostMeasureOptions,
): HostMeasurement {
  const world = new HostWorld(topology, costsOf);
  const clients = clientsOf(world);
  const latency = new LatencyRecorder();
  for (const client of clients) {
    client.latency = latency;
    client.operationsMax = Number.POSITIVE_INFINITY;
  }
  const done = (): number => operationsOf(clients);
  const until = (ready: () => boolean, count: number): void => {
    if (world.run(ready, limitNs)) return;
    throw new Error(`${done()} of ${count} operations were done in ${limitNs / 1e9} s of virtual time`);
  };
  const warmup = Math.ceil(operations / 10);
  until(() => isWarm(clients, warmup, operations), warmup);
  latency.reset();
  const before = { done: done(), bytes: bytesOf(world), nowNs: world.queue.nowNs, counts: world.snapshot() };
  until(() => done() >= before.done + operations, operations);
  const grown = world.snapshot().map((counts, i) => since(counts, before.counts[i]));
  const { nowNs } = world.queue;
  const measured = { operations: done() - before.done, bytes: bytesOf(world) - before.bytes };
  const latencyUs = latency.summary() ?? null;
  const sumOf = (of: (costs: HostCosts) => Costs): number =>
    grown.reduce((sum, counts, i) => sum + charge(counts, of(costsOf(topology.cards[i].host))), 0);
  endPrograms(world, limitNs);
  return {
    ...measured,
    elapsedNs: Math.max(1, nowNs - before.nowNs),
    latencyUs,
    counts: grown,
    hostNs: sumOf(({ costs }) => costs),
    cardNs: sumOf(({ cardCosts = {} }) => cardCosts),
  };
}
