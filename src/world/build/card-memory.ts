/** Plans the whole memory of one card: what host and card share, and what the card keeps to itself. */
import { type CardLayout, planCard } from '../../dma/card-layout.ts';
import { planPackets } from '../../dma/packets.ts';
import type { MemoryPlan } from '../../dma/plan.ts';
import { type PoolArea, planPool } from '../../dma/pool-area.ts';
import type { NicConfig } from '../../hdm/nic-config.ts';
import { packetSlotBytes, planNic } from '../../hdm/nic-rings.ts';
import type { SglArea } from '../../i2o/list/sgl-reader.ts';
import { queuePlanner } from '../../i2o/queues/queues.ts';
import { GATHER_BYTES } from '../../tcpip/contract.ts';
import { nicConfig } from '../config/card-ranges.ts';
import { nicCount, portsOfNics } from '../config/port-nics.ts';
import type { CardConfig } from '../config/settings.ts';
import type { ModuleKind } from '../topology/checked.ts';

/** Memory of a host that a card of network ports takes packets from, and brings them to. */
export interface LanMemory {
  /** Packets to be sent, or their headers. */
  readonly transmit: PoolArea;
  /** Buckets: the host's slots for packets that it has received. */
  readonly receive: PoolArea;
}

/** Memory of a card with the TCP window, and of its host beside the pools that every card shares with one. */
export interface WindowAreasPlan {
  /** The card's: blocks that the host fills, and sends from. */
  readonly transmit: PoolArea;
  /** The host's: headers of packets in the card's slots, each at its own distance. */
  readonly headers: PoolArea;
  /** The host's: headers of packets to be sent. */
  readonly sends: PoolArea;
  /** The host's, one for each socket: where the card places what has arrived. */
  readonly places: PoolArea;
}

export interface CardMemory {
  readonly layout: CardLayout;
  /** Address of each port's rings, and last of the inner loop's where there is one. */
  readonly nics: readonly number[];
  readonly packets: number;
  /** Where the stack puts small sends together for one segment. */
  readonly gatherAt: number;
  /** Where the echo module takes payload to that it does not send back; 0 on a card without one. */
  readonly echoAt: number;
  /** Of a card of network ports. */
  readonly lan?: LanMemory;
  /** Of a card with the TCP window. */
  readonly window?: WindowAreasPlan;
}

/** What each of a card's devices is told: those of its ports in their order, then the inner loop's. */
export function nicConfigs(config: CardConfig): NicConfig[] {
  const ports = [config, ...config.furtherPorts];
  const nics = portsOfNics(config).map((port) => nicConfig(config, ports[port]));
  // The loop takes what the largest port takes, so that no connection to oneself has a smaller segment than
  // one to a peer.
  return config.innerLoop ? [...nics, { ...nics[0], mtu: largestMtu(config) }] : nics;
}

/** The largest packet of a card's ports: its packet slots hold a frame of it. */
export function largestMtu(config: CardConfig): number {
  return Math.max(config.mtu, config.packetBytes, ...config.furtherPorts.map(({ mtu }) => mtu));
}

/** @param modules what the card serves. */
export function planCardMemory(
  plan: MemoryPlan,
  name: string,
  config: CardConfig,
  modules: readonly ModuleKind[] = [],
): CardMemory {
  const layout = planCard(plan, name, config.pools, queuePlanner(config.transport), config.transport);
  const nics = nicConfigs(config).map((nic, i) => planNic(plan, `${name}.nic${i === 0 ? '' : i}`, nic));
  const slotBytes = packetSlotBytes(largestMtu(config));
  const packets = planPackets(plan, `${name}.packets`, config.packetSlots, slotBytes);
  const gatherAt = plan.reserve(`${name}.gather`, GATHER_BYTES, 'small sends put together for one segment');
  const { transmitBufferBytes } = config.pools;
  const echoAt = modules.includes('echo')
    ? plan.reserve(`${name}.echo`, transmitBufferBytes, 'what the echo module takes')
    : 0;
  const own = { layout, nics, packets, gatherAt, echoAt };
  if (modules.includes('window')) return { ...own, window: planWindow(plan, name, config, slotBytes) };
  if (!modules.includes('lan')) return own;
  return {
    ...own,
    lan: {
      transmit: planPool(plan, `${name}.lanTransmit`, lanPacketsMax(config), slotBytes),
      receive: planPool(plan, `${name}.lanReceive`, config.packetSlots, slotBytes),
    },
  };
}

/** Headers of one packet to be sent, and the two bytes before them that align what is behind Ethernet's. */
const SEND_BUFFER_BYTES = 192;
/** Memory that the card places bytes of all sockets in, and the least and the most of it for one. */
const PLACES_BYTES = 1 << 26;
const PLACE_BYTES_MIN = 4096;
const PLACE_BYTES_MAX = 65_536;

function planWindow(plan: MemoryPlan, name: string, config: CardConfig, slotBytes: number): WindowAreasPlan {
  const { transmitBuffers, transmitBufferBytes } = config.pools;
  const { socketsMax } = config.driver;
  const each = Math.min(PLACE_BYTES_MAX, Math.max(PLACE_BYTES_MIN, PLACES_BYTES / socketsMax));
  // The loop inside such a card is a port of it, too.
  const packets = config.txRing * nicConfigs(config).length;
  const placeBytes = 1 << Math.floor(Math.log2(each));
  return {
    transmit: planPool(plan, `${name}.window`, transmitBuffers, transmitBufferBytes),
    headers: planPool(plan, `${name}.windowHeaders`, config.packetSlots, slotBytes),
    sends: planPool(plan, `${name}.windowSends`, packets, SEND_BUFFER_BYTES),
    places: planPool(plan, `${name}.windowPlaces`, socketsMax, placeBytes),
  };
}

/** Packets to be sent that may be a card of network ports' own at a time: as many as its rings hold. */
export function lanPacketsMax(config: CardConfig): number {
  return config.txRing * nicCount(config);
}

/** A pool as memory that scatter-gather lists may name. */
export function areaOf({ offset, count, bufferBytes }: PoolArea): SglArea {
  return { offset, byteLength: count * bufferBytes };
}
