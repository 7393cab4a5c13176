/**
 * A world's books: what all programs sent is what they received and what was lost by name, over every host,
 * card, link and switch. Each card's own sums (ledger/reconcile.ts) are part of them. They hold once
 * nothing is in flight and no socket is open.
 */
import type { Region } from '../../dma/region.ts';
import {
  WIRE_ARRIVED,
  WIRE_CUT,
  WIRE_DROPPED,
  WIRE_DUPLICATED,
  WIRE_SENT,
} from '../../ledger/counters.gen.ts';
import { Ledger } from '../../ledger/ledger.ts';
import {
  balanceOf,
  type Counters,
  counterValue,
  type Holdings,
  type Reconciliation,
  type Row,
  reconcile,
  row,
} from '../../ledger/reconcile.ts';
import type { PortPlan, WorldPlan } from './world-plan.ts';

/** One card's part. */
export interface CardBooks {
  readonly name: string;
  readonly host: Ledger;
  readonly iop: Ledger;
  /** What its driver holds. */
  readonly holdings: Holdings;
  /** Its own sums, where it is no card but a plain device whose host counts all; absent: a card's. */
  readonly own?: Reconciliation;
}

/** What became of bytes that no program received, by name. */
export type Losses = Readonly<Record<string, number>>;

export interface WorldBooks extends Reconciliation {
  /** Payload bytes that programs gave to their sockets, and that programs were given. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly lost: Losses;
  /** Counters of each link, both directions together, and of each switch. */
  readonly links: Readonly<Record<string, Counters>>;
  readonly switches: Readonly<Record<string, Counters>>;
}

/** Names of losses that a counter of the host or of the card has. */
const LOST_AT_HOST = ['bytesUndelivered', 'bytesDropped', 'datagramsCutBytes'];
const LOST_AT_CARD = ['bytesRefused', 'bytesDiscarded', 'bytesUnread', 'bytesTruncated', 'bytesDestroyed'];

/** Counters of all wires of a world together. */
export function wireCounters(region: Region, plan: WorldPlan): Counters {
  const sums: Record<string, number> = {};
  for (const counters of wireSnapshots(region, plan)) {
    for (const [name, value] of Object.entries(counters)) sums[name] = (sums[name] ?? 0) + value;
  }
  return sums;
}

/** Counters of each link, both directions together, zeros left out. */
export function linkCounters(region: Region, plan: WorldPlan): Record<string, Counters> {
  const links = plan.wires.map(({ link }) => link);
  return byName(links, wireSnapshots(region, plan));
}

function wireSnapshots(region: Region, plan: WorldPlan): Counters[] {
  return plan.wires.map(({ ledger }) => new Ledger(region, ledger).snapshot());
}

/**
 * Says cheaply that a world's books cannot balance yet, because frames are still on a wire. A world that
 * comes to rest asks after every turn, and the books themselves take a look at every counter of every card.
 */
export class WiresAtRest {
  private readonly wires: readonly Float64Array[];
  /** The wire found busy last, which is looked at first: it is most likely to be busy still. */
  private busy = 0;

  constructor(region: Region, plan: WorldPlan) {
    this.wires = plan.wires.map(({ ledger }) => new Ledger(region, ledger).counters);
  }

  /** Whether every frame that was sent has arrived or was lost by name. */
  get now(): boolean {
    const { wires } = this;
    for (let i = 0; i < wires.length; i++) {
      const wire = (this.busy + i) % wires.length;
      const counters = wires[wire];
      const sent = counters[WIRE_SENT] + counters[WIRE_DUPLICATED];
      if (sent === counters[WIRE_ARRIVED] + counters[WIRE_DROPPED] + counters[WIRE_CUT]) continue;
      this.busy = wire;
      return false;
    }
    return true;
  }
}

export function worldBooks(region: Region, plan: WorldPlan, cards: readonly CardBooks[]): WorldBooks {
  const hosts = cards.map(({ host }) => host.snapshot());
  const iops = cards.map(({ iop }) => iop.snapshot());
  const wires = wireSnapshots(region, plan);
  const switches = plan.switches.map(({ ledger }) => new Ledger(region, ledger).snapshot());
  const sum = (all: readonly Counters[], name: string): number =>
    all.reduce((total, counters) => total + counterValue(counters, name), 0);
  const bytesSent = sum(hosts, 'bytesSent');
  const bytesReceived = sum(hosts, 'bytesReceived');
  const lost: Record<string, number> = {};
  for (const name of LOST_AT_HOST) lost[name] = sum(hosts, name);
  for (const name of LOST_AT_CARD) lost[name] = sum(iops, name);
  const udpOut = sum(iops, 'udpOutDataBytes');
  const udpIn = sum(iops, 'udpInDataBytes');
  // Streams whose connection ended before the peer had taken all of it, and datagrams that never came (or
  // came twice).
  const streamsLost = sum(iops, 'tcpOutDataBytes') - (sum(iops, 'bytesAccepted') - udpIn);
  lost['neverAccepted'] = streamsLost;
  lost['datagramsOnTheWay'] = udpOut - udpIn;
  const lostBytes = Object.values(lost).reduce((total, bytes) => total + bytes, 0);
  const moved = (what: string, way: string): number => sum(iops, `handOff${what}${way}`);
  const delivered = sum(hosts, 'handOffDeliveredBytes');
  const unacknowledged = sum(iops, 'bytesUnacknowledged');
  const rows: Row[] = [
    row('bytes all programs sent = received + lost by name', bytesSent, bytesReceived + lostBytes),
    row(
      'bytes handed over to another stack = taken over there',
      moved('Unsent', 'Out') + moved('Flight', 'Out') + moved('Unread', 'Out') + delivered,
      moved('Unsent', 'In') + moved('Flight', 'In') + moved('Unread', 'In'),
    ),
    row('bytes of streams accepted = sent, at most', Math.max(0, -streamsLost), 0),
    row('bytes of streams lost = never acknowledged, at most', Math.max(0, streamsLost - unacknowledged), 0),
    ...cardRows(plan, cards, hosts, iops, wires),
    ...wireRows(plan, wires),
    ...switchRows(plan, switches, wires),
  ];
  return {
    ...balanceOf(rows),
    bytesSent,
    bytesReceived,
    lost,
    links: byName(
      plan.wires.map(({ link }) => link),
      wires,
    ),
    switches: byName(
      plan.switches.map(({ name }) => name),
      switches,
    ),
  };
}

/** Each card's own sums, and its frames against its wires'. */
function cardRows(
  plan: WorldPlan,
  cards: readonly CardBooks[],
  hosts: readonly Counters[],
  iops: readonly Counters[],
  wires: readonly Counters[],
): Row[] {
  return cards.flatMap(({ name, holdings, own: sums }, card) => {
    const { ports } = plan.cards[card];
    const out = through(ports, wires, ({ out }) => out);
    const into = through(ports, wires, (port) => port.in);
    const iop = (counter: string): number => counterValue(iops[card], counter);
    const own = (sums ?? reconcile(hosts[card], iops[card], holdings)).rows;
    return [
      ...own.map(({ what, left, right }) => row(`${name}: ${what}`, left, right)),
      row(
        `${name}: frames put on its wires = sent there + lost for want of room`,
        iop('deviceTxPackets'),
        out('wireSent') + out('wireOverflow'),
      ),
      row(
        `${name}: frames arrived on its wires = received + lost for want of a buffer`,
        into('wireArrived'),
        iop('deviceRxPackets') + iop('deviceRxNoBuffer'),
      ),
    ];
  });
}

function wireRows(plan: WorldPlan, wires: readonly Counters[]): Row[] {
  return wires.map((wire, i) => {
    const w = (name: string): number => counterValue(wire, name);
    return row(
      `${plan.wires[i].link}: frames sent + doubled = arrived + lost on the wire or with its link + refused`,
      w('wireSent') + w('wireDuplicated'),
      w('wireArrived') + w('wireDropped') + w('wireCut') + w('wireRefused'),
    );
  });
}

function switchRows(plan: WorldPlan, switches: readonly Counters[], wires: readonly Counters[]): Row[] {
  return switches.flatMap((counters, index) => {
    const { name, ports } = plan.switches[index];
    const out = through(ports, wires, ({ out }) => out);
    const into = through(ports, wires, (port) => port.in);
    return [
      row(
        `${name}: frames arrived on its wires = taken`,
        into('wireArrived'),
        counterValue(counters, 'switchFrames'),
      ),
      row(
        `${name}: frames moved = sent on its wires`,
        counterValue(counters, 'switchForwards'),
        out('wireSent'),
      ),
    ];
  });
}

/** Sums a counter over the wires at one end of each port: those that leave, or those that arrive. */
function through(
  ports: readonly PortPlan[],
  wires: readonly Counters[],
  wireOf: (port: PortPlan) => number,
): (name: string) => number {
  return (name) => ports.reduce((total, port) => total + counterValue(wires[wireOf(port)], name), 0);
}

/** Adds up what has one name, zeros left out. */
function byName(names: readonly string[], all: readonly Counters[]): Record<string, Counters> {
  const sums: Record<string, Record<string, number>> = {};
  names.forEach((name, i) => {
    sums[name] ??= {};
    for (const [counter, value] of Object.entries(all[i])) {
      if (value !== 0) sums[name][counter] = (sums[name][counter] ?? 0) + value;
    }
  });
  return sums;
}
