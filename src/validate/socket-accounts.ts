/** All that is kept of sockets beside their state: their ends, their bytes, their packets and events. */
import {
  getSocketOptionSetOption,
  SOCKET_CONNECT,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
} from '../i2o/socket.gen.ts';
import { SO_REUSEADDR } from '../socket/options.ts';
import type { TraceHead } from '../trace/sink.ts';
import { BoundPorts } from './bound-ports.ts';
import { Datagrams } from './datagrams.ts';
import { Endpoints } from './endpoints.ts';
import type { Findings } from './findings.ts';
import type { MessageRow } from './message-rows.ts';
import { OptionValues } from './option-values.ts';
import type { ReceiveBuckets } from './receive-buckets.ts';
import { SocketAnswers } from './socket-answers.ts';
import { SocketEventJudge } from './socket-events.ts';
import { ABORTED, CLOSED, type SocketLives, type Sockets } from './sockets.ts';
import { Streams } from './streams.ts';
import { ToldTotals } from './told-totals.ts';
import type { Transactions } from './transactions.ts';
import { PACKETS, WireWitness } from './wire-witness.ts';

export class SocketAccounts implements SocketLives {
  readonly endpoints: Endpoints;
  readonly streams: Streams;
  readonly wire: WireWitness;
  readonly datagrams: Datagrams;
  readonly answers: SocketAnswers;
  readonly events: SocketEventJudge;
  private readonly options: OptionValues;
  private readonly told: ToldTotals;
  private readonly ports: BoundPorts;
  private readonly sockets: Sockets;
  private readonly findings: Findings;
  private readonly ended: number;
  private readonly toldEnd: number;
  private readonly alive: number;
  private readonly isAlive = (socket: number): boolean => this.sockets.isIn(socket, this.alive);
  private readonly hasEnded = (socket: number): boolean => this.sockets.isIn(socket, this.ended);

  constructor(
    head: TraceHead,
    sockets: Sockets,
    receive: ReceiveBuckets,
    transactions: Transactions,
    findings: Findings,
  ) {
    const { count } = sockets;
    const bits = (...names: string[]): number => sockets.bitsOf(names);
    this.sockets = sockets;
    this.findings = findings;
    this.ended = bits('Shut', 'Ended', 'Closing', 'Free', 'Failed');
    this.toldEnd = bits('PeerEnded', 'Ended', 'Failed');
    this.alive = bits('Connected', 'Shut', 'PeerEnded', 'Ended');
    this.endpoints = new Endpoints(count, findings);
    this.streams = new Streams(count, findings);
    this.datagrams = new Datagrams(count, this.endpoints, PACKETS, findings);
    const datagram: Datagrams['packet'] = (segment, sent) => this.datagrams.packet(segment, sent);
    this.wire = new WireWitness(head, this.endpoints, this.streams, findings, this.hasEnded, datagram);
    this.options = new OptionValues(count, findings);
    this.told = new ToldTotals(count, findings);
    const holding = bits('Bound', 'Listening', 'Connected', 'Datagram');
    this.ports = new BoundPorts(count, findings, (socket) => sockets.isIn(socket, holding));
    this.answers = new SocketAnswers(
      findings,
      sockets,
      this.endpoints,
      this.streams,
      this.wire,
      transactions,
      this.options,
      this.told,
      this.ports,
    );
    const deaf = bits(
      'Datagram',
      'DatagramConnected',
      'Connected',
      'Connecting',
      'Shut',
      'PeerEnded',
      'Ended',
    );
    this.events = new SocketEventJudge(findings, sockets, receive, bits('Free', 'Posted'), deaf);
    sockets.lives = this;
  }

  begins(socket: number): void {
    this.endpoints.forget(socket);
    this.ports.forget(socket);
    this.streams.begin(socket);
    this.wire.forget(socket);
    this.datagrams.begin(socket);
    this.events.begin(socket);
    this.options.forget(socket);
    this.told.forget(socket);
  }

  /** // Hot path. */
  asks(row: MessageRow, socket: number, words: Int32Array, at: number): void {
    const { functionCode } = row;
    if (functionCode === SOCKET_CONNECT) this.datagrams.fixes(socket);
    const isReuse =
      functionCode === SOCKET_OPTION_SET && getSocketOptionSetOption(words, at) === SO_REUSEADDR;
    if (isReuse) this.ports.share(socket);
    if (functionCode === SOCKET_OPTION_SET || functionCode === SOCKET_OPTION_GET)
      this.options.asked(row, socket, words, at);
  }

  ends(socket: number, cause: number): void {
    const whole = cause === CLOSED;
    const aborted = cause === ABORTED && !this.hasEnded(socket);
    this.wire.closed(socket, this.sockets.isIn(socket, this.toldEnd), whole, aborted);
    if (!whole) this.streams.unsure[socket] = 1;
    this.streams.end(socket);
  }

  /** Bytes of a stream are posted, in a buffer or a slot. @param dataWord of immediate data, or -1. */
  send(socket: number, context: number, length: number, words: Int32Array, dataWord: number): void {
    if (socket < 0 || socket >= this.sockets.count) return;
    this.streams.send(socket, length);
    this.wire.send(socket, context, length, words, dataWord);
  }

  /** A send was refused, or part of it cannot be seen. */
  doubt(socket: number): void {
    if (socket >= 0 && socket < this.sockets.count) this.streams.unsure[socket] = 1;
  }

  /** A transmit context came back. */
  returned(context: number): void {
    this.wire.returned(context, this.isAlive);
  }

  /** The card has told how many bytes of a stream it has sent, modulo 2^32; a FIN may count as one. */
  sent(socket: number, bytes: number): void {
    const { sent, unsure } = this.streams;
    if (!this.isAlive(socket)) return;
    this.told.record(socket, bytes);
    if (unsure[socket] === 1) return;
    // Of more than 2^31 bytes the difference still says which is ahead.
    if (((sent[socket] - bytes) | 0) >= -1) return;
    const seen = `socket ${socket} has sent ${bytes >>> 0} bytes, ${sent[socket]} were posted`;
    this.findings.report('E-07', socket, seen);
  }

  /** A receive record, before it moves its socket on. @param kind 0 data, 1 end of stream, 2 error. */
  record(socket: number, kind: 0 | 1 | 2, bytes: number, errno: number): void {
    const alive = this.isAlive(socket);
    if (kind === 0) {
      if (!alive) return;
      this.streams.record(socket, bytes);
      this.wire.record(socket);
    } else if (kind === 1) {
      if (!alive) return;
      this.streams.ended(socket, this.hasEnded);
      this.wire.ended(socket);
    } else {
      this.wire.failed(socket, errno);
    }
  }
}
