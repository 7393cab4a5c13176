/** Builds the card's side: devices, stack, modules, executive, processor. The same in a worker and inline. */

import { assert } from '../../assert/assert.ts';
import { CONTROL_BYTES } from '../../dma/card-layout.ts';
import { PacketPool } from '../../dma/packets.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import type { Region } from '../../dma/region.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { packetSlotBytes } from '../../hdm/nic-rings.ts';
import { Interrupt } from '../../i2o/interrupt.ts';
import type { SglArea } from '../../i2o/list/sgl-reader.ts';
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
import { WindowMemory } from '../../window/window-memory.ts';
import { WindowModule } from '../../window/window-module.ts';
import { wantedFeatures } from '../config/card-ranges.ts';
import { nicCount } from '../config/port-nics.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';
import { bonded } from './bonded.ts';
import { type CardMemory, largestMtu, nicConfigs } from './card-memory.ts';
import type { CardEnvironment } from './environment.ts';

/** Contexts of fills that a card with the TCP window holds for its host at most, and of placements. */
export const WINDOW_TRANSACTIONS_MAX = 256;

export interface CardParts {
  readonly processor: IoProcessor;
  readonly packets: PacketPool;
  /** Those of the ports, and last the inner loop's; none on a card without sockets. */
  readonly devices: readonly FakeNic[];
  readonly stack?: Stack;
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
  const processor = assemble(region, memory, config, environment, (outbound) =>
    kinds.flatMap((kind, device): Module[] => {
      if (kind === 'echo') return [new EchoModule(outbound, ledger, echoMemory(memory, environment))];
      const asTheyCame = kind === 'lan' || kind === 'window';
      devices = buildDevices(region, memory, config, environment, packets, asTheyCame);
      if (asTheyCame) {
        // What a host sends itself needs no port: there is no loop inside such a card.
        devices = devices.slice(0, nicCount(config));
        return kind === 'lan'
          ? lanModules(region, memory, config, environment, outbound, devices)
          : windowModules(region, memory, config, environment, outbound, devices, packets);
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

/** A module for each port, all over one window. */
function windowModules(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  outbound: Outbound,
  devices: readonly FakeNic[],
  packets: PacketPool,
): Module[] {
  const { clock, ledger, dma } = environment;
  const { layout, window } = memory;
  assert(window !== undefined, 'card parts: the memory of a card with the TCP window was planned');
  const framesMax = windowFramesMax(config);
  const { offset, byteLength } = areaOf(window.transmit);
  const shared = new WindowMemory(offset, byteLength, packets, framesMax, ledger);
  const areas = {
    transmit: [layout.transmit, window.sends].map(areaOf),
    receive: [layout.receive, window.headers, window.places].map(areaOf),
  };
  return devices.map(
    (device, port) =>
      new WindowModule({
        ...{ region, clock, ledger, dma, outbound, device, port, areas },
        memory: shared,
        packetsMax: config.txRing,
        transactionsMax: WINDOW_TRANSACTIONS_MAX,
      }),
  );
}

/**
 * Packets that the host of a card with the TCP window may hold: all but those that the devices' rings take.
 * @throws RangeError of one line where it could hold none.
 */
export function windowFramesMax(config: CardConfig): number {
  const { packetSlots, rxRing } = config;
  const inRings = rxRing * nicCount(config);
  if (packetSlots <= inRings)
    throw new RangeError(
      `"packetSlots" is ${packetSlots}, and the receive rings of a card with the TCP window take ` +
        `${inRings}: give it more`,
    );
  return packetSlots - inRings;
}

function areaOf({ offset, count, bufferBytes }: PoolArea): SglArea {
  return { offset, byteLength: count * bufferBytes };
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
