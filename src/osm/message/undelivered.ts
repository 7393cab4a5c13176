/**
 * Requests that came back undelivered, by a failure record of I2O 1.5. What such a request named never became
 * the card's, so all of it comes home here, once: transmit buffers, buckets, socket ids posted for accepts,
 * window credits. A call that waits has its errno elsewhere; what the driver sent of its own accord is sent
 * again later (kernel/retries.ts).
 *
 * The request is read where the transport has kept it. The card could have written there, so each word is
 * read once, and a context, bucket or socket id that is not in the card's hands is refused. Where nothing is
 * kept, what the request named stays with the card until a reset; its socket fails all the same.
 */
import { assert } from '../../assert/assert.ts';
import { creditGrowthBytes, creditSocketId } from '../../i2o/credit.ts';
import {
  FLAG_MULTIPLE,
  FRAME_WORDS,
  frameFlags,
  frameSizeWords,
  getFailureSeverity,
} from '../../i2o/frame.ts';
import {
  SGL_BUCKET,
  SGL_CONTEXT_WORDS,
  SGL_IMMEDIATE,
  SGL_LAST,
  SGL_SHORT_TRANSACTION,
  SGL_TRANSACTION_WORDS,
  SGL_TRANSMIT,
  sglImmediateWords,
} from '../../i2o/list/sgl.ts';
import {
  getSocketAcceptPostSocketId,
  SOCKET_ABORT,
  SOCKET_ACCEPT_POST,
  SOCKET_ACCEPT_POST_LIST_WORD,
  SOCKET_CLOSE,
  SOCKET_RECEIVE_CREDIT,
  SOCKET_RECEIVE_CREDIT_LIST_WORD,
  SOCKET_RECEIVE_POST,
  SOCKET_RECEIVE_POST_SGL_WORD,
  SOCKET_SEND,
  SOCKET_SEND_SGL_WORD,
  SOCKET_SEND_TO,
  SOCKET_SEND_TO_SGL_WORD,
  SOCKET_SHUTDOWN,
} from '../../i2o/socket.gen.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import {
  BYTES_UNDELIVERED,
  DATAGRAMS_UNSENT,
  IMMEDIATE_UNDELIVERED_BYTES,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { EAGAIN, ENOBUFS } from '../../socket/errno.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_DATAGRAM,
  STATE_FAILED,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { severityErrno } from './reply-status.ts';
import type { SendReplies } from './send-replies.ts';

/**
 * What is to be sent again of the driver's own requests. The kernel subsystem (kernel/retries.ts) decides
 * when.
 */
export interface Resend {
  /** Buckets or credits are home. */
  posts(): void;
  /** A socket was credited with bytes, and is not after all. */
  credit(socketId: number, bytes: number, growthBytes: number): void;
  /** Socket ids that were posted for a listener are home. */
  accepts(listenerId: number): void;
  /**
   * A SocketClose, or a SocketAbort.
   * @returns false when it need not be: the card has no such socket any more.
   */
  close(socketId: number, severity: number, byAbort: boolean): boolean;
}

export class Undelivered {
  private resend: Resend | undefined;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly table: SocketTable;
  private readonly transmit: TransmitPool;
  private readonly receive: ReceivePool;
  private readonly sends: SendReplies;

  constructor(
    words: Int32Array,
    ledger: Ledger,
    table: SocketTable,
    transmit: TransmitPool,
    receive: ReceivePool,
    sends: SendReplies,
  ) {
    this.words = words;
    this.counters = ledger.counters;
    this.table = table;
    this.transmit = transmit;
    this.receive = receive;
    this.sends = sends;
  }

  /** Says who sends again. Once, before the first reply is taken. */
  resendBy(resend: Resend): void {
    assert(this.resend === undefined, 'undelivered: one part of the driver sends again');
    this.resend = resend;
  }

  private get again(): Resend {
    const { resend } = this;
    assert(resend !== undefined, 'undelivered: it is known who sends again before a reply is taken');
    return resend;
  }

  /**
   * Takes a failure record for a request that no call waits for.
   * @param failure word index of the record.
   * @param request word index of the request; NO_FRAME when it is not kept.
   * @returns false when it is of no such request, or the request names what the card did not have.
   */
  take(failure: number, request: number): boolean {
    const { words } = this;
    const severity = getFailureSeverity(words, failure);
    const tag = words[failure + 3];
    const functionCode = words[failure + 1] >>> 24;
    const kept = request !== NO_FRAME && words[request + 1] === words[failure + 1];
    const size = kept ? Math.min(frameSizeWords(words, request), FRAME_WORDS) : 0;
    switch (functionCode) {
      case SOCKET_SEND:
        return this.sent(request, SOCKET_SEND_SGL_WORD, size, tag, severity);
      case SOCKET_SEND_TO:
        return this.sent(request, SOCKET_SEND_TO_SGL_WORD, size, tag, severity);
      case SOCKET_RECEIVE_POST:
        return this.buckets(request, size);
      case SOCKET_ACCEPT_POST:
        return this.accepts(request, size);
      case SOCKET_RECEIVE_CREDIT:
        return this.credits(request, size);
      case SOCKET_SHUTDOWN:
        return this.shutdown(tag, severity);
      case SOCKET_CLOSE:
      case SOCKET_ABORT:
        return this.closed(tag, severity, functionCode === SOCKET_ABORT);
      default:
        return false;
    }
  }

  /** A send: its buffers come home, and each socket that it was for fails, or loses a datagram. */
  private sent(request: number, listWord: number, size: number, tag: number, severity: number): boolean {
    const { words } = this;
    const batched = size > 0 && (frameFlags(words, request) & FLAG_MULTIPLE) !== 0;
    let good = batched || this.unsent(tag, severity);
    for (let at = listWord, last = false; !last && at + 2 <= size; ) {
      const first = words[request + at];
      const context = words[request + at + 1];
      const length = first & 0xffffff;
      last = first < 0;
      switch ((first >>> 24) & ~SGL_LAST) {
        case SGL_TRANSMIT:
          at += SGL_CONTEXT_WORDS;
          if (!this.home(context)) good = false;
          break;
        case SGL_IMMEDIATE:
          at += sglImmediateWords(length);
          // Immediate data of no bytes, in a datagram, names no slot.
          if (length > 0 && !this.home(context)) good = false;
          break;
        case SGL_SHORT_TRANSACTION:
          at += SGL_TRANSACTION_WORDS;
          if (!this.unsent(context, severity)) good = false;
          break;
        default:
          return false;
      }
    }
    this.sends.roomChanged = true;
    return good;
  }

  private home(context: number): boolean {
    const { transmit, counters } = this;
    if (!transmit.lent(context)) return false;
    const length = transmit.lengthOfContext(context);
    assert(length > 0, 'undelivered: a buffer that comes home holds bytes');
    counters[BYTES_UNDELIVERED] += length;
    if (transmit.isSlot(context)) counters[IMMEDIATE_UNDELIVERED_BYTES] += length;
    return this.sends.context(context);
  }

  /**
   * A stream has a hole now, for later sends may have been delivered: it fails, whatever the severity, and
   * can only be aborted. A datagram is lost; where that is congestion nothing is reported, as when a queue is
   * full on Linux.
   */
  private unsent(tag: number, severity: number): boolean {
    const socket = this.table.tagged(tag);
    const socketId = this.table.idOf(tag);
    if (socket === undefined) return tag >= 0 && this.table.has(socketId);
    const errno = severityErrno(severity);
    if (socket.state === STATE_DATAGRAM) {
      this.counters[DATAGRAMS_UNSENT] += 1;
      if (errno === EAGAIN) return true;
      socket.errno = errno;
      this.table.changed(socketId);
      return true;
    }
    this.fail(socketId, socket, errno);
    return true;
  }

  private fail(socketId: number, socket: HostSocket, errno: number): void {
    socket.broken = 1;
    if (socket.state !== STATE_CONNECTED) return;
    socket.become(STATE_FAILED);
    socket.errno = errno === EAGAIN ? ENOBUFS : errno;
    this.table.changed(socketId);
  }

  private buckets(request: number, size: number): boolean {
    const { words, receive } = this;
    let good = size > 0;
    for (let at = SOCKET_RECEIVE_POST_SGL_WORD, last = false; !last && at + SGL_CONTEXT_WORDS <= size; ) {
      const first = words[request + at];
      last = first < 0;
      const isBucket = ((first >>> 24) & ~SGL_LAST) === SGL_BUCKET;
      if (!isBucket || !receive.unposted(words[request + at + 1])) good = false;
      at += SGL_CONTEXT_WORDS;
    }
    this.again.posts();
    return good;
  }

  private accepts(request: number, size: number): boolean {
    const { words, table } = this;
    const listenerId = size > SOCKET_ACCEPT_POST_LIST_WORD ? getSocketAcceptPostSocketId(words, request) : -1;
    if (!table.has(listenerId)) return false;
    let good = true;
    for (let at = SOCKET_ACCEPT_POST_LIST_WORD; at < size; at++) {
      const socketId = words[request + at];
      if (table.unpost(socketId, listenerId)) table.give(socketId);
      else good = false;
    }
    this.again.accepts(listenerId);
    return good;
  }

  private credits(request: number, size: number): boolean {
    const { words } = this;
    let good = size > 0;
    for (let at = SOCKET_RECEIVE_CREDIT_LIST_WORD; at + 2 <= size; at += 2) {
      const socketId = creditSocketId(words[request + at], words[request + 4]);
      const bytes = words[request + at + 1];
      if (!this.table.has(socketId) || bytes <= 0) good = false;
      else this.again.credit(socketId, bytes, creditGrowthBytes(words[request + at]));
    }
    this.again.posts();
    return good;
  }

  /**
   * A SocketShutdown, which carries no generation: the socket fails, or its peer would wait for the end of
   * the stream for ever.
   */
  private shutdown(socketId: number, severity: number): boolean {
    if (!this.table.has(socketId)) return false;
    this.fail(socketId, this.table.sockets[socketId], severityErrno(severity));
    return true;
  }

  /** A close: the card still has the socket, so the socket id is not free yet. */
  private closed(tag: number, severity: number, byAbort: boolean): boolean {
    const socket = this.table.tagged(tag);
    if (socket === undefined || socket.state !== STATE_CLOSING) return false;
    const socketId = this.table.idOf(tag);
    if (this.again.close(socketId, severity, byAbort)) return true;
    this.table.give(socketId);
    return true;
  }
}
