/**
 * Opens the host's own stack in the program's thread: over a plain network device whose wire is looped back
 * to it, as a card alone has it, with the same settings of stack and device. `SO_SNDBUF` and the blocks that
 * sends are copied into are those of the driver's transmit pool.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { PacketPool } from '../../dma/packets.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion } from '../../dma/region.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { packetSlotBytes } from '../../hdm/nic-rings.ts';
import { reconcileHost } from '../../host/books.ts';
import { HostStack, SockUpcalls } from '../../host/host-stack.ts';
import { SendMemory } from '../../host/send-memory.ts';
import { Sock } from '../../host/sock.ts';
import { Ledger, PACKETS_METER } from '../../ledger/ledger.ts';
import type { Reconciliation } from '../../ledger/reconcile.ts';
import { Stack } from '../../tcpip/stack/stack.ts';
import { type Clock, MachineClock } from '../../time/clock.ts';
import { randomSeed } from '../../time/seed.ts';
import { FutexSleeper } from '../../time/sleeper.ts';
import { largestMtu, nicConfigs } from '../build/card-memory.ts';
import { widenInlining } from '../build/inlining.ts';
import { Network } from '../build/network.ts';
import { singleCard } from '../build/short-forms.ts';
import { planWorld } from '../build/world-plan.ts';
import { cardConfig } from '../config/card-config.ts';
import { checkOverrides } from '../config/card-config-check.ts';
import { type CardOverrides, DEFAULT_CARD_CONFIG } from '../config/settings.ts';

/** A pair of cache lines: where the thread rests. */
const PAIR_BYTES = 128;

/** A host's stack, opened. */
export interface OpenedHostStack {
  readonly stack: HostStack;
  readonly ledger: Ledger;
  /** Blocks of kernel memory that nothing holds. */
  readonly memory: SendMemory;
  /** Whether its books balance now, which they do once nothing is in flight. */
  reconcile(): Reconciliation;
}

/** How time passes for it. */
export interface HostTime {
  readonly clock: Clock;
  /** Rests for so many nanoseconds. */
  readonly sleep: (ns: number) => void;
}

/** The machine's. Nothing comes while the thread rests, since the same thread runs it all. */
function machineTime(): HostTime {
  const sleeper = new FutexSleeper(new Int32Array(new SharedArrayBuffer(PAIR_BYTES)), 0);
  const sleep = (ns: number): void => {
    sleeper.prepare();
    sleeper.sleep(ns);
  };
  return { clock: new MachineClock(), sleep };
}

/**
 * @param overrides settings, under the names that a card's have; those of its message layer change nothing.
 * @throws RangeError for a setting out of range.
 */
export function openHostStack(
  overrides: CardOverrides = {},
  { clock, sleep }: HostTime = machineTime(),
): OpenedHostStack {
  widenInlining();
  checkOverrides(overrides, DEFAULT_CARD_CONFIG);
  const config = cardConfig({ ...overrides, stack: { seed: randomSeed(), ...overrides.stack } });
  const plan = new MemoryPlan();
  const topology = singleCard(config, { name: 'host', seed: config.seed, modules: ['socket'] });
  const world = planWorld(plan, topology, { cards: [0], switches: [] });
  const region = allocateRegion(plan.byteLength, false);
  const { memory } = world.cards[0];
  const ledger = new Ledger(region, memory.layout.hostLedger);
  const dma = new DmaEngine(region, ledger);
  const meter = ledger.meter(PACKETS_METER);
  meter.start(clock, config.packetSlots, 0);
  const packets = new PacketPool(
    memory.packets,
    config.packetSlots,
    packetSlotBytes(largestMtu(config)),
    meter,
  );
  const wires = new Network(region, world, clock, 0).endsOf(0);
  const devices = nicConfigs(config).map(
    (nic, i) => new FakeNic({ region, clock, ledger, dma, packets, wire: wires[i] }, memory.nics[i], nic),
  );
  const sends = new SendMemory(memory.layout.transmit);
  const socks = Array.from({ length: config.driver.socketsMax }, () => new Sock());
  const upcalls = new SockUpcalls(socks, sends);
  const stack = new Stack(config.stack, region, packets, dma, ledger, devices, upcalls, memory.gatherAt);
  const host = new HostStack({
    stack,
    devices,
    clock,
    ledger,
    dma,
    memory: sends,
    socks,
    sendBufferBytes: config.driver.sendBufferBytes,
    sleep,
  });
  return { stack: host, ledger, memory: sends, reconcile: () => reconcileHost(ledger) };
}
