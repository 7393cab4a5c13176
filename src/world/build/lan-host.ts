/**
 * Builds the host's side of a card of network ports: the driver of its messages, and the host's own stack
 * over it. The card itself may run in the same thread or in another.
 */
import { DmaEngine } from '../../dma/engine.ts';
import { PacketPool } from '../../dma/packets.ts';
import type { Region } from '../../dma/region.ts';
import { FEATURES, type NicFeatures } from '../../hdm/features.ts';
import { FakeNic } from '../../hdm/nic.ts';
import { macHalves } from '../../hdm/nic-config.ts';
import { HostStack } from '../../host/host-stack.ts';
import { LanCard, type LanCardParts } from '../../host/lan/lan-card.ts';
import type { PortFacts } from '../../host/lan/lan-port.ts';
import { SendMemory } from '../../host/send-memory.ts';
import { Sock } from '../../host/sock.ts';
import { SockUpcalls } from '../../host/sock-upcalls.ts';
import { LAN_CLASS_ID } from '../../i2o/lan.gen.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import { FIRST_DEVICE_TID } from '../../i2o/tids.ts';
import type { FrameConsumer, FrameProducer } from '../../i2o/transport.ts';
import { Ledger, PACKETS_METER } from '../../ledger/ledger.ts';
import { reconcileLanHost } from '../../ledger/reconcile-lan.ts';
import { Stack } from '../../tcpip/stack/stack.ts';
import type { Waker } from '../../time/sleeper.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import { wantedFeatures } from '../config/card-ranges.ts';
import { nicCount } from '../config/port-nics.ts';
import type { CardConfig } from '../config/settings.ts';
import { bonded } from './bonded.ts';
import { nicConfigs } from './card-memory.ts';
import { type HostEnds, startTrace, type TracedCard, tracedEnds } from './card-trace.ts';
import type { TraceEnvironment } from './host.ts';
import type { BuiltHostStack, HostTime } from './host-stack.ts';
import type { CardPlan } from './world-plan.ts';

/**
 * Buckets that a port is to have at the card, where there are packet slots for as many. With the 96 of Linux
 * 2.4 a burst of packets from a few hundred connections finds none, and is lost.
 */
const BUCKETS_WANTED = 1024;
const CONTROL_TIMEOUT_NS = 5e9;

/** How the host reaches its card. */
export interface LanLink extends Pick<LanCardParts, 'card' | 'health' | 'found' | 'rest'> {
  /** Wakes the card. */
  readonly waker: Waker;
  /** The host's ends of the transport; absent: the transport's own. */
  readonly ends?: { readonly inbound?: FrameProducer; readonly outbound?: FrameConsumer };
  readonly trace?: TraceEnvironment | undefined;
}

export interface BuiltLanHost extends BuiltHostStack {
  readonly cardLedger: Ledger;
  readonly driver: LanCard;
  readonly recorder: Recorder | undefined;
  /** Ends the trace, if there is one, with what the ledgers say now. Call it when nothing is in flight. */
  endTrace(): void;
}

/**
 * The card is not up yet: `driver.bringUp` is for whoever can run it.
 * @param loops what is plugged into the device for what goes to the host itself, which stays on the host;
 * none where the card has no inner loop.
 */
export function buildLanHost(
  region: Region,
  plan: CardPlan,
  loops: readonly TappedEnd[],
  { clock, sleep, interruptNs }: HostTime,
  link: LanLink,
): BuiltLanHost {
  const { memory, topology } = plan;
  const { config } = topology;
  const { layout, lan } = memory;
  if (lan === undefined) throw new RangeError('a host over messages needs a card whose module is "lan"');
  const cardLedger = new Ledger(region, layout.iopLedger);
  const ledger = new Ledger(region, layout.hostLedger);
  const plain = { waker: link.waker, ...hostQueues(region, layout, ledger), ...link.ends };
  const { recorder, ends } = watchedEnds(plain, link.trace, (trace) => tracedLan(region, plan, trace));
  const dma = recorder?.dma(region, ledger) ?? new DmaEngine(region, ledger);
  const meter = ledger.meter(PACKETS_METER);
  meter.start(clock, config.packetSlots, 0);
  const packets = new PacketPool(lan.receive.offset, lan.receive.count, lan.receive.bufferBytes, meter);
  const sends = new SendMemory(layout.transmit);
  const ports = portsOf(plan);
  const driver = new LanCard({
    ...{ region, layout, ledger, clock, dma, packets, memory: sends, transmit: lan.transmit },
    ...ends,
    ...{ card: link.card, health: link.health, found: link.found, rest: link.rest },
    ports,
    packetsMax: config.txRing,
    // Half of the slots are the stack's, for what it holds, and the ports share the others.
    bucketsWanted: Math.min(BUCKETS_WANTED, Math.max(1, Math.floor(config.packetSlots / 2 / ports.length))),
    timeoutNs: CONTROL_TIMEOUT_NS,
    outboundFrameWords: config.driver.outboundFrameWords,
  });
  const nics = nicConfigs({ ...config, largeReceiveOffload: false }).slice(driver.ports.length);
  const loopDevices = nics.map((nic, i) => {
    const port = driver.ports.length + i;
    return new FakeNic({ region, clock, ledger, dma, packets, wire: loops[i] }, memory.nics[port], nic);
  });
  const devices = bonded(config, [...driver.ports, ...loopDevices], { region, clock, ledger });
  const socks = Array.from({ length: config.driver.socketsMax }, () => new Sock());
  const upcalls = new SockUpcalls(socks, sends);
  const engine = new Stack(config.stack, region, packets, dma, ledger, devices, upcalls, memory.gatherAt);
  const stack = new HostStack({
    stack: engine,
    ...{ devices, clock, ledger, dma, memory: sends, socks, upcalls, interruptNs, sleep, card: driver },
    sendBufferBytes: config.driver.sendBufferBytes,
  });
  const reconcile = () => reconcileLanHost(ledger, cardLedger);
  const endTrace = () => recorder?.end(ledger.snapshot(), cardLedger.snapshot());
  const own = hostFeatures(config, driver, loopDevices);
  const built = { stack, engine, ledger, memory: sends, reconcile, ...own };
  return { ...built, cardLedger, driver, recorder, endTrace };
}

/**
 * What the host can change of such a card's features: how its own driver receives. The others are the card's,
 * which it has told when it came up.
 */
function hostFeatures(
  config: CardConfig,
  driver: LanCard,
  loops: readonly FakeNic[],
): Pick<BuiltHostStack, 'features' | 'setFeatures'> {
  const off = {
    tcpSegmentationOffload: false,
    genericSegmentationOffload: false,
    largeReceiveOffload: false,
  };
  let active: NicFeatures = { ...wantedFeatures(config), ...off };
  const merge = (): void => {
    for (const port of driver.ports) port.setMerging(active.genericReceiveOffload);
  };
  merge();
  const setFeatures = (change: Partial<NicFeatures>): void => {
    for (const name of FEATURES) {
      const asked = change[name];
      if (asked === undefined || asked === active[name] || name === 'genericReceiveOffload') continue;
      throw new RangeError(`"${name}" of a card that is reached by LAN messages is fixed, as it came up`);
    }
    active = { ...active, ...change };
    merge();
    for (const loop of loops) loop.setFeatures(change);
  };
  return { features: () => active, setFeatures };
}

/** How many of a card's devices are ports: what a host sends itself needs none. */
export function portCount({ topology: { config } }: CardPlan): number {
  return nicCount(config);
}

function portsOf(plan: CardPlan): PortFacts[] {
  return nicConfigs(plan.topology.config)
    .slice(0, portCount(plan))
    .map(({ mtu, mac, txChecksumming }) => ({ mtu, ...macHalves(mac), transmitChecksum: txChecksumming }));
}

/** What a recorder needs of a card of network ports. */
export function tracedLan(region: Region, plan: CardPlan, trace: TraceEnvironment): TracedCard {
  return tracedPorts(region, plan, trace, LAN_CLASS_ID, portCount(plan));
}

/** The same of any card whose devices are ports. */
export function tracedPorts(
  region: Region,
  { memory, topology: { config }, packets }: CardPlan,
  { clock, startedAt, wakes }: TraceEnvironment,
  classId: number,
  ports: number,
): TracedCard {
  const devices = Array.from({ length: ports }, (_, port) => ({ tid: FIRST_DEVICE_TID + port, classId }));
  return { region, memory, config, classId, devices, packets, clock, startedAt, wakes };
}

/** The host's ends as they are, or with a recorder before them. @param card that is to be traced. */
export function watchedEnds(
  own: HostEnds,
  trace: TraceEnvironment | undefined,
  card: (trace: TraceEnvironment) => TracedCard,
): { readonly recorder: Recorder | undefined; readonly ends: HostEnds } {
  if (trace === undefined) return { recorder: undefined, ends: own };
  const watched = card(trace);
  const recorder = startTrace(trace.request, watched);
  return { recorder, ends: tracedEnds(recorder, watched, own) };
}
