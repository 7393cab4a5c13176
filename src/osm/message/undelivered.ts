/**
 * Requests that came back undelivered: failure records (reference section 1.4). What such a request named never became the
 * card's, so all of it comes home here, once: transmit buffers, buckets, numbers for accepts, window credits. Whoever waits
 * has its errno; what the driver sent of its own accord is tried again later (kernel/retries.ts).
 *
 * The request is read where the transport has kept it. The card could have written there, so each word is read once, and a
 * context, bucket or number that is not in the card's hands is refused. Where nothing is kept, what it named stays with the
 * card until a reset; the socket is told all the same.
 */
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
  STATE_FREE,
  STATE_POSTED,
  socketTag,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';
import type { TransmitPool } from '../memory/transmit-pool.ts';
import { severityErrno } from './reply-status.ts';
import type { SendReplies } from './send-replies.ts';

/** What the driver must do again: the kernel subsystem knows when. */
export interface Again {
  /** Buckets, credits or accept numbers are home and to be sent again. */
  posts(): void;
  /** Bytes of a socket that were credited and are not. */
  credit(number: number, bytes: number): void;
  /** A listener's numbers are home. */
  accepts(listener: number): void;
  /** A SocketClose or SocketAbort is to be sent again. @returns false when the number is free without. */
  close(number: number, severity: number, byAbort: boolean): boolean;
}

export class Undelivered {
  /** Set by the driver. */
  again!: Again;
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

  /**
   * A failure record for a request that no call waits for.
   * @param failure word index of the record. @param request word index of the request; NO_FRAME when it is not kept.
   * @returns false when it is of no request, or names what the card had not.
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

  /** A send: its buffers come home, and each socket it was for is told. */
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
          // A datagram of no bytes names no slot.
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
    counters[BYTES_UNDELIVERED] += length;
    if (transmit.isSlot(context)) counters[IMMEDIATE_UNDELIVERED_BYTES] += length;
    return this.sends.context(context);
  }

  /**
   * A stream has a hole now: later sends may be delivered already. So it fails, whatever the severity, and can only be aborted.
   * A datagram is lost; congestion loses it without a word, as a full queue does on Linux.
   */
  private unsent(tag: number, severity: number): boolean {
    const socket = this.socketOf(tag);
    if (socket === undefined) return tag >= 0 && (tag & 0xffff) < this.table.sockets.length;
    const errno = severityErrno(severity);
    if (socket.state === STATE_DATAGRAM) {
      this.counters[DATAGRAMS_UNSENT] += 1;
      if (errno === EAGAIN) return true;
      socket.errno = errno;
      this.table.changed(tag & 0xffff);
      return true;
    }
    this.fail(tag & 0xffff, socket, errno);
    return true;
  }

  private fail(number: number, socket: HostSocket, errno: number): void {
    socket.broken = 1;
    if (socket.state !== STATE_CONNECTED) return;
    socket.state = STATE_FAILED;
    socket.errno = errno === EAGAIN ? ENOBUFS : errno;
    socket.endOfStream = 1;
    this.table.changed(number);
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
    const { words } = this;
    const { sockets } = this.table;
    const listenerNumber = size > SOCKET_ACCEPT_POST_LIST_WORD ? words[request + 4] & 0xffff : -1;
    if (listenerNumber < 0 || listenerNumber >= sockets.length) return false;
    let good = true;
    for (let at = SOCKET_ACCEPT_POST_LIST_WORD; at < size; at++) {
      const number = words[request + at];
      const socket = number >= 0 && number < sockets.length ? sockets[number] : undefined;
      if (socket === undefined || socket.state !== STATE_POSTED) {
        good = false;
        continue;
      }
      sockets[listenerNumber].acceptsPosted -= 1;
      socket.state = STATE_FREE;
      this.table.give(number);
    }
    this.again.accepts(listenerNumber);
    return good;
  }

  private credits(request: number, size: number): boolean {
    const { words } = this;
    let good = size > 0;
    for (let at = SOCKET_RECEIVE_CREDIT_LIST_WORD; at + 2 <= size; at += 2) {
      const number = words[request + at];
      const bytes = words[request + at + 1];
      if (number < 0 || number >= this.table.sockets.length || bytes <= 0) good = false;
      else this.again.credit(number, bytes);
    }
    this.again.posts();
    return good;
  }

  /** The peer would wait for the end for ever. @param number the socket's; such a request carries no generation. */
  private shutdown(number: number, severity: number): boolean {
    if (number < 0 || number >= this.table.sockets.length) return false;
    this.fail(number, this.table.sockets[number], severityErrno(severity));
    return true;
  }

  /** The card still has the socket, so its number is not free. */
  private closed(tag: number, severity: number, byAbort: boolean): boolean {
    const socket = this.socketOf(tag);
    if (socket === undefined || socket.state !== STATE_CLOSING) return false;
    const number = tag & 0xffff;
    if (this.again.close(number, severity, byAbort)) return true;
    socket.state = STATE_FREE;
    this.table.give(number);
    return true;
  }

  /** The socket a tag names; undefined when its number has another use by now. */
  private socketOf(tag: number): HostSocket | undefined {
    const number = tag & 0xffff;
    const socket = tag >= 0 && number < this.table.sockets.length ? this.table.sockets[number] : undefined;
    return socket !== undefined && socketTag(number, socket.generation) === tag ? socket : undefined;
  }
}
