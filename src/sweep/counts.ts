/** Sums over what ledgers have counted. */
import type { Costs } from '../time/cost-model.ts';
import type { Topology } from '../world/topology/checked.ts';

export type Counts = Readonly<Record<string, number>>;

/** What a ledger's counters of these names come to, together. */
export function named(counts: Counts, names: readonly string[]): number {
  return names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
}

/** What was counted since a ledger said `before`. */
export function since(counts: Counts = {}, before: Counts = {}): Counts {
  const counted: Record<string, number> = {};
  for (const [name, value] of Object.entries(counts)) counted[name] = value - (before[name] ?? 0);
  return counted;
}

/** @returns what tells later how far ledgers have counted from now on, each by itself. */
export function countingFrom(snapshot: () => readonly Counts[]): () => Counts[] {
  const before = snapshot();
  return () => snapshot().map((counts, i) => since(counts, before[i]));
}

/** What so many counts cost, in nanoseconds. */
export function charge(counts: Counts, costs: Costs): number {
  return Object.entries(costs).reduce((sum, [name, ns]) => sum + (counts[name] ?? 0) * ns, 0);
}

/** What servers worked on requests, by their hosts, in nanoseconds for so many operations. */
export function servedNs({ programs, hosts }: Topology, operations: number): number[] {
  const servers = programs.filter(({ role }) => role === 'server');
  return hosts.map((_, host) =>
    servers.reduce(
      (sum, { pace, host: at }) => (at === host ? sum + (pace.serviceNs * operations) / servers.length : sum),
      0,
    ),
  );
}
