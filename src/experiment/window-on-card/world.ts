/**
 * The server under test and its peer: one card with up to four ports of 1 Gbit/s on one bus, each joined to a
 * port of a peer whose work takes next to no time, so that whatever is slow is the server. Streams go by
 * every port, in one direction or in both.
 */
import { ARMS, type Arm } from '../../compare/arms.ts';
import { type BusUse, busBytes, cardBus, hostBus, windowBus } from '../../compare/bus-use.ts';
import { hostCosts } from '../../compare/host-costs.ts';
import { measureHostWorld } from '../../compare/measure-host.ts';
import { packetSlotBytes } from '../../hdm/nic-rings.ts';
import { splitWindow, type WindowParts } from '../../host/window-memory.ts';
import { loadProfile } from '../../plans/profiles.ts';
import { type Counts, charge, since } from '../../sweep/counts.ts';
import { measureTopology } from '../../sweep/measure.ts';
import type { Costs } from '../../time/cost-model.ts';
import type { Topology } from '../../world/topology/checked.ts';
import { readTopology } from '../../world/topology.ts';
import type { HostCosts } from '../../world/virtual/host-world.ts';
import { cardBusCosts, HOST_TRANSFERS, transferCosts, WINDOW_TRANSFERS } from '../../world/virtual/meters.ts';
import { type NamedCost, withoutBus, withoutHost } from './named-costs.ts';

export type Direction = 'transmit' | 'receive' | 'both';

/** One measurement. */
export interface Run {
  readonly arm: string;
  readonly direction: Direction;
  /** A cost profile's name. */
  readonly costs: string;
  /** How many times as fast as the profile's card the host does the protocol's work. */
  readonly hostSpeed: number;
  /** How many times as fast as the profile's card this one is. */
  readonly cardSpeed: number;
  readonly systemCallNs: number;
  readonly ports: number;
  readonly busBytesPerS: number;
  /** Bytes of each write. */
  readonly size: number;
  readonly writes: number;
  readonly lossProbability: number;
  readonly seed: number;
  /** Costs that are switched off. */
  readonly off?: readonly NamedCost[];
  /** Of the window: calls of fewer bytes go by a bounce. */
  readonly directBytesMin?: number;
  readonly cardBytes: number;
  readonly transmitShare: number;
}

/** What the server came to. */
export interface Reading {
  readonly payloadPerS: number;
  /** Nanoseconds for each byte of payload. */
  readonly hostNsPerByte: number;
  /** Of these, header work for each packet; none of a card that runs the whole stack. */
  readonly headerNsPerByte: number;
  /** Of these, the copy of what is sent into the host's TCP window; none of a card that runs the whole stack. */
  readonly copyNsPerByte: number;
  readonly cardNsPerByte: number;
  /** Shares of the time, 0 to 1 and beyond. */
  readonly hostBusy: number;
  readonly cardBusy: number;
  readonly busBusy: number;
  /** Of the wires, counting the headers of full segments. */
  readonly wireBusy: number;
  /** Bytes over the bus for each byte of payload. */
  readonly crossedPerByte: number;
  /** Of a host that sends: how often each byte of payload crosses, from the first write to the last. */
  readonly crossings: number;
}

const LIMIT_NS = 60e9;
/** Next to nothing: two programs that cost nothing at all could feed each other for ever at one moment. */
const PEER_COSTS = { userCalls: 20 };
const PEER_HOST: HostCosts = { costs: PEER_COSTS, busCosts: {}, interruptNs: 0 };
export const PORT_BITS_PER_S = 1e9;
/** Payload of a full segment with timestamps, and its frame with preamble and gap (IEEE 802.3). */
const SEGMENT_BYTES = 1448;
const FRAME_BYTES = 1538;
const MTU = 1500;
const BUFFER_BYTES = 16_384;
const RX_RING = 64;
/** What may be under way to the server in a stream: much more than a wire holds. */
const WINDOW_BYTES = 262_144;

/** Payload that so many ports can carry in a second, one way. */
export function wirePayloadPerS(ports: number): number {
  return (ports * PORT_BITS_PER_S * SEGMENT_BYTES) / FRAME_BYTES / 8;
}

/** @throws RangeError of one line for card memory that does not hold the least. */
export function measureRun(run: Run): Reading {
  const arm = ARMS.find(({ name }) => name === run.arm) as Arm;
  const topology = readTopology(description(run, arm));
  const measured = arm.onHost ? onHost(run, topology, arm) : onCard(run, topology);
  const { bytes, elapsedNs, hostNs, cardNs, bus, busNs, crossings } = measured;
  const ways = run.direction === 'both' ? 2 : 1;
  const payloadPerS = (bytes * 1e9) / elapsedNs;
  return {
    payloadPerS,
    hostNsPerByte: hostNs / bytes,
    headerNsPerByte: measured.headerNs / bytes,
    copyNsPerByte: measured.copyNs / bytes,
    cardNsPerByte: cardNs / bytes,
    hostBusy: hostNs / elapsedNs,
    cardBusy: cardNs / elapsedNs,
    busBusy: busNs / elapsedNs,
    wireBusy: payloadPerS / wirePayloadPerS(run.ports) / ways,
    crossedPerByte: busBytes(bus) / bytes,
    crossings,
  };
}

interface Measured {
  readonly bytes: number;
  readonly headerNs: number;
  readonly copyNs: number;
  readonly elapsedNs: number;
  readonly hostNs: number;
  readonly cardNs: number;
  readonly bus: BusUse;
  readonly busNs: number;
  readonly crossings: number;
}

function onHost(run: Run, topology: Topology, arm: Arm): Measured {
  const { window } = arm;
  const { off = [], directBytesMin = 0, hostSpeed, systemCallNs } = run;
  const server = hostCosts(topology, 0, { hostSpeed: hostSpeed / run.cardSpeed, systemCallNs }, arm);
  const busCosts = withoutBus(transferCosts(topology.cards[0].bus, HOST_TRANSFERS), off);
  const costs: HostCosts = {
    ...server,
    costs: withoutHost(server.costs, off),
    busCosts,
    ...(window === true ? { window: { directBytesMin } } : {}),
  };
  const operations = operationsOf(run);
  const measurement = measureHostWorld(topology, (host) => (host === 0 ? costs : PEER_HOST), {
    ...{ operations, warmup: operations, limitNs: LIMIT_NS },
  });
  const { bytes, elapsedNs, cardNs, counts, totals } = measurement;
  const [ofCard] = measurement.cardCounts;
  const [inAll = totals[0]] = measurement.cardTotals;
  const hostNs = charge(counts[0], costs.costs);
  const spentOn = (cost: NamedCost): number => hostNs - charge(counts[0], withoutHost(costs.costs, [cost]));
  const crossed = ofCard === undefined ? 'busPayloadBytes' : 'windowFillsBytes';
  return {
    bytes,
    headerNs: spentOn('header work'),
    copyNs: spentOn('window copy'),
    elapsedNs,
    hostNs,
    cardNs,
    bus: ofCard === undefined ? hostBus([counts[0]]) : windowBus(counts[0], ofCard),
    busNs:
      ofCard === undefined
        ? charge(counts[0], busCosts)
        : charge(ofCard, cardBusCosts(topology.cards[0].bus, WINDOW_TRANSFERS)),
    crossings: inAll[crossed] / totals[0]['bytesSent'],
  };
}

function onCard(run: Run, topology: Topology): Measured {
  let before: readonly Counts[] = [];
  let counts: readonly Counts[] = [];
  const operations = operationsOf(run);
  const { bytesPerS, elapsedNs } = measureTopology(topology, {
    operations,
    // As long as what is measured: the first windows of streams are none of their later rate.
    warmup: operations,
    limitNs: LIMIT_NS,
    begun: (world) => {
      before = world.snapshot();
    },
    ended: (world) => {
      counts = world.snapshot().map((now, i) => since(now, before[i]));
    },
  });
  const [host, card] = counts;
  const [{ processor, bus }] = topology.cards;
  return {
    bytes: (bytesPerS * elapsedNs) / 1e9,
    elapsedNs,
    headerNs: 0,
    copyNs: 0,
    hostNs: charge(host, topology.hosts[0].processor.costs),
    cardNs: charge(card, processor.costs),
    bus: cardBus([host, card]),
    busNs: charge(card, cardBusCosts(bus)),
    crossings: Number.NaN,
  };
}

function operationsOf({ writes, ports, direction }: Run): number {
  return writes * ports * (direction === 'both' ? 2 : 1);
}

/** The server's host with the window on its card, and a peer whose work takes next to no time. */
export function windowHosts(
  { hostSpeed, systemCallNs }: Run,
  topology: Topology,
): (host: number) => HostCosts {
  const arm = ARMS.find(({ name }) => name === 'window') as Arm;
  const server = {
    ...hostCosts(topology, 0, { hostSpeed, systemCallNs }, arm),
    window: { directBytesMin: 0 },
  };
  return (host) => (host === 0 ? server : PEER_HOST);
}

const names = (ports: number): number[] => Array.from({ length: ports }, (_, i) => i);

function description(run: Run, arm: Arm): object {
  const each = names(run.ports);
  const portsOf = (side: number): object => ({
    ports: Object.fromEntries(each.map((i) => [`eth${i}`, { address: `10.0.${i}.${side}/24` }])),
  });
  const programs = Object.fromEntries(each.flatMap((i) => programsOf(run, i)));
  return serverAndPeer(run, arm, portsOf, programs);
}

/** @throws RangeError of one line, by the settings' names, where the card's memory cannot be shared out so. */
export function checkWindow(run: Run): void {
  try {
    windowParts(run);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const share = Math.round(run.transmitShare * 100);
    throw new RangeError(
      `cardMemory=${run.cardBytes / 1024} with transmitShare=${share} and ports=${run.ports} cannot be: ` +
        error.message,
    );
  }
}

function windowParts(run: Run): WindowParts {
  const slots = (RX_RING + 4) * run.ports;
  return splitWindow(run.cardBytes, run.transmitShare, BUFFER_BYTES, packetSlotBytes(MTU), slots);
}

/** @param portsOf ports of the server's card (1) and of the peer's (2), and bonds of these. */
export function serverAndPeer(
  run: Run,
  arm: Pick<Arm, 'window' | 'card'>,
  portsOf: (side: number) => object,
  programs: object,
): object {
  const profile = loadProfile(run.costs);
  const each = names(run.ports);
  const { bus, processor } = profile.card as { bus: object; processor: { costs: Costs } };
  const parts = windowParts(run);
  const window = {
    packetSlots: parts.packetSlots,
    pools: { transmitBuffers: parts.transmitBuffers, transmitBufferBytes: BUFFER_BYTES },
  };
  const small = { driver: { socketsMax: 64 }, rxRing: RX_RING };
  const memory = arm.window === true ? window : { packetSlots: 4096 };
  const free = { bus: { rate: 0, latency: 0 }, dma: { request: 0 } };
  return {
    seed: run.seed,
    costs: 'none',
    hosts: { server: profile.host, peer: { processor: { costs: PEER_COSTS } } },
    cards: {
      server: {
        ...profile.card,
        processor: { ...processor, costs: faster(processor.costs, run.cardSpeed) },
        bus: { ...bus, rate: `${run.busBytesPerS * 8}bit/s` },
        ...small,
        stack: { receiveBufferBytes: WINDOW_BYTES },
        ...memory,
        ...arm.card,
        host: 'server',
        ...portsOf(1),
      },
      peer: { ...small, ...free, packetSlots: 4096, host: 'peer', ...portsOf(2) },
    },
    links: Object.fromEntries(each.map((i) => [`wire${i}`, linkOf(run, i)])),
    programs,
  };
}

function faster(costs: Costs, times: number): Costs {
  return Object.fromEntries(Object.entries(costs).map(([name, ns]) => [name, ns / times]));
}

function linkOf({ lossProbability }: Run, i: number): object {
  return {
    ends: [`server.eth${i}`, `peer.eth${i}`],
    rate: '1Gbit/s',
    delay: '5us',
    queueFrames: 512,
    lossProbability,
  };
}

/** Streams of one port: whoever sends is the client. */
function programsOf({ direction, size }: Run, i: number): [name: string, program: object][] {
  const ways = direction === 'both' ? ['transmit', 'receive'] : [direction];
  return ways.flatMap((way, which): [string, object][] => {
    const [from, to] = way === 'transmit' ? ['server', 'peer'] : ['peer', 'server'];
    const address = `10.0.${i}.${way === 'transmit' ? 2 : 1}`;
    const sink = { workload: 'TCP_STREAM', role: 'server', host: to, address, port: 7 + 2 * i + which, size };
    const source = { workload: 'TCP_STREAM', role: 'client', host: from, server: `${way}${i}sink`, size };
    return [
      [`${way}${i}sink`, sink],
      [`${way}${i}`, source],
    ];
  });
}
