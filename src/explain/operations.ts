/** The operations of a watched world, as its programs' calls begin and end them. */
import { hasRequests } from '../workloads/programs.ts';
import type { ProgramTopology, Topology } from '../world/topology/checked.ts';
import type { EndedCall } from './call-watch.ts';
import type { DatagramName, Operation, Stream } from './events.ts';
import type { Streams } from './streams.ts';

/** What whoever looks on knows of the world. */
export interface OperationWorld {
  readonly topology: Topology;
  readonly streams: Streams;
  readonly clock: { readonly nowNs: number };
}

/** What is known of a write, or of a datagram that is a whole operation, when it is over. */
type Written = Pick<Operation, 'startNs' | 'endNs' | 'sent' | 'sentBefore' | 'datagram'>;

export class Operations {
  readonly all: Operation[] = [];
  /** Operations are counted: the warm-up is over. */
  counting = false;
  private readonly world: OperationWorld;
  /** Datagrams of a stream that are on their way, by their ends and number: whose, and since when. */
  private readonly underWay = new Map<string, { readonly stream: Stream; readonly startNs: number }>();
  /** The stream of each card's latest call, and the datagram that it was about. */
  private readonly latest: (Stream | undefined)[] = [];
  private readonly latestDatagram: (DatagramName | undefined)[] = [];
  /** Whether an operation is a write, or a datagram of a stream, since the world knows no requests. */
  private readonly writes: boolean;

  constructor(world: OperationWorld) {
    this.world = world;
    const clients = world.topology.programs.filter(({ role }) => role === 'client');
    this.writes = clients.every(({ workload }) => !hasRequests(workload));
  }

  /** A call about a socket has ended. @param beginNs when it began. @param endNs when it did. */
  called(card: number, stream: Stream, call: EndedCall, beginNs: number, endNs: number): void {
    this.latest[card] = stream;
    this.latestDatagram[card] = call.datagram;
    if (call.name === 'send') this.attempted(stream, call, beginNs);
    else if (call.name === 'recv') this.receivedBy(stream, endNs, call.datagram);
  }

  private attempted(stream: Stream, call: EndedCall, beginNs: number): void {
    if (!stream.trying && call.first) {
      stream.trying = true;
      stream.triedNs = beginNs;
    }
    const done = call.result > 0 && stream.sent % call.messageBytes === 0;
    if (!done) return;
    stream.trying = false;
    if (!this.writes) return;
    const { triedNs: startNs, sent: bytes, doneSent: from } = stream;
    stream.doneSent = bytes;
    if (!stream.datagrams) stream.writes.push({ startNs, from, bytes });
    else if (call.datagram !== undefined) {
      this.underWay.set(this.wayOf(stream.card, call.datagram), { stream, startNs });
    }
  }

  /** Of a datagram that its sender names. */
  private wayOf(card: number, { remote, localPort, number }: DatagramName): string {
    const [, port] = remote.split(':');
    return `${this.world.topology.cards[card].host}/${localPort}>${port}#${number}`;
  }

  /** The same of one that its receiver names. */
  private wayTo(card: number, { remote, localPort, number }: DatagramName): string {
    const [address, port] = remote.split(':');
    const { host } = this.world.topology.cards[card];
    return `${this.hostAt(Number(address)) ?? host}/${port}>${localPort}#${number}`;
  }

  /** Whose an address is; undefined: nobody's but the host's itself. */
  private hostAt(address: number): number | undefined {
    const card = this.world.topology.cards.find(({ config: { stack } }) =>
      [stack, ...stack.furtherPorts].some((port) => port.address >>> 0 === address),
    );
    return card?.host;
  }

  /** Of a world of streams: a write is done when the other end's program has all of it. */
  private receivedBy(stream: Stream, nowNs: number, datagram: DatagramName | undefined): void {
    if (!this.writes) return;
    if (datagram !== undefined) {
      this.datagramReceived(stream.card, datagram, nowNs);
      return;
    }
    const from = this.world.streams.peerOf(stream);
    if (from === undefined) return;
    while (from.writes.length > 0 && from.writes[0].bytes <= stream.received) {
      const { startNs, from: sentBefore, bytes: sent } = from.writes[0];
      from.writes.splice(0, 1);
      this.written(from, { startNs, endNs: nowNs, sent, sentBefore, datagram: undefined });
    }
  }

  /** A datagram of a stream is done when the other end's program has it. */
  private datagramReceived(card: number, datagram: DatagramName, endNs: number): void {
    const way = this.wayTo(card, datagram);
    const sent = this.underWay.get(way);
    if (sent === undefined) return;
    this.underWay.delete(way);
    const { stream, startNs } = sent;
    this.written(stream, { startNs, endNs, sent: stream.sent, sentBefore: stream.sent, datagram });
  }

  private written(stream: Stream, what: Written): void {
    const { host } = this.world.topology.cards[stream.card];
    const own = (one: ProgramTopology): boolean =>
      this.world.streams.apart ? one.host === host : one.card === stream.card;
    const program = this.world.topology.programs.find((one) => own(one) && isWriter(one));
    const none = { received: 0, receivedBefore: 0 };
    this.done({ program: program?.name ?? '', write: true, stream, ...none, ...what });
  }

  /** A client has an answer: its latest call was about it. */
  answered(program: string, card: number, latencyNs: number): void {
    const stream = this.latest[card];
    if (stream === undefined) return;
    const endNs = this.world.clock.nowNs;
    const { sent, received, doneSent: sentBefore, doneReceived: receivedBefore } = stream;
    stream.doneSent = sent;
    stream.doneReceived = received;
    const startNs = endNs - latencyNs;
    const datagram = this.latestDatagram[card];
    const bytes = { sent, received, sentBefore, receivedBefore };
    this.done({ program, write: false, stream, datagram, startNs, endNs, ...bytes });
  }

  private done(operation: Omit<Operation, 'number' | 'ends'>): void {
    if (!this.counting) return;
    const { stream: own } = operation;
    const ends = [own, this.world.streams.peerOf(own)].flatMap((stream) =>
      stream === undefined ? [] : { stream, place: stream.place, movedAtBytes: stream.movedAtBytes },
    );
    this.all.push({ number: this.all.length + 1, ends, ...operation });
  }
}

/** Whether a program of streams is the one that writes. */
function isWriter({ role, workload }: ProgramTopology): boolean {
  return role === (workload === 'TCP_MAERTS' ? 'server' : 'client');
}
