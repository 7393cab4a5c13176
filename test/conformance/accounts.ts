/** The books of our own card at rest. */
import type { BareCard } from '../iop/bed.ts';

export { contextsOf, poolsLost } from '../../src/conform/card/accounts.ts';

/** @returns what is missing; '' when all frames are back. */
export function framesLost(card: BareCard): string {
  return card.framesLost();
}
