/**
 * Tells the host what has become of connections: a connect's end, connections accepted, numbers posted in vain, sockets
 * given up. Called by the pendingReplies for each socket with something pending; what finds no frame stays pending.
 */
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import {
  SOCKET_CLOSE,
  writeSocketAbortReply,
  writeSocketAcceptPostReply,
  writeSocketCloseReply,
  writeSocketConnectReply,
} from '../../i2o/socket.gen.ts';
import { DEVICE_TID, HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { type Outbound, REPLY_RESERVE } from '../../iop/reply/outbound.ts';
import { ECONNABORTED, EINVAL } from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { LISTEN } from '../../tcpip/tcp/state.ts';
import type { Buckets } from '../sockets/buckets.ts';
import {
  type CardSocket,
  KIND_LISTENER,
  KIND_STREAM,
  PENDING_ACCEPT,
  PENDING_CLOSE,
  PENDING_CONNECT,
  PENDING_READ,
  PENDING_UNPOST,
} from '../sockets/card-socket.ts';
import { isWanted } from './answers.ts';
import type { ReceiveRecords } from './receive-records.ts';

export class ConnectionReplies {
  private readonly words: Int32Array;
  private readonly outbound: Outbound;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly records: ReceiveRecords;
  private readonly stack: Stack;

  constructor(
    outbound: Outbound,
    sockets: readonly CardSocket[],
    buckets: Buckets,
    records: ReceiveRecords,
    stack: Stack,
  ) {
    this.words = outbound.words;
    this.outbound = outbound;
    this.sockets = sockets;
    this.buckets = buckets;
    this.records = records;
    this.stack = stack;
  }

  /** @returns false when there was no frame. */
  tellConnect(socketId: number, socket: CardSocket): boolean {
    const errno = socket.connectErrno;
    if (isWanted(errno, socket.connectMode)) {
      const frame = this.acquire();
      if (frame === NO_FRAME) return false;
      writeSocketConnectReply(
        this.words,
        frame,
        DEVICE_TID,
        HOST_TID,
        socket.initiatorContext,
        socket.transactionContext,
        errno === 0 ? REQUEST_STATUS_SUCCESS : socket.endStatus,
        errno,
        socketId,
        errno === 0 ? this.stack.tcpLocalPort(socket.connection) : 0,
        errno === 0 ? this.stack.tcpLocalAddress(socket.connection) : 0,
      );
      this.outbound.post();
    }
    socket.pending &= ~PENDING_CONNECT;
    socket.connecting = 0;
    socket.endStatus = REQUEST_STATUS_ERROR_NO_DATA;
    return true;
  }

  /**
   * Gives waiting connections to posted numbers, as many as there are of both. The accepted have data to look for:
   * `accepted` is called with each.
   */
  tellAccepts(listenerId: number, listener: CardSocket, accepted: (socketId: number) => void): boolean {
    let told = false;
    while (listener.postedHead >= 0) {
      if (!this.hasFrame()) return told;
      const acceptedId = listener.postedHead;
      const connection = this.stack.tcpAccept(listener.connection, acceptedId);
      if (connection < 0) break;
      const socket = this.sockets[acceptedId];
      this.unlinkHead(listener);
      socket.kind = KIND_STREAM;
      socket.connection = connection;
      this.answerPosted(acceptedId, socket, listenerId, REQUEST_STATUS_SUCCESS, 0);
      socket.pending |= PENDING_READ;
      accepted(acceptedId);
      told = true;
    }
    // A listener that has been shut down accepts nothing more.
    while (listener.postedHead >= 0 && this.stack.tcpState(listener.connection) !== LISTEN) {
      if (!this.hasFrame()) return told;
      this.returnHead(listenerId, listener, EINVAL);
      told = true;
    }
    listener.pending &= ~PENDING_ACCEPT;
    return told;
  }

  /** A number an abort has taken from its listener. @returns false when there was no frame. */
  tellUnposted(socketId: number, socket: CardSocket): boolean {
    if (!this.hasFrame()) return false;
    this.answerPosted(socketId, socket, socket.postedFor, socket.endStatus, socket.unpostErrno);
    socket.pending &= ~PENDING_UNPOST;
    socket.clear();
    return true;
  }

  /** Answers every number still posted at a listener, then says that the socket's own number is free. */
  tellClose(socketId: number, socket: CardSocket): boolean {
    let told = false;
    while (socket.kind === KIND_LISTENER && socket.postedHead >= 0) {
      if (!this.hasFrame()) return told;
      this.returnHead(socketId, socket, ECONNABORTED);
      told = true;
    }
    const frame = this.acquire();
    if (frame === NO_FRAME) return told;
    const write = socket.closeFunction === SOCKET_CLOSE ? writeSocketCloseReply : writeSocketAbortReply;
    write(
      this.words,
      frame,
      DEVICE_TID,
      HOST_TID,
      socket.closeInitiatorContext,
      socket.closeTransactionContext,
      REQUEST_STATUS_SUCCESS,
      0,
      socketId,
    );
    this.outbound.post();
    socket.clear();
    this.buckets.forget(socketId);
    return true;
  }

  /**
   * The device is quiesced: answers a socket's connect that is under way, the numbers posted at a listener and its close, leaving
   * the frames that the executive needs for its own answers.
   */
  withdraw(socketId: number, socket: CardSocket): void {
    // An open frame of records would count as free.
    this.records.close();
    const spare = (): boolean => this.outbound.producer.available(REPLY_RESERVE + 1) > REPLY_RESERVE;
    if (socket.connecting !== 0 && spare()) {
      if ((socket.pending & PENDING_CONNECT) === 0) socket.connectErrno = ECONNABORTED;
      this.tellConnect(socketId, socket);
    }
    while (socket.kind === KIND_LISTENER && socket.postedHead >= 0 && spare()) {
      this.returnHead(socketId, socket, ECONNABORTED);
    }
    if ((socket.pending & PENDING_CLOSE) !== 0 && spare()) this.tellClose(socketId, socket);
  }

  /** Takes the oldest posted number from its listener. */
  private unlinkHead(listener: CardSocket): void {
    const posted = this.sockets[listener.postedHead];
    listener.postedHead = posted.postedNext;
    if (listener.postedHead < 0) listener.postedTail = -1;
    posted.postedNext = -1;
  }

  private returnHead(listenerId: number, listener: CardSocket, errno: number): void {
    const postedId = listener.postedHead;
    const posted = this.sockets[postedId];
    this.unlinkHead(listener);
    this.answerPosted(postedId, posted, listenerId, REQUEST_STATUS_ERROR_NO_DATA, errno);
    posted.clear();
  }

  /** Answers one posted number: with its connection, or with an errno. The caller knows a frame is free. */
  private answerPosted(
    acceptedId: number,
    accepted: CardSocket,
    listenerId: number,
    status: number,
    errno: number,
  ): void {
    const { stack } = this;
    const { connection } = accepted;
    const good = errno === 0;
    writeSocketAcceptPostReply(
      this.words,
      this.acquire(),
      DEVICE_TID,
      HOST_TID,
      accepted.initiatorContext,
      acceptedId,
      status,
      errno,
      listenerId,
      acceptedId,
      good ? stack.tcpRemoteAddress(connection) : 0,
      good ? stack.tcpRemotePort(connection) : 0,
      good ? stack.tcpLocalPort(connection) : 0,
      good ? stack.tcpLocalAddress(connection) : 0,
    );
    this.outbound.post();
  }

  /** Acquires a frame for a reply of its own: the open record frame goes first, so that order is kept. */
  private acquire(): number {
    this.records.close();
    return this.outbound.acquire();
  }

  /** Whether `acquire` would find a frame. */
  private hasFrame(): boolean {
    this.records.close();
    return this.outbound.hasFrame();
  }
}
