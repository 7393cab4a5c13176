/** What the work of a host, and of a card's DMA engine, costs in virtual time. */
import { FRAME_BYTES } from '../../i2o/frame.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { CostMeter, type Costs, type Meter } from '../../time/cost-model.ts';
import type { Engine } from '../../time/event-queue.ts';
import type { BusCosts } from '../topology/checked.ts';

/** A host's processor works for all its cards. */
export class HostMeter implements Meter {
  private readonly meters: CostMeter[] = [];
  /** What several meters come to, before it is added to a time: a sum of doubles depends on its order. */
  private readonly sumNs = new Float64Array(1);

  add(meter: CostMeter): void {
    this.meters.push(meter);
  }

  charge(timesNs: Float64Array, place: number): void {
    const { meters, sumNs } = this;
    // Fast path: most hosts have one card, with a processor of its own.
    if (meters.length === 1) {
      meters[0].charge(timesNs, place);
      return;
    }
    sumNs[0] = 0;
    for (let i = 0; i < meters.length; i++) meters[i].charge(sumNs, 0);
    timesNs[place] += sumNs[0];
  }

  peek(): number {
    return this.meters.reduce((costNs, meter) => costNs + meter.peek(), 0);
  }
}

/** Counters of payload that the card moves over the bus; each is a pair, of requests and of their bytes. */
export const TRANSFERS = ['transmitFetches', 'retransmitFetches', 'receivePlacements'] as const;

/**
 * All that crosses the bus of a host that runs TCP/IP itself: payload, and what it takes to say where that
 * lies.
 */
export const HOST_TRANSFERS = ['busDescriptors', 'busHeaders', 'busPayload', 'busCompletions'] as const;

/** What a card of network ports moves over its host's bus: packets that messages name, and into buckets. */
export const LAN_TRANSFERS = ['lanHeaderFetches', 'transmitFetches', 'lanPlacements'] as const;

/** What a card with the TCP window moves: headers either way, what is filled, and what is placed. */
export const WINDOW_TRANSFERS = [
  'lanHeaderFetches',
  'windowHeaders',
  'windowFills',
  'windowPlacements',
] as const;

/** What transfers cost, by counter. @param transfers of payload, if none are named. */
export function transferCosts(
  { nsPerByte, requestNs }: BusCosts,
  transfers: readonly string[] = TRANSFERS,
): Costs {
  const costs: Record<string, number> = {};
  for (const name of transfers) {
    costs[name] = requestNs;
    costs[`${name}Bytes`] = nsPerByte;
  }
  return costs;
}

/** Message frames between a host and its card as the card counts them: those it took, and those it posted. */
const FRAMES = ['inboundReleased', 'outboundPosted'] as const;

/**
 * What all that crosses the bus of a card of messages costs, whatever class it serves: what it moves for
 * its requests, and the frames that ask for it and tell of it. A frame takes the bus as a request of its
 * whole length, as the books count it (ours), like a descriptor of a plain device. A card on its
 * host's processor has no bus: its `transferCosts` are that processor's, and its frames take nothing.
 * @param transfers what a card of its class moves beside frames.
 */
export function cardBusCosts(bus: BusCosts, transfers: readonly string[] = TRANSFERS): Costs {
  const frameNs = bus.requestNs + FRAME_BYTES * bus.nsPerByte;
  const frames = Object.fromEntries(FRAMES.map((name) => [name, frameNs]));
  return { ...transferCosts(bus, transfers), ...frames };
}

/** What works on a side's behalf while its processor goes on, one thing after the other: a DMA engine. */
export class DmaMeter implements Engine {
  /** Whether its requests take no time at all. */
  readonly free: boolean;
  private readonly meter: CostMeter;
  /** When all that it was ever asked for is done, and what it has been asked for since then. */
  private readonly doneNs = new Float64Array(1);
  private readonly workNs = new Float64Array(1);

  constructor(ledger: Ledger, costs: Costs) {
    this.free = Object.values(costs).every((ns) => ns === 0);
    this.meter = new CostMeter(ledger, costs);
  }

  /** // Hot path of a simulation. */
  settle(nowNs: Float64Array, settledNs: Float64Array, agent: number): void {
    const { doneNs, workNs } = this;
    workNs[0] = 0;
    this.meter.charge(workNs, 0);
    if (workNs[0] > 0) doneNs[0] = Math.max(doneNs[0], nowNs[agent]) + workNs[0];
    settledNs[agent] = Math.max(doneNs[0], nowNs[agent]);
  }
}

/** The engines of several devices, each on its own bus: all is done when the last one is. */
export class DmaMeters implements Engine {
  private readonly meters: readonly DmaMeter[];

  constructor(meters: readonly DmaMeter[]) {
    this.meters = meters;
  }

  settle(nowNs: Float64Array, settledNs: Float64Array, agent: number): void {
    let latestNs = nowNs[agent];
    for (const meter of this.meters) {
      meter.settle(nowNs, settledNs, agent);
      latestNs = Math.max(latestNs, settledNs[agent]);
    }
    settledNs[agent] = latestNs;
  }
}
