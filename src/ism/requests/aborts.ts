/**
 * UtilAbort at the socket device (reference section 5.1): which open requests there are, and how each is ended.
 *
 * - SocketConnect whose handshake goes on: the attempt is reset and answered ABORT_DIRTY; the socket is as created, unbound.
 * - SocketAcceptPost: each posted number is a request of its own, its TransactionContext the number; ABORT_NO_DATA_TRANSFER.
 * - SocketReceivePost: likewise each bucket, its TransactionContext the bucket's; returned empty, ABORT_NO_DATA_TRANSFER.
 * - SocketSend and SocketSendTo: likewise each buffer. Bytes cannot be taken out of a stream's middle: its connection is
 *   reset, and all its buffers come back with ABORT_PARTIAL; a clean abort leaves streams alone. A datagram that waits is
 *   given up with all others of its socket.
 */
import {
  REQUEST_STATUS_ABORT_DIRTY,
  REQUEST_STATUS_ABORT_NO_DATA,
  REQUEST_STATUS_ABORT_PARTIAL,
  REQUEST_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import {
  SOCKET_ACCEPT_POST,
  SOCKET_CONNECT,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
  SOCKET_SEND_TO,
} from '../../i2o/socket.gen.ts';
import type { AbortMatch } from '../../iop/module/abort-match.ts';
import { ECONNABORTED } from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
import type { PendingReplies } from '../delivery/pending-replies.ts';
import type { Buckets } from '../sockets/buckets.ts';
import {
  type CardSocket,
  ENDED_FAILED,
  isOpen,
  KIND_DATAGRAM,
  KIND_LISTENER,
  KIND_POSTED,
  KIND_STREAM,
  PENDING_CONNECT,
  PENDING_FAIL,
  PENDING_UNPOST,
  sendTag,
} from '../sockets/card-socket.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';

export class Aborts {
  private readonly clock: Clock;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly buckets: Buckets;
  private readonly sendBuffers: SendBuffers;
  private readonly pendingReplies: PendingReplies;

  constructor(
    clock: Clock,
    stack: Stack,
    sockets: readonly CardSocket[],
    buckets: Buckets,
    sendBuffers: SendBuffers,
    pendingReplies: PendingReplies,
  ) {
    this.clock = clock;
    this.stack = stack;
    this.sockets = sockets;
    this.buckets = buckets;
    this.sendBuffers = sendBuffers;
    this.pendingReplies = pendingReplies;
  }

  /** Ends what is meant. @returns how many requests; each is answered, at once or when a frame is free. */
  abort(match: AbortMatch): number {
    let ended = this.endSends(match);
    this.sockets.forEach((socket, socketId) => {
      if (socket.kind === KIND_STREAM && this.endConnect(match, socketId, socket)) ended += 1;
      else if (socket.kind === KIND_POSTED && this.unpost(match, socketId, socket)) ended += 1;
    });
    return ended + this.endBuckets(match);
  }

  private endConnect(match: AbortMatch, socketId: number, socket: CardSocket): boolean {
    // A handshake has sent at least its SYN: a clean abort leaves it.
    const goesOn = socket.connecting !== 0 && (socket.pending & PENDING_CONNECT) === 0 && isOpen(socket);
    if (!goesOn || match.clean || !match.matches(SOCKET_CONNECT, socket.transactionContext)) return false;
    this.stack.tcpAbort(socket.connection, this.clock.nowUs);
    socket.connection = this.stack.tcpOpen(socketId);
    socket.endStatus = REQUEST_STATUS_ABORT_DIRTY;
    this.pendingReplies.noteConnected(socketId, ECONNABORTED);
    return true;
  }

  private unpost(match: AbortMatch, socketId: number, socket: CardSocket): boolean {
    const listener = this.sockets[socket.postedFor];
    if ((socket.pending & PENDING_UNPOST) !== 0 || listener.kind !== KIND_LISTENER) return false;
    if (!match.matches(SOCKET_ACCEPT_POST, socketId)) return false;
    this.unlink(listener, socketId);
    socket.endStatus = REQUEST_STATUS_ABORT_NO_DATA;
    socket.unpostErrno = ECONNABORTED;
    this.pendingReplies.note(socketId, PENDING_UNPOST);
    return true;
  }

  /** Takes a number out of its listener's list. */
  private unlink(listener: CardSocket, socketId: number): void {
    const { sockets } = this;
    let before = -1;
    for (let id = listener.postedHead; id !== socketId; id = sockets[id].postedNext) before = id;
    const next = sockets[socketId].postedNext;
    if (before < 0) listener.postedHead = next;
    else sockets[before].postedNext = next;
    if (next < 0) listener.postedTail = before;
    sockets[socketId].postedNext = -1;
  }

  private endBuckets(match: AbortMatch): number {
    let ended = 0;
    for (let bucket = 0; bucket < this.buckets.count; bucket++) {
      if (this.buckets.isFree(bucket) && match.matches(SOCKET_RECEIVE_POST, this.buckets.contextOf(bucket))) {
        this.buckets.end(bucket);
        ended += 1;
      }
    }
    this.buckets.forgetEnded();
    return ended;
  }

  private endSends(match: AbortMatch): number {
    const { sendBuffers } = this;
    const before = sendBuffers.held;
    for (let context = 0; context < sendBuffers.count; context++) {
      const socketId = sendBuffers.tagOf(context) & 0xffff;
      const socket = sendBuffers.isHeld(context) ? this.sockets[socketId] : undefined;
      // What a closed socket left behind is on its way, and nobody's.
      if (socket === undefined || sendTag(socketId, socket) !== sendBuffers.tagOf(context)) continue;
      const datagram = socket.kind === KIND_DATAGRAM;
      if (!match.matches(datagram ? SOCKET_SEND_TO : SOCKET_SEND, context)) continue;
      if (datagram && isOpen(socket)) this.endDatagrams(socket);
      else if (socket.kind === KIND_STREAM && isOpen(socket) && !match.clean)
        this.endStream(socketId, socket);
    }
    return before - sendBuffers.held;
  }

  private endDatagrams(socket: CardSocket): void {
    this.sendBuffers.releaseStatus = REQUEST_STATUS_ABORT_NO_DATA;
    this.stack.udpDiscard(socket.connection);
    this.sendBuffers.releaseStatus = REQUEST_STATUS_SUCCESS;
  }

  /** Resets the connection; the host hears of it by an Error record, as of any reset. */
  private endStream(socketId: number, socket: CardSocket): void {
    this.sendBuffers.releaseStatus = REQUEST_STATUS_ABORT_PARTIAL;
    this.stack.tcpAbort(socket.connection, this.clock.nowUs);
    this.sendBuffers.releaseStatus = REQUEST_STATUS_SUCCESS;
    socket.connection = this.stack.tcpOpen(socketId);
    if (socket.connecting !== 0) {
      socket.endStatus = REQUEST_STATUS_ABORT_DIRTY;
      this.pendingReplies.noteConnected(socketId, ECONNABORTED);
    } else if (socket.ended !== ENDED_FAILED) {
      socket.failErrno = ECONNABORTED;
      this.pendingReplies.note(socketId, PENDING_FAIL);
    }
  }
}
