/**
 * Whose each frame of one direction is, as one end of the FIFO transport remembers it: one of these numbers a
 * frame.
 */
import { assert } from '../../../assert/assert.ts';

/** The card's. */
export const CARDS = 0;
/**
 * The host's. On the card: no entry of a FIFO tells of it, as of a preserved inbound frame or an outbound one
 * never lent.
 */
export const HOSTS = 1;
/**
 * On the card: pushed for the host at an index the card has noted. It is the host's once the host has taken
 * that entry.
 */
export const PUSHED = 2;
/** On the host: an inbound frame that was posted and not read again. Only such a frame can be preserved. */
export const POSTED = 3;

/** How many frames have an owner. */
export function countOwned(owners: Uint8Array, owner: number): number {
  assert(owner >= CARDS && owner <= POSTED, 'frame owners: an owner is one of the four');
  let count = 0;
  for (let slot = 0; slot < owners.length; slot++) if (owners[slot] === owner) count += 1;
  return count;
}
