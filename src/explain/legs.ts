/**
 * The ways that an operation's bytes go, one after the other: down to the card, over the wire, and up to the
 * program. Each takes a path on from where it is to where that way ends.
 */
import { SOCKET_RECEIVE_POST } from '../i2o/socket.gen.ts';
import type { WirePlan } from '../world/build/world-plan.ts';
import type { LinkEnd, Topology } from '../world/topology/checked.ts';
import type { Call, Message, Packet, Turn } from './events.ts';
import type { Log } from './observer.ts';
import type { Path, Place } from './path.ts';

/** What everybody needs who walks over a log. */
export interface Ground {
  readonly topology: Topology;
  readonly wires: readonly WirePlan[];
  readonly log: Log;
}

/** The processor is in an earlier turn, or in this one at work on something else. */
const PROCESSOR = 'the processor';
const OTHERS = 'other requests';

export class Legs {
  private readonly ground: Ground;
  private readonly path: Path;

  constructor(ground: Ground, path: Path) {
    this.ground = ground;
    this.path = path;
  }

  /** From a call's begin until the card has taken its message. */
  down(call: Call, message: Message): void {
    const { path } = this;
    const { bus } = this.ground.topology.cards[call.card];
    const host = this.hostOf(call.card);
    for (const { fromNs, toNs } of call.waits) {
      if (fromNs > message.postedNs) break;
      path.work(host, `${call.name} call`, fromNs);
      path.wait(host, lackOf(call), toNs);
    }
    path.work(host, `${call.name} call`, Math.min(message.shownNs - bus.latencyNs, call.endNs));
    path.work(host, 'rest of its turn', message.shownNs - bus.latencyNs);
    path.work(this.busOf(call.card), 'message to the card', message.shownNs);
    this.taken(this.iopOf(call.card), message, 'doorbell');
  }

  /** The card's processor has something, and sends the packet that comes of it. @param turn in which. */
  out(card: number, turn: Turn | undefined, packet: Packet, what: string): void {
    const { path } = this;
    const iop = this.iopOf(card);
    if (packet.sentTurn !== turn && turn !== undefined && packet.sentTurn !== undefined) {
      this.within(iop, turn, what, turn.endNs);
      const lack = packet.again ? 'a retransmission' : 'the window';
      path.wait(iop, lack, packet.sentTurn.startNs);
    }
    this.within(iop, packet.sentTurn, what, packet.sentNs, true);
  }

  /** From the sender's commit until the receiving card has taken the packet. */
  over(packet: Packet): void {
    const { path } = this;
    const { from, to, link } = this.ground.wires[packet.wire];
    const wire: Place = { who: 'wire', where: link };
    if ('card' in from) path.work(this.dmaOf(from.card), 'payload fetched', packet.leaveNs);
    path.wait(wire, 'the link', packet.startNs);
    path.work(wire, 'frame of ' + packet.length + ' bytes', packet.endNs);
    path.work(wire, 'propagation', packet.arrivedNs);
    if ('card' in to) {
      this.arrived(this.iopOf(to.card), packet.receiveTurn, to.card);
      path.work(this.iopOf(to.card), 'packet taken', packet.receiveTurn?.firstTakenNs ?? packet.receivedNs);
      path.wait(this.iopOf(to.card), OTHERS, packet.receivedNs);
      return;
    }
    this.through(packet, to);
  }

  /** From a card's having the last byte until the program has got it. */
  up(card: number, turn: Turn | undefined, message: Message, what: string): void {
    const { path } = this;
    const { bus } = this.ground.topology.cards[card];
    const iop = this.iopOf(card);
    const { postTurn } = message;
    if (postTurn !== turn && turn !== undefined && postTurn !== undefined) {
      this.within(iop, turn, what, turn.endNs);
      path.wait(iop, this.lackAt(card, turn, postTurn), postTurn.startNs);
    }
    const seenNs = message.shownNs - bus.latencyNs;
    this.within(iop, postTurn, what, Math.min(message.postedNs, seenNs));
    this.within(iop, postTurn, what, Math.min(postTurn?.endNs ?? seenNs, seenNs));
    path.work(this.dmaOf(card), 'payload into a bucket', seenNs);
    path.work(this.busOf(card), 'reply to the host', message.shownNs);
    this.taken(this.hostOf(card), message, 'interrupt');
  }

  /** The program takes what its host has been told of. */
  taking(call: Call, message: Message): void {
    const { path } = this;
    const host = this.hostOf(call.card);
    const first = this.ground.log.calls.find(
      ({ card, beginNs }) => this.sameHost(card, call.card) && beginNs >= message.receivedNs,
    );
    this.within(host, message.receiveTurn, 'reply taken', first?.beginNs ?? call.beginNs);
    this.hostWait(call.card, 'its turn', call.beginNs);
    path.work(host, `${call.name} call`, call.endNs);
  }

  /** A host is at work on something else, or a call of another connection holds it up. */
  hostWait(card: number, what: string, untilNs: number): void {
    const { path } = this;
    const host = this.hostOf(card);
    for (const call of this.ground.log.blocked) {
      if (!this.sameHost(call.card, card) || call.endNs <= path.nowNs || call.beginNs >= untilNs) continue;
      for (const { fromNs, toNs } of call.waits) {
        if (toNs <= path.nowNs || fromNs >= untilNs) continue;
        if (fromNs > path.nowNs) path.wait(host, what, fromNs);
        path.wait(host, 'a call that blocks', Math.min(toNs, untilNs));
      }
    }
    path.wait(host, what, untilNs);
  }

  hostOf(card: number): Place {
    const { hosts, cards } = this.ground.topology;
    return { who: 'host', where: hosts[cards[card].host].name };
  }

  iopOf(card: number): Place {
    return { who: 'iop', where: this.ground.topology.cards[card].name };
  }

  private dmaOf(card: number): Place {
    return { who: 'dma', where: this.ground.topology.cards[card].name };
  }

  private busOf(card: number): Place {
    return { who: 'bus', where: this.ground.topology.cards[card].name };
  }

  private sameHost(a: number, b: number): boolean {
    const { cards } = this.ground.topology;
    return cards[a].host === cards[b].host;
  }

  /** From a message's being seen until it is taken by the other side. @param call what wakes that. */
  private taken(place: Place, message: Message, call: string): void {
    const { path } = this;
    const { receiveTurn: turn, notifiedNs, shownNs, receivedNs } = message;
    // A driver that waits inside a call takes its replies in the middle of a turn.
    if (turn === undefined || turn.startNs < shownNs) {
      path.work(this.busAt(message), call, receivedNs);
      return;
    }
    if (!Number.isNaN(notifiedNs)) {
      path.wait(this.busAt(message), 'interrupt moderation', notifiedNs);
      const freeNs = Math.min(Math.max(turn.freeNs, notifiedNs), turn.startNs);
      this.busyUntil(place, message.card, freeNs);
      path.work(this.busAt(message), call, turn.startNs);
    } else this.arrived(place, turn, message.card);
    path.work(place, call === 'interrupt' ? 'interrupt service' : 'wakes up', turn.firstTakenNs);
    path.wait(place, OTHERS, receivedNs);
  }

  private busAt(message: Message): Place {
    return this.busOf(message.card);
  }

  /** Something is there for an agent; until it takes its turn. */
  private arrived(place: Place, turn: Turn | undefined, card: number): void {
    if (turn === undefined) return;
    if (turn.freeNs > this.path.nowNs) this.busyUntil(place, card, Math.min(turn.freeNs, turn.startNs));
    this.path.work(place, 'look for work', turn.startNs);
  }

  /**
   * Within a turn: it is worked on at first, then others may be, and at last it is again. @param batched its
   * first part is charged with that of all others, at once.
   */
  private within(place: Place, turn: Turn | undefined, what: string, untilNs: number, batched = false): void {
    const { path } = this;
    const marks = turn?.marksNs.filter((ns) => ns > path.nowNs && ns < untilNs) ?? [];
    if (marks.length > 0) {
      if (!batched) path.work(place, what, marks[0]);
      path.wait(place, OTHERS, marks[marks.length - 1]);
    }
    path.work(place, what, untilNs);
  }

  private busyUntil(place: Place, card: number, freeNs: number): void {
    if (place.who === 'host') this.hostWait(card, PROCESSOR, freeNs);
    else this.path.wait(place, PROCESSOR, freeNs);
  }

  /** A switch passes the packet on. */
  private through(packet: Packet, to: LinkEnd): void {
    const { log, wires } = this.ground;
    const next = log.packets.find(
      (one) =>
        one.sentTurn === packet.receiveTurn && samePacket(one, packet) && samePlace(wires[one.wire].from, to),
    );
    if (next !== undefined) this.over(next);
  }

  /** Why a reply came in a later turn: no bucket was there if one has come since. */
  private lackAt(card: number, turn: Turn, postTurn: Turn): string {
    const bucket = this.ground.log.messages.some(
      (message) =>
        message.card === card &&
        message.direction === 'inbound' &&
        message.functionCode === SOCKET_RECEIVE_POST &&
        message.receivedNs >= turn.endNs &&
        message.receivedNs <= postTurn.endNs,
    );
    return bucket ? 'a receive bucket' : 'an outbound frame';
  }
}

/** What a send that was not taken lacked; one that was taken in part is made again in its turn. */
export function lackOf(call: Call): string {
  if (call.result > 0 && call.waits.length === 0) return 'its turn';
  if (call.full) return 'room in its send buffer';
  return call.noFrame ? 'an inbound frame' : 'a transmit buffer';
}

/** Whether two links have had the same packet. */
export function samePacket(a: Packet, b: Packet): boolean {
  return a.flow === b.flow && a.flags === b.flags && a.fromByte === b.fromByte && a.toByte === b.toByte;
}

function samePlace(a: LinkEnd, b: LinkEnd): boolean {
  if ('card' in a) return 'card' in b && a.card === b.card;
  return 'switch' in b && a.switch === b.switch;
}
