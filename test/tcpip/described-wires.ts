/**
 * The wires between two stacks under test, from a description: a link that does harm, one that does none
 * for ARP (which gives up after three requests, so a bad wire would only test that), and for each host a
 * loop with the same harm for frames to itself.
 */
import { MemoryPlan } from '../../src/dma/plan.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { Clock } from '../../src/time/clock.ts';
import type { WireEnd } from '../../src/wire/contract.ts';
import { Network } from '../../src/world/build/network.ts';
import { planWorld } from '../../src/world/build/world-plan.ts';
import { readTopology } from '../../src/world/topology.ts';

/** What the wires do to frames. */
export interface WireOptions {
  seed?: number;
  delayUs?: number;
  /** Chances of each frame, 0 to 1. */
  loss?: number;
  mark?: number;
  duplicate?: number;
  reorder?: number;
  corrupt?: number;
}

const PORTS = ['wire', 'spared', 'loop'] as const;
export type PortName = (typeof PORTS)[number];
/** Frames in flight at most, each way: more than two full windows. */
const QUEUE_FRAMES = 2048;
/** The stacks under test have memory of their own; the described cards' is never used. */
const LEAST_POOLS = {
  transmitBuffers: 1,
  transmitBufferBytes: 64,
  receiveBuckets: 1,
  receiveBucketBytes: 64,
};

/** @param mtu of the hosts, whose frames must fit. */
function describe(options: WireOptions, mtu: number) {
  const { seed = 1, delayUs = 10, loss = 0, mark = 0, duplicate = 0, reorder = 0, corrupt = 0 } = options;
  const delayNs = delayUs * 1000;
  const harm = {
    queueFrames: QUEUE_FRAMES,
    lossProbability: loss,
    markProbability: mark,
    duplicateProbability: duplicate,
    corruptProbability: corrupt,
    reorderProbability: reorder,
  };
  const card = (host: string, number: number) => ({
    host,
    mtu,
    packetSlots: 64,
    driver: { socketsMax: 1 },
    pools: LEAST_POOLS,
    loopback: false,
    wire: { ...harm, delayNs, reorderDelayNs: 3 * delayNs },
    ports: Object.fromEntries(PORTS.map((port, i) => [port, { address: `10.0.${i}.${number}/24` }])),
  });
  const timed = { delay: `${delayNs}ns` };
  return readTopology({
    seed,
    hosts: { left: {}, right: {} },
    cards: { a: card('left', 1), b: card('right', 2) },
    links: {
      wire: { ends: ['a.wire', 'b.wire'], ...timed, ...harm, reorderDelay: `${3 * delayNs}ns` },
      spared: { ends: ['a.spared', 'b.spared'], ...timed, queueFrames: QUEUE_FRAMES },
    },
  });
}

export class DescribedWires {
  readonly region: Region;
  /** Addresses of the hosts' own memory. */
  readonly hosts: readonly [number, number];
  private readonly clock = new Clock();
  private readonly ends: readonly (readonly WireEnd[])[];

  /** @param hostBytes memory each host wants in the same region. */
  constructor(options: WireOptions, mtu: number, hostBytes: number) {
    const memory = new MemoryPlan();
    const plan = planWorld(memory, describe(options, mtu), { cards: [0, 0], switches: [] });
    this.hosts = [
      memory.reserve('a.host', hostBytes, 'the stack under test'),
      memory.reserve('b.host', hostBytes, 'the stack under test'),
    ];
    this.region = allocateRegion(memory.byteLength);
    const network = new Network(this.region, plan, this.clock, 0);
    this.ends = [network.endsOf(0), network.endsOf(1)];
  }

  /** Time since the world began. */
  setTime(timeUs: number): void {
    this.clock.set(timeUs * 1000);
  }

  /** A host puts a frame on one of its wires. @returns false where the wire is full. */
  put(host: number, port: PortName, bytes: Uint8Array): boolean {
    const { source } = this.ends[host][PORTS.indexOf(port)];
    const address = source.reserve(bytes.length);
    if (address < 0) return false;
    this.region.bytes.set(bytes, address);
    source.commit(bytes.length);
    return true;
  }

  /** When the next frame arrives anywhere, in microseconds since the world began. */
  nextUs(): number {
    let nextNs = Number.POSITIVE_INFINITY;
    for (const ends of this.ends)
      for (const { sink } of ends) nextNs = Math.min(nextNs, sink.nextArrivalNs());
    return nextNs / 1000;
  }

  /** Hands over every frame that has arrived. */
  deliver(to: (host: number, bytes: Uint8Array) => void): void {
    this.ends.forEach((ends, host) => {
      for (const { sink } of ends) {
        for (let address = sink.receive(); address >= 0; address = sink.receive()) {
          const bytes = this.region.bytes.slice(address, address + sink.receivedLength);
          sink.release();
          to(host, bytes);
        }
      }
    });
  }
}
