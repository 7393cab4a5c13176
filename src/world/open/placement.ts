/** Where a card is to run, as a user says it: in a thread of its own, in the program's, or as it fits. */
import { availableParallelism, loadavg } from 'node:os';
import type { Placement } from '../../record/row.ts';

export type PlacementChoice = Placement | 'auto';

export const PLACEMENTS: readonly Placement[] = ['thread', 'inline'];
export const PLACEMENT_CHOICES: readonly PlacementChoice[] = [...PLACEMENTS, 'auto'];

/**
 * Cores that must be idle for a thread to pay: one for each of the two threads, which poll for each other,
 * and one for what else comes, as V8's compiler and collector. Where a neighbour takes one of two cores, each
 * waits for a slice of the scheduler's, and the threaded card falls to a fraction of the kernel's rate.
 */
export const SPARE_CORES = 3;

/** What `auto` looks at. */
export interface Machine {
  readonly cores: number;
  /** Mean number of busy threads over the last minute; 0 where the system does not tell. */
  readonly load: number;
}

export interface Placed {
  readonly placement: Placement;
  /** Why, in words for people. */
  readonly why: string;
}

/** The machine as it is now. */
export function thisMachine(): Machine {
  return { cores: availableParallelism(), load: loadavg()[0] };
}

/**
 * @param name by which the user knows the setting. @param machine looked at for `auto` alone.
 * @throws RangeError for what is no placement.
 */
export function placeCard(choice: string, name = 'placement', machine: () => Machine = thisMachine): Placed {
  if (choice === 'auto') return placeBy(machine());
  const placement = PLACEMENTS.find((candidate) => candidate === choice);
  if (placement !== undefined) return { placement, why: 'as asked' };
  throw new RangeError(`"${name}" expected thread, inline or auto, got ${JSON.stringify(choice)}`);
}

/** The rule of `auto`: inline, unless there are cores to spare. */
export function placeBy({ cores, load }: Machine): Placed {
  const placement = cores - load >= SPARE_CORES ? 'thread' : 'inline';
  const wants = `a thread of its own wants ${SPARE_CORES} cores idle`;
  return { placement, why: `auto: ${cores} cores at a load of ${load.toFixed(1)}, and ${wants}` };
}
