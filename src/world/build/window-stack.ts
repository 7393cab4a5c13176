/**
 * Builds a host's own stack over a card with the TCP window, both for one thread: the card serves the window
 * class, and what the stack sends, and where it wants what has come, travels in its messages.
 */
import { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import { FEATURES, type NicFeatures } from '../../hdm/features.ts';
import { HostStack } from '../../host/host-stack.ts';
import { Sock } from '../../host/sock.ts';
import { WindowCalls } from '../../host/window/window-calls.ts';
import { WindowCard } from '../../host/window/window-card.ts';
import { STRETCHES_MAX, type WindowPortFacts } from '../../host/window/window-port.ts';
import { WindowUpcalls } from '../../host/window/window-upcalls.ts';
import { hostQueues } from '../../i2o/queues/queues.ts';
import { WINDOW_CLASS_ID } from '../../i2o/window.gen.ts';
import { Ledger } from '../../ledger/ledger.ts';
import { reconcileWindowHost } from '../../ledger/reconcile-window.ts';
import { Stack } from '../../tcpip/stack/stack.ts';
import type { Recorder } from '../../trace/recorder.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import { wantedFeatures } from '../config/card-ranges.ts';
import type { CardConfig } from '../config/settings.ts';
import { bonded } from './bonded.ts';
import { largestMtu } from './card-memory.ts';
import { buildCard, type CardParts } from './card-parts.ts';
import { tapWires } from './card-trace.ts';
import type { CardEnvironment } from './environment.ts';
import type { BuiltHostStack, HostTime } from './host-stack.ts';
import { tracedPorts, watchedEnds } from './lan-host.ts';
import type { LanJoint } from './lan-stack.ts';
import { WINDOW_TRANSACTIONS_MAX, windowFramesMax } from './window-modules.ts';
import type { CardPlan } from './world-plan.ts';

const CONTROL_TIMEOUT_NS = 5e9;
/** Of the stretches that a packet may lie in, those that need not be whole blocks: its first and its last. */
const ENDS = 2;

export interface BuiltWindowStack extends BuiltHostStack {
  readonly cardLedger: Ledger;
  readonly driver: WindowCard;
  readonly card: CardParts;
  readonly recorder: Recorder | undefined;
  /** As `BuiltLanHost` has it. */
  endTrace(): void;
}

/** How bytes get to and from the window. */
export interface WindowMoves {
  /** Calls that move fewer bytes do it by a copy; others to and from the program's memory. */
  readonly directBytesMin: number;
  /** A segment of no more payload is brought whole, and copied; absent: as many bytes as drivers copy. */
  readonly wholeBytesMax?: number;
}

/**
 * Bytes of a packet that a driver copies rather than have the device place them: what Linux's driver of
 * gigabit devices copies (e1000, `copybreak`).
 */
const WHOLE_BYTES_MAX = 256;

/**
 * The card is not up yet: `driver.bringUp` is for whoever can run it.
 * @param wires what is plugged into the card's ports, by port; last the inner loop's, where there is one.
 * @throws RangeError of one line for a card that cannot have the window.
 */
export function buildWindowStack(
  region: Region,
  plan: CardPlan,
  wires: readonly TappedEnd[],
  { clock, sleep, interruptNs }: HostTime,
  link: LanJoint,
  { directBytesMin, wholeBytesMax = WHOLE_BYTES_MAX }: WindowMoves,
): BuiltWindowStack {
  const { memory, packets } = plan;
  const { config } = plan.topology;
  const { layout, window } = memory;
  if (window === undefined)
    throw new RangeError('a window by messages needs a card whose module is "window"');
  checkWindowConfig(config);
  const cardLedger = new Ledger(region, layout.iopLedger);
  const cardDma = new DmaEngine(region, cardLedger);
  if (packets !== undefined) tapWires(region, packets, link.packetClock ?? clock, cardDma, wires);
  const environment: CardEnvironment = {
    ...{ clock, ledger: cardLedger, dma: cardDma, waker: link.host, wires },
    ...(link.endsOver === undefined ? {} : { endsOver: link.endsOver }),
  };
  const card = buildCard(region, memory, config, environment, ['window']);
  const ledger = new Ledger(region, layout.hostLedger);
  const dma = new WindowCalls(region, ledger, directBytesMin);
  const socks = Array.from({ length: config.driver.socketsMax }, () => new Sock());
  const own = { waker: link.waker, ...hostQueues(region, layout, ledger), ...link.ends };
  const { recorder, ends } = watchedEnds(own, link.trace, (trace) =>
    tracedPorts(region, plan, trace, WINDOW_CLASS_ID, card.devices.length),
  );
  const driver = new WindowCard({
    ...{ region, layout, ledger, clock, dma, socks, rest: link.rest },
    ...ends,
    ...{ card: link.inline ? card.processor : undefined, health: link.health, found: link.found },
    window: {
      transmit: window.transmit,
      slotsAddress: memory.packets,
      framesMax: windowFramesMax(config),
      transactionsMax: WINDOW_TRANSACTIONS_MAX,
    },
    ...{ headers: window.headers, sendHeaders: window.sends, places: window.places },
    // As many as the card remembers contexts.
    fills: { ...layout.transmit, count: Math.min(layout.transmit.count, WINDOW_TRANSACTIONS_MAX) },
    ports: portsOf(card, window.transmit.bufferBytes),
    wholeBytesMax,
    packetsMax: config.txRing,
    timeoutNs: CONTROL_TIMEOUT_NS,
    outboundFrameWords: config.driver.outboundFrameWords,
  });
  const { memory: sends, mirror, placements } = driver;
  const devices = bonded(config, driver.ports, { region, clock, ledger });
  const upcalls = new WindowUpcalls(socks, sends, placements);
  const engine = new Stack(config.stack, region, mirror, dma, ledger, devices, upcalls, memory.gatherAt);
  driver.attach(engine, (socket) => upcalls.ready.note(socket));
  const stack = new HostStack({
    stack: engine,
    ...{ devices, clock, ledger, dma, memory: sends, socks, upcalls, interruptNs, sleep },
    ...{ card: driver, reads: placements },
    sendBufferBytes: config.driver.sendBufferBytes,
  });
  const reconcile = () => {
    const held = card.window ?? { filledBytes: 0, framesHeld: 0 };
    return reconcileWindowHost(ledger, cardLedger, held);
  };
  const features = () => card.devices[0].features;
  const built = { stack, engine, ledger, memory: sends, reconcile, features };
  const setFeatures = (change: Partial<NicFeatures>): void => checkUnchanged(features(), change);
  const endTrace = (): void => recorder?.end(ledger.snapshot(), cardLedger.snapshot());
  return { ...built, setFeatures, cardLedger, driver, card, recorder, endTrace };
}

/** @throws RangeError for what a card that is reached by messages cannot be told to do otherwise. */
function checkUnchanged(active: NicFeatures, change: Partial<NicFeatures>): void {
  for (const name of FEATURES) {
    if (change[name] !== undefined && change[name] !== active[name])
      throw new RangeError(`"${name}" of a card with the TCP window is fixed, as it came up`);
  }
}

/** Ports of the card as its host sees them: a packet must not lie in more stretches than a message names. */
function portsOf({ devices }: CardParts, blockBytes: number): WindowPortFacts[] {
  const most = (STRETCHES_MAX - ENDS) * blockBytes;
  return devices.map(({ mtu, macHigh, macLow, transmitChecksum, segmentBytesMax }) => ({
    ...{ mtu, macHigh, macLow, transmitChecksum },
    segmentBytesMax: Math.min(segmentBytesMax, most),
  }));
}

/** @throws RangeError of one line for what a card with the TCP window cannot be. */
function checkWindowConfig(config: CardConfig): void {
  checkWindowFeatures(wantedFeatures(config));
  const { transmitBufferBytes } = config.pools;
  const mtu = largestMtu(config);
  if (mtu > (STRETCHES_MAX - ENDS) * transmitBufferBytes)
    throw new RangeError(
      `blocks of ${transmitBufferBytes} bytes are too small for a TCP window on the card with an MTU of ` +
        `${mtu}: give "pools.transmitBufferBytes" more`,
    );
}

/** @throws RangeError where the host would have to look at payload, which lies on the card. */
function checkWindowFeatures(features: NicFeatures): void {
  if (!features.rxChecksumming || !features.txChecksumming)
    throw new RangeError('a TCP window on the card needs "checksumOffload": the host sees headers only');
  if (!features.scatterGather)
    throw new RangeError('a TCP window on the card needs "scatterGather": the host has no payload to copy');
}
