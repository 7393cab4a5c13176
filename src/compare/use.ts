/** How busy each part of a world was: the processors, the buses, the wires. The busiest is what binds. */
import { type Counts, named } from '../sweep/counts.ts';
import { ETHERNET_OVERHEAD_BYTES } from '../wire/flight.ts';
import type { Topology } from '../world/topology/checked.ts';
import { type BusUse, busBytes } from './bus-use.ts';

export const PARTS = ['host', 'card', 'bus', 'wire'] as const;
export type Part = (typeof PARTS)[number];

/** Shares of the time in which the busiest of each kind was busy, from 0 to 1. */
export type Use = Readonly<Record<Part, number>>;

/** From here on a part is what holds the others up; below it operations wait for latencies. */
const BINDS_FROM = 0.85;

/** What each card of a world counted, the host's side and the device's together, and what that costs. */
export interface CardUse {
  readonly counts: Counts;
  readonly hostNs: number;
  readonly cardNs: number;
  readonly bus: BusUse;
}

/**
 * @param cards in the order of the topology. @param serviceNs what programs did beside, by their host.
 */
export function useOf(
  { cards: topologies, links, hosts }: Topology,
  cards: readonly CardUse[],
  serviceNs: readonly number[],
  elapsedNs: number,
): Use {
  const hostNs = hosts.map(
    (_, host) =>
      (serviceNs[host] ?? 0) +
      cards.reduce((sum, card, i) => (topologies[i].host === host ? sum + card.hostNs : sum), 0),
  );
  const wireNs = cards.map(({ counts }, i) => {
    const rates = links.flatMap(({ ends, pipe }) =>
      ends.some((end) => 'card' in end && end.card === i) ? [pipe.rateBitsPerSecond] : [],
    );
    const rate = rates.reduce((sum, one) => sum + one, 0);
    const frames = named(counts, ['deviceTxPackets']);
    const bytes = named(counts, ['deviceTxPacketsBytes']) + frames * ETHERNET_OVERHEAD_BYTES;
    return rate === 0 ? 0 : (bytes * 8e9) / rate;
  });
  const share = (all: readonly number[]): number => Math.max(0, ...all) / elapsedNs;
  return {
    host: share(hostNs),
    card: share(cards.map(({ cardNs }) => cardNs)),
    bus: share(cards.map(({ bus }, i) => busBytes(bus) * topologies[i].bus.nsPerByte)),
    wire: share(wireNs),
  };
}

/** Which part binds; undefined where none does. */
export function binding(use: Use): Part | undefined {
  const busiest = PARTS.reduce((one, other) => (use[other] > use[one] ? other : one));
  return use[busiest] >= BINDS_FROM ? busiest : undefined;
}

/** What servers worked on requests, by their hosts, in nanoseconds for so many operations. */
export function servedNs({ programs, hosts }: Topology, operations: number): number[] {
  const servers = programs.filter(({ role }) => role === 'server');
  return hosts.map((_, host) =>
    servers.reduce(
      (sum, { pace, host: at }) => (at === host ? sum + (pace.serviceNs * operations) / servers.length : sum),
      0,
    ),
  );
}
