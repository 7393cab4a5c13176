/** A card without a driver: raw frames in, raw frames out, in virtual time. */

import type { BareHost } from '../../src/conform/card/bare-host.ts';
import { DmaEngine } from '../../src/dma/engine.ts';
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { FRAME_WORDS } from '../../src/i2o/frame.ts';
import { hostQueues } from '../../src/i2o/queues/queues.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../src/i2o/transport.ts';
import type { Module } from '../../src/iop/module/module.ts';
import type { Outbound } from '../../src/iop/reply/outbound.ts';
import { Ledger } from '../../src/ledger/ledger.ts';
import { Clock } from '../../src/time/clock.ts';
import type { CardMemory } from '../../src/world/build/card-memory.ts';
import { buildCard, buildModuleCard, type CardParts } from '../../src/world/build/card-parts.ts';
import type { CardEnvironment } from '../../src/world/build/environment.ts';
import { Network } from '../../src/world/build/network.ts';
import { singleCard } from '../../src/world/build/short-forms.ts';
import { planWorld } from '../../src/world/build/world-plan.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import type { CardConfig, CardOverrides } from '../../src/world/config/settings.ts';
import type { ModuleKind } from '../../src/world/topology/checked.ts';

export interface BareCardOptions {
  /** What the card serves; sockets where it is not said. */
  readonly kind?: ModuleKind;
  /** In place of the socket module. */
  readonly module?: (outbound: Outbound) => Module;
  /** Several, in the order of their TIDs. */
  readonly modules?: (outbound: Outbound) => readonly Module[];
  /** See `CardEnvironment`. */
  readonly onFault?: (error: unknown) => void;
}

export class BareCard implements BareHost {
  readonly clock = new Clock();
  readonly plan = new MemoryPlan();
  readonly region: Region;
  readonly config: CardConfig;
  readonly memory: CardMemory;
  readonly parts: CardParts;
  readonly ledger: Ledger;
  readonly hostLedger: Ledger;
  readonly inbound: FrameProducer;
  readonly outbound: FrameConsumer;

  constructor(overrides: CardOverrides = {}, options: BareCardOptions = {}) {
    this.config = cardConfig({ mtu: 1500, packetSlots: 64, ...overrides });
    const { plan } = this;
    const { module, kind = 'socket' } = options;
    const form = { name: 'card', seed: 1, modules: [kind] };
    const world = planWorld(plan, singleCard(this.config, form), { cards: [0], switches: [] });
    this.memory = world.cards[0].memory;
    this.region = allocateRegion(plan.byteLength);
    this.clock.set(0);
    const { layout } = this.memory;
    this.ledger = new Ledger(this.region, layout.iopLedger);
    const environment: CardEnvironment = {
      clock: this.clock,
      ledger: this.ledger,
      dma: new DmaEngine(this.region, this.ledger),
      waker: { wake: () => {} },
      wires: new Network(this.region, world, this.clock, 0).endsOf(0),
      ...(options.onFault === undefined ? {} : { onFault: options.onFault }),
    };
    const modules = options.modules ?? (module && ((outbound: Outbound) => [module(outbound)]));
    this.parts =
      modules === undefined
        ? buildCard(this.region, this.memory, this.config, environment, [kind])
        : buildModuleCard(this.region, this.memory, this.config, environment, modules);
    this.hostLedger = new Ledger(this.region, layout.hostLedger);
    const queues = hostQueues(this.region, layout, this.hostLedger);
    this.inbound = queues.inbound;
    this.outbound = queues.outbound;
  }

  /** Writes a frame with `fill` and posts it. @returns false when no frame was free. */
  post(fill: (words: Int32Array, frame: number) => void): boolean {
    const frame = this.inbound.acquire();
    if (frame === NO_FRAME) return false;
    this.region.words.fill(0, frame, frame + FRAME_WORDS);
    fill(this.region.words, frame);
    this.inbound.post();
    this.inbound.publish();
    return true;
  }

  /** The host has seen that the card was reset. */
  restart(): void {
    this.inbound.restart();
    this.outbound.restart(false);
  }

  /** Gives the card turns until it has nothing to do, and takes its replies. */
  run(turnsMax = 1000): Int32Array[] {
    const replies: Int32Array[] = [];
    for (let turn = 0; turn < turnsMax; turn++) {
      const worked = this.parts.processor.poll();
      if (this.parts.processor['iop'].starting) this.restart();
      for (let frame = this.outbound.receive(); frame !== NO_FRAME; frame = this.outbound.receive()) {
        replies.push(this.region.words.slice(frame, frame + FRAME_WORDS));
        this.outbound.release();
      }
      this.outbound.publish();
      if (worked === 0) break;
    }
    return replies;
  }

  supply(): void {
    this.outbound.supply();
  }

  recycle(address: number): number {
    const frame = this.inbound.adopt(address);
    this.inbound.cancel();
    return frame;
  }

  framesLost(): string {
    const { inboundFrames, outboundFrames } = this.memory.layout;
    const free = this.inbound.available(inboundFrames);
    const unused = this.parts.processor['outbound'].producer.available(outboundFrames);
    const lost = [`${inboundFrames - free} inbound frames`, `${outboundFrames - unused} outbound frames`];
    return lost.filter((text) => !text.startsWith('0 ')).join(' and ');
  }
}
