/**
 * What operations cost each part of a world: the ledgers' counters, times what each count takes there. No
 * clock had to be read for that. Of the wire it is exact where all frames have one length, or go over one
 * link.
 */
import type { Costs } from '../time/cost-model.ts';
import { ETHERNET_OVERHEAD_BYTES } from '../wire/flight.ts';
import type { CardTopology, Topology } from '../world/topology/checked.ts';
import { cardBusCosts, TRANSFERS, transferCosts } from '../world/virtual/meters.ts';
import { type Counts, charge, named, servedNs, since } from './counts.ts';
import type { Measurement } from './measurement.ts';

/** Counters of a card and its driver for payload that a processor moved. */
export const COPIES = [
  'sendCopies',
  'immediateCopies',
  'receiveCopies',
  'peekCopies',
  'receiveStoreCopies',
  'bounceCopies',
  'cardImmediateCopies',
  'cardCollapseCopies',
  'cardGatherCopies',
];

/** A world whose cards, and whose hosts' own stacks, spend time. */
export interface SpendingWorld {
  /** Of each card its driver's counters and its processor's, one behind the other. */
  snapshot(): Counts[];
  linkCounters(): Readonly<Record<string, Counts>>;
  /** Of each host that runs TCP/IP beside its cards: what its stack has counted, and what that costs. */
  ownStacks?(): readonly { readonly counts: Counts; readonly costs: Costs }[];
}

export class Spending {
  private readonly world: SpendingWorld;
  private readonly topology: Topology;
  private readonly before: {
    readonly cards: readonly Counts[];
    readonly own: readonly Counts[];
    readonly links: Readonly<Record<string, Counts>>;
  };

  /** Counts from now on. */
  constructor(world: SpendingWorld, topology: Topology) {
    this.world = world;
    this.topology = topology;
    const own = (world.ownStacks?.() ?? []).map(({ counts }) => counts);
    this.before = { cards: world.snapshot(), own, links: world.linkCounters() };
  }

  /**
   * @param meanNs latency of an operation; 0: unknown. @param waitedNs what sockets have waited for pools, in
   *   all.
   */
  perOperation(
    operations: number,
    meanNs: number,
    waitedNs: number,
  ): Pick<Measurement, 'timeUs' | 'perOperation'> {
    const ledgers = this.world.snapshot().map((counts, i) => since(counts, this.before.cards[i]));
    const hosts = ledgers.filter((_, i) => i % 2 === 0);
    const iops = ledgers.filter((_, i) => i % 2 === 1);
    const { topology } = this;
    const own = (this.world.ownStacks?.() ?? []).map(({ counts, costs }, i) => {
      return { counts: since(counts, this.before.own[i]), costs };
    });
    const each = (sum: number): number => Math.round((sum * 1000) / operations) / 1000;
    const all = (names: readonly string[]): number =>
      sumOver([...ledgers, ...own.map(({ counts }) => counts)], (counts) => named(counts, names));
    const hostNs =
      sumOver(own, ({ counts, costs }) => charge(counts, costs)) +
      sumOver(hosts, (counts, i) => charge(counts, topology.hosts[topology.cards[i].host].processor.costs)) +
      servedNs(topology, operations).reduce((sum, ns) => sum + ns, 0);
    const iopNs = sumOver(iops, (counts, i) => cardNs(counts, topology.cards[i]));
    const busNs = sumOver(hosts, (host, i) => crossingNs(host, iops[i], topology.cards[i]));
    const wireNs = this.wireNs([...iops, ...own.map(({ counts }) => counts)]);
    const knownNs = hostNs + iopNs + busNs + wireNs + waitedNs;
    const queueingNs = Math.max(0, meanNs * operations - knownNs);
    return {
      timeUs: {
        host: each(hostNs / 1000),
        bus: each(busNs / 1000),
        iop: each(iopNs / 1000),
        wire: each(wireNs / 1000),
        waiting: each(waitedNs / 1000),
        queueing: each(queueingNs / 1000),
      },
      perOperation: {
        copies: each(all(COPIES)),
        copiedBytes: each(all(COPIES.map(bytes))),
        dmaRequests: each(all(TRANSFERS)),
        doorbells: each(all(['doorbells'])),
        interrupts: each(all(['interrupts'])),
        frames: each(all(['inboundPosted', 'outboundPosted'])),
        mappings: each(all(['mappings'])),
        allocations: each(all(['allocations'])),
      },
    };
  }

  /** Frames on links: their delay, and the time their bits take; frames of a mean length. */
  private wireNs(iops: readonly Counts[]): number {
    const frames = sumOver(iops, (counts) => named(counts, ['deviceTxPackets']));
    const frameBytes = sumOver(iops, (counts) => named(counts, ['deviceTxPacketsBytes']));
    const meanBytes = frames === 0 ? 0 : frameBytes / frames + ETHERNET_OVERHEAD_BYTES;
    const links = this.world.linkCounters();
    return sumOver(this.topology.links, ({ name, pipe }) => {
      const sent = named(since(links[name], this.before.links[name]), ['wireSent']);
      const { rateBitsPerSecond: rate, delayNs } = pipe;
      return sent * (delayNs + (rate === 0 ? 0 : (meanBytes * 8e9) / rate));
    });
  }
}

const bytes = (name: string): string => `${name}Bytes`;

function sumOver<T>(items: readonly T[], value: (item: T, index: number) => number): number {
  return items.reduce((sum, item, i) => sum + value(item, i), 0);
}

/** A card's processor; an inline one moves payload itself. */
export function cardNs(iop: Counts, { processor, placement, bus }: CardTopology): number {
  return charge(iop, processor.costs) + (placement === 'inline' ? charge(iop, transferCosts(bus)) : 0);
}

/** Messages, notifications and payload between a host and its card; an inline one has nothing in between. */
function crossingNs(
  host: Counts,
  iop: Counts,
  { bus, doorbellNs, interruptNs, placement }: CardTopology,
): number {
  if (placement === 'inline') return 0;
  const frames = named(host, ['inboundPosted']) + named(iop, ['outboundPosted']);
  return (
    frames * bus.latencyNs +
    named(host, ['doorbells']) * doorbellNs +
    named(iop, ['interrupts']) * interruptNs +
    charge(iop, cardBusCosts(bus))
  );
}
