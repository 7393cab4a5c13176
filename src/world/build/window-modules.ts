/** Builds the card's side of the TCP window: its memory, and a module for each port over it. */
import { assert } from '../../assert/assert.ts';
import type { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import type { FakeNic } from '../../hdm/nic.ts';
import type { Module } from '../../iop/module/module.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { WindowMemory } from '../../window/window-memory.ts';
import { WindowModule } from '../../window/window-module.ts';
import type { CardConfig } from '../config/settings.ts';
import { areaOf, type CardMemory, nicConfigs, type WindowAreasPlan } from './card-memory.ts';
import type { CardEnvironment } from './environment.ts';

/** Contexts of fills that a card with the TCP window holds for its host at most, and of placements. */
export const WINDOW_TRANSACTIONS_MAX = 256;

export function windowMemory(
  memory: CardMemory,
  config: CardConfig,
  packets: PacketPool,
  ledger: Ledger,
): WindowMemory {
  const { offset, byteLength } = areaOf(planned(memory).transmit);
  return new WindowMemory(offset, byteLength, packets, windowFramesMax(config), ledger);
}

/** A module for each device, all over one window: the loop inside such a card is a port of it, too. */
export function windowModules(
  region: Region,
  memory: CardMemory,
  config: CardConfig,
  environment: CardEnvironment,
  outbound: Outbound,
  devices: readonly FakeNic[],
  shared: WindowMemory,
): Module[] {
  const { clock, ledger, dma } = environment;
  const { layout } = memory;
  const window = planned(memory);
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
        contextHoldNs: config.contextHoldNs,
      }),
  );
}

/**
 * Packets that the host of a card with the TCP window may hold: all but those that the devices' rings take.
 * @throws RangeError of one line where it could hold none.
 */
export function windowFramesMax(config: CardConfig): number {
  const { packetSlots, rxRing } = config;
  const inRings = rxRing * nicConfigs(config).length;
  if (packetSlots <= inRings)
    throw new RangeError(
      `"packetSlots" is ${packetSlots}, and the receive rings of a card with the TCP window take ` +
        `${inRings}: give it more`,
    );
  return packetSlots - inRings;
}

function planned({ window }: CardMemory): WindowAreasPlan {
  assert(window !== undefined, 'window modules: the memory of a card with the TCP window was planned');
  return window;
}
