/** A world in one thread, in real time: no thread boundary, otherwise the same parts as everywhere. */
import type { Topology } from '../topology/checked.ts';
import { LiveWorld, type Traces } from './live-world.ts';

/**
 * @param topology all of it runs in this thread, whatever it says of threads. @throws Error when a card
 * does not come up.
 */
export function openInlineWorld(topology: Topology, traces: Traces = []): LiveWorld {
  const world = new LiveWorld(topology, traces);
  world.bringUp();
  return world;
}
