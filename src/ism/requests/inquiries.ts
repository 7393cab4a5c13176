/** The requests that only read: options, names, states. Each is answered at once. */
import { assert } from '../../assert/assert.ts';
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../../i2o/frame.ts';
import {
  getSocketNameGetWhich,
  getSocketOptionGetOption,
  getSocketSnapshotGetFirst,
  NAME_OF_LOCAL,
  REPLY_MODE_BATCH,
  SOCKET_INFO_GET,
  SOCKET_INFO_GET_REPLY_WORDS,
  SOCKET_NAME_GET,
  SOCKET_OPTION_GET,
  SOCKET_SNAPSHOT_GET,
  SOCKET_STATUS_GET,
  SOCKET_TOTALS_GET,
  SOCKET_TOTALS_GET_REPLY_WORDS,
  TCP_STATE_CLOSED,
  TCP_STATE_CLOSING,
  TCP_STATE_ESTABLISHED,
  writeSocketNameGetReply,
  writeSocketOptionGetReply,
  writeSocketStatusGetReply,
} from '../../i2o/socket.gen.ts';
import { snapshotWords, writeInfoReply, writeSnapshotReply, writeTotalsReply } from '../../i2o/tcp-info.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import { EINVAL, ENOBUFS, ENOTCONN, EOPNOTSUPP } from '../../socket/errno.ts';
import type { TcpInfo } from '../../socket/tcp-info.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { CLOSED, LISTEN, SYN_SENT } from '../../tcpip/tcp/state.ts';
import type { Answers } from '../replies/answers.ts';
import { answerFrame, postReply } from '../replies/reply-frames.ts';
import { type CardSocket, KIND_DATAGRAM } from '../sockets/card-socket.ts';

/** The stack answers this less an errno where it has no value for an option; no value is so low. */
const OPTION_ERROR = -1000;

export class Inquiries {
  private readonly tid: number;
  private readonly words: Int32Array;
  private readonly outbound: Outbound;
  private readonly stack: Stack;
  private readonly answers: Answers;
  /**
   * What the latest SocketInfoGet, or SocketSnapshotGet of word 0, has found, its number, and whose it is: -1,
   * of a socket that is no more.
   */
  private snapshot: TcpInfo | undefined;
  private snapshotNumber = 0;
  private snapshotOf = -1;

  /** @param tid of the module's device. */
  constructor(tid: number, outbound: Outbound, stack: Stack, answers: Answers) {
    this.tid = tid;
    this.words = outbound.words;
    this.outbound = outbound;
    this.stack = stack;
    this.answers = answers;
  }

  /** Serves one of them, of a socket that is open. */
  request(frame: number, functionCode: number, socketId: number, socket: CardSocket): void {
    switch (functionCode) {
      case SOCKET_OPTION_GET:
        this.optionGet(frame, socket);
        break;
      case SOCKET_STATUS_GET:
        this.statusGet(frame, socket);
        break;
      case SOCKET_NAME_GET:
        this.nameGet(frame, socket);
        break;
      case SOCKET_INFO_GET:
        this.infoGet(frame, socketId, socket);
        break;
      case SOCKET_TOTALS_GET:
        this.totalsGet(frame, socketId, socket);
        break;
      case SOCKET_SNAPSHOT_GET:
        this.snapshotGet(frame, socketId, socket);
        break;
      default:
        this.answers.outcome(frame, EOPNOTSUPP, REPLY_MODE_BATCH);
    }
  }

  /** SocketOptionGet. */
  optionGet(frame: number, { kind, connection }: CardSocket): void {
    assert(connection >= 0, 'inquiries: a socket whose option is asked for has a connection');
    const { words, stack } = this;
    const option = getSocketOptionGetOption(words, frame);
    const value =
      kind === KIND_DATAGRAM
        ? stack.udpGetOption(connection, option)
        : stack.tcpGetOption(connection, option);
    if (value <= OPTION_ERROR) {
      this.answers.outcome(frame, OPTION_ERROR - value, REPLY_MODE_BATCH);
      return;
    }
    const reply = answerFrame(this.outbound);
    writeSocketOptionGetReply(
      words,
      reply,
      this.tid,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      value,
    );
    postReply(this.outbound, reply);
  }

  /** SocketNameGet: the socket's own name, or its peer's, as getsockname and getpeername tell them. */
  nameGet(frame: number, { kind, connection: c }: CardSocket): void {
    assert(c >= 0, 'inquiries: a socket whose name is asked for has a connection');
    const { words, stack } = this;
    const datagram = kind === KIND_DATAGRAM;
    const local = getSocketNameGetWhich(words, frame) === NAME_OF_LOCAL;
    if (!local && (datagram ? stack.udpRemotePort(c) === 0 : !isConnected(stack.tcpState(c)))) {
      this.answers.outcome(frame, ENOTCONN, REPLY_MODE_BATCH);
      return;
    }
    const reply = answerFrame(this.outbound);
    writeSocketNameGetReply(
      words,
      reply,
      this.tid,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      local ? this.localAddress(datagram, c) : this.remoteAddress(datagram, c),
      local ? this.localPort(datagram, c) : this.remotePort(datagram, c),
    );
    postReply(this.outbound, reply);
  }

  /** SocketStatusGet. A datagram socket has its names and is connected or not; all else of it is 0. */
  statusGet(frame: number, { kind, connection: c }: CardSocket): void {
    const { words, stack } = this;
    const tcp = kind !== KIND_DATAGRAM;
    const state = tcp ? stack.tcpState(c) : this.datagramState(c);
    assert(
      state >= TCP_STATE_ESTABLISHED && state <= TCP_STATE_CLOSING,
      'inquiries: a socket is in a state that the class names',
    );
    const reply = answerFrame(this.outbound);
    writeSocketStatusGetReply(
      words,
      reply,
      this.tid,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      state,
      this.localAddress(!tcp, c),
      this.remoteAddress(!tcp, c),
      this.localPort(!tcp, c),
      this.remotePort(!tcp, c),
      tcp ? stack.tcpSrttUs(c) : 0,
      tcp ? stack.tcpRtoUs(c) : 0,
      tcp ? stack.tcpCwndBytes(c) : 0,
      tcp ? stack.tcpSsthreshBytes(c) : 0,
      tcp ? stack.tcpSndWndBytes(c) : 0,
      tcp ? stack.tcpRcvWndBytes(c) : 0,
      tcp ? stack.tcpRetransmissions(c) : 0,
      tcp ? stack.tcpUnackedBytes(c) : 0,
    );
    postReply(this.outbound, reply);
  }

  /** SocketInfoGet: takes a snapshot, and answers the half that says how the connection stands. */
  infoGet(frame: number, socketId: number, { kind, connection }: CardSocket): void {
    assert(connection >= 0, 'inquiries: a socket that TCP_INFO is asked of has a connection');
    if (kind === KIND_DATAGRAM) {
      this.answers.outcome(frame, EOPNOTSUPP, REPLY_MODE_BATCH);
      return;
    }
    if (!this.fits(frame, SOCKET_INFO_GET_REPLY_WORDS)) return;
    const snapshot = this.take(socketId, connection);
    const reply = answerFrame(this.outbound);
    writeInfoReply(this.words, frame, reply, this.tid, snapshot, this.snapshotNumber);
    postReply(this.outbound, reply);
  }

  /** SocketTotalsGet: answers the other half of that snapshot. */
  totalsGet(frame: number, socketId: number, { kind }: CardSocket): void {
    const snapshot = this.kept(socketId);
    if (kind === KIND_DATAGRAM || snapshot === undefined) {
      this.answers.outcome(frame, kind === KIND_DATAGRAM ? EOPNOTSUPP : EINVAL, REPLY_MODE_BATCH);
      return;
    }
    if (!this.fits(frame, SOCKET_TOTALS_GET_REPLY_WORDS)) return;
    const reply = answerFrame(this.outbound);
    writeTotalsReply(this.words, frame, reply, this.tid, snapshot, this.snapshotNumber);
    postReply(this.outbound, reply);
  }

  /** SocketSnapshotGet: answers a few words of a snapshot, a new one where the first is asked for. */
  snapshotGet(frame: number, socketId: number, { kind, connection }: CardSocket): void {
    const { words } = this;
    if (kind === KIND_DATAGRAM) {
      this.answers.outcome(frame, EOPNOTSUPP, REPLY_MODE_BATCH);
      return;
    }
    const first = getSocketSnapshotGetFirst(words, frame);
    const snapshot = first === 0 ? this.take(socketId, connection) : this.kept(socketId);
    if (snapshot === undefined) {
      this.answers.outcome(frame, EINVAL, REPLY_MODE_BATCH);
      return;
    }
    const whole = snapshotWords(snapshot, this.snapshotNumber);
    const reply = answerFrame(this.outbound);
    writeSnapshotReply(words, frame, reply, this.tid, whole, this.snapshotNumber, first);
    postReply(this.outbound, reply);
  }

  /** Takes a snapshot, which is kept. */
  private take(socketId: number, connection: number): TcpInfo {
    assert(connection >= 0, 'inquiries: a snapshot is taken of a connection');
    this.snapshot = this.stack.tcpInfo(connection);
    this.snapshotOf = socketId;
    this.snapshotNumber = (this.snapshotNumber + 1) | 0;
    return this.snapshot;
  }

  /** The snapshot that is kept, if it is of this socket. */
  private kept(socketId: number): TcpInfo | undefined {
    return this.snapshotOf === socketId ? this.snapshot : undefined;
  }

  /** Whether the host's frames have the room for a reply; if not, the request is answered with that. */
  private fits(frame: number, replyWords: number): boolean {
    if (replyWords <= this.outbound.frameWords) return true;
    this.answers.outcome(frame, ENOBUFS, REPLY_MODE_BATCH);
    return false;
  }

  /** A socket number is given up: a snapshot of it is of no other socket that has the number. */
  forget(socketId: number): void {
    if (this.snapshotOf === socketId) this.snapshotOf = -1;
  }

  private datagramState(u: number): number {
    return this.stack.udpRemotePort(u) === 0 ? TCP_STATE_CLOSED : TCP_STATE_ESTABLISHED;
  }

  private localAddress(datagram: boolean, c: number): number {
    return datagram ? this.stack.udpLocalAddress(c) : this.stack.tcpLocalAddress(c);
  }

  private localPort(datagram: boolean, c: number): number {
    return datagram ? this.stack.udpLocalPort(c) : this.stack.tcpLocalPort(c);
  }

  private remoteAddress(datagram: boolean, c: number): number {
    return datagram ? this.stack.udpRemoteAddress(c) : this.stack.tcpRemoteAddress(c);
  }

  private remotePort(datagram: boolean, c: number): number {
    return datagram ? this.stack.udpRemotePort(c) : this.stack.tcpRemotePort(c);
  }
}

/**
 * Whether a stream has a peer by Linux's getpeername: not before the peer has answered, and not after the
 * end.
 */
function isConnected(state: number): boolean {
  return state !== CLOSED && state !== SYN_SENT && state !== LISTEN;
}
