/** Builds the card's side: device, stack, socket module, executive, processor. The same in a worker and inline. */

import { CONTROL_BYTES } from '../dma/card-layout.ts';
import type { DmaEngine } from '../dma/engine.ts';
import { PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import { FakeNic } from '../hdm/nic.ts';
import { packetSlotBytes } from '../hdm/nic-rings.ts';
import { Interrupt } from '../i2o/interrupt.ts';
import { cardQueues } from '../i2o/queues.ts';
import type { FrameConsumer } from '../i2o/transport.ts';
import { EchoModule } from '../iop/echo.ts';
import { Executive } from '../iop/executive.ts';
import { ExecutiveParts } from '../iop/executive-parts.ts';
import type { Module } from '../iop/module.ts';
import { Outbound } from '../iop/outbound.ts';
import { IoProcessor } from '../iop/processor.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Stack } from '../tcpip/stack.ts';
import type { Clock } from '../time/clock.ts';
import type { Waker } from '../time/sleeper.ts';
import type { WireEnd } from '../wire/contract.ts';
import type { CardConfig } from './card-config.ts';
import { type CardMemory, nicConfig } from './card-memory.ts';
import { buildSockets } from './socket-parts.ts';

/** What the world lends a card. */
export interface CardSurroundings {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly dma: DmaEngine;
  /** Wakes the host. */
  readonly waker: Waker;
  /** What the device is plugged into. */
  readonly wire: WireEnd;
  /** Told of what the card's modules throw; the card then is FAILED. Absent: it ends. */
  readonly onFault?: (error: unknown) => void;
}

export interface CardParts {
  readonly processor: IoProcessor;
  readonly packets: PacketPool;
  readonly device?: FakeNic;
  readonly stack?: Stack;
  /** Packet slots that wait in the device's receive ring. */
  readonly packetsInDevice: number;
}

/** A card that serves sockets. */
export function buildSocketCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  around: CardSurroundings,
): CardParts {
  const { layout } = memory;
  const { clock, ledger, dma } = around;
  const packets = new PacketPool(memory.packets, config.packetSlots, packetSlotBytes(config.mtu));
  const device = new FakeNic(
    { region, clock, ledger, dma, packets, wire: around.wire },
    memory.nic,
    nicConfig(config),
  );
  const queues = cardQueues(region, layout, ledger);
  const outbound = new Outbound(region.words, queues.outbound, ledger);
  const { module, stack } = buildSockets(region, memory, config, around, outbound, packets, device);
  const processor = assemble(region, memory, queues.inbound, outbound, module, around, config);
  return { processor, packets, device, stack, packetsInDevice: config.rxRing };
}

/** A card that only echoes, to measure the message layer alone. */
export function buildEchoCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  around: CardSurroundings,
): CardParts {
  return buildModuleCard(region, memory, config, around, (outbound) => new EchoModule(outbound));
}

/** A card with one module and nothing beneath it. */
export function buildModuleCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  around: CardSurroundings,
  moduleOver: (outbound: Outbound) => Module,
): CardParts {
  const queues = cardQueues(region, memory.layout, around.ledger);
  const outbound = new Outbound(region.words, queues.outbound, around.ledger);
  const module = moduleOver(outbound);
  const packets = new PacketPool(memory.packets, config.packetSlots, packetSlotBytes(config.mtu));
  return {
    processor: assemble(region, memory, queues.inbound, outbound, module, around, config),
    packets,
    packetsInDevice: 0,
  };
}

function assemble(
  region: Region,
  memory: CardMemory,
  inbound: FrameConsumer,
  outbound: Outbound,
  module: Module,
  around: CardSurroundings,
  config: CardConfig,
): IoProcessor {
  const { layout } = memory;
  const interrupt = new Interrupt(around.ledger, around.waker, around.clock, config.moderation);
  const parts = new ExecutiveParts(region, inbound, outbound, module, around.ledger, {
    inboundFrames: layout.inboundFrames,
    outboundFrames: layout.outboundFrames,
    controlStart: layout.control,
    controlEnd: layout.control + CONTROL_BYTES,
    staticFrames: layout.staticFrames,
  });
  const executive = new Executive(parts);
  return new IoProcessor(inbound, interrupt, executive, parts, module, around.ledger, around.onFault);
}
