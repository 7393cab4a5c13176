/** Builds the card's side: devices, stack, modules, executive, processor. The same in a worker and inline. */

import { assert } from '../../assert/assert.ts';
import { CONTROL_BYTES } from '../../dma/card-layout.ts';
import { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { packetSlotBytes } from '../../hdm/nic-rings.ts';
import { Interrupt } from '../../i2o/interrupt.ts';
import { cardQueues } from '../../i2o/queues/queues.ts';
import { FIRST_DEVICE_TID } from '../../i2o/tids.ts';
import { type EchoMemory, EchoModule } from '../../iop/echo/echo-module.ts';
import { Executive } from '../../iop/executive/executive.ts';
import { ExecutiveParts } from '../../iop/executive/executive-parts.ts';
import type { Module } from '../../iop/module/module.ts';
import { Outbound } from '../../iop/reply/outbound.ts';
import { IoProcessor } from '../../iop/run/processor.ts';
import { buildSocketModule } from '../../ism/build-socket-module.ts';
import { LanModule } from '../../lan/lan-module.ts';
import { OUTBOUND_METER, PACKETS_METER } from '../../ledger/ledger.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { WindowMemory } from '../../window/window-memory.ts';
import { wantedFeatures } from '../config/card-ranges.ts';
import { nicCount } from '../config/port-nics.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';
import { bonded } from './bonded.ts';
import { areaOf, type CardMemory, largestMtu, nicConfigs } from './card-memory.ts';
import type { CardEnvironment } from './environment.ts';
import { windowMemory, windowModules } from './window-modules.ts';

export interface CardParts {
  readonly processor: IoProcessor;
  readonly packets: PacketPool;
  /** Those of the ports, and last the inner loop's; none on a card without sockets. */
  readonly devices: readonly FakeNic[];
  readonly stack?: Stack;
  /** Of a card with the TCP window. */
  readonly window?: WindowMemory;
  /** Packet slots that wait in the devices' receive rings. */
  readonly packetsInDevice: number;
}

/** A card with modules of these kinds, in the order of their TIDs. */
export function buildCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  kinds: readonly ModuleKind[],
): CardParts {
  const { ledger } = environment;
  const packets = packetPool(memory, config, environment);
  let devices: FakeNic[] = [];
  let stack: Stack | undefined;
  let window: WindowMemory | undefined;
  const processor = assemble(region, memory, config, environment, (outbound) =>
    kinds.flatMap((kind, device): Module[] => {
      if (kind === 'echo') return [new EchoModule(outbound, ledger, echoMemory(memory, environment))];
      const asTheyCame = kind === 'lan' || kind === 'window';
      devices = buildDevices(region, memory, config, environment, packets, asTheyCame);
      if (kind === 'lan') {
        // What a host sends itself needs no port: there is no loop inside such a card.
        devices = devices.slice(0, nicCount(config));
        return lanModules(region, memory, config, environment, outbound, devices);
      }
      if (kind === 'window') {
        window = windowMemory(memory, config, packets, ledger);
        return windowModules(region, memory, config, environment, outbound, devices, window);
      }
      const { module, stack: made } = buildSocketModule({
        tid: FIRST_DEVICE_TID + device,
        region,
        layout: memory.layout,
        clock: environment.clock,
        ledger,
        dma: environment.dma,
        outbound,
        packets,
        ports: bonded(config, devices, { region, clock: environment.clock, ledger }),
        gatherAt: memory.gatherAt,
        stack: config.stack,
        socketsMax: config.driver.socketsMax,
        contextHoldNs: config.contextHoldNs,
        classVersion: config.classVersion,
        madeWhenUsed: environment.madeWhenUsed === true,
      });
      stack = made;
      return [module];
    }),
  );
  return {
    processor,
    packets,
    devices,
    ...(stack === undefined ? {} : { stack }),
    ...(window === undefined ? {} : { window }),
    packetsInDevice: devices.length * config.rxRing,
  };
}

/** A card with modules of the caller's own, in the order of their TIDs, and nothing beneath them. */
export function buildModuleCard(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  modulesOver: (outbound: Outbound) => readonly Module[],
): CardParts {
  const processor = assemble(region, memory, config, environment, modulesOver);
  return { processor, packets: packetPool(memory, config, environment), devices: [], packetsInDevice: 0 };
}

/** A module for each port. */
function lanModules(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  outbound: Outbound,
  devices: readonly FakeNic[],
): Module[] {
  const { clock, ledger, dma } = environment;
  const { layout, lan } = memory;
  assert(lan !== undefined, 'card parts: the memory of a card of network ports was planned');
  const areas = {
    transmit: [lan.transmit, layout.transmit].map(areaOf),
    receive: [lan.receive, layout.receive].map(areaOf),
  };
  return devices.map(
    (device) =>
      new LanModule({
        region,
        clock,
        ledger,
        dma,
        outbound,
        device,
        receiveChecksum: wantedFeatures(config).rxChecksumming,
        areas,
        packetsMax: config.txRing,
        bucketsMax: config.packetSlots,
      }),
  );
}

function echoMemory({ layout, echoAt }: CardMemory, { dma }: CardEnvironment): EchoMemory {
  return { dma, transmit: layout.transmit, receive: layout.receive, takenAt: echoAt };
}

function packetPool(memory: CardMemory, config: CardConfig, environment: CardEnvironment): PacketPool {
  const { ledger, clock } = environment;
  const meter = ledger.meter(PACKETS_METER);
  meter.start(clock, config.packetSlots, 0);
  return new PacketPool(memory.packets, config.packetSlots, packetSlotBytes(largestMtu(config)), meter);
}

/** Of a card that hands packets on to its host as they came. */
const UNMERGED = { genericReceiveOffload: false, largeReceiveOffload: false };

/** @param asTheyCame whether packets are handed on, and not to a stack here. */
function buildDevices(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  packets: PacketPool,
  asTheyCame: boolean,
): FakeNic[] {
  const { clock, ledger, dma, wires } = environment;
  return nicConfigs(config).map((nic, i) => {
    const parts = { region, clock, ledger, dma, packets, wire: wires[i] };
    return new FakeNic(parts, memory.nics[i], asTheyCame ? { ...nic, ...UNMERGED } : nic);
  });
}

function assemble(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  modulesOver: (outbound: Outbound) => readonly Module[],
): IoProcessor {
  const { layout } = memory;
  const { ledger, waker, clock, onFault } = environment;
  const interrupt = new Interrupt(ledger, waker, clock, config.moderation);
  const own = cardQueues(region, layout, ledger);
  const queues = environment.endsOver?.(own, interrupt) ?? own;
  const outbound = new Outbound(region.words, queues.outbound, ledger);
  ledger.meter(OUTBOUND_METER).start(clock, layout.outboundFrames, 0);
  const modules = modulesOver(outbound);
  const parts = new ExecutiveParts(region, queues.inbound, outbound, modules, ledger, {
    inboundFrames: layout.inboundFrames,
    outboundFrames: layout.outboundFrames,
    controlStart: layout.control,
    controlEnd: layout.control + CONTROL_BYTES,
    staticFrames: layout.staticFrames,
  });
  return new IoProcessor(queues.inbound, interrupt, new Executive(parts), parts, ledger, onFault);
}
