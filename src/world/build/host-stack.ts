/** Builds a host's own stack over the memory and the wires that a plan has for a card. */
import { DmaEngine } from '../../dma/engine.ts';
import { PacketPool, type SlotMemory } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import { BusCrossing } from '../../hdm/bus-crossing.ts';
import type { NicFeatures } from '../../hdm/features.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { packetSlotBytes } from '../../hdm/nic-rings.ts';
import { reconcileHost } from '../../host/books.ts';
import { HostStack } from '../../host/host-stack.ts';
import { SendMemory } from '../../host/send-memory.ts';
import { Sock } from '../../host/sock.ts';
import { SockUpcalls } from '../../host/sock-upcalls.ts';
import { Ledger, PACKETS_METER } from '../../ledger/ledger.ts';
import type { Reconciliation } from '../../ledger/reconcile.ts';
import { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import { bonded } from './bonded.ts';
import { largestMtu, nicConfigs } from './card-memory.ts';
import type { CardPlan } from './world-plan.ts';

/** How time passes for a host, and how its device reaches it. */
export interface HostTime {
  readonly clock: Clock;
  /** Rests for so many nanoseconds. */
  readonly sleep: (ns: number) => void;
  /** From a frame's arrival until the processor hears of it, in nanoseconds. */
  readonly interruptNs: number;
}

/** What a host's device receives into. */
export interface HostReceive {
  /** Where the memory of packet slots comes from; absent: all have theirs. */
  readonly memory?: SlotMemory;
  /** Receive descriptors that are filled at once, at most; absent: all. */
  readonly rxPending?: number;
}

/** A host's stack, built. */
export interface BuiltHostStack {
  readonly stack: HostStack;
  /** Its TCP/IP, for whoever shares its wires. */
  readonly engine: Stack;
  /** All that host and device have counted. */
  readonly ledger: Ledger;
  /** Kernel memory for sends, or the window's part for them. */
  readonly memory: SendMemory;
  /**
   * What its devices and their driver do from now on: `ethtool -K`. Legal at any time but within a call.
   * @param change features that are not named stay as they are wanted.
   * @throws RangeError for what a TCP window on the card cannot do without.
   */
  setFeatures(change: Partial<NicFeatures>): void;
  /** What is on. */
  features(): NicFeatures;
  /** Whether its books balance now, which they do once nothing is in flight. */
  reconcile(): Reconciliation;
}

/** @param wires what is plugged into the device's ports, by port. */
export function buildHostStack(
  region: Region,
  { memory, topology: { config } }: CardPlan,
  wires: readonly TappedEnd[],
  { clock, sleep, interruptNs }: HostTime,
  { memory: slotMemory, rxPending }: HostReceive = {},
): BuiltHostStack {
  const ledger = new Ledger(region, memory.layout.hostLedger);
  const crossing = new BusCrossing(region, ledger);
  const dma = new DmaEngine(region, ledger);
  const meter = ledger.meter(PACKETS_METER);
  meter.start(clock, config.packetSlots, 0);
  const slotBytes = packetSlotBytes(largestMtu(config));
  const packets = new PacketPool(memory.packets, config.packetSlots, slotBytes, meter, slotMemory);
  const pending = rxPending === undefined ? {} : { rxPending };
  const nics = nicConfigs(config).map((nic, i) => {
    const parts = { region, clock, ledger, dma, packets, wire: wires[i], crossing };
    return new FakeNic(parts, memory.nics[i], { ...nic, ...pending });
  });
  const devices = bonded(config, nics, { region, clock, ledger });
  const sends = new SendMemory(memory.layout.transmit);
  const socks = Array.from({ length: config.driver.socketsMax }, () => new Sock());
  const upcalls = new SockUpcalls(socks, sends);
  const engine = new Stack(config.stack, region, packets, dma, ledger, devices, upcalls, memory.gatherAt);
  const stack = new HostStack({
    stack: engine,
    devices,
    clock,
    ledger,
    dma,
    memory: sends,
    socks,
    upcalls,
    sendBufferBytes: config.driver.sendBufferBytes,
    interruptNs,
    sleep,
  });
  const balance = (): Reconciliation => reconcileHost(ledger);
  const setFeatures = (change: Partial<NicFeatures>): void => {
    for (const nic of nics) nic.setFeatures(change);
  };
  const features = (): NicFeatures => nics[0].features;
  return { stack, engine, ledger, memory: sends, setFeatures, features, reconcile: balance };
}
