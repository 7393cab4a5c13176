/**
 * Builds a host's own stack over a card of network ports: the card serves the LAN class, and what the stack
 * sends and receives travels in its messages. What goes to the host itself, where the card has a loop for
 * that, stays on the host.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import type { Device } from '../../hdm/contract.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { HostStack } from '../../host/host-stack.ts';
import { reconcileLanHost } from '../../host/lan/lan-books.ts';
import { type CardTurns, LanCard } from '../../host/lan/lan-card.ts';
import { SendMemory } from '../../host/send-memory.ts';
import { Sock } from '../../host/sock.ts';
import { SockUpcalls } from '../../host/sock-upcalls.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import type { FrameConsumer, FrameProducer } from '../../i2o/transport.ts';
import { Ledger, PACKETS_METER } from '../../ledger/ledger.ts';
import { Stack } from '../../tcpip/stack/stack.ts';
import type { Waker } from '../../time/sleeper.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import { nicConfigs } from './card-memory.ts';
import { buildCard, type CardParts } from './card-parts.ts';
import type { CardEnvironment } from './environment.ts';
import type { BuiltHostStack, HostTime } from './host-stack.ts';
import type { CardPlan } from './world-plan.ts';

/** Buckets that a port is to have at the card, where there are packet slots for as many. (Linux 2.4: 96.) */
const BUCKETS_WANTED = 96;
const CONTROL_TIMEOUT_NS = 5e9;

/** How host and card are joined. */
export interface LanLink {
  /** Wakes the card, and the host. */
  readonly card: Waker;
  readonly host: Waker;
  /** The host's ends of the transport; absent: the transport's own. */
  readonly ends?: { readonly inbound?: FrameProducer; readonly outbound?: FrameConsumer };
  readonly endsOver?: CardEnvironment['endsOver'];
  /** The host rests for so long at most, or lets others run meanwhile. */
  readonly rest: (ns: number) => void;
  /** Whoever polls the host runs the card too. */
  readonly inline: boolean;
}

export interface BuiltLanStack extends BuiltHostStack {
  readonly cardLedger: Ledger;
  readonly driver: LanCard;
  readonly card: CardParts;
}

/**
 * The card is not up yet: `driver.bringUp` is for whoever can run it.
 * @param wires what is plugged into the card's ports, by port; last the inner loop's, where there is one.
 */
export function buildLanStack(
  region: Region,
  { memory, topology: { config } }: CardPlan,
  wires: readonly TappedEnd[],
  { clock, sleep, interruptNs }: HostTime,
  link: LanLink,
): BuiltLanStack {
  const { layout, lan } = memory;
  if (lan === undefined) throw new RangeError('a host over messages needs a card whose module is "lan"');
  const cardLedger = new Ledger(region, layout.iopLedger);
  const environment: CardEnvironment = {
    clock,
    ledger: cardLedger,
    dma: new DmaEngine(region, cardLedger),
    waker: link.host,
    wires,
    ...(link.endsOver === undefined ? {} : { endsOver: link.endsOver }),
  };
  const card = buildCard(region, memory, config, environment, ['lan']);
  const ledger = new Ledger(region, layout.hostLedger);
  const dma = new DmaEngine(region, ledger);
  const meter = ledger.meter(PACKETS_METER);
  meter.start(clock, config.packetSlots, 0);
  const packets = new PacketPool(lan.receive.offset, lan.receive.count, lan.receive.bufferBytes, meter);
  const sends = new SendMemory(layout.transmit);
  const turns: CardTurns = card.processor;
  const own = hostQueues(region, layout, ledger);
  const driver = new LanCard({
    ...{ region, layout, ledger, clock, dma, packets, memory: sends, transmit: lan.transmit },
    inbound: link.ends?.inbound ?? own.inbound,
    outbound: link.ends?.outbound ?? own.outbound,
    waker: link.card,
    rest: link.rest,
    ...(link.inline ? { card: turns } : {}),
    ports: card.devices,
    packetsMax: config.txRing,
    bucketsWanted: Math.min(BUCKETS_WANTED, Math.max(1, config.packetSlots >> 1)),
    timeoutNs: CONTROL_TIMEOUT_NS,
  });
  const nics = nicConfigs(config);
  const loops = nics.slice(card.devices.length).map((nic, i) => {
    const port = card.devices.length + i;
    return new FakeNic({ region, clock, ledger, dma, packets, wire: wires[port] }, memory.nics[port], nic);
  });
  const devices: readonly Device[] = [...driver.ports, ...loops];
  const socks = Array.from({ length: config.driver.socketsMax }, () => new Sock());
  const upcalls = new SockUpcalls(socks, sends);
  const engine = new Stack(config.stack, region, packets, dma, ledger, devices, upcalls, memory.gatherAt);
  const stack = new HostStack({
    stack: engine,
    ...{ devices, clock, ledger, dma, memory: sends, socks, upcalls, interruptNs, sleep, card: driver },
    sendBufferBytes: config.driver.sendBufferBytes,
  });
  const reconcile = () => reconcileLanHost(ledger, cardLedger);
  return { stack, engine, ledger, memory: sends, reconcile, cardLedger, driver, card };
}
