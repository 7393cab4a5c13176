/** Where a card is to run, as a user says it. */
import type { Placement } from '../build/opened-card.ts';

export const PLACEMENTS: readonly Placement[] = ['thread', 'inline'];

/** @throws RangeError for what is no placement. */
export function checkPlacement(placement: Placement): void {
  if (PLACEMENTS.includes(placement)) return;
  throw new RangeError(`"placement" expected thread or inline, got ${JSON.stringify(placement)}`);
}
