/**
 * Tells the host what has become of connections: how a connect ended, which connections were accepted, which
 * posted numbers come back without one, which numbers are free again. Called by `PendingReplies` for each
 * socket with something pending; what finds no frame stays pending.
 */
import { assert } from '../../assert/assert.ts';
import { REQUEST_STATUS_ERROR_NO_DATA, REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';
import {
  SOCKET_CLOSE,
  writeSocketAbortReply,
  writeSocketAcceptPostReply,
  writeSocketCloseReply,
  writeSocketConnectReply,
} from '../../i2o/socket.gen.ts';
import { HOST_TID } from '../../i2o/tids.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { Outbound } from '../../iop/reply/outbound.ts';
import { ECONNABORTED, EINVAL } from '../../socket/errno.ts';
import type { SocketOwner } from '../../tcpip/contract.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import { LISTEN } from '../../tcpip/tcp/state.ts';
import type { BucketWaits } from '../sockets/bucket-waits.ts';
import type { Buckets } from '../sockets/buckets.ts';
import {
  type CardSocket,
  KIND_FREE,
  KIND_LISTENER,
  KIND_POSTED,
  KIND_STREAM,
  PENDING_ACCEPT,
  PENDING_CLOSE,
  PENDING_CONNECT,
  PENDING_READ,
} from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';
import { isWanted } from './answers.ts';
import type { ReceiveRecords } from './receive-records.ts';
import { hasSpareFrame, postReply } from './reply-frames.ts';

/** What connection replies work with. */
export interface ConnectionRepliesParts {
  /** TID of the module's device, which every reply names. */
  readonly tid: number;
  readonly outbound: Outbound;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly pending: PendingSockets;
  readonly buckets: Buckets;
  readonly waits: BucketWaits;
  readonly records: ReceiveRecords;
  /** Told of what a connection has that is accepted. */
  readonly upcalls: SocketOwner;
}

export class ConnectionReplies {
  private readonly tid: number;
  private readonly words: Int32Array;
  private readonly outbound: Outbound;
  private readonly sockets: readonly CardSocket[];
  private readonly pending: PendingSockets;
  private readonly buckets: Buckets;
  private readonly waits: BucketWaits;
  private readonly records: ReceiveRecords;
  private readonly stack: Stack;
  private readonly upcalls: SocketOwner;

  constructor(parts: ConnectionRepliesParts) {
    this.tid = parts.tid;
    this.words = parts.outbound.words;
    this.outbound = parts.outbound;
    this.sockets = parts.sockets;
    this.pending = parts.pending;
    this.buckets = parts.buckets;
    this.waits = parts.waits;
    this.records = parts.records;
    this.stack = parts.stack;
    this.upcalls = parts.upcalls;
  }

  /** Answers a SocketConnect that has ended. @returns false when there was no frame. */
  tellConnect(socketId: number, socket: CardSocket): boolean {
    assert(socket.connecting === 1, 'connection replies: only a connect under way is answered');
    const errno = socket.connectErrno;
    const { connection } = socket;
    if (isWanted(errno, socket.connectMode)) {
      const frame = this.acquire();
      if (frame === NO_FRAME) return false;
      writeSocketConnectReply(
        this.words,
        frame,
        this.tid,
        HOST_TID,
        socket.initiatorContext,
        socket.transactionContext,
        errno === 0 ? REQUEST_STATUS_SUCCESS : socket.endStatus,
        errno,
        socketId,
        connection < 0 ? 0 : this.stack.tcpLocalPort(connection),
        connection < 0 ? 0 : this.stack.tcpLocalAddress(connection),
      );
      postReply(this.outbound, frame);
    }
    if (errno === 0 && connection >= 0) socket.begins(this.stack.tcpFirstSeq(connection));
    socket.pending &= ~PENDING_CONNECT;
    socket.connecting = 0;
    socket.endStatus = REQUEST_STATUS_ERROR_NO_DATA;
    return true;
  }

  /**
   * Gives waiting connections to posted numbers, as many as there are of both. Data may have come with a
   * connection, so each accepted socket is queued to look for it. @returns whether anything was told.
   */
  tellAccepts(listenerId: number, listener: CardSocket): boolean {
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
      socket.begins(this.stack.tcpFirstSeq(connection));
      this.answerPosted(acceptedId, socket, listenerId, REQUEST_STATUS_SUCCESS, 0);
      this.pending.note(acceptedId, PENDING_READ);
      const distance = this.stack.tcpUrgentDistance(connection);
      if (distance >= 0) this.upcalls.urgent?.(acceptedId, distance, -1, 0);
      told = true;
    }
    // A listener that has been shut down accepts nothing more: the numbers that are left go back.
    while (listener.postedHead >= 0 && this.stack.tcpState(listener.connection) !== LISTEN) {
      if (!this.hasFrame()) return told;
      this.returnHead(listenerId, listener, EINVAL);
      told = true;
    }
    listener.pending &= ~PENDING_ACCEPT;
    return told;
  }

  /**
   * Gives back a number that an abort has taken from its listener.
   * @returns false when there was no frame.
   */
  tellUnposted(socketId: number, socket: CardSocket): boolean {
    if (!this.hasFrame()) return false;
    this.answerPosted(socketId, socket, socket.postedFor, socket.endStatus, socket.unpostErrno);
    socket.clear();
    return true;
  }

  /**
   * Gives back every number still posted at a listener, then says that the socket's own number is free.
   * @returns whether anything was told.
   */
  tellClose(socketId: number, socket: CardSocket): boolean {
    assert(
      (socket.pending & PENDING_CONNECT) === 0,
      'connection replies: a number is freed after its connect has been answered',
    );
    let told = false;
    while (socket.kind === KIND_LISTENER && socket.postedHead >= 0) {
      if (!this.hasFrame()) return told;
      this.returnHead(socketId, socket, ECONNABORTED);
      told = true;
    }
    const frame = this.acquire();
    if (frame === NO_FRAME) return told;
    assert(
      socket.connection < 0,
      'connection replies: a number is freed after the stack has let its connection go',
    );
    const write = socket.closeFunction === SOCKET_CLOSE ? writeSocketCloseReply : writeSocketAbortReply;
    write(
      this.words,
      frame,
      this.tid,
      HOST_TID,
      socket.closeInitiatorContext,
      socket.closeTransactionContext,
      REQUEST_STATUS_SUCCESS,
      0,
      socketId,
    );
    postReply(this.outbound, frame);
    socket.clear();
    this.buckets.forget(socketId);
    this.waits.end(socketId);
    return true;
  }

  /**
   * The device is quiesced: answers a socket's connect that is under way, the numbers posted at a listener
   * and its close, and leaves the executive the frames for its own answers.
   */
  withdraw(socketId: number, socket: CardSocket): void {
    const { outbound } = this;
    // The open frame of records would otherwise be counted among those in use.
    this.records.close();
    if (socket.connecting !== 0 && hasSpareFrame(outbound)) {
      if ((socket.pending & PENDING_CONNECT) === 0) socket.connectErrno = ECONNABORTED;
      this.tellConnect(socketId, socket);
    }
    while (socket.kind === KIND_LISTENER && socket.postedHead >= 0 && hasSpareFrame(outbound)) {
      this.returnHead(socketId, socket, ECONNABORTED);
    }
    if ((socket.pending & PENDING_CLOSE) !== 0 && hasSpareFrame(outbound)) this.tellClose(socketId, socket);
  }

  /** Takes the oldest posted number from its listener; there is one. */
  private unlinkHead(listener: CardSocket): void {
    assert(listener.postedHead >= 0, 'connection replies: a listener gives a number that was posted at it');
    const posted = this.sockets[listener.postedHead];
    assert(posted.kind === KIND_POSTED, 'connection replies: the list of a listener holds posted numbers');
    listener.postedHead = posted.postedNext;
    if (listener.postedHead < 0) listener.postedTail = -1;
    posted.postedNext = -1;
  }

  /** Gives the oldest posted number back without a connection. */
  private returnHead(listenerId: number, listener: CardSocket, errno: number): void {
    assert(errno > 0, 'connection replies: a number that comes back without a connection has an errno');
    const postedId = listener.postedHead;
    const posted = this.sockets[postedId];
    this.unlinkHead(listener);
    this.answerPosted(postedId, posted, listenerId, REQUEST_STATUS_ERROR_NO_DATA, errno);
    posted.clear();
  }

  /**
   * Answers one posted number: with its connection, or with an errno. The caller knows that a frame is free.
   */
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
    assert(accepted.kind !== KIND_FREE, 'connection replies: a number that is answered was posted');
    assert(
      good === connection >= 0,
      'connection replies: a posted number is answered with a connection or with an errno',
    );
    const frame = this.acquire();
    assert(frame !== NO_FRAME, 'connection replies: a frame was free before a number left its listener');
    writeSocketAcceptPostReply(
      this.words,
      frame,
      this.tid,
      HOST_TID,
      accepted.initiatorContext,
      acceptedId,
      status,
      errno,
      listenerId & 0xffff,
      acceptedId & 0xffff,
      good ? stack.tcpRemoteAddress(connection) : 0,
      good ? stack.tcpRemotePort(connection) : 0,
      good ? stack.tcpLocalPort(connection) : 0,
      good ? stack.tcpLocalAddress(connection) : 0,
    );
    postReply(this.outbound, frame);
  }

  /**
   * A frame for one reply, or NO_FRAME. The open frame of records goes first, so that the host hears in
   * order.
   */
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
