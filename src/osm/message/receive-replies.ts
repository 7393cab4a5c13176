/**
 * Receive records: data of streams, datagrams, ends of streams and errors, in order for each socket. The
 * bucket that a record names joins its socket's queue, or comes home when no socket wants it; its bytes are
 * counted either way. Nothing the card wrote is trusted: each word is read once, checked, then used.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_SENT,
  RECEIVE_FLAG_URGENT,
  RECEIVE_RECORD_WORDS,
  SOCKET_RECEIVE_POST_REPLY_LIST_WORD,
} from '../../i2o/socket.gen.ts';
import { BYTES_DROPPED, DATAGRAMS_DROPPED, DATAGRAMS_DROPPED_BYTES } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ECONNRESET, ERRNO_MAX } from '../../socket/errno.ts';
import { setMark } from '../../socket/urgent-mark.ts';
import {
  type HostSocket,
  STATE_CLOSING,
  STATE_CONNECTED,
  STATE_CONNECTING,
  STATE_DATAGRAM,
  STATE_FAILED,
  STATE_FREE,
} from '../memory/host-socket.ts';
import type { ReceivePool } from '../memory/receive-pool.ts';
import type { SocketTable } from '../memory/socket-table.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** An urgent byte lies in a window, or where the pointer of a segment in it leads. */
const AHEAD_MAX = 0x4001_0000;

/** In a bucket a datagram is preceded by so many bytes, which say where it came from. */
const SOURCE_BYTES = DATAGRAM_SOURCE_WORDS * 4;

/**
 * The control word of a list of records, without its count: transactions of fixed length, of so many words
 * beside the context.
 */
const RECORDS = 0x80_0000 | (RECEIVE_RECORD_WORDS - 1);

export class ReceiveReplies {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly table: SocketTable;
  private readonly receive: ReceivePool;

  constructor(words: Int32Array, ledger: Ledger, table: SocketTable, receive: ReceivePool) {
    this.words = words;
    this.counters = ledger.counters;
    this.table = table;
    this.receive = receive;
  }

  /**
   * Takes a SocketReceivePost reply with MULTIPLE.
   * @returns false when one of its records was refused. // Hot path.
   */
  take(frame: number, sizeWords: number): boolean {
    const { words } = this;
    const control = words[frame + 3];
    const count = control & 0xff;
    if (control >>> 8 !== RECORDS) return false;
    if (SOCKET_RECEIVE_POST_REPLY_LIST_WORD + count * RECEIVE_RECORD_WORDS > sizeWords) return false;
    let good = true;
    let at = frame + SOCKET_RECEIVE_POST_REPLY_LIST_WORD;
    for (let i = 0; i < count; i++) {
      if (!this.record(words[at], words[at + 1], words[at + 2], words[at + 3])) good = false;
      at += RECEIVE_RECORD_WORDS;
    }
    return good;
  }

  private record(bucket: number, socketWord: number, offsetWord: number, lengthWord: number): boolean {
    const { sockets, wordMask } = this.table;
    const socketId = socketWord & wordMask;
    const socket = socketId < sockets.length ? sockets[socketId] : undefined;
    const flags = offsetWord >>> 24;
    const offset = offsetWord & 0xffffff;
    if ((flags & (RECEIVE_FLAG_ERROR | RECEIVE_FLAG_END_OF_STREAM)) !== 0) {
      if (socket === undefined || socket.state === STATE_FREE) return false;
      if ((flags & RECEIVE_FLAG_ERROR) !== 0) this.failed(socketId, socket, lengthWord >>> 24);
      else socket.endOfStream = 1;
      this.table.changed(socketId);
      return true;
    }
    if ((flags & RECEIVE_FLAG_SENT) !== 0) return this.sent(socketId, socket, bucket);
    if ((flags & RECEIVE_FLAG_URGENT) !== 0) return this.urgent(socketId, socket, bucket, lengthWord);
    if (!this.receive.filled(bucket, offset, lengthWord & 0xffffff)) return false;
    if ((flags & RECEIVE_FLAG_DATAGRAM) !== 0) return this.datagram(bucket, socketId, socket, offset);
    if (socket === undefined || socket.state !== STATE_CONNECTED) {
      // The data was on its way when its socket closed or failed: the bucket comes home, the bytes are
      // counted.
      this.counters[BYTES_DROPPED] += this.receive.length[bucket];
      this.receive.give(bucket);
      return socket !== undefined && (socket.state === STATE_CLOSING || socket.state === STATE_FAILED);
    }
    this.queue(bucket, socketId, socket);
    return true;
  }

  /** The card has sent so many bytes of a stream, modulo 2^32; a FIN may count as one. */
  private sent(socketId: number, socket: HostSocket | undefined, bytes: number): boolean {
    if (socket === undefined || socket.state !== STATE_CONNECTED)
      return socket !== undefined && (socket.state === STATE_CLOSING || socket.state === STATE_FAILED);
    const unsent = (socket.givenBytes - bytes) | 0;
    if (unsent < -1 || unsent > socket.unsentBytes) return false;
    socket.sentToldBytes = bytes;
    this.table.changed(socketId);
    return true;
  }

  /**
   * The peer has made a byte urgent, `ahead` bytes behind those that are here. @param byteWord 1 in bits 0-23
   * where it has come; it is in bits 24-31.
   */
  private urgent(socketId: number, socket: HostSocket | undefined, ahead: number, byteWord: number): boolean {
    if (socket === undefined || socket.state !== STATE_CONNECTED)
      return socket !== undefined && (socket.state === STATE_CLOSING || socket.state === STATE_FAILED);
    const has = byteWord & 0xffffff;
    if (ahead < 0 || ahead > AHEAD_MAX || has > 1) return false;
    const unread = this.receive.unreadBytes(socket);
    if (setMark(socket, unread + ahead, has === 0 ? -1 : byteWord >>> 24, unread)) {
      this.receive.dropByte(socket);
      this.counters[BYTES_DROPPED] += 1;
      // What the card hears with the next that is read.
      socket.creditBytes += 1;
    }
    this.table.changed(socketId);
    return true;
  }

  /** A record of a datagram, whose source must lie at a word's boundary. // Hot path. */
  private datagram(
    bucket: number,
    socketId: number,
    socket: HostSocket | undefined,
    offset: number,
  ): boolean {
    const { receive } = this;
    if (receive.length[bucket] < SOURCE_BYTES || (offset & 3) !== 0) {
      receive.give(bucket);
      return false;
    }
    receive.consume(bucket, SOURCE_BYTES);
    if (socket === undefined || socket.state !== STATE_DATAGRAM) {
      this.drop(bucket);
      return socket !== undefined && socket.datagram !== 0 && socket.state === STATE_CLOSING;
    }
    // No window holds datagrams back: where buckets are short, a socket with some unread loses what comes.
    if (receive.isShort && socket.receiveHead >= 0) this.drop(bucket);
    else this.queue(bucket, socketId, socket);
    return true;
  }

  /** A datagram is lost, and counted. */
  private drop(bucket: number): void {
    const { receive, counters } = this;
    counters[BYTES_DROPPED] += receive.length[bucket];
    counters[DATAGRAMS_DROPPED] += 1;
    counters[DATAGRAMS_DROPPED_BYTES] += receive.length[bucket];
    receive.give(bucket);
  }

  private queue(bucket: number, socketId: number, socket: HostSocket): void {
    if (COSTLY) checkOpen(socket);
    this.receive.enqueue(socket, bucket);
    this.table.unread.add(socketId);
    this.table.changed(socketId);
  }

  /** An error ends a stream; a datagram socket's next call reports it, and the socket goes on. */
  private failed(socketId: number, socket: HostSocket, errno: number): void {
    // What the card told before it was lost comes too late for a socket that has been told that it is.
    if (socket.state === STATE_CLOSING || socket.lost !== 0) return;
    socket.errno = errno === 0 || errno > ERRNO_MAX ? ECONNRESET : errno;
    if (socket.state === STATE_DATAGRAM) return;
    if (socket.state === STATE_CONNECTED || socket.state === STATE_CONNECTING) socket.become(STATE_FAILED);
    this.table.changed(socketId);
  }
}

function checkOpen({ state }: HostSocket): void {
  assert(
    state === STATE_CONNECTED || state === STATE_DATAGRAM,
    'receive replies: data is queued for an open socket',
  );
}
