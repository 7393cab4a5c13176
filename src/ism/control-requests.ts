/**
 * The socket class's control messages: each becomes a call of the stack and, by its reply mode, a reply. The generated
 * check has found the fields within their ranges; what they mean in the socket's state is judged here.
 */
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../i2o/frame.ts';
import {
  getSocketAcceptPostCount,
  getSocketBindAddress,
  getSocketBindPort,
  getSocketConnectAddress,
  getSocketConnectPort,
  getSocketCreateReplyMode,
  getSocketCreateSocketType,
  getSocketListenBacklog,
  getSocketOptionGetOption,
  getSocketOptionSetOption,
  getSocketOptionSetValue,
  getSocketShutdownHow,
  REPLY_MODE_NEVER,
  REPLY_MODE_ON_ERROR,
  SOCKET_ACCEPT_POST,
  SOCKET_ACCEPT_POST_LIST_WORD,
  SOCKET_BIND,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_LISTEN,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
  SOCKET_SHUTDOWN,
  SOCKET_STATUS_GET,
  SOCKET_TYPE_STREAM,
  writeSocketBindReply,
  writeSocketOptionGetReply,
  writeSocketStatusGetReply,
} from '../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../i2o/tids.ts';
import type { Outbound } from '../iop/outbound.ts';
import {
  EBADF,
  EINVAL,
  ENFILE,
  ENOPROTOOPT,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../socket/errno.ts';
import type { Stack } from '../tcpip/stack.ts';
import type { Clock } from '../time/clock.ts';
import {
  type CardSocket,
  KIND_FREE,
  KIND_LISTENER,
  KIND_POSTED,
  KIND_STREAM,
  PENDING_CONNECT,
} from './card-socket.ts';
import type { Deliverer } from './deliverer.ts';

export class ControlRequests {
  private readonly words: Int32Array;
  private readonly clock: Clock;
  private readonly outbound: Outbound;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly deliverer: Deliverer;

  constructor(
    clock: Clock,
    outbound: Outbound,
    stack: Stack,
    sockets: readonly CardSocket[],
    deliverer: Deliverer,
  ) {
    this.words = outbound.words;
    this.clock = clock;
    this.outbound = outbound;
    this.stack = stack;
    this.sockets = sockets;
    this.deliverer = deliverer;
  }

  /** One checked request. Every socket request has the socket number in word 4. */
  request(frame: number, functionCode: number): void {
    const socketId = this.words[frame + 4]! & 0xffff;
    const socket = this.sockets[socketId];
    if (socket === undefined) {
      this.answer(frame, EBADF);
    } else if (functionCode === SOCKET_CREATE) {
      this.answer(frame, this.create(frame, socketId, socket));
    } else if (socket.kind !== KIND_STREAM && socket.kind !== KIND_LISTENER) {
      this.answer(frame, EBADF);
    } else {
      this.dispatch(frame, functionCode, socketId, socket);
    }
  }

  /** The program has given the socket up: the stack goes on with what is queued, or aborts. */
  giveUp(socket: CardSocket, abort: boolean): void {
    if (socket.connection >= 0) {
      if (abort) this.stack.tcpAbort(socket.connection, this.clock.nowUs);
      else this.stack.tcpClose(socket.connection, this.clock.nowUs);
    }
    socket.connection = -1;
  }

  /** The device is quiesced: nothing of the socket remains. */
  abandon(socket: CardSocket): void {
    this.giveUp(socket, true);
    socket.clear();
  }

  private dispatch(frame: number, functionCode: number, socketId: number, socket: CardSocket): void {
    switch (functionCode) {
      case SOCKET_BIND:
        this.bind(frame, socket);
        break;
      case SOCKET_CONNECT:
        this.connect(frame, socketId, socket);
        break;
      case SOCKET_LISTEN:
        this.answer(frame, this.listen(frame, socketId, socket));
        break;
      case SOCKET_ACCEPT_POST:
        this.acceptPost(frame, socketId, socket);
        break;
      case SOCKET_SHUTDOWN: {
        const how = getSocketShutdownHow(this.words, frame);
        this.answer(frame, this.stack.tcpShutdown(socket.connection, how, this.clock.nowUs));
        break;
      }
      case SOCKET_OPTION_SET:
        this.answer(
          frame,
          this.stack.tcpSetOption(
            socket.connection,
            getSocketOptionSetOption(this.words, frame),
            getSocketOptionSetValue(this.words, frame),
          ),
        );
        break;
      case SOCKET_OPTION_GET:
        this.optionGet(frame, socket);
        break;
      case SOCKET_STATUS_GET:
        this.statusGet(frame, socket);
        break;
      default:
        this.answer(frame, EOPNOTSUPP);
    }
  }

  private create(frame: number, socketId: number, socket: CardSocket): number {
    if (socket.kind !== KIND_FREE) return EINVAL;
    if (getSocketCreateSocketType(this.words, frame) !== SOCKET_TYPE_STREAM) return EPROTONOSUPPORT;
    const connection = this.stack.tcpOpen(socketId);
    if (connection < 0) return ENFILE;
    socket.clear();
    socket.kind = KIND_STREAM;
    socket.connection = connection;
    return 0;
  }

  private bind(frame: number, socket: CardSocket): void {
    const { words, stack } = this;
    const { connection } = socket;
    const errno = stack.tcpBind(
      connection,
      getSocketBindAddress(words, frame),
      getSocketBindPort(words, frame),
    );
    if (errno !== 0) {
      this.answer(frame, errno);
      return;
    }
    writeSocketBindReply(
      words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      stack.tcpLocalAddress(connection),
      stack.tcpLocalPort(connection),
    );
    this.outbound.post();
  }

  /** Answered by the deliverer, when the handshake has ended or at once when it cannot begin. */
  private connect(frame: number, socketId: number, socket: CardSocket): void {
    const { words } = this;
    socket.initiatorContext = frameInitiatorContext(words, frame);
    socket.transactionContext = frameTransactionContext(words, frame);
    const errno =
      (socket.pending & PENDING_CONNECT) !== 0
        ? EINVAL
        : this.stack.tcpConnect(
            socket.connection,
            getSocketConnectAddress(words, frame),
            getSocketConnectPort(words, frame),
            this.clock.nowUs,
          );
    if (errno !== 0) this.deliverer.noteConnected(socketId, errno);
  }

  private listen(frame: number, socketId: number, socket: CardSocket): number {
    const errno = this.stack.tcpListen(socket.connection, getSocketListenBacklog(this.words, frame));
    if (errno === 0) {
      socket.kind = KIND_LISTENER;
      this.deliverer.noteAcceptable(socketId);
    }
    return errno;
  }

  /** Posts socket numbers for connections to come. A number in use, or out of range, is answered at once. */
  private acceptPost(frame: number, listenerId: number, listener: CardSocket): void {
    const { words, sockets } = this;
    const count = getSocketAcceptPostCount(words, frame);
    const initiatorContext = frameInitiatorContext(words, frame);
    let faults = listener.kind === KIND_LISTENER ? 0 : count;
    for (let i = 0; i < count && listener.kind === KIND_LISTENER; i++) {
      const postedId = words[frame + SOCKET_ACCEPT_POST_LIST_WORD + i]!;
      const posted = postedId >= 0 && postedId < sockets.length ? sockets[postedId]! : undefined;
      if (posted === undefined || posted.kind !== KIND_FREE) {
        faults += 1;
        continue;
      }
      posted.clear();
      posted.kind = KIND_POSTED;
      posted.initiatorContext = initiatorContext;
      if (listener.postedTail < 0) listener.postedHead = postedId;
      else sockets[listener.postedTail]!.postedNext = postedId;
      listener.postedTail = postedId;
    }
    if (faults > 0) this.answer(frame, EINVAL);
    this.deliverer.noteAcceptable(listenerId);
  }

  private optionGet(frame: number, socket: CardSocket): void {
    const value = this.stack.tcpGetOption(socket.connection, getSocketOptionGetOption(this.words, frame));
    if (value < -1) {
      this.answer(frame, ENOPROTOOPT);
      return;
    }
    writeSocketOptionGetReply(
      this.words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(this.words, frame),
      frameTransactionContext(this.words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      value,
    );
    this.outbound.post();
  }

  private statusGet(frame: number, socket: CardSocket): void {
    const { words, stack } = this;
    const c = socket.connection;
    if (c < 0) {
      this.answer(frame, ENOTCONN);
      return;
    }
    writeSocketStatusGetReply(
      words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      stack.tcpState(c),
      stack.tcpLocalAddress(c),
      stack.tcpRemoteAddress(c),
      stack.tcpLocalPort(c),
      stack.tcpRemotePort(c),
      stack.tcpSrttUs(c),
      stack.tcpRtoUs(c),
      stack.tcpCwndBytes(c),
      stack.tcpSsthreshBytes(c),
      stack.tcpSndWndBytes(c),
      stack.tcpRcvWndBytes(c),
      stack.tcpRetransmissions(c),
      stack.tcpUnackedBytes(c),
    );
    this.outbound.post();
  }

  /** A status reply, if the request's reply mode wants one. Requests without a reply mode have Batch there: answered. */
  private answer(frame: number, errno: number): void {
    const mode = getSocketCreateReplyMode(this.words, frame);
    if (mode === REPLY_MODE_NEVER || (mode === REPLY_MODE_ON_ERROR && errno === 0)) return;
    this.outbound.status(frame, errno === 0 ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_NO_DATA, errno);
  }
}
