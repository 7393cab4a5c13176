/**
 * What a round trip of one request at a time tells, since both sides wait for each other in it. Work that
 * lies on its way cannot take longer than it does; what takes longer is done beside it, after a side has
 * shown its work and while the other works on (`restNs`). What work leaves of it, news takes from one side
 * to the other (`newsNs`). Both are found by running the round trip in virtual time, which knows what lies on
 * its way.
 */
import { virtualRound } from './virtual-run.ts';

const OPERATIONS = 2000;
const SECANTS = 4;
/** A first guess, from which the slope is taken. */
const GUESS_NS = 100;
const NEWS_NS_MAX = 100_000;
/** Nearer to the round trip than this share of it is near enough. */
const NEAR = 0.01;
/** A side that comes to rest twice in a round trip cannot do more beside it than this share of it. */
const REST_SHARE_MAX = 0.3;
const REST_STEPS = 12;
const HALVINGS = 4;

/** The same world, with a cost or a latency of so many nanoseconds. */
export type WorldOf = (ns: number) => object;

/**
 * @param roundTripNs of the live world. @param worldOf the same world, in which news takes so long.
 * @returns 0 where the work alone takes as long or longer.
 */
export function newsNs(roundTripNs: number, worldOf: WorldOf): number {
  let lastNs = 0;
  let lastTook = tookNs(worldOf(0));
  if (lastTook >= roundTripNs) return 0;
  let ns = GUESS_NS;
  for (let i = 0; i < SECANTS; i++) {
    const took = tookNs(worldOf(ns));
    const slope = (took - lastTook) / (ns - lastNs);
    if (!(slope > 0) || Math.abs(took / roundTripNs - 1) < NEAR / 10) break;
    lastNs = ns;
    lastTook = took;
    ns = Math.min(NEWS_NS_MAX, Math.max(0, ns + (roundTripNs - took) / slope));
    if (ns === lastNs) break;
  }
  return ns;
}

/**
 * @param worldOf the same world, in which each look that finds nothing after one that did takes so much
 * longer, and the costs found for other work are the less. What is done beside the way can become so long
 * that the next work waits for it, so the round trip is shortest somewhere: the least cost is looked for that
 * brings it near enough, or else the one that brings it nearest.
 * @returns 0 where the work on the way takes no longer than the round trip.
 */
export function restNs(roundTripNs: number, worldOf: WorldOf): number {
  const overNs = (ns: number): number => tookNs(worldOf(ns)) - roundTripNs * (1 + NEAR);
  const stepNs = (roundTripNs * REST_SHARE_MAX) / REST_STEPS;
  let best = { ns: 0, over: overNs(0) };
  for (let i = 1; i <= REST_STEPS && best.over > 0; i++) {
    const at = { ns: i * stepNs, over: overNs(i * stepNs) };
    if (at.over < best.over) best = at;
  }
  if (best.over > 0 || best.ns === 0) return best.ns;
  let enough = best.ns;
  let tooLittle = enough - stepNs;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (tooLittle + enough) / 2;
    if (overNs(middle) > 0) tooLittle = middle;
    else enough = middle;
  }
  return enough;
}

function tookNs(world: object): number {
  const { elapsedNs, operations } = virtualRound(world, OPERATIONS);
  return elapsedNs / operations;
}
