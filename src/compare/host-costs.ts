/** What the processors of a host that runs TCP/IP cost under each of the systems that are compared. */

import { cardOf, type PlainCostOptions, plainCosts } from '../sweep/plain-costs.ts';
import type { Topology } from '../world/topology/checked.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';
import type { Arm } from './arms.ts';
import { directBytesMin, lanCosts, windowCosts } from './message-costs.ts';

/** @param arm the system. */
export function hostCosts(
  { hosts, cards }: Topology,
  host: number,
  options: PlainCostOptions,
  { window = false, lan = false }: Pick<Arm, 'window' | 'lan'> = {},
): HostCosts {
  const card = cardOf(cards, host);
  const { interruptNs } = card;
  const of = hosts[host];
  if (lan) return { costs: lanCosts(of, card, options), interruptNs, lan };
  if (!window) return { costs: plainCosts(of, card, options), interruptNs };
  const moves = { directBytesMin: directBytesMin(of) };
  return { costs: windowCosts(of, card, options), interruptNs, window: moves };
}
