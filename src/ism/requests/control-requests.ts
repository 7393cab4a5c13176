/**
 * The socket class's control messages: each becomes a call of the stack and, if its reply mode asks for one,
 * a reply. The generated check has found the fields within their ranges; whether they make sense in the
 * socket's state is judged here. Requests that only read are in `inquiries`, those about listeners in
 * `listen-requests`.
 */
import { assert } from '../../assert/assert.ts';
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../../i2o/frame.ts';
import {
  getSocketBindAddress,
  getSocketBindPort,
  getSocketConnectAddress,
  getSocketConnectPort,
  getSocketCreateReplyMode,
  getSocketCreateSocketId,
  getSocketCreateSocketType,
  getSocketOptionSetOption,
  getSocketOptionSetValue,
  getSocketShutdownHow,
  REPLY_MODE_BATCH,
  SHUTDOWN_HOW_READ,
  SOCKET_ABORT,
  SOCKET_ACCEPT_POST,
  SOCKET_BIND,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_LISTEN,
  SOCKET_OPTION_SET,
  SOCKET_SHUTDOWN,
  SOCKET_TYPE_STREAM,
  writeSocketBindReply,
  writeSocketConnectReply,
} from '../../i2o/socket.gen.ts';
import { NO_SOCKET, socketIdMask } from '../../i2o/socket-number.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import {
  EALREADY,
  EBADF,
  ECONNABORTED,
  EINVAL,
  ENFILE,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../../socket/errno.ts';
import { TCP_NOTSENT_LOWAT } from '../../socket/options.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import { type Answers, isWanted } from '../replies/answers.ts';
import { answerFrame, postReply } from '../replies/reply-frames.ts';
import {
  type CardSocket,
  ENDED_NOT,
  isOpen,
  KIND_DATAGRAM,
  KIND_FREE,
  KIND_LISTENER,
  KIND_STREAM,
  PENDING_ACCEPT,
  PENDING_CLOSE,
  PENDING_CONNECT,
  PENDING_SENT,
} from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';
import type { HandOffs } from './hand-offs.ts';
import type { Inquiries } from './inquiries.ts';
import { isLaterOption } from './later-options.ts';
import type { ListenRequests } from './listen-requests.ts';

/** What control requests work with. */
export interface ControlRequestsParts {
  /** TID of the module's device, which every reply names. */
  readonly tid: number;
  readonly clock: Clock;
  readonly outbound: Outbound;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly pending: PendingSockets;
  readonly answers: Answers;
  readonly inquiries: Inquiries;
  readonly listeners: ListenRequests;
  readonly handOffs: HandOffs;
  /** Version of the socket class that the card speaks. */
  readonly classVersion: number;
}

export class ControlRequests {
  private readonly tid: number;
  private readonly words: Int32Array;
  private readonly clock: Clock;
  private readonly outbound: Outbound;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly pending: PendingSockets;
  private readonly answers: Answers;
  private readonly inquiries: Inquiries;
  private readonly listeners: ListenRequests;
  private readonly handOffs: HandOffs;
  private readonly classVersion: number;
  private readonly idMask: number;

  constructor(parts: ControlRequestsParts) {
    this.tid = parts.tid;
    this.words = parts.outbound.words;
    this.clock = parts.clock;
    this.outbound = parts.outbound;
    this.stack = parts.stack;
    this.sockets = parts.sockets;
    this.pending = parts.pending;
    this.answers = parts.answers;
    this.inquiries = parts.inquiries;
    this.listeners = parts.listeners;
    this.handOffs = parts.handOffs;
    this.classVersion = parts.classVersion;
    this.idMask = socketIdMask(parts.classVersion);
  }

  /**
   * Serves one request that the generated check has found good. All of them have the socket number at the
   * same place.
   */
  request(frame: number, functionCode: number): void {
    const socketId = getSocketCreateSocketId(this.words, frame) & this.idMask;
    const socket = socketId === NO_SOCKET ? undefined : this.sockets[socketId];
    const mode = this.modeOf(frame, functionCode);
    if (socket === undefined) {
      this.answers.outcome(frame, EBADF, mode);
    } else if (functionCode === SOCKET_CREATE) {
      this.answers.outcome(frame, this.create(frame, socketId, socket), mode);
    } else if (this.handOffs.serves(frame, functionCode, socketId, socket)) {
      return;
    } else if (!isOpen(socket) && !(isEnding(functionCode) && hasFailedToReopen(socket))) {
      this.answers.outcome(frame, EBADF, mode);
    } else if (isLaterOption(this.words, frame, functionCode, this.classVersion)) {
      this.answers.outcome(frame, ENOPROTOOPT, mode);
    } else if (socket.kind === KIND_DATAGRAM) {
      this.datagram(frame, functionCode, socketId, socket, mode);
    } else {
      this.stream(frame, functionCode, socketId, socket, mode);
    }
  }

  /** The device is quiesced: the socket's connection is aborted, and its number is free. */
  abandon(socket: CardSocket): void {
    const { kind, connection } = socket;
    if (connection >= 0 && kind !== KIND_DATAGRAM) this.stack.tcpAbort(connection, this.clock.nowUs);
    else this.giveUp(socket, true);
    socket.clear();
  }

  /**
   * The request's reply mode. A request without one is always answered, whatever the bits at that place are.
   */
  private modeOf(frame: number, functionCode: number): number {
    switch (functionCode) {
      case SOCKET_CREATE:
      case SOCKET_BIND:
      case SOCKET_CONNECT:
      case SOCKET_LISTEN:
      case SOCKET_SHUTDOWN:
      case SOCKET_OPTION_SET:
        return getSocketCreateReplyMode(this.words, frame);
      default:
        return REPLY_MODE_BATCH;
    }
  }

  private stream(frame: number, functionCode: number, id: number, socket: CardSocket, mode: number): void {
    const { stack, words, answers, clock } = this;
    const { connection } = socket;
    switch (functionCode) {
      case SOCKET_BIND: {
        const port = getSocketBindPort(words, frame);
        const errno = stack.tcpBind(connection, getSocketBindAddress(words, frame), port);
        if (errno !== 0) answers.outcome(frame, errno, mode);
        else this.bound(frame, mode, stack.tcpLocalAddress(connection), stack.tcpLocalPort(connection));
        break;
      }
      case SOCKET_CONNECT:
        this.connect(frame, socket, mode);
        break;
      case SOCKET_LISTEN:
        answers.outcome(frame, this.listeners.listen(frame, id, socket), mode);
        break;
      case SOCKET_ACCEPT_POST:
        this.listeners.acceptPost(frame, id, socket);
        break;
      case SOCKET_SHUTDOWN: {
        const errno = stack.tcpShutdown(connection, getSocketShutdownHow(words, frame), clock.nowUs);
        answers.outcome(frame, errno, mode);
        if (socket.kind === KIND_LISTENER) this.pending.note(id, PENDING_ACCEPT);
        break;
      }
      case SOCKET_OPTION_SET: {
        const option = getSocketOptionSetOption(words, frame);
        const errno = stack.tcpSetOption(connection, option, getSocketOptionSetValue(words, frame));
        answers.outcome(frame, errno, mode);
        // By a limit that is new or has changed, what the host thinks may be too much already.
        if (option === TCP_NOTSENT_LOWAT && errno === 0) this.pending.note(id, PENDING_SENT);
        break;
      }
      default:
        this.commonRequest(frame, functionCode, id, socket);
    }
  }

  private datagram(frame: number, functionCode: number, id: number, socket: CardSocket, mode: number): void {
    const { stack, words, answers } = this;
    const { connection } = socket;
    switch (functionCode) {
      case SOCKET_BIND: {
        const port = getSocketBindPort(words, frame);
        const errno = stack.udpBind(connection, getSocketBindAddress(words, frame), port);
        if (errno !== 0) answers.outcome(frame, errno, mode);
        else this.bound(frame, mode, stack.udpLocalAddress(connection), stack.udpLocalPort(connection));
        break;
      }
      case SOCKET_CONNECT: {
        const port = getSocketConnectPort(words, frame);
        const errno = stack.udpConnect(connection, getSocketConnectAddress(words, frame), port);
        if (errno !== 0) answers.outcome(frame, errno, mode);
        else this.datagramConnected(frame, id, mode, connection);
        break;
      }
      case SOCKET_SHUTDOWN: {
        const connected = stack.udpRemotePort(connection) !== 0;
        if (connected && getSocketShutdownHow(words, frame) !== SHUTDOWN_HOW_READ) socket.sendEnded = 1;
        answers.outcome(frame, connected ? 0 : ENOTCONN, mode);
        break;
      }
      case SOCKET_OPTION_SET: {
        const value = getSocketOptionSetValue(words, frame);
        const errno = stack.udpSetOption(connection, getSocketOptionSetOption(words, frame), value);
        answers.outcome(frame, errno, mode);
        break;
      }
      case SOCKET_LISTEN:
      case SOCKET_ACCEPT_POST:
        answers.outcome(frame, EOPNOTSUPP, mode);
        break;
      default:
        this.commonRequest(frame, functionCode, id, socket);
    }
  }

  /** Requests that mean the same for streams and for datagram sockets. */
  private commonRequest(frame: number, functionCode: number, socketId: number, socket: CardSocket): void {
    switch (functionCode) {
      case SOCKET_CLOSE:
      case SOCKET_ABORT:
        this.close(frame, functionCode, socketId, socket);
        break;
      default:
        this.inquiries.request(frame, functionCode, socketId, socket);
    }
  }

  /** @returns errno. */
  private create(frame: number, socketId: number, socket: CardSocket): number {
    if (socket.kind !== KIND_FREE) return EINVAL;
    const stream = getSocketCreateSocketType(this.words, frame) === SOCKET_TYPE_STREAM;
    if (!stream && this.classVersion < 2) return EPROTONOSUPPORT;
    const connection = stream ? this.stack.tcpOpen(socketId) : this.stack.udpOpen(socketId);
    if (connection < 0) return ENFILE;
    socket.clear();
    socket.kind = stream ? KIND_STREAM : KIND_DATAGRAM;
    socket.connection = connection;
    return 0;
  }

  /** Answers a SocketBind with what the socket is bound to. */
  private bound(frame: number, mode: number, address: number, port: number): void {
    assert(port > 0, 'control requests: a bound socket has a port');
    if (!isWanted(0, mode)) return;
    const reply = answerFrame(this.outbound);
    writeSocketBindReply(
      this.words,
      reply,
      this.tid,
      HOST_TID,
      frameInitiatorContext(this.words, frame),
      frameTransactionContext(this.words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      address,
      port,
    );
    postReply(this.outbound, reply);
  }

  /**
   * Begins a handshake. The request is answered by `ConnectionReplies` when that has ended, or here when it
   * cannot begin.
   */
  private connect(frame: number, socket: CardSocket, mode: number): void {
    const { words } = this;
    const errno =
      socket.connecting !== 0
        ? EALREADY
        : this.stack.tcpConnect(
            socket.connection,
            getSocketConnectAddress(words, frame),
            getSocketConnectPort(words, frame),
            this.clock.nowUs,
          );
    if (errno !== 0) {
      this.answers.outcome(frame, errno, mode);
      return;
    }
    // A connection that had failed begins anew: its end belonged to the one before.
    socket.ended = ENDED_NOT;
    socket.failErrno = 0;
    socket.connecting = 1;
    socket.connectMode = mode;
    socket.initiatorContext = frameInitiatorContext(words, frame);
    socket.transactionContext = frameTransactionContext(words, frame);
  }

  /** Answers the SocketConnect of a datagram socket, which needs no handshake. */
  private datagramConnected(frame: number, socketId: number, mode: number, connection: number): void {
    assert(
      this.stack.udpRemotePort(connection) > 0,
      'control requests: a connected datagram socket has a peer',
    );
    if (!isWanted(0, mode)) return;
    const reply = answerFrame(this.outbound);
    writeSocketConnectReply(
      this.words,
      reply,
      this.tid,
      HOST_TID,
      frameInitiatorContext(this.words, frame),
      frameTransactionContext(this.words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      socketId,
      this.stack.udpLocalPort(connection),
      this.stack.udpLocalAddress(connection),
    );
    postReply(this.outbound, reply);
  }

  /**
   * SocketClose and SocketAbort. They are answered when nothing else of the socket is pending, since their
   * answer says that the number is free.
   */
  private close(frame: number, functionCode: number, socketId: number, socket: CardSocket): void {
    assert((socket.pending & PENDING_CLOSE) === 0, 'control requests: a socket is closed once');
    this.giveUp(socket, functionCode === SOCKET_ABORT);
    this.inquiries.forget(socketId);
    socket.closeFunction = functionCode;
    socket.closeInitiatorContext = frameInitiatorContext(this.words, frame);
    socket.closeTransactionContext = frameTransactionContext(this.words, frame);
    socket.connection = -1;
    socket.pending = PENDING_CLOSE;
    if (socket.connecting !== 0) {
      // The connect is answered before its number is free.
      socket.connectErrno = ECONNABORTED;
      socket.pending = PENDING_CONNECT | PENDING_CLOSE;
    }
    this.pending.enqueue(socketId);
  }

  /**
   * The program has given the socket up: the stack sends what is queued and ends the connection, or aborts
   * it.
   */
  private giveUp({ kind, connection }: CardSocket, abort: boolean): void {
    if (connection < 0) return;
    if (kind === KIND_DATAGRAM) {
      if (abort) this.stack.udpDiscard(connection);
      this.stack.udpClose(connection);
    } else if (abort) {
      this.stack.tcpReset(connection, this.clock.nowUs);
    } else {
      this.stack.tcpClose(connection, this.clock.nowUs);
    }
  }
}

function isEnding(functionCode: number): boolean {
  return functionCode === SOCKET_CLOSE || functionCode === SOCKET_ABORT;
}

/**
 * Whether a stream has lost its connection to a UtilAbort of its connect or of its sends, and the stack had
 * no other for it. Such a socket can only be closed; one whose connection has failed otherwise may be bound,
 * and may connect or listen, anew.
 */
function hasFailedToReopen({ kind, connection, pending }: CardSocket): boolean {
  return kind === KIND_STREAM && connection < 0 && (pending & PENDING_CLOSE) === 0;
}
