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

const FREE_PROCESSOR = 'the processor, at work on other requests';

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
    path.work(this.busOf(call.card), 'message into the inbound queue', message.shownNs);
    this.taken(this.iopOf(call.card), message, 'doorbell');
  }

  /** The card's processor has something, and sends the packet that comes of it. @param turn in which. */
  out(card: number, turn: Turn | undefined, packet: Packet, what: string): void {
    const { path } = this;
    const iop = this.iopOf(card);
    if (packet.sentTurn !== turn && turn !== undefined && packet.sentTurn !== undefined) {
      path.work(iop, what, turn.endNs);
      const lack = packet.again ? 'a lost segment to be sent again' : 'the window to open';
      path.wait(iop, lack, packet.sentTurn.startNs);
    }
    path.work(iop, what, packet.sentNs);
  }

  /** From the sender's commit until the receiving card has taken the packet. */
  over(packet: Packet): void {
    const { path } = this;
    const { from, to, link } = this.ground.wires[packet.wire];
    const wire: Place = { who: 'wire', where: link };
    if ('card' in from)
      path.work(this.dmaOf(from.card), 'payload out of the transmit buffer', packet.leaveNs);
    path.wait(wire, 'earlier frames on the link', packet.startNs);
    path.work(wire, 'frame of ' + packet.length + ' bytes', packet.endNs);
    path.work(wire, 'propagation', packet.arrivedNs);
    if ('card' in to) {
      this.arrived(this.iopOf(to.card), packet.receiveTurn);
      path.wait(this.iopOf(to.card), 'earlier packets of its turn', packet.receivedNs);
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
      path.work(iop, what, turn.endNs);
      path.wait(iop, this.lackAt(card, turn, postTurn), postTurn.startNs);
    }
    const seenNs = message.shownNs - bus.latencyNs;
    path.work(iop, what, Math.min(postTurn?.endNs ?? seenNs, seenNs));
    path.work(this.dmaOf(card), 'payload into a receive bucket', seenNs);
    path.work(this.busOf(card), 'reply into the outbound queue', message.shownNs);
    this.taken(this.hostOf(card), message, 'interrupt');
  }

  /** The program takes what its host has been told of. */
  taking(call: Call, message: Message): void {
    const { path } = this;
    const host = this.hostOf(call.card);
    const first = this.ground.log.calls.find(
      ({ card, beginNs }) => this.sameHost(card, call.card) && beginNs >= message.receivedNs,
    );
    path.work(host, 'reply taken', first?.beginNs ?? call.beginNs);
    path.wait(host, 'its turn among other connections', call.beginNs);
    path.work(host, `${call.name} call`, call.endNs);
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
      path.wait(this.busAt(message), `${call} held back`, notifiedNs);
      path.wait(place, FREE_PROCESSOR, Math.min(Math.max(turn.freeNs, notifiedNs), turn.startNs));
      path.work(this.busAt(message), call, turn.startNs);
    } else this.arrived(place, turn);
    path.work(place, call === 'interrupt' ? 'interrupt service' : 'turn begins', turn.firstTakenNs);
    path.wait(place, 'earlier messages of its turn', receivedNs);
  }

  private busAt(message: Message): Place {
    return this.busOf(message.card);
  }

  /** Something is there for an agent; until it takes its turn. */
  private arrived(place: Place, turn: Turn | undefined): void {
    if (turn === undefined) return;
    if (turn.freeNs > this.path.nowNs)
      this.path.wait(place, FREE_PROCESSOR, Math.min(turn.freeNs, turn.startNs));
    this.path.work(place, 'looks', turn.startNs);
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

/** What a send that was not, or not wholly, taken lacked. */
export function lackOf(call: Call): string {
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
