/**
 * One operation's way, from the program's call to its return. It is the way of that byte on which the end
 * waited: the last one to come, or one that had to be sent again.
 */
import { SOCKET_CLOSE, SOCKET_CONNECT, SOCKET_SEND, SOCKET_SHUTDOWN } from '../i2o/socket.gen.ts';
import type { Call, Message, Operation, Packet, Stream } from './events.ts';
import { type Doing, type Ground, ITS_TURN, Legs, lackOf, samePacket } from './legs.ts';
import { Path, type Span } from './path.ts';
import type { Streams } from './streams.ts';

const FIN = 1;
const SYN = 2;
const ACK = 16;

export interface Journey {
  readonly operation: Operation;
  readonly spans: readonly Span[];
  /** Places at which the way was not found: 0 but where a part of it lies outside the log. */
  readonly astray: number;
}

/** @param ground what was seen from the operation's begin to its end. */
export function journeyOf(ground: Ground, streams: Streams, operation: Operation): Journey {
  const { startNs, endNs, stream } = operation;
  const path = new Path(startNs, endNs);
  const walk = new Walk(ground, path);
  const peer = streams.peerOf(stream);
  const host = walk.legs.hostOf(stream.card);
  if (peer !== undefined) {
    walk.connect(stream);
    path.leg = 'request';
    walk.data(stream, peer, operation.sent, { what: startsBy(ground, operation), waiting: true });
    if (!operation.write) {
      path.leg = 'response';
      walk.data(peer, stream, operation.received, { what: serviceOf(ground, peer), waiting: false });
      walk.end(peer, stream);
    }
  }
  const spans = path.finish(host, 'program');
  return { operation, spans, astray: path.astray + (peer === undefined ? 1 : 0) };
}

/** What a request waits for that is there before its program tries to send it. */
function startsBy({ topology }: Ground, { program }: Operation): string {
  const client = topology.programs.find(({ name }) => name === program);
  return client !== undefined && client.pace.arrivalNs > 0 ? 'a free connection' : ITS_TURN;
}

/** What a server does between a request and its answer. */
function serviceOf({ topology }: Ground, peer: Stream): string {
  const server = topology.programs.find(({ role, card }) => role === 'server' && card === peer.card);
  return server !== undefined && server.pace.serviceNs > 0 ? 'service' : 'program';
}

class Walk {
  readonly legs: Legs;
  private readonly ground: Ground;
  private readonly path: Path;

  constructor(ground: Ground, path: Path) {
    this.ground = ground;
    this.path = path;
    this.legs = new Legs(ground, path);
  }

  /** The handshake of a connection that the operation itself opens; nothing where it was there before. */
  connect(stream: Stream): void {
    const call = this.callOf(stream, 'connect');
    const request = this.requestOf(stream, SOCKET_CONNECT);
    const reply = this.ground.log.messages.find((message) => message.opens && message.stream === stream);
    const syn = this.arrivals(stream.flowOut).find(({ flags }) => (flags & SYN) !== 0);
    const answer = this.arrivals(stream.flowIn).find(({ flags }) => (flags & (SYN | ACK)) === (SYN | ACK));
    // A connection that was there before is no part of the way.
    if (call === undefined || call.beginNs < this.path.nowNs - 1) return;
    if (request === undefined || reply === undefined) return;
    if (syn === undefined || answer === undefined) return;
    const { legs } = this;
    this.path.leg = 'handshake';
    this.path.work(legs.hostOf(stream.card), 'socket call', call.beginNs);
    legs.down(call, request);
    legs.out(stream.card, request.receiveTurn, this.sentAs(syn), 'connect in, SYN out');
    legs.over(this.sentAs(syn));
    const far = this.cardOf(syn);
    legs.out(far, syn.receiveTurn, this.sentAs(answer), 'SYN in, SYN-ACK out');
    legs.over(this.sentAs(answer));
    legs.up(stream.card, answer.receiveTurn, reply, 'SYN-ACK in, reply out');
  }

  /** Bytes of a message, from one program to the other. @param bytes of the stream, up to its last byte. */
  data(from: Stream, to: Stream, bytes: number, before: Doing): void {
    const { log } = this.ground;
    const delivery = log.messages.find((message) =>
      message.records.some((record) => record.stream === to && record.bytes >= bytes),
    );
    const packet = delivery && this.decisive(from, bytes, delivery);
    if (packet === undefined || delivery === undefined) {
      this.path.astray += 1;
      return;
    }
    const sends = log.calls.filter((one) => one.stream === from && one.name === 'send' && one.result > 0);
    const takes = (byte: number): Call | undefined => sends.find((one) => one.before + one.result >= byte);
    const last = takes(bytes);
    const begins = last === undefined ? 0 : last.before - (last.before % last.messageBytes);
    const needed = Math.min(packet.toByte, bytes);
    const call = takes(Math.max(needed, begins + 1));
    // A lost segment of an earlier message holds this one up, which is on its way already.
    if (needed <= begins) this.path.joining = true;
    const message = call && this.sentBy(call);
    const taken = log.calls.find(
      (one) => one.stream === to && one.name === 'recv' && one.before + Math.max(0, one.result) >= bytes,
    );
    if (call === undefined || message === undefined || taken === undefined) {
      this.path.astray += 1;
      return;
    }
    this.attempts(call, before);
    this.carry(call, message, packet, 'request in, segment out');
    this.legs.up(to.card, packet.receiveTurn, delivery, 'segment in, reply out');
    this.legs.taking(taken, delivery);
  }

  /** The end of a stream, where the operation is not over before it has come. */
  end(from: Stream, to: Stream): void {
    const { log } = this.ground;
    const taken = log.calls.find((one) => one.stream === to && one.name === 'recv' && one.result === 0);
    const call = log.calls.find(
      (one) => one.stream === from && (one.name === 'close' || one.name === 'shutdown'),
    );
    const delivery = log.messages.find((message) =>
      message.records.some((record) => record.stream === to && record.end),
    );
    const packet = this.arrivals(from.flowOut).find(({ flags }) => (flags & FIN) !== 0);
    const message = this.requestOf(from, SOCKET_CLOSE) ?? this.requestOf(from, SOCKET_SHUTDOWN);
    if (taken === undefined || call === undefined || delivery === undefined) return;
    if (packet === undefined || message === undefined) return;
    // It began beside the response, which its program may have had before.
    this.path.joining = true;
    this.path.leg = 'end';
    this.carry(call, message, packet, 'close in, FIN out');
    this.legs.up(to.card, packet.receiveTurn, delivery, 'FIN in, reply out');
    this.legs.taking(taken, delivery);
    const closed = log.calls.find((one) => one.stream === to && one.name === 'close');
    if (closed === undefined || closed.beginNs < taken.endNs) return;
    this.legs.hostGoesOn(to.card, { what: 'program', waiting: false }, closed.beginNs);
    this.legs.calling(closed, closed.endNs);
  }

  /** Sends that were not taken, or not wholly, until the one that took the byte. */
  private attempts(call: Call, before: Doing): void {
    const { path, legs } = this;
    // A message is as long as any other of its stream.
    const begins = call.before - (call.before % call.messageBytes);
    const tries = this.ground.log.calls.filter(
      ({ stream, name, before: bytes, beginNs, endNs }) =>
        stream === call.stream &&
        name === 'send' &&
        bytes >= begins &&
        beginNs >= path.nowNs - 1 &&
        endNs <= call.beginNs,
    );
    const [first = call] = tries;
    this.until(call, before, first.beginNs);
    tries.forEach((attempt, i) => {
      // One that is refused is made in vain, and a part of the wait.
      if (attempt.result > 0) legs.calling(attempt, attempt.endNs);
      this.until(call, { what: lackOf(attempt), waiting: true }, (tries[i + 1] ?? call).beginNs);
    });
  }

  /** What a send lacks it waits for whoever is at work meanwhile; in its turn others come before it. */
  private until({ card }: Call, doing: Doing, untilNs: number): void {
    const { path, legs } = this;
    if (doing.waiting && doing.what !== ITS_TURN) path.wait(legs.hostOf(card), doing.what, untilNs);
    else legs.hostGoesOn(card, doing, untilNs);
  }

  /** From a call to the other card. @param arrived the packet, as it arrives there. */
  private carry(call: Call, message: Message, arrived: Packet, what: string): void {
    const first = this.sentAs(arrived);
    this.legs.down(call, message);
    this.legs.out(call.card, message.receiveTurn, first, what);
    this.legs.over(first);
  }

  /** The packet whose arrival let the card deliver these bytes: the last one that brought any of them. */
  private decisive({ flowOut }: Stream, bytes: number, delivery: Message): Packet | undefined {
    const seen = new Bytes();
    let decisive: Packet | undefined;
    for (const packet of this.arrivals(flowOut)) {
      if (packet.receivedNs > delivery.postedNs) break;
      if (seen.add(packet.fromByte, Math.min(packet.toByte, bytes))) decisive = packet;
    }
    return decisive;
  }

  /** Packets of a flow that a card has taken, in that order. */
  private arrivals(flow: string): Packet[] {
    const { log, wires } = this.ground;
    return log.packets
      .filter((packet) => packet.flow === flow && 'card' in wires[packet.wire].to && packet.receivedNs > 0)
      .sort((a, b) => a.receivedNs - b.receivedNs);
  }

  /** The same packet as its card has sent it, where switches have passed it on. */
  private sentAs(packet: Packet): Packet {
    const { log, wires } = this.ground;
    const { from } = wires[packet.wire];
    if ('card' in from) return packet;
    const before = log.packets.find(
      (one) => one.receiveTurn === packet.sentTurn && samePacket(one, packet) && one !== packet,
    );
    return before === undefined ? packet : this.sentAs(before);
  }

  private cardOf(packet: Packet): number {
    const { to } = this.ground.wires[packet.wire];
    return 'card' in to ? to.card : 0;
  }

  private callOf(stream: Stream, name: Call['name']): Call | undefined {
    return this.ground.log.calls.find((call) => call.stream === stream && call.name === name);
  }

  private requestOf(stream: Stream, functionCode: number): Message | undefined {
    return this.ground.log.messages.find(
      (message) =>
        message.direction === 'inbound' && message.stream === stream && message.functionCode === functionCode,
    );
  }

  /** The message that took a send's last byte: of a batch it comes after the call. */
  private sentBy({ card, beginNs, messages }: Call): Message | undefined {
    const own = messages.filter(({ functionCode }) => functionCode === SOCKET_SEND);
    const later = (message: Message): boolean =>
      message.card === card && message.functionCode === SOCKET_SEND && message.postedNs >= beginNs;
    return own[own.length - 1] ?? this.ground.log.messages.find(later);
  }
}

/** Bytes of a stream that have been seen: stretches without overlap, in order. */
class Bytes {
  private stretches: { readonly from: number; readonly to: number }[] = [];

  /** @returns whether any of them had not been seen. */
  add(from: number, to: number): boolean {
    if (to <= from) return false;
    const touching = this.stretches.filter((one) => one.from <= to && one.to >= from);
    if (touching.some((one) => one.from <= from && one.to >= to)) return false;
    const merged = {
      from: Math.min(from, ...touching.map((one) => one.from)),
      to: Math.max(to, ...touching.map((one) => one.to)),
    };
    this.stretches = [...this.stretches.filter((one) => !touching.includes(one)), merged];
    return true;
  }
}
