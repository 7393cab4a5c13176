/** Builds the card's side: device, stack, socket module, executive, processor. The same in a worker and inline. */

import { CONTROL_BYTES } from '../../dma/card-layout.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { packetSlotBytes } from '../../hdm/nic-rings.ts';
import { Interrupt } from '../../i2o/interrupt.ts';
import { cardQueues } from '../../i2o/queues/queues.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import { EchoModule } from '../../iop/echo/echo-module.ts';
import { Executive } from '../../iop/executive/executive.ts';
import { ExecutiveParts } from '../../iop/executive/executive-parts.ts';
import type { Module } from '../../iop/module/module.ts';
import { Outbound } from '../../iop/reply/outbound.ts';
import { IoProcessor } from '../../iop/run/processor.ts';
import { buildSocketModule } from '../../ism/build-socket-module.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import type { WireEnd } from '../../wire/contract.ts';
import type { CardConfig } from '../config/settings.ts';
import { type CardMemory, nicConfig } from './card-memory.ts';

/** What the world lends a card. */
export interface CardEnvironment {
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
  environment: CardEnvironment,
): CardParts {
  const { layout } = memory;
  const { clock, ledger, dma } = environment;
  const packets = new PacketPool(memory.packets, config.packetSlots, packetSlotBytes(config.mtu));
  const device = new FakeNic(
    { region, clock, ledger, dma, packets, wire: environment.wire },
    memory.nic,
    nicConfig(config),
  );
  const queues = cardQueues(region, layout, ledger);
  const outbound = new Outbound(region.words, queues.outbound, ledger);
  const { module, stack } = buildSocketModule({
    region,
    layout,
    clock,
    ledger,
    dma,
    outbound,
    packets,
    device,
    stack: config.stack,
    socketsMax: config.driver.socketsMax,
    contextHoldNs: config.contextHoldNs,
    classVersion: config.classVersion,
  });
  const processor = assemble(region, memory, queues.inbound, outbound, [module], environment, config);
  return { processor, packets, device, stack, packetsInDevice: config.rxRing };
}

/** A card that only echoes, to measure the message layer alone. */
export function buildEchoCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
): CardParts {
  return buildModuleCard(region, memory, config, environment, (outbound) => [new EchoModule(outbound)]);
}

/** A card with these modules, in the order of their TIDs, and nothing beneath them. */
export function buildModuleCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  modulesOver: (outbound: Outbound) => readonly Module[],
): CardParts {
  const queues = cardQueues(region, memory.layout, environment.ledger);
  const outbound = new Outbound(region.words, queues.outbound, environment.ledger);
  const modules = modulesOver(outbound);
  const packets = new PacketPool(memory.packets, config.packetSlots, packetSlotBytes(config.mtu));
  return {
    processor: assemble(region, memory, queues.inbound, outbound, modules, environment, config),
    packets,
    packetsInDevice: 0,
  };
}

function assemble(
  region: Region,
  memory: CardMemory,
  inbound: FrameConsumer,
  outbound: Outbound,
  modules: readonly Module[],
  environment: CardEnvironment,
  config: CardConfig,
): IoProcessor {
  const { layout } = memory;
  const interrupt = new Interrupt(
    environment.ledger,
    environment.waker,
    environment.clock,
    config.moderation,
  );
  const parts = new ExecutiveParts(region, inbound, outbound, modules, environment.ledger, {
    inboundFrames: layout.inboundFrames,
    outboundFrames: layout.outboundFrames,
    controlStart: layout.control,
    controlEnd: layout.control + CONTROL_BYTES,
    staticFrames: layout.staticFrames,
  });
  const executive = new Executive(parts);
  return new IoProcessor(inbound, interrupt, executive, parts, environment.ledger, environment.onFault);
}
