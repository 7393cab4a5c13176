/**
 * The way of a datagram, or of a request and its answer in two of them. Each is known by its ends and by the
 * number in its first bytes; one in fragments has come with the last of them.
 */
import { SOCKET_SEND, SOCKET_SEND_TO } from '../i2o/socket.gen.ts';
import { Attempts } from './attempts.ts';
import { Carriage } from './carriage.ts';
import type { Call, DatagramName, Message, Operation, Packet, Stream } from './events.ts';
import type { Doing, Ground, Legs } from './legs.ts';
import type { Path } from './path.ts';

const SENDS = { functions: [SOCKET_SEND, SOCKET_SEND_TO], what: 'request in, packet out' };

/** A datagram as it was sent, as it arrived, and as it was taken. */
interface Passage {
  readonly call: Call;
  readonly packet: Packet;
  readonly taken: Call;
}

export class DatagramWalk {
  private readonly ground: Ground;
  private readonly path: Path;
  private readonly carriage: Carriage;
  private readonly attempts: Attempts;

  constructor(ground: Ground, path: Path, legs: Legs) {
    this.ground = ground;
    this.path = path;
    this.carriage = new Carriage(ground, path, legs);
    this.attempts = new Attempts(ground, path, legs);
  }

  /** @param asks what is done before it is sent. @param serves what a server does, by its socket. */
  way({ datagram, endNs, write }: Operation, asks: Doing, serves: (end: Stream) => string): void {
    const { calls } = this.ground.log;
    const last = calls.findLast(
      (one) => one.name === 'recv' && one.endNs <= endNs && isNamed(one.datagram, datagram),
    );
    const answer = this.passage(last);
    if (write || answer === undefined) {
      this.goes(answer, asks);
      return;
    }
    const { call, taken } = answer;
    const asked = calls.findLast(
      (one) =>
        one.name === 'recv' &&
        one.stream === call.stream &&
        one.datagram !== undefined &&
        one.endNs <= call.beginNs,
    );
    this.goes(this.passage(asked), asks);
    this.path.leg = 'response';
    const what = call.stream === undefined ? 'program' : serves(call.stream);
    this.goes({ call, packet: answer.packet, taken }, { what, waiting: false });
  }

  private goes(passage: Passage | undefined, before: Doing): void {
    if (passage === undefined) {
      this.path.astray += 1;
      return;
    }
    const { call, packet, taken } = passage;
    this.attempts.made(call, before, call.before);
    this.carriage.departs(call, packet, SENDS);
    this.carriage.arrives(taken, packet, this.delivery(taken, packet), 'packet in, reply out');
  }

  /** The way of the datagram that a call has taken. */
  private passage(taken: Call | undefined): Passage | undefined {
    const name = taken?.datagram;
    if (taken === undefined || name === undefined) return undefined;
    const { log, wires, topology } = this.ground;
    const { host } = topology.cards[taken.card];
    const [, port] = name.remote.split(':');
    const parts = log.packets.filter(({ wire, flow, datagram, receivedNs }) => {
      const { to } = wires[wire];
      if (!('card' in to) || topology.cards[to.card].host !== host) return false;
      if (datagram?.number !== name.number || !(receivedNs <= taken.endNs)) return false;
      return flow.startsWith(`${name.remote}>`) && flow.endsWith(`:${name.localPort}`);
    });
    const packet = parts.sort((a, b) => a.receivedNs - b.receivedNs).at(-1);
    if (packet === undefined) return undefined;
    const [, remote] = packet.flow.split('>');
    const call = log.calls.findLast(
      ({ name: made, datagram, beginNs }) =>
        made === 'send' &&
        beginNs <= packet.sentNs &&
        datagram?.number === name.number &&
        datagram.remote === remote &&
        `${datagram.localPort}` === port,
    );
    return call === undefined ? undefined : { call, packet, taken };
  }

  /** The message that brought it to the host, of a card of sockets. */
  private delivery({ stream, datagram }: Call, { receivedNs }: Packet): Message | undefined {
    return this.ground.log.messages.find(
      ({ records, postedNs }) =>
        postedNs >= receivedNs &&
        records.some(
          (record) =>
            record.stream === stream &&
            record.datagram?.number === datagram?.number &&
            record.datagram?.remote === datagram?.remote,
        ),
    );
  }
}

function isNamed(a: DatagramName | undefined, b: DatagramName | undefined): boolean {
  return a !== undefined && a.remote === b?.remote && a.localPort === b.localPort && a.number === b.number;
}
