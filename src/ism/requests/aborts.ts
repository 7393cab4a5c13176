/**
 * UtilAbort at the socket device: which open requests there are, and how each is ended.
 *
 * - SocketConnect while its handshake goes on: the attempt is reset and answered with ABORT_DIRTY. The socket
 *   is as newly created, and unbound.
 * - SocketAcceptPost: each posted number is a request of its own, whose TransactionContext is the number. It
 *   goes back with ABORT_NO_DATA_TRANSFER.
 * - SocketReceivePost: so is each bucket, whose TransactionContext is the bucket's context. It goes back
 *   empty, with ABORT_NO_DATA_TRANSFER.
 * - SocketSend and SocketSendTo: so is each buffer. Bytes cannot be taken out of the middle of a stream, so
 *   its connection is reset and all its buffers come back with ABORT_PARTIAL; a clean abort, which may end
 *   only what has moved nothing, leaves streams alone. A datagram that waits is given up together with all
 *   others of its socket.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
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
import { tagIdBits } from '../../i2o/socket-number.ts';
import type { AbortMatch } from '../../iop/module/abort-match.ts';
import { ECONNABORTED } from '../../socket/errno.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { Clock } from '../../time/clock.ts';
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
} from '../sockets/card-socket.ts';
import type { PendingSockets } from '../sockets/pending-sockets.ts';
import type { SendBuffers } from '../sockets/send-buffers.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** What aborts work with. */
export interface AbortsParts {
  readonly clock: Clock;
  readonly stack: Stack;
  readonly sockets: readonly CardSocket[];
  readonly pending: PendingSockets;
  readonly buckets: Buckets;
  readonly sendBuffers: SendBuffers;
}

export class Aborts {
  private readonly clock: Clock;
  private readonly stack: Stack;
  private readonly sockets: readonly CardSocket[];
  private readonly pending: PendingSockets;
  private readonly buckets: Buckets;
  private readonly sendBuffers: SendBuffers;
  /** Bits of a tag that hold the number. */
  private readonly idMask: number;

  constructor(parts: AbortsParts) {
    this.idMask = (1 << tagIdBits(parts.sockets.length)) - 1;
    this.clock = parts.clock;
    this.stack = parts.stack;
    this.sockets = parts.sockets;
    this.pending = parts.pending;
    this.buckets = parts.buckets;
    this.sendBuffers = parts.sendBuffers;
  }

  /**
   * Ends every open request that `match` names.
   * @returns how many; each is answered, at once or when a frame is free.
   */
  abort(match: AbortMatch): number {
    let ended = this.endSends(match);
    this.sockets.forEach((socket, socketId) => {
      if (socket.kind === KIND_STREAM && this.endConnect(match, socketId, socket)) ended += 1;
      else if (socket.kind === KIND_POSTED && this.unpost(match, socketId, socket)) ended += 1;
    });
    return ended + this.endBuckets(match);
  }

  /** @returns whether the socket's connect was meant, and has been ended. */
  private endConnect(match: AbortMatch, socketId: number, socket: CardSocket): boolean {
    // A handshake has sent its SYN at least, so that a clean abort leaves it alone.
    const goesOn = socket.connecting !== 0 && (socket.pending & PENDING_CONNECT) === 0 && isOpen(socket);
    if (!goesOn || match.clean || !match.matches(SOCKET_CONNECT, socket.transactionContext)) return false;
    this.stack.tcpAbort(socket.connection, this.clock.nowUs);
    socket.connection = this.stack.tcpOpen(socketId);
    socket.endStatus = REQUEST_STATUS_ABORT_DIRTY;
    this.pending.noteConnected(socketId, ECONNABORTED);
    return true;
  }

  /** @returns whether the posted number was meant, and has been taken from its listener. */
  private unpost(match: AbortMatch, socketId: number, socket: CardSocket): boolean {
    const listener = this.sockets[socket.postedFor];
    if ((socket.pending & PENDING_UNPOST) !== 0 || listener.kind !== KIND_LISTENER) return false;
    if (!match.matches(SOCKET_ACCEPT_POST, socketId)) return false;
    this.unlink(listener, socketId);
    socket.endStatus = REQUEST_STATUS_ABORT_NO_DATA;
    socket.unpostErrno = ECONNABORTED;
    this.pending.note(socketId, PENDING_UNPOST);
    return true;
  }

  /** Takes a number out of its listener's list. */
  private unlink(listener: CardSocket, socketId: number): void {
    const { sockets } = this;
    let before = -1;
    for (let id = listener.postedHead; id !== socketId; id = sockets[id].postedNext) {
      assert(id >= 0, 'aborts: a posted number is in the list of its listener');
      before = id;
    }
    const next = sockets[socketId].postedNext;
    if (before < 0) listener.postedHead = next;
    else sockets[before].postedNext = next;
    if (next < 0) listener.postedTail = before;
    sockets[socketId].postedNext = -1;
  }

  /** @returns buckets ended. */
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

  /** @returns contexts that come back. */
  private endSends(match: AbortMatch): number {
    const { sendBuffers } = this;
    const before = sendBuffers.held;
    for (let context = 0; context < sendBuffers.count; context++) {
      if (!sendBuffers.isHeld(context)) continue;
      const socketId = sendBuffers.tagOf(context) & this.idMask;
      const socket = this.sockets[socketId];
      // What a closed socket has left behind is on its way, and no longer a request of anybody's.
      if (socket.tag !== sendBuffers.tagOf(context)) continue;
      const datagram = socket.kind === KIND_DATAGRAM;
      if (!match.matches(datagram ? SOCKET_SEND_TO : SOCKET_SEND, context)) continue;
      if (datagram && isOpen(socket)) this.endDatagrams(socket);
      else if (socket.kind === KIND_STREAM && isOpen(socket) && !match.clean)
        this.endStream(socketId, socket);
    }
    const ended = before - sendBuffers.held;
    assert(ended >= 0, 'aborts: an abort of sends gives contexts back and takes none');
    if (COSTLY) sendBuffers.check();
    return ended;
  }

  /** Gives up all datagrams of a socket that wait to be sent. */
  private endDatagrams(socket: CardSocket): void {
    this.sendBuffers.releaseStatus = REQUEST_STATUS_ABORT_NO_DATA;
    this.stack.udpDiscard(socket.connection);
    this.sendBuffers.releaseStatus = REQUEST_STATUS_SUCCESS;
  }

  /** Resets a stream's connection. The host hears of it by an Error record, as of any reset. */
  private endStream(socketId: number, socket: CardSocket): void {
    this.sendBuffers.releaseStatus = REQUEST_STATUS_ABORT_PARTIAL;
    this.stack.tcpAbort(socket.connection, this.clock.nowUs);
    this.sendBuffers.releaseStatus = REQUEST_STATUS_SUCCESS;
    socket.connection = this.stack.tcpOpen(socketId);
    if (socket.connecting !== 0) {
      socket.endStatus = REQUEST_STATUS_ABORT_DIRTY;
      this.pending.noteConnected(socketId, ECONNABORTED);
    } else if (socket.ended !== ENDED_FAILED) {
      socket.failErrno = ECONNABORTED;
      this.pending.note(socketId, PENDING_FAIL);
    }
  }
}
