/**
 * What work costs a host that runs TCP/IP itself, from the costs of a world's host and card: calls, copies
 * and interrupts cost what they cost the host; the protocol's work what it costs the card's processor, in
 * proportion to how fast the two are; and a call that enters a kernel costs its entry. A packet that the
 * device cuts into segments costs what one does: the driver hands it over once. Segments that were put
 * together before the stack cost TCP's input once, and each of them what it takes to put it there.
 */

import type { Costs } from '../time/cost-model.ts';
import type { CardTopology, HostTopology } from '../world/topology/checked.ts';

/** What the protocol's work is counted by. */
const PROTOCOL = [
  'tcpInSegs',
  'tcpActiveOpens',
  'tcpPassiveOpens',
  'deviceRxPackets',
  'driverGroSegments',
  'checksums',
  'checksumsBytes',
  'cardGatherCopiesBytes',
  'cardCollapseCopiesBytes',
  'driverLinearCopiesBytes',
];
const HOST = [
  'sendCopies',
  'sendCopiesBytes',
  'receiveCopies',
  'receiveCopiesBytes',
  'hostInterruptsServiced',
];

export interface PlainCostOptions {
  /** How many times as fast the host's processor does the protocol's work as the card's: above 0. */
  readonly hostSpeed: number;
  /** What entering the kernel and leaving it takes, for each call, in nanoseconds. */
  readonly systemCallNs: number;
}

/** A host's processor as fast as its card's, and a kernel of today. */
export const PLAIN: PlainCostOptions = { hostSpeed: 1, systemCallNs: 200 };

export function plainCosts(
  host: HostTopology,
  card: CardTopology,
  { hostSpeed, systemCallNs }: PlainCostOptions,
): Costs {
  const own = host.processor.costs;
  const costs: Record<string, number> = { userCalls: (own['userCalls'] ?? 0) + systemCallNs };
  for (const name of HOST) costs[name] = own[name] ?? 0;
  const protocol = (name: string): number => (card.processor.costs[name] ?? 0) / hostSpeed;
  for (const name of PROTOCOL) costs[name] = protocol(name);
  // Each packet is handed to the device by a write to it.
  costs['driverGsoSegments'] = protocol('deviceTxPackets') + (own['doorbells'] ?? 0);
  costs['ipOutRequests'] = protocol('tcpOutSegs') + protocol('deviceTxPackets') + (own['doorbells'] ?? 0);
  return costs;
}

/** The card by whose processor a host's own is measured. */
export function cardOf(cards: readonly CardTopology[], host: number): CardTopology {
  return cards.find((card) => card.host === host) as CardTopology;
}
