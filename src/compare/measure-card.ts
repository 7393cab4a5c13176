/** One world measured in virtual time whose cards run TCP/IP: what each card and its host did. */
import { type Counts, countingFrom } from '../sweep/counts.ts';
import { type Extent, runMeasured } from '../sweep/measured-run.ts';
import type { Topology } from '../world/topology/checked.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';
import type { ArmRun } from './run.ts';
import { cardWork } from './work.ts';

/** @throws Error of one line when the operations are not done in time, or the books do not balance. */
export function measureCardWorld(topology: Topology, extent: Extent): ArmRun {
  const world = new VirtualWorld(topology, [], false);
  const begun = (): (() => Counts[]) => countingFrom(() => world.snapshot());
  const { counted, seen } = runMeasured(world, topology, extent, begun);
  const works = topology.cards.map((card, i) =>
    cardWork(seen[2 * i], seen[2 * i + 1], topology.hosts[card.host].processor.costs, card),
  );
  return { counted, works, offloads: [] };
}
