/** One world measured in virtual time whose cards run TCP/IP: what each card and its host did. */
import { type Counts, countingFrom } from '../sweep/counts.ts';
import { type Extent, type MeasureWatch, runWatched } from '../sweep/measured-run.ts';
import type { Topology } from '../world/topology/checked.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';
import type { ArmRun } from './run.ts';
import { cardWork } from './work.ts';

/**
 * @param watch who looks on. @throws Error of one line when the operations are not done in time, or the books
 *   do not balance.
 */
export function measureCardWorld(topology: Topology, extent: Extent, watch?: MeasureWatch): ArmRun {
  const world = new VirtualWorld(topology, [], false, watch);
  const begun = (): (() => Counts[]) => countingFrom(() => world.snapshot());
  const { counted, seen } = runWatched(world, topology, extent, begun, watch);
  const works = topology.cards.map((card, i) =>
    cardWork(seen[2 * i], seen[2 * i + 1], topology.hosts[card.host].processor.costs, card),
  );
  return { counted, works, offloads: [] };
}
