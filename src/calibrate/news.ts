/**
 * How long what one side shows takes to be seen by the other: what is left of a live round trip when the work
 * of both sides is taken off. It is found by running that round trip in virtual time, which knows what of the
 * work lies on its way and what beside it.
 */
import { virtualRound } from './virtual-run.ts';

const OPERATIONS = 2000;
const STEPS = 4;
/** A first guess, from which the slope is taken. */
const GUESS_NS = 100;
const MAX_NS = 100_000;

/**
 * @param roundTripNs of the live world. @param worldOf the same world, in which news takes so long.
 * @returns 0 where the work alone takes as long or longer.
 */
export function newsNs(roundTripNs: number, worldOf: (ns: number) => object): number {
  const takesNs = (ns: number): number => {
    const { elapsedNs, operations } = virtualRound(worldOf(ns), OPERATIONS);
    return elapsedNs / operations;
  };
  let lastNs = 0;
  let lastTook = takesNs(0);
  if (lastTook >= roundTripNs) return 0;
  let ns = GUESS_NS;
  for (let i = 0; i < STEPS; i++) {
    const took = takesNs(ns);
    const slope = (took - lastTook) / (ns - lastNs);
    if (!(slope > 0) || Math.abs(took / roundTripNs - 1) < 0.001) break;
    lastNs = ns;
    lastTook = took;
    ns = Math.min(MAX_NS, Math.max(0, ns + (roundTripNs - took) / slope));
    if (ns === lastNs) break;
  }
  return ns;
}
