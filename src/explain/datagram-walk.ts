/**
 * The way of a datagram, or of a request and its answer in two of them. Each is known by its ends and by the
 * number in its first bytes; one in fragments has come with the last of them.
 */
import { SOCKET_SEND, SOCKET_SEND_TO } from '../i2o/socket.gen.ts';
import type { Call, DatagramName, Message, Operation, Packet, Stream } from './events.ts';
import type { Doing } from './legs.ts';
import type { Steps } from './steps.ts';

const SENDS = { functions: [SOCKET_SEND, SOCKET_SEND_TO], what: 'request in, packet out' };

/** A datagram as it was sent, as it arrived, and as it was taken. */
interface Passage {
  readonly call: Call;
  readonly packet: Packet;
  readonly taken: Call;
}

export class DatagramWalk {
  private readonly steps: Steps;

  constructor(steps: Steps) {
    this.steps = steps;
  }

  /** @param asks what is done before it is sent. @param serves what a server does, by its socket. */
  way({ datagram, endNs, write }: Operation, asks: Doing, serves: (end: Stream) => string): void {
    const { calls } = this.steps.ground.log;
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
    this.steps.path.leg = 'response';
    const what = call.stream === undefined ? 'program' : serves(call.stream);
    this.goes({ call, packet: answer.packet, taken }, { what, waiting: false });
  }

  private goes(passage: Passage | undefined, before: Doing): void {
    if (passage === undefined) {
      this.steps.path.astray += 1;
      return;
    }
    const { call, packet, taken } = passage;
    const { attempts, carriage } = this.steps;
    attempts.made(call, before, call.before);
    carriage.departs(call, packet, SENDS);
    carriage.arrives(taken, packet, this.delivery(taken, packet), 'packet in, reply out');
  }

  /** The way of the datagram that a call has taken. */
  private passage(taken: Call | undefined): Passage | undefined {
    const name = taken?.datagram;
    if (taken === undefined || name === undefined) return undefined;
    const { log, wires, topology } = this.steps.ground;
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
    return this.steps.ground.log.messages.find(
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
