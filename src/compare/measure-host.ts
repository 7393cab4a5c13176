/**
 * One world measured in virtual time in which hosts run TCP/IP themselves: it warms up, does so many
 * operations, ends its programs, and its books must balance.
 */
import { type Counts, charge, countingFrom, since } from '../sweep/counts.ts';
import { type Counted, type Extent, type MeasureWatch, runWatched } from '../sweep/measured-run.ts';
import type { Topology } from '../world/topology/checked.ts';
import { type HostCosts, HostWorld } from '../world/virtual/host-world.ts';
import type { ArmRun } from './run.ts';
import { hostWork, messageWork } from './work.ts';

export interface HostMeasurement extends Counted {
  /** What each stack counted meanwhile, and each card that has a processor of its own. */
  readonly counts: readonly Counts[];
  readonly cardCounts: readonly (Counts | undefined)[];
  /** What each had counted when all was done, the warm-up and the end included. */
  readonly totals: readonly Counts[];
  readonly cardTotals: readonly (Counts | undefined)[];
  /** What that work took of the hosts' processors. */
  readonly hostNs: number;
  /** And of their cards', where these have one. */
  readonly cardNs: number;
}

/**
 * @param watch who looks on. @throws Error of one line when the operations are not done in time, or the books
 *   do not balance.
 */
export function measureHostWorld(
  topology: Topology,
  costsOf: (host: number) => HostCosts,
  extent: Extent,
  watch?: MeasureWatch,
): HostMeasurement {
  const world = new HostWorld(topology, costsOf, undefined, [], watch);
  const begun = (): (() => Pick<HostMeasurement, 'counts' | 'cardCounts'>) => {
    const counts = countingFrom(() => world.snapshot());
    const cardsBefore = world.cardSnapshot();
    return () => ({
      counts: counts(),
      cardCounts: world.cardSnapshot().map((own, i) => own && since(own, cardsBefore[i])),
    });
  };
  const { counted, seen } = runWatched(world, topology, extent, begun, watch);
  const { counts, cardCounts } = seen;
  const { cards } = topology;
  const hostNs = counts.map((own, i) => charge(own, costsOf(cards[i].host).costs));
  const cardNs = cardCounts.map((own = {}, i) => charge(own, cards[i].processor.costs));
  return {
    ...counted,
    counts,
    cardCounts,
    totals: world.snapshot(),
    cardTotals: world.cardSnapshot(),
    hostNs: hostNs.reduce((sum, ns) => sum + ns, 0),
    cardNs: cardNs.reduce((sum, ns) => sum + ns, 0),
  };
}

/** The same as a system that is compared. @throws as `measureHostWorld`. */
export function runHostWorld(
  topology: Topology,
  costsOf: (host: number) => HostCosts,
  extent: Extent,
  watch?: MeasureWatch,
): ArmRun {
  const { counts, cardCounts, ...counted } = measureHostWorld(topology, costsOf, extent, watch);
  const works = topology.cards.map((card, i) => {
    const costs = costsOf(card.host);
    const ofCard = cardCounts[i];
    return ofCard === undefined ? hostWork(counts[i], costs) : messageWork(counts[i], ofCard, costs, card);
  });
  return { counted, works, offloads: [] };
}
