/**
 * Puts a recorder (trace/recorder.ts) before the host's end of a card that is to be traced, and the
 * packets' ring beside it. Used by the threaded and by the virtual world; where no trace is asked for,
 * nothing of it exists.
 */

import { CONTROL_BYTES } from '../../dma/card-layout.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { Region } from '../../dma/region.ts';
import { EXECUTIVE_CLASS_ID, EXECUTIVE_CLASS_VERSION } from '../../i2o/executive.gen.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../i2o/frame.ts';
import { LAN_CLASS_ID, LAN_CLASS_VERSION } from '../../i2o/lan.gen.ts';
import { firstInboundMfa } from '../../i2o/queues/fifo/fifo-layout.ts';
import { firstFrameWords, hostQueues } from '../../i2o/queues/queues.ts';
import { socketNumbers } from '../../i2o/socket-number.ts';
import { SOCKET_CLASS_ID } from '../../i2o/tids.ts';
import type { FrameConsumer, FrameProducer } from '../../i2o/transport.ts';
import { WINDOW_CLASS_ID, WINDOW_CLASS_VERSION } from '../../i2o/window.gen.ts';
import { Ledger } from '../../ledger/ledger.ts';
import type { HostEnvironment } from '../../osm/host.ts';
import type { Clock } from '../../time/clock.ts';
import type { Waker } from '../../time/sleeper.ts';
import { PacketReader, type PacketRing, PacketWriter } from '../../trace/packet-ring.ts';
import { Recorder } from '../../trace/recorder.ts';
import type { FrameArea, TraceDevice, TraceHead, TraceSink } from '../../trace/sink.ts';
import type { TappedEnd } from '../../wire/contract.ts';
import type { CardConfig } from '../config/settings.ts';
import type { CardMemory } from './card-memory.ts';

/** What whoever wants a trace says. */
export interface TraceRequest {
  readonly sink: TraceSink;
  /**
   * Bytes recorded of each packet on the wire, up to 65535; 0: no packets. Absent: 128, the headers and a
   * little more.
   */
  readonly snapBytes?: number;
  /** For the head: what ran, and what made the trace. */
  readonly command?: readonly string[];
  readonly product?: string;
}

const SNAP_BYTES = 128;
const SNAP_BYTES_MAX = 65535;

/**
 * Bytes to be recorded of each packet of a card's wires; 0 where packets are not. @throws RangeError for a
 * bad request.
 */
export function snapBytesOf(request: TraceRequest | undefined): number {
  if (request === undefined) return 0;
  const { snapBytes = SNAP_BYTES } = request;
  if (!Number.isInteger(snapBytes) || snapBytes < 0 || snapBytes > SNAP_BYTES_MAX) {
    throw new RangeError(`"snapBytes" expected 0 to ${SNAP_BYTES_MAX}, got ${snapBytes}`);
  }
  return snapBytes;
}

/**
 * The card's end: taps its wires. A wire that comes back to the card is tapped where packets enter it, so
 * that each is seen once.
 * @param clock not the card's own where that is a machine's: it is read for each packet.
 */
export function tapWires(
  region: Region,
  ring: PacketRing,
  clock: Clock,
  dma: DmaEngine,
  wires: readonly TappedEnd[],
): void {
  const writer = new PacketWriter(region, ring, clock, dma);
  for (const { source, sink } of wires) {
    source.tapSent(writer.tap(true));
    if ((sink as object) !== source) sink.tapArrived(writer.tap(false));
  }
}

/** What a recorder needs of the card it watches. */
export interface TracedCard {
  readonly region: Region;
  readonly memory: CardMemory;
  readonly config: CardConfig;
  readonly classId: number;
  /** All the card's devices, in the order of their TIDs. */
  readonly devices: readonly TraceDevice[];
  readonly packets: PacketRing | undefined;
  /** Read for each event. */
  readonly clock: Clock;
  /** Wall-clock time now, ISO 8601. */
  readonly startedAt: string;
  /** How often the card has woken the host so far. */
  readonly wakes: () => number;
}

/** @returns a recorder that has told the trace's head. */
export function startTrace(request: TraceRequest, card: TracedCard): Recorder {
  const { region, packets } = card;
  const reader = packets === undefined ? undefined : new PacketReader(region, packets);
  return new Recorder(request.sink, region, card.clock, headOf(request, card), card.wakes, reader);
}

/** @returns what the host is to be given in place of `environment`. */
export function traced(recorder: Recorder, card: TracedCard, environment: HostEnvironment): HostEnvironment {
  const { region } = card;
  const { layout } = card.memory;
  const ledger = new Ledger(region, layout.hostLedger);
  const { inbound, outbound } = hostQueues(region, layout, ledger);
  return {
    ...environment,
    ...tracedEnds(recorder, card, { inbound, outbound, ...environment }),
    sleeper: recorder.sleeper(environment.sleeper),
    dma: recorder.dma(region, ledger, layout.receive),
  };
}

/** The ends of a card's transport at its host, and what wakes the card. */
export interface HostEnds {
  readonly inbound: FrameProducer;
  readonly outbound: FrameConsumer;
  readonly waker: Waker;
}

/** @returns what the host's driver is to be given in place of these. */
export function tracedEnds(recorder: Recorder, card: TracedCard, ends: HostEnds): HostEnds {
  const { inbound, outbound } = frameAreas(card);
  return {
    waker: recorder.waker(ends.waker),
    inbound: recorder.producer(ends.inbound, inbound),
    outbound: recorder.consumer(ends.outbound, outbound),
  };
}

function frameAreas({ memory }: TracedCard): { inbound: FrameArea; outbound: FrameArea } {
  const area = (firstWord: number, count: number): FrameArea => ({
    firstWord,
    count,
    strideWords: FRAME_WORDS,
  });
  const { layout } = memory;
  const first = firstFrameWords(layout);
  const inbound = area(first.inbound, layout.inboundFrames);
  return {
    inbound: layout.transport === 'fifo' ? { ...inbound, firstMfa: firstInboundMfa(layout) } : inbound,
    outbound: area(first.outbound, layout.outboundFrames),
  };
}

function headOf(request: TraceRequest, card: TracedCard): TraceHead {
  const { config, devices } = card;
  const { layout, lan, window } = card.memory;
  // Of a card with the TCP window, headers to be sent, and where bytes are placed.
  const packets = lan?.transmit ?? window?.sends;
  return {
    format: 'inic-trace',
    version: 1,
    product: request.product ?? 'inic',
    transport: layout.transport,
    startedAt: card.startedAt,
    frameBytes: FRAME_BYTES,
    classes: [
      { name: 'executive', id: EXECUTIVE_CLASS_ID, version: EXECUTIVE_CLASS_VERSION },
      deviceClass(card),
    ],
    ...(devices.length > 1 && { devices }),
    memory: {
      regionBytes: card.region.byteLength,
      ...frameAreas(card),
      transmit: layout.transmit,
      receive: lan?.receive ?? window?.places ?? layout.receive,
      immediate: layout.immediate,
      ...(packets !== undefined && { packets }),
      ...(window !== undefined && { headers: window.headers }),
      control: { offset: layout.control, byteLength: CONTROL_BYTES },
    },
    socketsMax: socketNumbers(config.driver.socketsMax, spokenVersion(config)),
    command: request.command ?? [],
    configuration: { ...config },
  };
}

/** The class of the device that the host speaks to, with the version that both sides speak. */
function deviceClass({ config, classId }: TracedCard): TraceHead['classes'][number] {
  if (classId === LAN_CLASS_ID) return { name: 'lan', id: classId, version: LAN_CLASS_VERSION };
  if (classId === WINDOW_CLASS_ID) return { name: 'window', id: classId, version: WINDOW_CLASS_VERSION };
  if (classId !== SOCKET_CLASS_ID) return { name: 'echo', id: classId, version: 1 };
  return { name: 'socket', id: classId, version: spokenVersion(config) };
}

/** As the driver finds when it reads the card's table. */
function spokenVersion({ driver, classVersion }: CardConfig): number {
  return Math.min(driver.classVersion, classVersion);
}
