/**
 * One world measured in virtual time in which hosts run TCP/IP themselves: it warms up, does so many
 * operations, ends its programs, and its books must balance.
 */
import { LatencyRecorder, type LatencySummary } from '../record/latency.ts';
import type { Costs } from '../time/cost-model.ts';
import type { Topology } from '../world/topology/checked.ts';
import { type HostCosts, HostWorld } from '../world/virtual/host-world.ts';

export interface HostMeasurement {
  readonly operations: number;
  readonly elapsedNs: number;
  /** Payload that all programs were given. */
  readonly bytes: number;
  readonly latencyUs: LatencySummary | null;
  /** What all stacks counted meanwhile. */
  readonly counts: Readonly<Record<string, number>>;
  /** What that work took of the hosts' processors. */
  readonly hostNs: number;
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
  const clients = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []));
  const latency = new LatencyRecorder();
  for (const client of clients) {
    client.latency = latency;
    client.operationsMax = Number.POSITIVE_INFINITY;
  }
  const done = (): number => clients.reduce((sum, client) => sum + client.operations, 0);
  const bytes = (): number => world.programs.reduce((sum, { body }) => sum + body.bytesReceived, 0);
  const until = (ready: () => boolean, count: number): void => {
    if (world.run(ready, limitNs)) return;
    throw new Error(`${done()} of ${count} operations were done in ${limitNs / 1e9} s of virtual time`);
  };
  const warmup = Math.ceil(operations / 10);
  // As a sweep's: until every connection is past the burst of its start, but not for ever.
  const warm = (): boolean => {
    if (done() < warmup) return false;
    if (clients.every(({ unsettled }) => unsettled === 0)) return true;
    return done() >= warmup + operations && clients.every(({ connected }) => connected);
  };
  until(warm, warmup);
  latency.reset();
  const before = { done: done(), bytes: bytes(), nowNs: world.queue.nowNs, counts: world.snapshot() };
  until(() => done() >= before.done + operations, operations);
  const grown = world.snapshot().map((counts, i) => since(counts, before.counts[i]));
  const { nowNs } = world.queue;
  const measured = { operations: done() - before.done, bytes: bytes() - before.bytes };
  const latencyUs = latency.summary() ?? null;
  end(world, clients, limitNs);
  return {
    ...measured,
    elapsedNs: Math.max(1, nowNs - before.nowNs),
    latencyUs,
    counts: total(grown),
    hostNs: grown.reduce((sum, counts, i) => sum + charge(counts, costsOf(topology.cards[i].host).costs), 0),
  };
}

function end(
  world: HostWorld,
  clients: readonly { latency: unknown; operationsMax: number; closeWhenIdle: boolean }[],
  limitNs: number,
): void {
  for (const client of clients) {
    client.latency = undefined;
    client.operationsMax = 0;
    client.closeWhenIdle = true;
  }
  const finished = world.runPrograms(limitNs);
  const line = world.unbalanced();
  if (line !== undefined) throw new Error(`the books do not balance: ${line}`);
  if (!finished) throw new Error(`requests under way had no answer after ${limitNs / 1e9} s`);
}

type Counts = Readonly<Record<string, number>>;

function since(counts: Counts, before: Counts): Counts {
  return Object.fromEntries(
    Object.entries(counts).map(([name, value]) => [name, value - (before[name] ?? 0)]),
  );
}

function total(all: readonly Counts[]): Counts {
  const sums: Record<string, number> = {};
  for (const counts of all) {
    for (const [name, value] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

function charge(counts: Counts, costs: Costs): number {
  return Object.entries(costs).reduce((sum, [name, ns]) => sum + (counts[name] ?? 0) * ns, 0);
}
