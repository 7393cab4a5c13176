/**
 * What work costs a host that runs TCP/IP over a card of network ports: the same as over a device on its bus
 * (`plain-costs.ts`), but that it hands packets over in messages, and is told of others in messages. What
 * these cost it, and its doorbells and interrupts, they cost the driver of a card of sockets too. Taking a
 * packet from the device and giving it one is the card's work.
 */
import type { Costs } from '../time/cost-model.ts';
import type { CardTopology, HostTopology } from '../world/topology/checked.ts';
import { type PlainCostOptions, plainCosts } from './plain-costs.ts';

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

export function lanCosts(host: HostTopology, card: CardTopology, options: PlainCostOptions): Costs {
  const own = host.processor.costs;
  const costs: Record<string, number> = { ...plainCosts(host, card, options) };
  for (const name of MESSAGES) costs[name] = own[name] ?? 0;
  costs['ipOutRequests'] = (card.processor.costs['tcpOutSegs'] ?? 0) / options.hostSpeed;
  // Payload that cannot be held until the card has fetched it.
  costs['lanCopies'] = own['sendCopies'] ?? 0;
  costs['lanCopiesBytes'] = own['sendCopiesBytes'] ?? 0;
  return costs;
}
