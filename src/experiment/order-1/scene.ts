/**
 * The case in virtual time: a host that others send to and that sends to others, over one gigabit card whose
 * receive ring is filled with buffers of the host's pages; and the peer beside it, whose card never lacks
 * any.
 */
import { COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { GFP_MAY_WAIT } from '../../host/memory/gfp.ts';
import { type Kernel, minFreeKbytesDefault, zonesOf } from '../../host/memory/marks.ts';
import { allocationFailure, buddyInfo } from '../../host/memory/mem-info.ts';
import { PageAllocator } from '../../host/memory/page-allocator.ts';
import {
  type ReceiveAllocator,
  type ReceiveMemory,
  receiveAllocator,
} from '../../host/memory/receive-allocator.ts';
import { receiveBufferBytes, SLAB_RULES } from '../../host/memory/size-classes.ts';
import { type ReclaimAim, UsedHost, type UsedHostOptions } from '../../host/memory/used-host.ts';
import { plainCosts } from '../../sweep/plain-costs.ts';
import { FREE } from '../../time/cost-model.ts';
import { Random } from '../../time/random.ts';
import { MaertsReader, MaertsWriter } from '../../workloads/maerts.ts';
import { StreamClient } from '../../workloads/stream.ts';
import type { CardTopology, Topology } from '../../world/topology/checked.ts';
import { readTopology } from '../../world/topology.ts';
import { type HostCosts, HostWorld } from '../../world/virtual/host-world.ts';
import { AckBacklog, BACKLOG_SLOTS } from './ack-backlog.ts';
import { PausingReader } from './pausing-reader.ts';
import { Watch } from './watch.ts';

/** Hosts with such cards found losses by what SACK reports: RACK came ten years later. */
const STACK_OF_THE_TIME = { lossRecovery: 'sack', congestionControl: 'newreno' };

/** What of the case can be set. */
export interface Scene {
  readonly lowmemKb: number;
  /** 0: the kernel's own default. */
  readonly minFreeKbytes: number;
  readonly kernel: Kernel;
  readonly tso: boolean;
  readonly mtu: number;
  /** Receive descriptors that are filled at once. */
  readonly ring: number;
  readonly memory: ReceiveMemory;
  /** Buffers of a pool. */
  readonly pool: number;
  /** Order of a slab at most. */
  readonly slabOrder: number;
  /** Share of reclaimed pages that lie anywhere. */
  readonly mixed: number;
  readonly aim: ReclaimAim;
  /** Whether acknowledgements of large sends wait in a backlog, in buffers of their own. */
  readonly coupling: boolean;
  /** Connections that send to the host; 0: it sends alone. */
  readonly uploads: number;
  /** Virtual time measured. */
  readonly durationMs: number;
  readonly pauseMs: number;
  /** Pages a second that files are read into, and that kswapd gives up. */
  readonly readPerS: number;
  readonly kswapdPerS: number;
}

/** What one run comes to. */
export interface Outcome {
  /** What min_free_kbytes was, and the order that a receive buffer asked for. */
  readonly minFreeKbytes: number;
  readonly order: number;
  /** Requests for receive buffers that the page allocator refused, and buffers that the ring went without. */
  readonly failures: number;
  readonly unfilled: number;
  /** Frames that found no buffer. */
  readonly discards: number;
  /** The same in percent of all that came. */
  readonly lost: number;
  /** What the peer sees: segments sent again, time-outs, and bytes a second that got through, both ways. */
  readonly retransmits: number;
  readonly timeouts: number;
  readonly goodput: number;
  /** The longest time a connection brought its reader nothing. */
  readonly stallNs: number;
  /** What the kernel printed at the first failure; undefined where there was none. */
  readonly printed: string | undefined;
  /** /proc/buddyinfo when the run began. */
  readonly buddyInfo: string;
  readonly looks: Watch['looks'];
}

const HOST = 0;
const PEER = 1;
const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;

/** Connections that the host sends to, and the bytes of a write. */
const DOWNLOADS = 4;
const WRITE_BYTES = 65_536;
const UPLOAD_PORT = 5001;
const DOWNLOAD_PORT = 5002;
/** What a connection may have waiting unread. */
const WINDOW_BYTES = 1 << 18;
/** Packet slots of each card, of which the ring and what waits take theirs. */
const SLOTS = 8192;
export const RING_MOST = 4096;
export const POOL_BUFFERS_MOST: number = SLOTS;
/** How long the reader reads between its pauses. */
const READ_NS = 5_000_000;
/** How many times as fast the host does the protocol's work as the I/O processor of the profile. */
const PLAIN = { hostSpeed: 3, systemCallNs: 200 };
/** The host's use of its memory beside the network: see `UsedHostOptions`. */
const USE = {
  pinned: 0.1,
  takenPerS: 10_000,
  startsPerS: 200,
  keptNs: 1e6,
  pinnedPerS: 1000,
};
/** Pages read before the run, so that what is free is what a used host has. */
const AGE_PAGES = 10_000;

export function runScene(scene: Scene, seed: number): Outcome {
  const { lowmemKb, kernel } = scene;
  const minFreeKbytes = scene.minFreeKbytes || minFreeKbytesDefault(lowmemKb, kernel);
  const zones = zonesOf(lowmemKb);
  const pages = new PageAllocator({ zones, kernel, minFreeKbytes, inUse: true });
  const topology = describe(scene, seed);
  let buffers: ReceiveAllocator | undefined;
  let memory: UsedHost | undefined;
  const world = new HostWorld(topology, costsOf(topology), (card, clock) => {
    if (card !== HOST) return {};
    memory = new UsedHost(pages, clock, useOf(scene), new Random(seed));
    buffers = buffersOf(scene, pages);
    return { memory: buffers, rxPending: scene.ring };
  });
  if (buffers === undefined || memory === undefined) throw new Error('the host has no receive memory');
  // The driver filled its ring when the host was young.
  memory.age(AGE_PAGES);
  return new Run(scene, world, pages, memory, buffers).measure();
}

function useOf({ mixed, aim, readPerS, kswapdPerS }: Scene): UsedHostOptions {
  return { ...USE, mixed, aim, readPerS, kswapdPerS };
}

function buffersOf(
  { memory, mtu, pool, slabOrder: maxOrder }: Scene,
  pages: PageAllocator,
): ReceiveAllocator {
  return receiveAllocator(pages, {
    memory,
    bufferBytes: receiveBufferBytes(mtu),
    slabRules: { ...SLAB_RULES, maxOrder },
    slots: SLOTS + BACKLOG_SLOTS,
    poolBuffers: pool,
  });
}

/** A run under way. */
class Run {
  private readonly scene: Scene;
  private readonly world: HostWorld;
  private readonly pages: PageAllocator;
  private readonly buffers: ReceiveAllocator;
  private readonly watch: Watch;
  private readonly reader: PausingReader;
  private readonly downloads: MaertsReader;
  private readonly begins: string;
  private readonly refusedBefore: number;
  private printed: string | undefined;
  private failures = 0;

  constructor(
    scene: Scene,
    world: HostWorld,
    pages: PageAllocator,
    memory: UsedHost,
    buffers: ReceiveAllocator,
  ) {
    const { queue, clock, stacks } = world;
    this.scene = scene;
    this.world = world;
    this.pages = pages;
    this.buffers = buffers;
    this.begins = buddyInfo(pages);
    this.refusedBefore = buffers.refused;
    this.watch = new Watch(pages, clock);
    pages.onRefused = (order, flags) => this.failed(order, flags);
    const [host, peer] = stacks.map(({ stack }) => ({ stack, clock }));
    const shape = (port: number, connections: number) => ({
      address: HOST_ADDRESS,
      port,
      connections,
      sizeBytes: WRITE_BYTES,
    });
    const up = shape(UPLOAD_PORT, Math.max(1, scene.uploads));
    const down = shape(DOWNLOAD_PORT, DOWNLOADS);
    this.reader = new PausingReader(host, up, { readNs: READ_NS, pauseNs: scene.pauseMs * NS_PER_MS });
    world.addProgram(HOST, this.reader);
    world.addProgram(HOST, new MaertsWriter(host, down));
    if (scene.uploads > 0) world.addProgram(PEER, new StreamClient(peer, up));
    this.downloads = new MaertsReader(peer, down);
    world.addProgram(PEER, this.downloads);
    const agents = [memory, this.watch];
    const { counters } = stacks[HOST].ledger;
    const backlog = scene.coupling ? [new AckBacklog(buffers, SLOTS, counters, clock)] : [];
    for (const agent of [...agents, ...backlog]) queue.add({ agent, meter: FREE });
  }

  measure(): Outcome {
    const { world, scene, buffers } = this;
    world.run(() => false, scene.durationMs * NS_PER_MS);
    const seconds = (scene.durationMs * NS_PER_MS) / NS_PER_S;
    if (COSTLY_ASSERTIONS) for (const { buddy } of this.pages.zones) buddy.check();
    const [host, peer] = world.snapshot();
    const discards = host['deviceRxNoBuffer'];
    const arrived = host['deviceRxPackets'] + discards;
    return {
      minFreeKbytes: this.pages.minFreeKbytes,
      order: buffers.order,
      failures: this.failures,
      unfilled: buffers.refused - this.refusedBefore,
      discards,
      lost: (100 * discards) / Math.max(1, arrived),
      retransmits: peer['tcpRetransSegs'],
      timeouts: peer['tcpTimeouts'],
      goodput: (peer['tcpOutDataBytes'] + this.downloads.bytesReceived) / seconds,
      stallNs: this.reader.stallNs,
      printed: this.printed,
      buddyInfo: this.begins,
      looks: this.watch.looks,
    };
  }

  /** Programs, which can wait, ask again; only the ring's requests come to nothing. */
  private failed(order: number, flags: number): void {
    if ((flags & GFP_MAY_WAIT) !== 0) return;
    this.failures += 1;
    this.printed ??= allocationFailure(this.pages, order, flags, this.buffers.callers);
  }
}

const HOST_ADDRESS = 0x0a00_0001;

/** Two hosts with a gigabit card each. */
function describe({ tso, mtu, ring }: Scene, seed: number): Topology {
  const card = {
    mtu,
    tcpSegmentationOffload: tso,
    packetSlots: SLOTS,
    // Descriptors of which `ring` are filled; what the host sends itself does not pass here.
    rxRing: 2 ** Math.ceil(Math.log2(ring)),
    loopback: false,
    driver: { socketsMax: 64 },
    stack: { receiveBufferBytes: WINDOW_BYTES, receiveWindowBytes: WINDOW_BYTES, ...STACK_OF_THE_TIME },
  };
  return readTopology({
    seed,
    costs: 'card-2005',
    hosts: { server: {}, peer: {} },
    cards: {
      tg3: { ...card, host: 'server', ports: { eth0: { address: '10.0.0.1/24', mtu } } },
      fine: { ...card, host: 'peer', ports: { eth0: { address: '10.0.0.2/24', mtu } } },
    },
    links: { wire: { ends: ['tg3.eth0', 'fine.eth0'], rate: '1Gbit/s', delay: '50us' } },
  });
}

function costsOf(topology: Topology): (host: number) => HostCosts {
  return (host) => {
    const card = topology.cards.find((candidate) => candidate.host === host) as CardTopology;
    return { costs: plainCosts(topology.hosts[host], card, PLAIN), interruptNs: card.interruptNs };
  };
}
