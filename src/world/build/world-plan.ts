/**
 * Plans a world's memory: one region for all its cards and wires, sized once, with a line for everybody who
 * has a part of it. The plan is plain data, so that each thread can build its part of the world over the
 * same region.
 */
import { assert } from '../../assert/assert.ts';
import type { MemoryPlan } from '../../dma/plan.ts';
import { LEDGER_BYTES } from '../../ledger/ledger.ts';
import { Random } from '../../time/random.ts';
import { type PacketRing, planPacketRing } from '../../trace/packet-ring.ts';
import { planCable } from '../../wire/cable.ts';
import type { PipeConfig } from '../../wire/config.ts';
import { planPipe, wireSlotBytes } from '../../wire/slots.ts';
import type { CardTopology, LinkEnd, Topology } from '../topology/checked.ts';
import { type CardMemory, largestMtu, nicConfigs, planCardMemory } from './card-memory.ts';

/** The loop inside a card is named so that no port can have its name. */
const INNER_LOOP = 'inner loop';
const MEBIBYTE = 1 << 20;

/** Which thread builds and runs each part; 0 is the program's, with all drivers. */
export interface Sites {
  readonly cards: readonly number[];
  readonly switches: readonly number[];
}

/** All parts in the program's own thread. */
export function oneSite({ cards, switches }: Topology): Sites {
  return { cards: cards.map(() => 0), switches: switches.map(() => 0) };
}

/** One direction of a link. */
export interface WirePlan {
  /** Name of the link, for reports. */
  readonly link: string;
  readonly config: PipeConfig;
  readonly from: LinkEnd;
  readonly to: LinkEnd;
  /** Threads of its two ends: a pipe where they are one, else a cable. */
  readonly fromSite: number;
  readonly toSite: number;
  /** Address of the wire, and of this direction's counters. */
  readonly offset: number;
  readonly ledger: number;
  readonly seed: number;
}

export interface CardPlan {
  readonly topology: CardTopology;
  readonly site: number;
  readonly memory: CardMemory;
  /** Where packets go that are traced. */
  readonly packets: PacketRing | undefined;
  /**
   * For each port, the wire that leaves by it and the one that arrives there: indices of `wires`. The inner
   * loop is last.
   */
  readonly ports: readonly PortPlan[];
}

export interface PortPlan {
  readonly out: number;
  readonly in: number;
}

export interface SwitchPlan {
  readonly name: string;
  readonly site: number;
  readonly addressesMax: number;
  readonly ageingNs: number;
  readonly ledger: number;
  readonly ports: readonly PortPlan[];
}

/** When a world in real time has begun, which is when all of its cards are up, as each of its threads reads it. */
export interface LiveBeginning {
  /** When it was made, by the time that all threads share. */
  readonly madeNs: number;
  /** Of a word: microseconds from then until it began, and one; 0: it has not yet. */
  readonly word: number;
}

export interface WorldPlan {
  /** Of a world in real time: from when its links' times count; absent: from 0 of its clock. */
  readonly beginning?: LiveBeginning;
  readonly cards: readonly CardPlan[];
  readonly wires: readonly WirePlan[];
  readonly switches: readonly SwitchPlan[];
  /** Bytes of the region. */
  readonly byteLength: number;
}

/** Bytes recorded of each packet by a card's trace; 0 or absent: none are. */
export type SnapBytes = readonly (number | undefined)[];

/**
 * @param plan takes a line for every holder. @param snapBytes by card.
 * @throws RangeError when the region would be too large, for its addresses or for a host's memory.
 */
export function planWorld(
  plan: MemoryPlan,
  topology: Topology,
  sites: Sites,
  snapBytes: SnapBytes = [],
): WorldPlan {
  const memories = topology.cards.map((card) => {
    const before = plan.byteLength;
    const memory = planCardMemory(plan, card.name, card.config, card.modules);
    return { memory, bytes: plan.byteLength - before };
  });
  checkHostMemory(
    topology,
    memories.map(({ bytes }) => bytes),
  );
  const wires = planWires(plan, topology, sites);
  const packets = topology.cards.map(({ name }, i) => {
    const bytes = snapBytes[i] ?? 0;
    return bytes === 0 ? undefined : planPacketRing(plan, `${name}.packetTrace`, bytes);
  });
  const ledgers = wires.map((wire, i) => planLedger(plan, `${wire.link}.ledger${i}`));
  const finished = wires.map((wire, i): WirePlan => ({ ...wire, ledger: ledgers[i] }));
  const plugs = new Plugs(finished);
  return {
    wires: finished,
    cards: topology.cards.map((card, i) => ({
      topology: card,
      site: sites.cards[i],
      memory: memories[i].memory,
      packets: packets[i],
      ports: nicConfigs(card.config).map((_, port) => plugs.at({ card: i, port })),
    })),
    switches: topology.switches.map((entry, i) => ({
      name: entry.name,
      site: sites.switches[i],
      addressesMax: entry.addressesMax,
      ageingNs: entry.ageingNs,
      ledger: planLedger(plan, `${entry.name}.ledger`),
      ports: Array.from({ length: entry.ports }, (_, port) => plugs.at({ switch: i, port })),
    })),
    byteLength: plan.byteLength,
  };
}

function planLedger(plan: MemoryPlan, name: string): number {
  return plan.reserve(name, LEDGER_BYTES, 'counters of what passes here');
}

/** @throws RangeError where the cards of one host need more than it has. */
function checkHostMemory({ hosts, cards }: Topology, bytes: readonly number[]): void {
  const neededBytes = hosts.map(() => 0);
  cards.forEach(({ host }, i) => {
    neededBytes[host] += bytes[i];
  });
  hosts.forEach(({ name, memoryBytes }, host) => {
    const needed = neededBytes[host];
    if (needed > memoryBytes) {
      throw new RangeError(
        `"hosts.${name}.memory" expected at least ${sizeSetting(needed)} for its cards, got ` +
          sizeSetting(memoryBytes, Math.floor),
      );
    }
  });
}

/** As a description has it: in MiB, and what is less than one in bytes. */
function sizeSetting(bytes: number, toWhole: (mebibytes: number) => number = Math.ceil): string {
  return bytes < MEBIBYTE ? `${bytes}B` : `${toWhole(bytes / MEBIBYTE)}MiB`;
}

type UnledgeredWire = Omit<WirePlan, 'ledger'>;

/** Both directions of every link, then a loop for every port without one. */
function planWires(plan: MemoryPlan, topology: Topology, sites: Sites): UnledgeredWire[] {
  const random = new Random(topology.seed);
  const siteOf = (end: LinkEnd): number =>
    'card' in end ? sites.cards[end.card] : sites.switches[end.switch];
  const wires: UnledgeredWire[] = [];
  const add = (link: string, name: string, config: PipeConfig, from: LinkEnd, to: LinkEnd): void => {
    const [fromSite, toSite] = [siteOf(from), siteOf(to)];
    const offset =
      fromSite === toSite
        ? planPipe(plan, name, config.queueFrames, config.slotBytes)
        : planCable(plan, name, config);
    wires.push({ link, config, from, to, fromSite, toSite, offset, seed: random.nextInt32() });
  };
  // A switch forwards any frame to any of its links, so every link takes the largest there is.
  const slotBytes = wireSlotBytes(Math.max(...topology.cards.map(({ config }) => largestMtu(config))));
  for (const { name, pipe, ends } of topology.links) {
    add(name, `${name}.there`, { ...pipe, slotBytes }, ends[0], ends[1]);
    add(name, `${name}.back`, { ...pipe, slotBytes }, ends[1], ends[0]);
  }
  const linked = new Set(wires.map(({ from }) => endKey(from)));
  topology.cards.forEach(({ name, config, ports }, card) => {
    nicConfigs(config).forEach(({ mtu }, port) => {
      const end = { card, port };
      if (linked.has(endKey(end))) return;
      const loop = `${name}.${ports[port] ?? INNER_LOOP}`;
      add(loop, `${loop}.wire`, { ...config.wire, slotBytes: wireSlotBytes(mtu) }, end, end);
    });
  });
  return wires;
}

/** What is plugged into each port of a world: every port sends into one wire and receives from one. */
export class Plugs {
  private readonly ports = new Map<string, { out: number; in: number }>();

  constructor(wires: readonly Pick<WirePlan, 'from' | 'to'>[]) {
    wires.forEach(({ from, to }, wire) => {
      const source = this.entry(from);
      assert(source.out < 0, 'world plan: one wire leaves by each port');
      source.out = wire;
      const sink = this.entry(to);
      assert(sink.in < 0, 'world plan: one wire arrives at each port');
      sink.in = wire;
    });
  }

  at(end: LinkEnd): PortPlan {
    const port = this.entry(end);
    assert(port.out >= 0 && port.in >= 0, 'world plan: every port has a wire out and a wire in');
    return port;
  }

  private entry(end: LinkEnd): { out: number; in: number } {
    const key = endKey(end);
    let entry = this.ports.get(key);
    if (entry === undefined) {
      entry = { out: -1, in: -1 };
      this.ports.set(key, entry);
    }
    return entry;
  }
}

/** One text for each port of a world, for tables by port: a search for every port would take n² steps. */
function endKey(end: LinkEnd): string {
  return 'card' in end ? `card ${end.card}.${end.port}` : `switch ${end.switch}.${end.port}`;
}
