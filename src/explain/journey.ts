/**
 * One operation's way, from the program's call to its return. It is the way of that byte on which the end
 * waited: the last one to come, or one that had to be sent again.
 */
import { SOCKET_CLOSE, SOCKET_CONNECT, SOCKET_SEND, SOCKET_SHUTDOWN } from '../i2o/socket.gen.ts';
import { DatagramWalk } from './datagram-walk.ts';
import type { Call, Message, Operation, Packet, Stream } from './events.ts';
import { type Doing, type Ground, ITS_TURN } from './legs.ts';
import { Path, type Span } from './path.ts';
import { type Steps, stepsOver } from './steps.ts';
import type { Streams } from './streams.ts';

const FIN = 1;
const SYN = 2;
const ACK = 16;
const SENDS = { functions: [SOCKET_SEND], what: 'request in, segment out' };
const ENDS = { functions: [SOCKET_SHUTDOWN, SOCKET_CLOSE], what: 'close in, FIN out' };

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
  const steps = stepsOver(ground, path);
  const host = steps.legs.hostOf(stream.card);
  const asks = { what: startsBy(ground, operation), waiting: true };
  if (stream.datagrams) {
    const walk = new DatagramWalk(steps);
    walk.way(operation, asks, (end) => serviceOf(ground, end));
    return { operation, spans: path.finish(host, 'program'), astray: path.astray };
  }
  const peer = streams.peerOf(stream);
  if (peer !== undefined) {
    const walk = new Walk(steps);
    walk.connect(stream);
    path.leg = 'request';
    walk.data(stream, peer, { from: operation.sentBefore, to: operation.sent }, asks);
    if (!operation.write) {
      path.leg = 'response';
      const answers = { what: serviceOf(ground, peer), waiting: false };
      walk.data(peer, stream, { from: operation.receivedBefore, to: operation.received }, answers);
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
function serviceOf({ topology }: Ground, { card, flowOut, localPort }: Stream): string {
  const { host } = topology.cards[card];
  const servers = topology.programs.filter((one) => one.role === 'server' && one.host === host);
  const [local] = flowOut.split('>');
  const own = servers.find(({ port }) => port === localPort || local.endsWith(`:${port}`));
  return (own ?? servers[0])?.pace.serviceNs > 0 ? 'service' : 'program';
}

/** The bytes of one message, as its stream counts them. */
interface Stretch {
  readonly from: number;
  readonly to: number;
}

class Walk {
  private readonly steps: Steps;

  constructor(steps: Steps) {
    this.steps = steps;
  }

  /** The handshake of a connection that the operation itself opens; nothing where it was there before. */
  connect(stream: Stream): void {
    const { legs, carriage, path } = this.steps;
    const call = this.callOf(stream, 'connect');
    const syn = this.arrivals(stream.flowOut).find(({ flags }) => (flags & SYN) !== 0);
    const answer = this.arrivals(stream.flowIn).find(({ flags }) => (flags & (SYN | ACK)) === (SYN | ACK));
    // A connection that was there before is no part of the way.
    if (call === undefined || call.beginNs < path.nowNs - 1) return;
    if (syn === undefined || answer === undefined) return;
    const reply = this.steps.ground.log.messages.find(
      (message) => message.opens && message.stream === stream,
    );
    if (reply === undefined && this.steps.ground.classOf(carriage.cardOf(answer)) === 'socket') return;
    path.leg = 'handshake';
    path.work(legs.hostOf(stream.card), 'socket call', call.beginNs);
    carriage.departs(call, syn, { functions: [SOCKET_CONNECT], what: 'connect in, SYN out' });
    carriage.answers(syn, answer, 'SYN in, SYN-ACK out');
    if (reply !== undefined) {
      legs.up(carriage.cardOf(answer), answer.receiveTurn, reply, 'SYN-ACK in, reply out');
      return;
    }
    const next = this.steps.ground.log.calls.find(
      (one) => one.stream === stream && one.beginNs >= answer.receivedNs,
    );
    carriage.ends(answer, 'SYN-ACK in', next?.beginNs ?? answer.receivedNs);
  }

  /** A message, from one program to the other, which may have sent it in several calls. */
  data(from: Stream, to: Stream, { from: begins, to: bytes }: Stretch, before: Doing): void {
    const { log } = this.steps.ground;
    const taken = log.calls.find(
      (one) => one.stream === to && one.name === 'recv' && one.before + Math.max(0, one.result) >= bytes,
    );
    const delivery = log.messages.find((message) =>
      message.records.some((record) => record.stream === to && record.bytes >= bytes),
    );
    const packet = taken && this.decisive(from, bytes, delivery?.postedNs ?? taken.endNs);
    if (packet === undefined || taken === undefined) {
      this.steps.path.astray += 1;
      return;
    }
    const sends = log.calls.filter((one) => one.stream === from && one.name === 'send' && one.result > 0);
    const takes = (byte: number): Call | undefined => sends.find((one) => one.before + one.result >= byte);
    const needed = Math.min(packet.toByte, bytes);
    const call = takes(Math.max(needed, begins + 1));
    // A lost segment of an earlier message holds this one up, which is on its way already.
    if (needed <= begins) this.steps.path.joining = true;
    if (call === undefined) {
      this.steps.path.astray += 1;
      return;
    }
    this.steps.attempts.made(call, before, begins);
    this.steps.carriage.departs(call, packet, { ...SENDS, bytes: Math.max(needed, begins + 1) });
    this.steps.carriage.arrives(taken, packet, delivery, 'segment in, reply out');
  }

  /** The end of a stream, where the operation is not over before it has come. */
  end(from: Stream, to: Stream): void {
    const { log } = this.steps.ground;
    const taken = log.calls.find((one) => one.stream === to && one.name === 'recv' && one.result === 0);
    const call = log.calls.find(
      (one) => one.stream === from && (one.name === 'close' || one.name === 'shutdown'),
    );
    const packet = this.arrivals(from.flowOut).find(({ flags }) => (flags & FIN) !== 0);
    if (taken === undefined || call === undefined || packet === undefined) return;
    const delivery = this.ending(to);
    if (delivery === undefined && this.steps.ground.classOf(this.steps.carriage.cardOf(packet)) === 'socket')
      return;
    // It began beside the response, which its program may have had before.
    this.steps.path.joining = true;
    this.steps.path.leg = 'end';
    this.steps.carriage.departs(call, packet, ENDS);
    this.steps.carriage.arrives(taken, packet, delivery, 'FIN in, reply out');
    const closed = log.calls.find((one) => one.stream === to && one.name === 'close');
    if (closed === undefined || closed.beginNs < taken.endNs) return;
    this.steps.legs.hostGoesOn(to.card, { what: 'program', waiting: false }, closed.beginNs);
    this.steps.legs.calling(closed, closed.endNs);
  }

  private ending(to: Stream): Message | undefined {
    return this.steps.ground.log.messages.find((message) =>
      message.records.some((record) => record.stream === to && record.end),
    );
  }

  /** The packet whose arrival made these bytes whole: the last one that brought any of them. */
  private decisive({ flowOut }: Stream, bytes: number, untilNs: number): Packet | undefined {
    const seen = new Bytes();
    let decisive: Packet | undefined;
    for (const packet of this.arrivals(flowOut)) {
      if (packet.receivedNs > untilNs) break;
      if (seen.add(packet.fromByte, Math.min(packet.toByte, bytes))) decisive = packet;
    }
    return decisive;
  }

  /** Packets of a flow that a card or a device has taken, in that order. */
  private arrivals(flow: string): Packet[] {
    const { log, wires } = this.steps.ground;
    return log.packets
      .filter((packet) => packet.flow === flow && 'card' in wires[packet.wire].to && packet.receivedNs > 0)
      .sort((a, b) => a.receivedNs - b.receivedNs);
  }

  private callOf(stream: Stream, name: Call['name']): Call | undefined {
    return this.steps.ground.log.calls.find((call) => call.stream === stream && call.name === name);
  }
}

/** Bytes of a stream that have been seen: stretches without overlap, in order. */
class Bytes {
  private stretches: Stretch[] = [];

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
