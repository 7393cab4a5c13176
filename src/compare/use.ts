/** How busy each part of a world was: the processors, the buses, the wires. The busiest is what binds. */
import { ETHERNET_OVERHEAD_BYTES } from '../wire/flight.ts';
import type { CardTopology, Topology } from '../world/topology/checked.ts';
import { type BusUse, busBytes, busRequests } from './bus-use.ts';
import type { Work } from './work.ts';

export const PARTS = ['host', 'card', 'bus', 'wire'] as const;
export type Part = (typeof PARTS)[number];

/** Shares of the time in which the busiest of each kind was busy, from 0 to 1. */
export type Use = Readonly<Record<Part, number>>;

/** From here on a part is what holds the others up; below it operations wait for latencies. */
const BINDS_FROM = 0.85;

/**
 * @param works of each card and its host, in the order of the topology. @param serviceNs what programs did
 * beside, by their host.
 */
export function useOf(
  { cards, links, hosts }: Topology,
  works: readonly Work[],
  serviceNs: readonly number[],
  elapsedNs: number,
): Use {
  const hostNs = hosts.map(
    (_, host) =>
      (serviceNs[host] ?? 0) +
      works.reduce((sum, work, i) => (cards[i].host === host ? sum + work.hostNs : sum), 0),
  );
  const wireNs = works.map(({ frames, frameBytes }, i) => {
    const rates = links.flatMap(({ ends, pipe }) =>
      ends.some((end) => 'card' in end && end.card === i) ? [pipe.rateBitsPerSecond] : [],
    );
    const rate = rates.reduce((sum, one) => sum + one, 0);
    return rate === 0 ? 0 : ((frameBytes + frames * ETHERNET_OVERHEAD_BYTES) * 8e9) / rate;
  });
  // What was counted at the very end is done after it, and what a device has sent may wait for the wire: no part
  // is busier than always.
  const share = (all: readonly number[]): number => Math.min(1, Math.max(0, ...all) / elapsedNs);
  return {
    host: share(hostNs),
    card: share(works.map(({ cardNs }) => cardNs)),
    bus: share(works.map(({ bus }, i) => crossingNs(bus, cards[i]))),
    wire: share(wireNs),
  };
}

/**
 * How long a bus is kept busy by its bytes and, request after request, by the DMA engine that moves them. A card
 * on its host's processor has none: that moves the bytes itself.
 */
function crossingNs(use: BusUse, { bus, placement }: CardTopology): number {
  if (placement === 'inline') return 0;
  return busBytes(use) * bus.nsPerByte + busRequests(use) * bus.requestNs;
}

/** Which part binds, of several the one that is farthest from programs; undefined where none does. */
export function binding(use: Use): Part | undefined {
  const busiest = PARTS.reduce((one, other) => (use[other] >= use[one] ? other : one));
  return use[busiest] >= BINDS_FROM ? busiest : undefined;
}
