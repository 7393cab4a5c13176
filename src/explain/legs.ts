/**
 * The ways that an operation's bytes go, one after the other: down to the card, over the wire, and up to the
 * program. Each takes a path on from where it is to where that way ends.
 */
import { SOCKET_RECEIVE_POST } from '../i2o/socket.gen.ts';
import type { WirePlan } from '../world/build/world-plan.ts';
import type { LinkEnd, Topology } from '../world/topology/checked.ts';
import type { MessageClass, Runner } from '../world/virtual/watch.ts';
import type { Call, Log, Message, Packet, Turn } from './events.ts';
import type { Path, Place } from './path.ts';
import { Processors, runsInline } from './processors.ts';

/** What everybody needs who walks over a log. */
export interface Ground {
  readonly topology: Topology;
  readonly wires: readonly WirePlan[];
  readonly log: Log;
  /** What travels in the messages between a card and its host. */
  classOf(card: number): MessageClass;
  /** Whose turns take and send the frames at an end of a link. */
  runnerOf(end: LinkEnd): Runner;
  /** Switches that are none: each parts a wire between a card and the plain device of its host. */
  readonly splitters: readonly number[];
}

/** The processor is in this turn at work on something else. */
const OTHERS = 'other requests';
const LOOK = 'look for work';
/** What a splitter takes, which is no link's queue. */
const SPLIT_NS = 2;
/** A reply waits for others, to be told of with them. */
const COMPANY = 'company of its reply';
/** The program has other connections to see to first. */
export const ITS_TURN = 'its turn';

/** What lies between two of a program's calls. */
export interface Doing {
  readonly what: string;
  readonly waiting: boolean;
}

export class Legs {
  private readonly ground: Ground;
  private readonly path: Path;
  private readonly processors: Processors;

  constructor(ground: Ground, path: Path) {
    this.ground = ground;
    this.path = path;
    this.processors = new Processors(ground.topology, ground.log.turns);
  }

  /** From a call's begin until the card has taken its message. */
  down(call: Call, message: Message): void {
    const { path } = this;
    const host = this.hostOf(call.card);
    const seenNs = this.leftNs(message);
    // On a processor that they share the card cannot begin before the call is over.
    const inline = runsInline(this.ground.topology, call.card);
    this.calling(call, inline ? call.endNs : Math.min(seenNs, call.endNs));
    if (seenNs > path.nowNs) path.work(host, 'rest of its turn', seenNs);
    if (!inline) path.work(this.busOf(call.card), 'message to the card', message.shownNs);
    this.taken(this.iopOf(call.card), message, 'doorbell');
  }

  /** From a call's begin until its host's own stack has sent the packet that comes of it. */
  sends(call: Call, packet: Packet): void {
    const host = this.hostOf(call.card);
    this.calling(call, Math.min(call.endNs, packet.sentNs));
    this.later(host, call.turn, packet.sentTurn, packet.again, packet.sentNs);
  }

  /** The same until it has told its card of it, which sends the packets that it is told of. */
  tells(call: Call, message: Message, again: boolean): void {
    const { path } = this;
    const host = this.hostOf(call.card);
    const seenNs = this.leftNs(message);
    this.calling(call, Math.min(call.endNs, seenNs));
    this.later(host, call.turn, message.postTurn, again, seenNs);
    path.work(this.busOf(message.card), 'message to the card', message.shownNs);
    this.taken(this.iopOf(message.card), message, 'doorbell');
  }

  /** A host goes on with what a call has given it: at once, in its turn, or in one that comes later. */
  private later(
    host: Place,
    from: Turn | undefined,
    to: Turn | undefined,
    again: boolean,
    untilNs: number,
  ): void {
    const { path } = this;
    if (from === to || from === undefined || to === undefined) {
      path.work(host, 'rest of its turn', untilNs);
      return;
    }
    path.wait(host, again ? 'a retransmission' : 'the window', to.startNs);
    this.within(host, to, 'segment out', untilNs, true);
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
    // Within a host a splitter passes frames on in no time to speak of.
    if (!isInner(this.ground, packet.wire)) {
      const split = 'switch' in from && this.ground.splitters.includes(from.switch);
      if (!split || packet.startNs - path.nowNs > SPLIT_NS) path.wait(wire, 'the link', packet.startNs);
      path.work(wire, 'frame of ' + packet.length + ' bytes', packet.endNs);
      path.work(wire, 'propagation', packet.arrivedNs);
    }
    if ('card' in to) this.landed(packet, to);
    else this.through(packet, to);
  }

  /** From a packet's being taken by a host's own stack until the program has got what it brought. */
  reaches(taken: Call, turn: Turn | undefined, takenNs: number): void {
    const host = this.hostOf(taken.card);
    const first = this.ground.log.calls.find(
      ({ card, beginNs }) => this.sameHost(card, taken.card) && beginNs >= takenNs,
    );
    const doneNs = Math.min(first?.beginNs ?? taken.beginNs, turn?.endNs ?? taken.beginNs);
    this.within(host, turn, 'segment in', doneNs);
    this.hostGoesOn(taken.card, { what: ITS_TURN, waiting: true }, taken.beginNs);
    this.calling(taken, taken.endNs);
  }

  /** From a packet's being taken by a card until its host has been told of it. */
  told(packet: Packet, message: Message, what: string): void {
    this.replies(message.card, packet.receiveTurn, message, [what, 'packet to the host'], COMPANY);
    this.taken(this.hostOf(message.card), message, 'interrupt');
  }

  /** From a message's being taken by one side until that has posted its answer, and the other has taken it. */
  asks(card: number, turn: Turn | undefined, message: Message, what: string): void {
    const { path } = this;
    const host = this.hostOf(card);
    const seenNs = this.leftNs(message);
    if (turn !== message.postTurn && turn !== undefined && message.postTurn !== undefined) {
      this.within(host, turn, what, turn.endNs);
      path.wait(host, ITS_TURN, message.postTurn.startNs);
    }
    this.within(host, message.postTurn, what, seenNs);
    path.work(this.busOf(card), 'message to the card', message.shownNs);
    this.taken(this.iopOf(card), message, 'doorbell');
  }

  /** The bytes of a call go to a card with their connection, which sends them later. */
  handedOver(call: Call, card: number, packet: Packet): void {
    const { path } = this;
    const iop = this.iopOf(card);
    this.calling(call, Math.min(call.endNs, packet.sentNs));
    path.wait(iop, 'its connection to move', packet.sentTurn?.startNs ?? packet.sentNs);
    this.within(iop, packet.sentTurn, 'segment out', packet.sentNs, true);
  }

  /** A host's own stack is at work on a packet, in one turn or until another. */
  turns(card: number, from: Turn | undefined, to: Turn | undefined, what: string, untilNs: number): void {
    const host = this.hostOf(card);
    if (from !== to && from !== undefined && to !== undefined) {
      this.within(host, from, what, from.endNs);
      this.path.wait(host, ITS_TURN, to.startNs);
    }
    this.within(host, to, what, untilNs);
  }

  /** A card places what it was asked to, and says so. */
  placed(asked: Message, done: Message): void {
    const did = ['placement in, reply out', 'payload placed'] as const;
    this.replies(asked.card, asked.receiveTurn, done, did, COMPANY);
    this.taken(this.hostOf(asked.card), done, 'interrupt');
  }

  /** From a card's having what it is to reply until that is seen. @param lack of a reply of a later turn. */
  private replies(
    card: number,
    turn: Turn | undefined,
    message: Message,
    [what, moves]: readonly [string, string],
    lack: string,
  ): void {
    const { path } = this;
    const iop = this.iopOf(card);
    const { postTurn } = message;
    if (postTurn !== turn && turn !== undefined && postTurn !== undefined) {
      this.within(iop, turn, what, turn.endNs);
      path.wait(iop, lack, postTurn.startNs);
    }
    const seenNs = this.leftNs(message);
    this.within(iop, postTurn, what, Math.min(message.postedNs, seenNs));
    this.within(iop, postTurn, what, Math.min(postTurn?.endNs ?? seenNs, seenNs));
    path.work(this.dmaOf(card), moves, seenNs);
    path.work(this.busOf(card), 'reply to the host', message.shownNs);
  }

  /** From a card's having the last byte until the program has got it. */
  up(card: number, turn: Turn | undefined, message: Message, what: string): void {
    const { postTurn } = message;
    const later = turn !== undefined && postTurn !== undefined && turn !== postTurn;
    const lack = later ? this.lackAt(card, turn, postTurn) : '';
    this.replies(card, turn, message, [what, 'payload into a bucket'], lack);
    this.taken(this.hostOf(card), message, 'interrupt');
  }

  /** The program takes what its host has been told of. */
  taking(call: Call, message: Message): void {
    const host = this.hostOf(call.card);
    const { receiveTurn } = message;
    const first = this.ground.log.calls.find(
      ({ card, beginNs }) => this.sameHost(card, call.card) && beginNs >= message.receivedNs,
    );
    const doneNs = Math.min(first?.beginNs ?? call.beginNs, receiveTurn?.endNs ?? call.beginNs);
    this.within(host, receiveTurn, 'reply taken', doneNs);
    this.hostGoesOn(call.card, { what: ITS_TURN, waiting: true }, call.beginNs);
    this.calling(call, call.endNs);
  }

  /** A call is under way until then. */
  calling({ card, name }: Call, untilNs: number): void {
    this.hostGoesOn(card, { what: `${name} call`, waiting: false }, untilNs);
  }

  /**
   * A program is at work, or waits for its turn, until then. What keeps it from that on the way has spans of
   * its own: a send of its that waits, and the cards that share its processor.
   */
  hostGoesOn(card: number, { what, waiting }: Doing, untilNs: number): void {
    const { path } = this;
    const host = this.hostOf(card);
    const held = this.ground.log.holds
      .filter((hold) => hold.card === card && hold.toNs > path.nowNs && hold.fromNs < untilNs)
      .map(({ fromNs, toNs }) => ({ fromNs, toNs, why: 'a call that blocks' }));
    const kept = [...held, ...this.processors.ofCards(host, path.nowNs, untilNs)];
    for (const { fromNs, toNs, why } of kept.sort((a, b) => a.fromNs - b.fromNs)) {
      if (toNs <= path.nowNs) continue;
      if (fromNs > path.nowNs) path.until(host, what, waiting, fromNs);
      path.wait(host, why, Math.min(toNs, untilNs));
    }
    path.until(host, what, waiting, untilNs);
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

  /** When a message has left its sender, whose work it was until then. */
  private leftNs({ card, shownNs }: Message): number {
    const { topology } = this.ground;
    return runsInline(topology, card) ? shownNs : shownNs - topology.cards[card].bus.latencyNs;
  }

  /** From a message's being seen until it is taken by the other side. @param call what wakes that. */
  private taken(place: Place, message: Message, call: string): void {
    const { path } = this;
    const { receiveTurn: turn, notifiedNs, shownNs, receivedNs } = message;
    const inline = runsInline(this.ground.topology, message.card);
    // A driver that waits inside a call takes its replies in the middle of a turn.
    if (turn === undefined || turn.startNs < shownNs) {
      if (inline) this.hostGoesOn(message.card, { what: OTHERS, waiting: true }, receivedNs);
      else path.work(this.busAt(message), call, receivedNs);
      return;
    }
    const notified = !inline && !Number.isNaN(notifiedNs);
    if (notified) path.wait(this.busAt(message), 'interrupt moderation', notifiedNs);
    this.freeUntil(place, turn.startNs, notified ? [this.busAt(message), call] : [place, LOOK]);
    path.work(place, call === 'interrupt' ? 'interrupt service' : 'wakes up', turn.firstTakenNs);
    path.wait(place, OTHERS, receivedNs);
  }

  private busAt(message: Message): Place {
    return this.busOf(message.card);
  }

  /** A packet is there for a card, or for a host's device; until that has been taken. */
  private landed({ receiveTurn: turn, receivedNs }: Packet, to: LinkEnd): void {
    const { path } = this;
    const { kind, index } = this.ground.runnerOf(to);
    const onHost = kind === 'hosts' && 'card' in to;
    const iop = onHost ? this.hostOf(to.card) : this.iopOf(index);
    if (turn !== undefined && turn.startNs < path.nowNs) {
      // It came in the middle of a turn, over a wire that takes no time and leads to the same processor.
      this.within(iop, turn, 'packet taken', receivedNs, true);
      return;
    }
    const idle: readonly [Place, string] = onHost ? [this.busOf(to.card), 'interrupt'] : [iop, LOOK];
    if (turn !== undefined) this.freeUntil(iop, turn.startNs, idle);
    path.work(iop, 'packet taken', turn?.firstTakenNs ?? receivedNs);
    path.wait(iop, OTHERS, receivedNs);
  }

  /** Until a turn begins: its processor is busy with others, or nothing keeps it from this one. */
  private freeUntil(place: Place, untilNs: number, [idle, what]: readonly [Place, string]): void {
    const { path } = this;
    for (const { fromNs, toNs, why } of this.processors.busy(place, path.nowNs, untilNs)) {
      if (fromNs > path.nowNs) path.work(idle, what, fromNs);
      path.wait(place, why, Math.min(toNs, untilNs));
    }
    path.work(idle, what, untilNs);
  }

  /**
   * Within a turn: it is worked on at first, then others may be, and at last it is again. @param batched
   * whether it is not worked on at first: that is charged with the work for all others, at once, or is none.
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

/** Whether a wire is none of the world's, but leads from a splitter to one of those that share a wire. */
export function isInner({ wires, splitters }: Pick<Ground, 'wires' | 'splitters'>, wire: number): boolean {
  const { from, to } = wires[wire];
  const inner = (a: LinkEnd, b: LinkEnd): boolean =>
    'switch' in a && 'card' in b && splitters.includes(a.switch);
  return inner(from, to) || inner(to, from);
}

/** What a send that was not taken lacked; one that was taken in part is made again in its turn. */
export function lackOf(call: Call): string {
  if (call.result > 0) return ITS_TURN;
  if (call.full) return 'room in its send buffer';
  if (call.onHost) return 'kernel memory';
  return call.noFrame ? 'an inbound frame' : 'a transmit buffer';
}

/** Whether two links have had the same packet. */
export function samePacket(a: Packet, b: Packet): boolean {
  if (a.datagram?.id !== b.datagram?.id || a.datagram?.offset !== b.datagram?.offset) return false;
  return a.flow === b.flow && a.flags === b.flags && a.fromByte === b.fromByte && a.toByte === b.toByte;
}

function samePlace(a: LinkEnd, b: LinkEnd): boolean {
  if ('card' in a) return 'card' in b && a.card === b.card;
  return 'switch' in b && a.switch === b.switch;
}
