/**
 * A seed nobody can guess, from the machine's own randomness: for what others shall not be able to repeat.
 */
import { randomInt } from 'node:crypto';

/** @returns an int32. */
export function randomSeed(): number {
  return randomInt(-0x8000_0000, 0x8000_0000);
}
