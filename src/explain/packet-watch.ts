/** Watches the frames of one direction of a link, from the sender's commit to the receiver's taking them. */
import type { FrameTap } from '../wire/contract.ts';
import { wireBytes } from '../wire/flight.ts';
import type { WirePlan } from '../world/build/world-plan.ts';
import type { LinkEnd } from '../world/topology/checked.ts';
import type { WireWatch } from '../world/virtual/watch.ts';
import type { Packet } from './events.ts';
import type { FrameNames } from './frame-names.ts';
import type { Moment } from './message-watch.ts';

const FIN = 1;
const SYN = 2;

export interface PacketBook {
  readonly names: FrameNames;
  /** How far each flow has been sent, SYN and FIN counted. */
  readonly sentTo: Map<string, number>;
  endOf(end: LinkEnd): Moment;
  packetSent(packet: Packet): void;
}

export class PacketWatch implements WireWatch {
  readonly sent: FrameTap;
  private readonly book: PacketBook;
  private readonly index: number;
  private readonly plan: WirePlan;
  private readonly nsPerByte: number;
  /** When the sender's end is free again, as the wire reckons it. */
  private freeNs = 0;
  private freeBeforeNs = 0;
  private latest: Packet | undefined;
  private readonly inFlight = new Map<number, Packet>();

  constructor(book: PacketBook, index: number, plan: WirePlan) {
    this.book = book;
    this.index = index;
    this.plan = plan;
    const { rateBitsPerSecond } = plan.config;
    this.nsPerByte = rateBitsPerSecond === 0 ? 0 : 8e9 / rateBitsPerSecond;
    this.sent = { frame: (address, length) => this.put(address, length) };
  }

  leaves(leaveNs: number): void {
    if (this.latest === undefined) return;
    this.freeNs = this.freeBeforeNs;
    this.occupy(this.latest, leaveNs);
  }

  arrived(address: number, length: number, arrivedNs: number): void {
    const packet = this.inFlight.get(address);
    if (packet === undefined || packet.length !== length) return;
    this.inFlight.delete(address);
    const { ns, turn } = this.book.endOf(this.plan.to);
    packet.arrivedNs = arrivedNs === 0 ? packet.endNs : arrivedNs;
    packet.receivedNs = ns;
    packet.receiveTurn = turn;
    if (turn === undefined) return;
    turn.marksNs.push(ns);
    if (Number.isNaN(turn.firstTakenNs)) turn.firstTakenNs = ns;
  }

  private put(address: number, length: number): void {
    const { ns, turn } = this.book.endOf(this.plan.from);
    const packet: Packet = {
      wire: this.index,
      ...this.segment(address, length),
      length,
      sentNs: ns,
      sentTurn: turn,
      leaveNs: ns,
      startNs: ns,
      endNs: ns,
      arrivedNs: Number.NaN,
      receivedNs: Number.NaN,
      receiveTurn: undefined,
    };
    turn?.marksNs.push(ns);
    this.latest = packet;
    this.inFlight.set(address, packet);
    this.freeBeforeNs = this.freeNs;
    this.occupy(packet, ns);
    this.book.packetSent(packet);
  }

  /** The frame's bits go on the wire one after the other, behind those of earlier frames. */
  private occupy(packet: Packet, leaveNs: number): void {
    packet.leaveNs = leaveNs;
    packet.startNs = Math.max(leaveNs, this.freeNs);
    packet.endNs = packet.startNs + wireBytes(packet.length) * this.nsPerByte;
    this.freeNs = packet.endNs;
  }

  /** What the headers say. */
  private segment(
    address: number,
    length: number,
  ): Pick<Packet, 'flow' | 'flags' | 'fromByte' | 'toByte' | 'again' | 'datagram'> {
    const { names, sentTo } = this.book;
    const name = names.read(address, length);
    const { flow, flags, fromByte, toByte, datagram } = name;
    if ((flags & SYN) !== 0) {
      const again = names.begins(name);
      sentTo.set(flow, 0);
      return { flow, flags, fromByte, toByte, again, datagram };
    }
    if (flow === '' || datagram !== undefined)
      return { flow, flags, fromByte, toByte, again: false, datagram };
    const edge = toByte + ((flags & FIN) !== 0 ? 1 : 0);
    const before = sentTo.get(flow) ?? 0;
    const again = edge > fromByte && edge <= before;
    // A switch passes on what a card has sent.
    if ('card' in this.plan.from) sentTo.set(flow, Math.max(before, edge));
    return { flow, flags, fromByte, toByte, again, datagram };
  }
}
