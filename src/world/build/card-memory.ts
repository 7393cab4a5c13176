/** Plans the whole memory of one card: what host and card share, and what the card keeps to itself. */

import { type CardLayout, planCard } from '../../dma/card-layout.ts';
import { planPackets } from '../../dma/packets.ts';
import type { MemoryPlan } from '../../dma/plan.ts';
import { NIC_DEFAULTS, type NicConfig } from '../../hdm/nic-config.ts';
import { packetSlotBytes, planNic } from '../../hdm/nic-rings.ts';
import { queuePlanner } from '../../i2o/queues/queues.ts';
import type { CardConfig } from '../config/settings.ts';

export interface CardMemory {
  readonly layout: CardLayout;
  readonly nic: number;
  readonly packets: number;
}

export function nicConfig(config: CardConfig): NicConfig {
  return {
    ...NIC_DEFAULTS,
    mtu: config.mtu,
    mac: config.mac,
    txRing: config.txRing,
    rxRing: config.rxRing,
    tcpSegmentationOffload: config.tcpSegmentationOffload,
    txChecksumming: config.checksumOffload,
    rxChecksumming: config.checksumOffload,
  };
}

export function planCardMemory(plan: MemoryPlan, name: string, config: CardConfig): CardMemory {
  return {
    layout: planCard(plan, name, config.pools, queuePlanner(config.transport), config.transport),
    nic: planNic(plan, `${name}.nic`, nicConfig(config)),
    packets: planPackets(plan, `${name}.packets`, config.packetSlots, packetSlotBytes(config.mtu)),
  };
}
