/**
 * What carries a packet between a program and the wire, on either side: a host's own stack over a plain
 * device, the same over a card that packets reach in messages, or a card that serves sockets.
 */
import { SOCKET_SEND } from '../i2o/socket.gen.ts';
import { WINDOW_PLACE } from '../i2o/window.gen.ts';
import type { MessageClass } from '../world/virtual/watch.ts';
import type { Call, Carried, Message, Packet, Stream } from './events.ts';
import { type Ground, type Legs, samePacket } from './legs.ts';
import type { Path } from './path.ts';

/** What a card of sockets is asked for, and does. */
export interface Asked {
  /** Functions of the message that brings it; the last one of them decides. */
  readonly functions: readonly number[];
  /** In words, such as `request in, segment out`. */
  readonly what: string;
  /** Of a stream's bytes: how many the card must have been given, from the first one; absent: it is a call. */
  readonly bytes?: number;
}

export class Carriage {
  private readonly ground: Ground;
  private readonly path: Path;
  private readonly legs: Legs;

  constructor(ground: Ground, path: Path, legs: Legs) {
    this.ground = ground;
    this.path = path;
    this.legs = legs;
  }

  /** From a call to whoever takes the packet that came of it. @param arrived the packet, as it arrives. */
  departs(call: Call, arrived: Packet, asked: Asked): void {
    const { legs } = this;
    const first = this.sentAs(arrived);
    const from = this.classFrom(first);
    if (from === 'plain') legs.sends(call, first);
    else if (from === 'socket') this.asksCard(call, first, asked);
    else this.tellsCard(call, first);
    legs.over(first);
  }

  /** From a packet's arrival to the end of the call that takes what it brought. */
  arrives(taken: Call, packet: Packet, delivery: Message | undefined, what: string): void {
    const { legs } = this;
    const at = this.cardOf(packet);
    const to = this.ground.classOf(at);
    if (to === 'plain') {
      legs.reaches(taken, packet.receiveTurn, packet.receivedNs);
    } else if (to !== 'socket') {
      this.toldTo(taken, packet);
    } else if (delivery === undefined) {
      // The connection has gone from the card to its host, and what it had brought with it.
      legs.reaches(taken, undefined, packet.receivedNs);
    } else {
      legs.up(at, packet.receiveTurn, delivery, what);
      legs.taking(taken, delivery);
    }
  }

  /** A stack answers a packet by one of its own. @param what it does. */
  answers(arrived: Packet, answer: Packet, what: string): void {
    const { legs } = this;
    const first = this.sentAs(answer);
    const at = this.cardOf(arrived);
    const to = this.ground.classOf(at);
    const sending = this.telling(first);
    if (to === 'socket') legs.out(at, arrived.receiveTurn, first, what);
    else if (to === 'plain') legs.turns(at, arrived.receiveTurn, first.sentTurn, what, first.sentNs);
    else if (sending !== undefined) {
      const told = this.tellingOf(arrived);
      if (told !== undefined) legs.told(arrived, told, 'packet in, reply out');
      legs.asks(at, told?.receiveTurn, sending, what);
      legs.out(sending.card, sending.receiveTurn, first, 'packet out');
    } else this.path.astray += 1;
    legs.over(first);
  }

  /** A host's own stack takes a packet that no call waits for. @param untilNs when something else begins. */
  ends(packet: Packet, what: string, untilNs: number): void {
    const at = this.cardOf(packet);
    if (this.ground.classOf(at) === 'plain') {
      this.legs.turns(at, packet.receiveTurn, packet.receiveTurn, what, untilNs);
      return;
    }
    const told = this.tellingOf(packet);
    if (told === undefined) {
      this.path.astray += 1;
      return;
    }
    this.legs.told(packet, told, 'packet in, reply out');
    this.legs.turns(at, told.receiveTurn, told.receiveTurn, what, untilNs);
  }

  /** The same packet as its card has sent it, where switches have passed it on. */
  sentAs(packet: Packet): Packet {
    const { log, wires } = this.ground;
    const { from } = wires[packet.wire];
    if ('card' in from) return packet;
    const before = log.packets.find(
      (one) => one.receiveTurn === packet.sentTurn && samePacket(one, packet) && one !== packet,
    );
    return before === undefined ? packet : this.sentAs(before);
  }

  /** Whoever takes a packet from the wire. */
  cardOf(packet: Packet): number {
    const { to } = this.ground.wires[packet.wire];
    return 'card' in to ? to.card : 0;
  }

  /** When what a packet brought can be read: by the host that the card has told, or at once. */
  knownNs(packet: Packet): number {
    const to = this.ground.classOf(this.cardOf(packet));
    if (to === 'plain' || to === 'socket') return packet.receivedNs;
    return this.tellingOf(packet)?.receivedNs ?? Number.NaN;
  }

  private classFrom(packet: Packet): MessageClass {
    const { from } = this.ground.wires[packet.wire];
    return 'card' in from ? this.ground.classOf(from.card) : 'plain';
  }

  private asksCard(call: Call, first: Packet, asked: Asked): void {
    const { legs } = this;
    const { what, bytes } = asked;
    const message =
      bytes === undefined ? this.sentBy(call, asked.functions) : this.givenBy(call.stream, bytes);
    const { from } = this.ground.wires[first.wire];
    const at = 'card' in from ? from.card : call.card;
    if (message === undefined) {
      // Its bytes were the host's, and have gone to the card with their connection.
      legs.handedOver(call, at, first);
      return;
    }
    legs.down(call, message);
    legs.out(at, message.receiveTurn, first, what);
  }

  private tellsCard(call: Call, first: Packet): void {
    const message = this.telling(first);
    if (message === undefined) {
      this.path.astray += 1;
      return;
    }
    this.legs.tells(call, message, first.again);
    this.legs.out(message.card, message.receiveTurn, first, 'packet out');
  }

  private toldTo(taken: Call, packet: Packet): void {
    const told = this.tellingOf(packet);
    if (told === undefined) {
      this.path.astray += 1;
      return;
    }
    const { legs } = this;
    legs.told(packet, told, 'packet in, reply out');
    const headersOnly = told.packets.some((one) => one.headersOnly && isOf(one, packet));
    const placed = headersOnly ? this.placement(told, taken) : undefined;
    if (placed === undefined) {
      legs.reaches(taken, told.receiveTurn, told.receivedNs);
      return;
    }
    legs.asks(told.card, told.receiveTurn, placed.asked, 'headers in, placement asked for');
    legs.placed(placed.asked, placed.done);
    legs.reaches(taken, placed.done.receiveTurn, placed.done.receivedNs);
  }

  /** The request to place what was told of, and the answer that it is done, before a call reads it. */
  private placement(
    told: Message,
    taken: Call,
  ): { readonly asked: Message; readonly done: Message } | undefined {
    const of = this.ground.log.messages.filter(
      ({ card, functionCode }) => card === told.card && functionCode === WINDOW_PLACE,
    );
    const asked = of.find(
      ({ direction, postedNs }) => direction === 'inbound' && postedNs >= told.receivedNs,
    );
    const done = of.find(
      ({ direction, postedNs, receivedNs }) =>
        direction === 'outbound' &&
        postedNs >= (asked?.receivedNs ?? Number.NaN) &&
        receivedNs <= taken.endNs,
    );
    return asked === undefined || done === undefined ? undefined : { asked, done };
  }

  /** The message by which a card was told to send a packet: the last one that it took before. */
  private telling(packet: Packet): Message | undefined {
    const { from } = this.ground.wires[packet.wire];
    if (!('card' in from)) return undefined;
    return this.ground.log.messages.findLast(
      ({ card, direction, receivedNs, packets }) =>
        direction === 'inbound' &&
        card === from.card &&
        receivedNs <= packet.sentNs &&
        packets.some((one) => isOf(one, packet)),
    );
  }

  /** The message by which a card has told its host of a packet. */
  private tellingOf(packet: Packet): Message | undefined {
    const at = this.cardOf(packet);
    return this.ground.log.messages.find(
      ({ card, direction, postedNs, packets }) =>
        direction === 'outbound' &&
        card === at &&
        postedNs >= packet.receivedNs &&
        packets.some((one) => isOf(one, packet)),
    );
  }

  /** The message by which a card was given so many bytes of a stream: others may be in it, of later calls. */
  private givenBy(stream: Stream | undefined, bytes: number): Message | undefined {
    return this.ground.log.messages.find(({ sends }) =>
      sends.some((one) => one.stream === stream && one.bytes >= bytes),
    );
  }

  /** The message that a call has made, or has had made after it. */
  private sentBy(
    { card, beginNs, messages, stream }: Call,
    functions: readonly number[],
  ): Message | undefined {
    const own = messages.filter(({ functionCode }) => functions.includes(functionCode));
    const later = (message: Message): boolean =>
      message.card === (stream?.place?.card ?? card) &&
      functions.includes(message.functionCode) &&
      (functions.includes(SOCKET_SEND) || message.stream === stream) &&
      message.postedNs >= beginNs;
    return own[own.length - 1] ?? this.ground.log.messages.find(later);
  }
}

/** Whether a message names this packet: of a large one it names the first byte. */
function isOf(carried: Carried, packet: Packet): boolean {
  if (carried.flow !== packet.flow || carried.flow === '') return false;
  const { datagram } = packet;
  if (datagram !== undefined) {
    return carried.datagram?.id === datagram.id && carried.datagram.offset === datagram.offset;
  }
  if (carried.toByte === carried.fromByte || packet.toByte === packet.fromByte) {
    return carried.flags === packet.flags && carried.fromByte === packet.fromByte;
  }
  return carried.fromByte <= packet.fromByte && carried.toByte >= packet.toByte;
}
