/**
 * The costs that the text of 2002 names, each a set of counters whose price is taken away:
 *
 *   transmit  the copy into the TCP window; header work for each packet; the copy to the card, and the
 *             checksum made with it
 *   receive   storing a packet before it is put in order, which is why it has to be copied once more; finding
 *             the stream of each packet, and its position
 */
import type { Costs } from '../../time/cost-model.ts';

export type NamedCost = 'window copy' | 'header work' | 'copy to the card' | 'storing' | 'matching';

/** Of the host's processor, what is left of each counter's price. */
const HOST: Readonly<Record<NamedCost, Readonly<Record<string, number>>>> = {
  'window copy': { sendCopies: 0, sendCopiesBytes: 0 },
  'header work': { ipOutRequests: 0 },
  'copy to the card': { checksums: 0, checksumsBytes: 0 },
  storing: { receiveCopies: 0, receiveCopiesBytes: 0 },
  // A third of TCP's input: assumed.
  matching: { tcpInSegs: 2 / 3 },
};

/** Of the bus. */
const BUS: Readonly<Partial<Record<NamedCost, Readonly<Record<string, number>>>>> = {
  'copy to the card': { busPayload: 0, busPayloadBytes: 0 },
};

export function withoutHost(costs: Costs, off: readonly NamedCost[]): Costs {
  return off.reduce((left, name) => scaled(left, HOST[name]), costs);
}

export function withoutBus(costs: Costs, off: readonly NamedCost[]): Costs {
  return off.reduce((left, name) => scaled(left, BUS[name] ?? {}), costs);
}

function scaled(costs: Costs, by: Readonly<Record<string, number>>): Costs {
  const names = Object.keys(costs);
  return Object.fromEntries(names.map((name) => [name, costs[name] * (by[name] ?? 1)]));
}
