/**
 * One world measured in virtual time in which hosts run TCP/IP themselves: it warms up, does so many
 * operations, ends its programs, and its books must balance.
 */
import { type Counts, charge, since } from '../sweep/counts.ts';
import { type Counted, type Extent, runMeasured } from '../sweep/measured-run.ts';
import type { Costs } from '../time/cost-model.ts';
import type { Topology } from '../world/topology/checked.ts';
import { type HostCosts, HostWorld } from '../world/virtual/host-world.ts';

export interface HostMeasurement extends Counted {
  /** What each stack counted meanwhile. */
  readonly counts: readonly Counts[];
  /** What each had counted when all was done, the warm-up and the end included. */
  readonly totals: readonly Counts[];
  /** What that work took of the hosts' processors. */
  readonly hostNs: number;
  /** And of their cards', where these have one. */
  readonly cardNs: number;
}

/** @throws Error of one line when the operations are not done in time, or the books do not balance. */
export function measureHostWorld(
  topology: Topology,
  costsOf: (host: number) => HostCosts,
  extent: Extent,
): HostMeasurement {
  const world = new HostWorld(topology, costsOf);
  const begun = (): (() => Counts[]) => {
    const before = world.snapshot();
    return () => world.snapshot().map((counts, i) => since(counts, before[i]));
  };
  const { counted, seen: counts } = runMeasured(world, topology, extent, begun);
  const sumOf = (of: (costs: HostCosts) => Costs): number =>
    counts.reduce((sum, own, i) => sum + charge(own, of(costsOf(topology.cards[i].host))), 0);
  return {
    ...counted,
    counts,
    totals: world.snapshot(),
    hostNs: sumOf(({ costs }) => costs),
    cardNs: sumOf(({ cardCosts = {} }) => cardCosts),
  };
}
