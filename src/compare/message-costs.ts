/**
 * What work costs a host that runs TCP/IP over a card of messages: the same as over a device on its bus
 * (`plain-costs.ts`), but that it hands packets over in messages, and is told of others in messages. What
 * these cost it, and its doorbells and interrupts, they cost the driver of a card of sockets too. Taking a
 * packet from the device and giving it one is the work of the card, whose processor costs what its
 * description says.
 */

import { type PlainCostOptions, plainCosts } from '../sweep/plain-costs.ts';
import type { Costs } from '../time/cost-model.ts';
import type { CardTopology, HostTopology } from '../world/topology/checked.ts';

/** What the driver of any card of messages does, whatever is in them. */
const MESSAGES = [
  'messageRequests',
  'messageReplies',
  'doorbells',
  'portReads',
  'portWrites',
  'registerReads',
  'registerWrites',
];
const PAGE_BYTES = 4096;

/** Of any such card. */
function messageCosts(host: HostTopology, card: CardTopology, options: PlainCostOptions): Costs {
  const own = host.processor.costs;
  const costs: Record<string, number> = { ...plainCosts(host, card, options) };
  for (const name of MESSAGES) costs[name] = own[name] ?? 0;
  costs['ipOutRequests'] = (card.processor.costs['tcpOutSegs'] ?? 0) / options.hostSpeed;
  return costs;
}

/** Of a card of network ports. */
export function lanCosts(host: HostTopology, card: CardTopology, options: PlainCostOptions): Costs {
  const own = host.processor.costs;
  return {
    ...messageCosts(host, card, options),
    // Payload that cannot be held until the card has fetched it.
    lanCopies: own['sendCopies'] ?? 0,
    lanCopiesBytes: own['sendCopiesBytes'] ?? 0,
  };
}

/**
 * Of a card with the TCP window. Taking a packet from the device is the card's work, so the host has of it
 * the protocol's alone; each page that a call has mapped costs what the profile says of a mapping.
 */
export function windowCosts(host: HostTopology, card: CardTopology, options: PlainCostOptions): Costs {
  const own = host.processor.costs;
  return {
    ...messageCosts(host, card, options),
    mappings: own['mappings'] ?? 0,
    // What came whole is copied to the program.
    windowWholeCopies: own['receiveCopies'] ?? 0,
    windowWholeCopiesBytes: own['receiveCopiesBytes'] ?? 0,
  };
}

/**
 * The length of a call from which on to map the program's page costs less than to copy its bytes, as a driver
 * finds it that knows what both cost; endless where a whole page is copied for less.
 */
export function directBytesMin({ processor: { costs } }: HostTopology): number {
  const copied = costs['sendCopiesBytes'] ?? 0;
  const dearer = Math.max(0, (costs['mappings'] ?? 0) - (costs['sendCopies'] ?? 0));
  return dearer < copied * PAGE_BYTES || dearer === 0
    ? Math.ceil(dearer / (copied || 1))
    : Number.POSITIVE_INFINITY;
}
