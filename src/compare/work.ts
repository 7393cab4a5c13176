/**
 * What one card and its host did between them while operations counted, and what it took: the same figures,
 * whoever of the two runs TCP/IP.
 */
import { type Counts, charge, named } from '../sweep/counts.ts';
import { COPIES, cardNs } from '../sweep/spending.ts';
import type { Costs } from '../time/cost-model.ts';
import type { CardTopology } from '../world/topology/checked.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';
import { LAN_TRANSFERS, TRANSFERS, WINDOW_TRANSFERS } from '../world/virtual/meters.ts';
import { type BusUse, busTogether, cardBus, hostBus, lanBus, windowBus } from './bus-use.ts';

export interface Work {
  /** Processor time of the host and of the card, in nanoseconds. */
  readonly hostNs: number;
  readonly cardNs: number;
  /** Times a processor moved payload, and requests that a DMA engine served. */
  readonly copies: number;
  readonly dmaRequests: number;
  readonly interrupts: number;
  readonly doorbells: number;
  /** What crossed the bus between the two. */
  readonly bus: BusUse;
  /** What went out on the card's wires, without what Ethernet adds. */
  readonly frames: number;
  readonly frameBytes: number;
}

const HOST_COPIES = ['sendCopies', 'receiveCopies', 'cardGatherCopies', 'cardCollapseCopies'];
const HOST_DMA = ['transmitFetches', 'retransmitFetches', 'deviceReceives'];

/** Of a host that runs TCP/IP over a device on its bus. @param counts of its stack, the device's in it. */
export function hostWork(counts: Counts, { costs }: HostCosts): Work {
  return {
    hostNs: charge(counts, costs),
    cardNs: 0,
    copies: named(counts, HOST_COPIES),
    dmaRequests: named(counts, HOST_DMA),
    interrupts: named(counts, ['interrupts']),
    // A plain device is told of each packet by a write of its own.
    doorbells: named(counts, ['ipOutRequests']),
    bus: hostBus([counts]),
    ...sentBy(counts),
  };
}

/** Of one that does so over a card of messages. @param host counts of its stack and driver. */
export function messageWork(host: Counts, card: Counts, costs: HostCosts, topology: CardTopology): Work {
  const windowed = costs.window !== undefined;
  return {
    hostNs: charge(host, costs.costs),
    cardNs: charge(card, topology.processor.costs),
    copies: named(host, [...HOST_COPIES, windowed ? 'windowWholeCopies' : 'lanCopies']),
    dmaRequests: named(card, windowed ? WINDOW_TRANSFERS : LAN_TRANSFERS),
    interrupts: named(card, ['interrupts']),
    doorbells: named(host, ['doorbells']),
    bus: windowed ? windowBus(host, card) : lanBus(host, card),
    ...sentBy(card),
  };
}

/** Of a card that runs TCP/IP. @param driver counts of its driver, and `iop` of its processor. */
export function cardWork(driver: Counts, iop: Counts, costs: Costs, card: CardTopology): Work {
  const both = (names: readonly string[]): number => named(driver, names) + named(iop, names);
  return {
    hostNs: charge(driver, costs),
    cardNs: cardNs(iop, card),
    copies: both(COPIES),
    dmaRequests: both(TRANSFERS),
    interrupts: both(['interrupts']),
    doorbells: both(['doorbells']),
    bus: cardBus([driver, iop]),
    ...sentBy(iop),
  };
}

/** Of all of them, as if they were one. */
export function workTogether(works: readonly Work[]): Work {
  const sum = (of: (work: Work) => number): number => works.reduce((total, work) => total + of(work), 0);
  return {
    hostNs: sum(({ hostNs }) => hostNs),
    cardNs: sum((work) => work.cardNs),
    copies: sum(({ copies }) => copies),
    dmaRequests: sum(({ dmaRequests }) => dmaRequests),
    interrupts: sum(({ interrupts }) => interrupts),
    doorbells: sum(({ doorbells }) => doorbells),
    bus: busTogether(works.map(({ bus }) => bus)),
    frames: sum(({ frames }) => frames),
    frameBytes: sum(({ frameBytes }) => frameBytes),
  };
}

/** So much of it. */
export function partOf(work: Work, share: number): Work {
  const { bus, ...figures } = work;
  const parts = Object.entries(figures).map(([name, value]) => [name, value * share]);
  return { ...(Object.fromEntries(parts) as Omit<Work, 'bus'>), bus: busTogether([bus], share) };
}

function sentBy(counts: Counts): Pick<Work, 'frames' | 'frameBytes'> {
  return {
    frames: named(counts, ['deviceTxPackets']),
    frameBytes: named(counts, ['deviceTxPacketsBytes']),
  };
}
