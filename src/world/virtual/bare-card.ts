/**
 * A card without a driver, in virtual time: whoever drives it writes raw frames and is shown raw frames.
 * Its wire comes back to itself. For replays, where a trace stands in for the host.
 */

import { DmaEngine } from '../../dma/engine.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { NEVER } from '../../time/agent.ts';
import { Clock } from '../../time/clock.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import type { CardMemory } from '../build/card-memory.ts';
import { buildCard, type CardParts } from '../build/card-parts.ts';
import { Network } from '../build/network.ts';
import { singleCard } from '../build/short-forms.ts';
import { planWorld } from '../build/world-plan.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';

/** Turns a card may take without coming to rest and without time moving. */
const TURNS_MAX = 1_000_000;

export class BareCard {
  readonly clock: Clock = new Clock();
  readonly region: Region;
  readonly memory: CardMemory;
  private readonly parts: CardParts;
  private readonly inbound: FrameProducer;
  private readonly outbound: FrameConsumer;
  private readonly reply: (words: Int32Array, frame: number) => void;

  /**
   * @param config of a card whose transport is the ring. @param reply shown each outbound frame, which it
   * must not keep.
   * @param plug what the card's ports are plugged into, made from wires that lead back to it; absent: these.
   * @throws RangeError for a bad setting.
   */
  constructor(
    config: CardConfig,
    modules: readonly ModuleKind[],
    reply: (words: Int32Array, frame: number) => void,
    plug: (wires: readonly TappedEnd[], region: Region) => readonly TappedEnd[] = (wires) => wires,
  ) {
    const plan = new MemoryPlan();
    const world = singleCard(config, { name: 'card', seed: config.seed, modules });
    const planned = planWorld(plan, world, { cards: [0], switches: [] });
    this.memory = planned.cards[0].memory;
    this.region = allocateRegion(plan.byteLength);
    this.clock.set(0);
    const { region, clock } = this;
    const ledger = new Ledger(region, this.memory.layout.iopLedger);
    const environment = {
      clock,
      ledger,
      dma: new DmaEngine(region, ledger),
      waker: { wake() {} },
      wires: plug(new Network(region, planned, clock, 0).endsOf(0), region),
    };
    this.parts = buildCard(region, this.memory, config, environment, modules);
    const queues = hostQueues(region, this.memory.layout, new Ledger(region, this.memory.layout.hostLedger));
    this.inbound = queues.inbound;
    this.outbound = queues.outbound;
    this.reply = reply;
  }

  /** Posts a frame that `fill` writes. @returns false when none is free: the card must run first. */
  post(fill: (words: Int32Array, frame: number) => void): boolean {
    const frame = this.inbound.acquire();
    if (frame === NO_FRAME) return false;
    fill(this.region.words, frame);
    this.inbound.post();
    this.inbound.publish();
    return true;
  }

  /**
   * Runs the card until `done`, letting time pass where it waits for it, up to `untilNs`.
   * @returns whether it was done; false when the card came to rest, or does not.
   */
  run(done: () => boolean, untilNs: number): boolean {
    for (let turns = 0; turns < TURNS_MAX; turns++) {
      if (done()) return true;
      if (this.turn() > 0) continue;
      const nextNs = this.parts.processor.nextDeadlineNs();
      if (nextNs === NEVER || nextNs > untilNs) return done();
      if (nextNs > this.clock.nowNs) {
        this.clock.set(nextNs);
        turns = 0;
      }
    }
    return false;
  }

  /** Time has passed for the host. */
  passTo(timeNs: number): void {
    if (timeNs > this.clock.nowNs) this.clock.set(timeNs);
  }

  private turn(): number {
    let work = this.parts.processor.poll();
    for (let frame = this.outbound.receive(); frame !== NO_FRAME; frame = this.outbound.receive()) {
      this.reply(this.region.words, frame);
      this.outbound.release();
      work += 1;
    }
    this.outbound.publish();
    return work;
  }
}
