/** A world in one thread, in real time: no thread boundary, otherwise the same parts as everywhere. */
import { checkedTopology, type Topology } from '../topology/checked.ts';
import { type AgentWatch, LiveWorld, type Traces } from './live-world.ts';

/**
 * @param topology all of it runs in this thread, whatever it says of threads. @param watch stands before
 * each host and card. @throws Error when a card does not come up.
 */
export function openInlineWorld(topology: Topology, traces: Traces = [], watch?: AgentWatch): LiveWorld {
  const world = new LiveWorld(checkedTopology(topology), traces, undefined, watch);
  world.bringUp();
  return world;
}
