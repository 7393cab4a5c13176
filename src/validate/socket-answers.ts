/** What successful answers of the socket class tell of a socket: its ends, its state, its options. */
import {
  getSocketAcceptPostReplyLocalAddress,
  getSocketAcceptPostReplyLocalPort,
  getSocketAcceptPostReplyRemoteAddress,
  getSocketAcceptPostReplyRemotePort,
  getSocketBindReplyLocalAddress,
  getSocketBindReplyLocalPort,
  getSocketConnectReplyLocalAddress,
  getSocketConnectReplyLocalPort,
  getSocketInfoGetReplyState,
  getSocketNameGetReplyAddress,
  getSocketNameGetReplyPort,
  getSocketSnapshotGetReplyWord0,
  getSocketStatusGetReplyLocalAddress,
  getSocketStatusGetReplyLocalPort,
  getSocketStatusGetReplyRemoteAddress,
  getSocketStatusGetReplyRemotePort,
  getSocketStatusGetReplyState,
  getSocketStatusGetReplyUnacknowledgedBytes,
  NAME_OF_LOCAL,
  SOCKET_BIND,
  SOCKET_CONNECT,
  SOCKET_IMPORT,
  SOCKET_INFO_GET,
  SOCKET_NAME_GET,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
  SOCKET_SNAPSHOT_GET,
  SOCKET_STATUS_GET,
  SOCKET_TOTALS_GET,
  TCP_STATE_CLOSED,
  TCP_STATE_ESTABLISHED,
  TCP_STATE_LISTEN,
  TCP_STATE_SYN_RECEIVED,
  TCP_STATE_SYN_SENT,
} from '../i2o/socket.gen.ts';
import { ECONNREFUSED } from '../socket/errno.ts';
import type { BoundPorts } from './bound-ports.ts';
import { type Endpoints, name } from './endpoints.ts';
import type { Findings } from './findings.ts';
import { InfoJudge } from './info-judge.ts';
import type { MessageRow } from './message-rows.ts';
import type { OptionValues } from './option-values.ts';
import type { Sockets } from './sockets.ts';
import type { Streams } from './streams.ts';
import type { ToldTotals } from './told-totals.ts';
import { DETAIL_STATE, type Transactions } from './transactions.ts';
import type { WireWitness } from './wire-witness.ts';

/** Words 4 to 6 of a request lie in these places of its details. */
const WORD_5 = 1;
const WORD_6 = 2;

/** States of the socket machine, as bits. */
interface States {
  readonly listening: number;
  readonly open: number;
  readonly stream: number;
  readonly datagram: number;
  readonly peerless: number;
}

export class SocketAnswers {
  private readonly findings: Findings;
  private readonly sockets: Sockets;
  private readonly endpoints: Endpoints;
  private readonly streams: Streams;
  private readonly wire: WireWitness;
  private readonly transactions: Transactions;
  private readonly states: States;
  private readonly infos: InfoJudge;
  private readonly options: OptionValues;
  private readonly told: ToldTotals;
  private readonly ports: BoundPorts;
  /** Whether another socket has its connection still. */
  private readonly isOpen: (socket: number) => boolean;

  constructor(
    findings: Findings,
    sockets: Sockets,
    endpoints: Endpoints,
    streams: Streams,
    wire: WireWitness,
    transactions: Transactions,
    options: OptionValues,
    told: ToldTotals,
    ports: BoundPorts,
  ) {
    this.findings = findings;
    this.sockets = sockets;
    this.endpoints = endpoints;
    this.streams = streams;
    this.wire = wire;
    this.transactions = transactions;
    this.options = options;
    this.told = told;
    this.ports = ports;
    this.infos = new InfoJudge(findings, streams, told);
    const bits = (...names: string[]): number => sockets.bitsOf(names);
    const open = bits('Connected', 'Shut', 'PeerEnded');
    this.states = {
      listening: bits('Listening'),
      open: bits('Open', 'Bound'),
      stream: open | bits('Ended'),
      datagram: bits('Datagram', 'DatagramConnected'),
      peerless: bits('Open', 'Bound', 'Listening', 'Datagram'),
    };
    this.isOpen = (socket) => sockets.isIn(socket, open);
  }

  /** The request's own facts are what `transactions` took last. */
  succeeded(row: MessageRow, socket: number, words: Int32Array, at: number): void {
    switch (row.functionCode) {
      case SOCKET_BIND:
        this.bound(socket, words, at);
        break;
      case SOCKET_CONNECT:
        this.connected(socket, words, at);
        break;
      case SOCKET_STATUS_GET:
        this.status(socket, words, at);
        break;
      case SOCKET_INFO_GET:
        this.stateTold(socket, getSocketInfoGetReplyState(words, at));
        this.infos.info(socket, this.askedOfStream, words, at);
        break;
      case SOCKET_TOTALS_GET:
        this.infos.totals(socket, this.askedOfStream, words, at);
        break;
      case SOCKET_SNAPSHOT_GET:
        this.part(socket, words, at);
        break;
      case SOCKET_OPTION_SET:
      case SOCKET_OPTION_GET:
        this.option(row, socket, true, words, at);
        break;
      case SOCKET_IMPORT:
        this.options.forget(socket);
        this.told.forget(socket);
        break;
      case SOCKET_NAME_GET: {
        const local = (this.transactions.taken[WORD_5] & 0xff) === NAME_OF_LOCAL;
        const address = getSocketNameGetReplyAddress(words, at);
        const port = getSocketNameGetReplyPort(words, at);
        if (!local && this.isPeerless) {
          const seen = `socket ${socket} is told to have the peer ${name(address, port)}, and was connected to none`;
          this.findings.report('E-05', socket, seen);
          break;
        }
        // A connection that was lost meanwhile has no name any more.
        if (address !== 0 || port !== 0 || this.sockets.isIn(socket, this.states.listening))
          this.endpoints.named(socket, local, address, port);
        break;
      }
    }
  }

  /** A posted number has its connection. */
  accepted(listener: number, socket: number, words: Int32Array, at: number): void {
    const complete = this.endpoints.accepted(
      listener,
      socket,
      getSocketAcceptPostReplyRemoteAddress(words, at),
      getSocketAcceptPostReplyRemotePort(words, at),
      getSocketAcceptPostReplyLocalAddress(words, at),
      getSocketAcceptPostReplyLocalPort(words, at),
    );
    if (complete) this.open(socket);
  }

  /** A connect has failed; the answer may name the end that it had. */
  refused(row: MessageRow, socket: number, words: Int32Array, at: number, errno: number): void {
    if (row.functionCode === SOCKET_OPTION_SET || row.functionCode === SOCKET_OPTION_GET)
      this.option(row, socket, false, words, at);
    if (row.functionCode !== SOCKET_CONNECT || errno !== ECONNREFUSED) return;
    const { sockets, transactions, states } = this;
    if (sockets.isIn(socket, states.datagram) || words[at] >>> 16 < row.replyWords) return;
    const address = getSocketConnectReplyLocalAddress(words, at);
    const port = getSocketConnectReplyLocalPort(words, at);
    if (address === 0 || port === 0) return;
    const { taken } = transactions;
    this.wire.refused(socket, address, port, taken[WORD_5], taken[WORD_6] & 0xffff);
  }

  private option(row: MessageRow, socket: number, success: boolean, words: Int32Array, at: number): void {
    const { taken } = this.transactions;
    const option = taken[WORD_5] & 0xffff;
    this.options.answered(row.functionCode, socket, option, taken[WORD_6], success, words, at);
  }

  /** A few words of a snapshot; the lowest byte of the first is the state. */
  private part(socket: number, words: Int32Array, at: number): void {
    const asked = this.transactions.taken[WORD_5] & 0xff;
    if (asked === 0) this.stateTold(socket, getSocketSnapshotGetReplyWord0(words, at) & 0xff);
    this.infos.part(socket, this.askedOfStream, words, at, asked);
  }

  private bound(socket: number, words: Int32Array, at: number): void {
    const { taken } = this.transactions;
    const address = getSocketBindReplyLocalAddress(words, at);
    const port = getSocketBindReplyLocalPort(words, at);
    const datagrams = this.sockets.isIn(socket, this.states.datagram);
    this.endpoints.bound(socket, taken[WORD_5], taken[WORD_6] & 0xffff, address, port);
    if ((taken[WORD_6] & 0xffff) === 0) this.ports.chosen(socket, address, port, datagrams);
    this.ports.bound(socket, address, port, datagrams);
  }

  private connected(socket: number, words: Int32Array, at: number): void {
    const { taken } = this.transactions;
    const address = getSocketConnectReplyLocalAddress(words, at);
    const port = getSocketConnectReplyLocalPort(words, at);
    const datagrams = this.sockets.isIn(socket, this.states.datagram);
    if (!this.ports.has(socket)) this.ports.chosen(socket, address, port, datagrams);
    const complete = this.endpoints.connected(socket, taken[WORD_5], taken[WORD_6] & 0xffff, address, port);
    if (complete && !datagrams) this.open(socket);
  }

  private open(socket: number): void {
    const peer = this.endpoints.open(socket, this.isOpen);
    if (peer >= 0) this.streams.link(socket, peer);
    this.wire.opened(socket);
  }

  /** Whether the socket had a connection when the request that is answered was posted. */
  private get askedOfStream(): boolean {
    return ((1 << this.transactions.taken[DETAIL_STATE]) & this.states.stream) !== 0;
  }

  /** Whether the socket can have had no peer when the request that is answered was posted. */
  private get isPeerless(): boolean {
    return ((1 << this.transactions.taken[DETAIL_STATE]) & this.states.peerless) !== 0;
  }

  /** The state of a socket is told. */
  private stateTold(socket: number, state: number): void {
    const { states, transactions } = this;
    const asked = 1 << transactions.taken[DETAIL_STATE];
    const listens = state === TCP_STATE_LISTEN;
    const opens = state === TCP_STATE_SYN_SENT || state === TCP_STATE_SYN_RECEIVED;
    const wrong =
      ((asked & states.listening) !== 0 && !listens && state !== TCP_STATE_CLOSED) ||
      ((asked & states.stream) !== 0 && (listens || opens)) ||
      ((asked & states.open) !== 0 && state !== TCP_STATE_CLOSED) ||
      ((asked & states.datagram) !== 0 && state !== TCP_STATE_CLOSED && state !== TCP_STATE_ESTABLISHED);
    if (!wrong) return;
    const was = this.sockets.stateName(transactions.taken[DETAIL_STATE]);
    this.findings.report('E-06', socket, `socket ${socket}, which was ${was}, is in TCP state ${state}`);
  }

  private status(socket: number, words: Int32Array, at: number): void {
    const { endpoints, streams } = this;
    const state = getSocketStatusGetReplyState(words, at);
    this.stateTold(socket, state);
    const unacknowledged = getSocketStatusGetReplyUnacknowledgedBytes(words, at) >>> 0;
    const sent = streams.sent[socket];
    if (this.askedOfStream && streams.unsure[socket] === 0 && unacknowledged > sent + 1) {
      const seen = `socket ${socket} waits for ${unacknowledged} bytes to be acknowledged, ${sent} were sent`;
      this.findings.report('E-07', socket, seen);
    }
    if (state === TCP_STATE_CLOSED) return;
    const localPort = getSocketStatusGetReplyLocalPort(words, at);
    endpoints.named(socket, true, getSocketStatusGetReplyLocalAddress(words, at), localPort);
    if (state === TCP_STATE_LISTEN) return;
    const remotePort = getSocketStatusGetReplyRemotePort(words, at);
    endpoints.named(socket, false, getSocketStatusGetReplyRemoteAddress(words, at), remotePort);
  }
}
