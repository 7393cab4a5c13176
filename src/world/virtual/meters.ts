/** What the work of a host, and of a card's DMA engine, costs in virtual time. */
import type { Ledger } from '../../ledger/ledger.ts';
import { CostMeter, type Costs, type Meter } from '../../time/cost-model.ts';
import type { Engine } from '../../time/event-queue.ts';
import type { BusCosts } from '../topology/checked.ts';

/** A host's processor works for all its cards. */
export class HostMeter implements Meter {
  private readonly meters: CostMeter[] = [];

  add(meter: CostMeter): void {
    this.meters.push(meter);
  }

  take(): number {
    const { meters } = this;
    let costNs = meters[0].take();
    for (let i = 1; i < meters.length; i++) costNs += meters[i].take();
    return costNs;
  }

  peek(): number {
    return this.meters.reduce((costNs, meter) => costNs + meter.peek(), 0);
  }
}

/** Counters of payload that the card moves over the bus; each is a pair, of requests and of their bytes. */
export const TRANSFERS = ['transmitFetches', 'retransmitFetches', 'receivePlacements'] as const;

/** What transfers cost, by counter. */
export function transferCosts({ nsPerByte, requestNs }: BusCosts): Costs {
  const costs: Record<string, number> = {};
  for (const name of TRANSFERS) {
    costs[name] = requestNs;
    costs[`${name}Bytes`] = nsPerByte;
  }
  return costs;
}

/** A card's DMA engine: one request after the other, while the processor goes on. */
export class DmaMeter implements Engine {
  /** Whether its requests take no time at all. */
  readonly free: boolean;
  private readonly meter: CostMeter;
  private doneNs = 0;

  constructor(ledger: Ledger, bus: BusCosts) {
    this.free = bus.nsPerByte === 0 && bus.requestNs === 0;
    this.meter = new CostMeter(ledger, transferCosts(bus));
  }

  /** When all requests made until now are done. @param nowNs the processor's time. */
  settledNs(nowNs: number): number {
    const workNs = this.meter.take();
    if (workNs > 0) this.doneNs = Math.max(this.doneNs, nowNs) + workNs;
    return Math.max(this.doneNs, nowNs);
  }
}
