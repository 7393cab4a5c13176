/**
 * The socket class's control messages: each becomes a call of the stack and, by its reply mode, a reply. The generated
 * check has found the fields within their ranges; what they mean in the socket's state is judged here. Requests that only
 * read are in `inquiries`.
 */
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import { frameInitiatorContext, frameTransactionContext } from '../../i2o/frame.ts';
import {
  getSocketAcceptPostCount,
  getSocketBindAddress,
  getSocketBindPort,
  getSocketConnectAddress,
  getSocketConnectPort,
  getSocketCreateReplyMode,
  getSocketCreateSocketType,
  getSocketListenBacklog,
  getSocketOptionSetOption,
  getSocketOptionSetValue,
  getSocketShutdownHow,
  REPLY_MODE_BATCH,
  SHUTDOWN_HOW_READ,
  SOCKET_ABORT,
  SOCKET_ACCEPT_POST,
  SOCKET_ACCEPT_POST_LIST_WORD,
  SOCKET_BIND,
  SOCKET_CLOSE,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_LISTEN,
  SOCKET_NAME_GET,
  SOCKET_OPTION_GET,
  SOCKET_OPTION_SET,
  SOCKET_SHUTDOWN,
  SOCKET_STATUS_GET,
  SOCKET_TYPE_STREAM,
  writeSocketBindReply,
  writeSocketConnectReply,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import {
  EALREADY,
  EBADF,
  ECONNABORTED,
  EINVAL,
  ENFILE,
  ENOTCONN,
  EOPNOTSUPP,
  EPROTONOSUPPORT,
} from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { PendingReplies } from '../delivery/pending-replies.ts';
import { type Answers, isWanted } from '../replies/answers.ts';
import {
  type CardSocket,
  isOpen,
  KIND_DATAGRAM,
  KIND_FREE,
  KIND_LISTENER,
  KIND_POSTED,
  KIND_STREAM,
  PENDING_CLOSE,
  PENDING_CONNECT,
} from '../sockets/card-socket.ts';
import type { Inquiries } from './inquiries.ts';

export class ControlRequests {
  private readonly words: Int32Array;
  private readonly clock: Clock;
  private readonly outbound: Outbound;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly pendingReplies: PendingReplies;
  private readonly answers: Answers;
  private readonly inquiries: Inquiries;
  /** Whether there are datagram sockets: since version 2 of the class. */
  private readonly datagrams: boolean;

  constructor(
    clock: Clock,
    outbound: Outbound,
    stack: Stack,
    sockets: readonly CardSocket[],
    pendingReplies: PendingReplies,
    answers: Answers,
    inquiries: Inquiries,
    classVersion: number,
  ) {
    this.words = outbound.words;
    this.clock = clock;
    this.outbound = outbound;
    this.stack = stack;
    this.sockets = sockets;
    this.pendingReplies = pendingReplies;
    this.answers = answers;
    this.inquiries = inquiries;
    this.datagrams = classVersion >= 2;
  }

  /** One checked request. Every socket request has the socket number in word 4. */
  request(frame: number, functionCode: number): void {
    const socketId = this.words[frame + 4] & 0xffff;
    const socket = this.sockets[socketId];
    const mode = this.modeOf(frame, functionCode);
    if (socket === undefined) {
      this.answers.outcome(frame, EBADF, mode);
    } else if (functionCode === SOCKET_CREATE) {
      this.answers.outcome(frame, this.create(frame, socketId, socket), mode);
    } else if (!isOpen(socket) && !(isEnding(functionCode) && hasFailedToReopen(socket))) {
      this.answers.outcome(frame, EBADF, mode);
    } else if (socket.kind === KIND_DATAGRAM) {
      this.datagram(frame, functionCode, socketId, socket, mode);
    } else {
      this.stream(frame, functionCode, socketId, socket, mode);
    }
  }

  /** The device is quiesced: nothing of the socket remains. */
  abandon(socket: CardSocket): void {
    this.giveUp(socket, true);
    socket.clear();
  }

  /** When the request wants an answer; those without a reply mode always do, whatever their unnamed bits are. */
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
        answers.outcome(frame, this.listen(frame, id, socket), mode);
        break;
      case SOCKET_ACCEPT_POST:
        this.acceptPost(frame, id, socket);
        break;
      case SOCKET_SHUTDOWN: {
        const errno = stack.tcpShutdown(connection, getSocketShutdownHow(words, frame), clock.nowUs);
        answers.outcome(frame, errno, mode);
        if (socket.kind === KIND_LISTENER) this.pendingReplies.noteAcceptable(id);
        break;
      }
      case SOCKET_OPTION_SET: {
        const value = getSocketOptionSetValue(words, frame);
        const errno = stack.tcpSetOption(connection, getSocketOptionSetOption(words, frame), value);
        answers.outcome(frame, errno, mode);
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

  /** What is the same for streams and datagrams. */
  private commonRequest(frame: number, functionCode: number, socketId: number, socket: CardSocket): void {
    switch (functionCode) {
      case SOCKET_CLOSE:
      case SOCKET_ABORT:
        this.close(frame, functionCode, socketId, socket);
        break;
      case SOCKET_OPTION_GET:
        this.inquiries.optionGet(frame, socket);
        break;
      case SOCKET_STATUS_GET:
        this.inquiries.statusGet(frame, socket);
        break;
      case SOCKET_NAME_GET:
        this.inquiries.nameGet(frame, socket);
        break;
      default:
        this.answers.outcome(frame, EOPNOTSUPP, REPLY_MODE_BATCH);
    }
  }

  private create(frame: number, socketId: number, socket: CardSocket): number {
    if (socket.kind !== KIND_FREE) return EINVAL;
    const stream = getSocketCreateSocketType(this.words, frame) === SOCKET_TYPE_STREAM;
    if (!stream && !this.datagrams) return EPROTONOSUPPORT;
    const connection = stream ? this.stack.tcpOpen(socketId) : this.stack.udpOpen(socketId);
    if (connection < 0) return ENFILE;
    socket.clear();
    socket.kind = stream ? KIND_STREAM : KIND_DATAGRAM;
    socket.connection = connection;
    return 0;
  }

  private bound(frame: number, mode: number, address: number, port: number): void {
    if (!isWanted(0, mode)) return;
    writeSocketBindReply(
      this.words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(this.words, frame),
      frameTransactionContext(this.words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      address,
      port,
    );
    this.outbound.post();
  }

  /** Answered by the pendingReplies when the handshake has ended, or here when it cannot begin. */
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
    socket.connecting = 1;
    socket.connectMode = mode;
    socket.initiatorContext = frameInitiatorContext(words, frame);
    socket.transactionContext = frameTransactionContext(words, frame);
  }

  private datagramConnected(frame: number, socketId: number, mode: number, connection: number): void {
    if (!isWanted(0, mode)) return;
    writeSocketConnectReply(
      this.words,
      this.outbound.acquire(),
      DEVICE_TID,
      HOST_TID,
      frameInitiatorContext(this.words, frame),
      frameTransactionContext(this.words, frame),
      REQUEST_STATUS_SUCCESS,
      0,
      socketId,
      this.stack.udpLocalPort(connection),
      this.stack.udpLocalAddress(connection),
    );
    this.outbound.post();
  }

  private listen(frame: number, socketId: number, socket: CardSocket): number {
    const errno = this.stack.tcpListen(socket.connection, getSocketListenBacklog(this.words, frame));
    if (errno === 0) {
      socket.kind = KIND_LISTENER;
      this.pendingReplies.noteAcceptable(socketId);
    }
    return errno;
  }

  /** Posts socket numbers for connections to come. If any is in use, or out of range, the message is told so, once. */
  private acceptPost(frame: number, listenerId: number, listener: CardSocket): void {
    const { words, sockets } = this;
    const count = getSocketAcceptPostCount(words, frame);
    const initiatorContext = frameInitiatorContext(words, frame);
    let faults = listener.kind === KIND_LISTENER ? 0 : count;
    for (let i = 0; i < count && listener.kind === KIND_LISTENER; i++) {
      const postedId = words[frame + SOCKET_ACCEPT_POST_LIST_WORD + i];
      const posted = postedId >= 0 && postedId < sockets.length ? sockets[postedId] : undefined;
      if (posted === undefined || posted.kind !== KIND_FREE) {
        faults += 1;
        continue;
      }
      posted.clear();
      posted.kind = KIND_POSTED;
      posted.postedFor = listenerId;
      posted.initiatorContext = initiatorContext;
      if (listener.postedTail < 0) listener.postedHead = postedId;
      else sockets[listener.postedTail].postedNext = postedId;
      listener.postedTail = postedId;
    }
    if (faults > 0) this.answers.outcome(frame, EINVAL, REPLY_MODE_BATCH);
    this.pendingReplies.noteAcceptable(listenerId);
  }

  /** Close and abort are answered once nothing else of the socket is pending, since the number is then free. */
  private close(frame: number, functionCode: number, socketId: number, socket: CardSocket): void {
    this.giveUp(socket, functionCode === SOCKET_ABORT);
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
    this.pendingReplies.enqueue(socketId);
  }

  /** The program has given the socket up: the stack goes on with what is queued, or aborts. */
  private giveUp({ kind, connection }: CardSocket, abort: boolean): void {
    if (connection < 0) return;
    if (kind === KIND_DATAGRAM) {
      if (abort) this.stack.udpDiscard(connection);
      this.stack.udpClose(connection);
    } else if (abort) {
      this.stack.tcpAbort(connection, this.clock.nowUs);
    } else {
      this.stack.tcpClose(connection, this.clock.nowUs);
    }
  }
}

function isEnding(functionCode: number): boolean {
  return functionCode === SOCKET_CLOSE || functionCode === SOCKET_ABORT;
}

/** A stream whose connect was aborted when the stack had no connection left for it: it can only be closed. */
function hasFailedToReopen({ kind, connection, pending }: CardSocket): boolean {
  return kind === KIND_STREAM && connection < 0 && (pending & PENDING_CLOSE) === 0;
}
