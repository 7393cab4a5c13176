/**
 * Moves what has arrived to the host's buckets: the in-order bytes of streams, datagrams with their source,
 * then the end of the stream or the error. Called by `PendingReplies` for each socket with something to read.
 * To the host: receive records.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Region } from '../../dma/region.ts';
import { REQUEST_STATUS_ABORT_NO_DATA } from '../../i2o/executive.gen.ts';
import {
  DATAGRAM_SOURCE_WORDS,
  RECEIVE_FLAG_DATAGRAM,
  RECEIVE_FLAG_END_OF_STREAM,
  RECEIVE_FLAG_ERROR,
  RECEIVE_FLAG_LAST_IN_BUCKET,
  RECEIVE_FLAG_SENT,
  RECEIVE_FLAG_TRUNCATED,
  RECEIVE_FLAG_URGENT,
  writeDatagramSource,
} from '../../i2o/socket.gen.ts';
import { NO_SOCKET } from '../../i2o/socket-number.ts';
import { SO_ERROR, TCP_NOTSENT_LOWAT } from '../../socket/options.ts';
import type { Stack } from '../../tcpip/stack/stack.ts';
import type { BatchControl } from '../replies/batch-control.ts';
import { NO_BUCKET, type ReceiveRecords } from '../replies/receive-records.ts';
import type { BucketWaits } from '../sockets/bucket-waits.ts';
import type { Buckets } from '../sockets/buckets.ts';
import {
  type CardSocket,
  ENDED_FAILED,
  ENDED_NOT,
  ENDED_STREAM,
  KIND_STREAM,
  PENDING_FAIL,
  PENDING_READ,
  PENDING_SENT,
  PENDING_URGENT,
} from '../sockets/card-socket.ts';
import type { SocketEvents } from '../sockets/socket-events.ts';

const COSTLY = COSTLY_ASSERTIONS;

const SOURCE_BYTES = DATAGRAM_SOURCE_WORDS * 4;

/** What data delivery works with. */
export interface DataDeliveryParts {
  readonly region: Region;
  readonly stack: Stack;
  readonly buckets: Buckets;
  readonly waits: BucketWaits;
  readonly batch: BatchControl;
  readonly events: SocketEvents;
  readonly records: ReceiveRecords;
}

export class DataDelivery {
  private readonly words: Int32Array;
  private readonly buckets: Buckets;
  private readonly waits: BucketWaits;
  private readonly records: ReceiveRecords;
  private readonly batch: BatchControl;
  private readonly events: SocketEvents;
  private readonly stack: Stack;

  constructor(parts: DataDeliveryParts) {
    this.words = parts.region.words;
    this.buckets = parts.buckets;
    this.waits = parts.waits;
    this.records = parts.records;
    this.batch = parts.batch;
    this.events = parts.events;
    this.stack = parts.stack;
  }

  /**
   * Tells of a stream's bytes, then of its end or its failure. What finds no bucket or no frame stays
   * pending. // Hot path.
   * @returns whether anything was told.
   */
  tellStream(socketId: number, socket: CardSocket): boolean {
    const { stack, buckets } = this;
    const { connection } = socket;
    let told = false;
    if (socket.exported !== 0) {
      // What it has not told of is in the image.
      socket.pending &= ~(PENDING_READ | PENDING_FAIL);
      return told;
    }
    if (connection >= 0) {
      if ((socket.pending & PENDING_URGENT) !== 0) {
        if (!this.tellUrgent(socketId, socket)) return told;
        told = true;
      }
      while (stack.tcpReadable(connection) > 0) {
        const bucket = this.take(socketId);
        if (bucket < 0) return told;
        const capacity = buckets.capacityOf(bucket);
        const length = stack.tcpTake(connection, buckets.addressOf(bucket), capacity);
        if (COSTLY) checkStreamTaken(length, capacity);
        this.records.add(buckets.contextOf(bucket), socketId, RECEIVE_FLAG_LAST_IN_BUCKET, length, 0);
        told = true;
      }
    }
    this.waits.end(socketId);
    if (socket.ended === ENDED_NOT && connection >= 0 && stack.tcpEndOfStream(connection)) {
      if (!this.records.open()) return told;
      this.records.add(NO_BUCKET, socketId, RECEIVE_FLAG_END_OF_STREAM, 0, 0);
      socket.ended = ENDED_STREAM;
      told = true;
    }
    if (socket.ended !== ENDED_FAILED && (socket.pending & PENDING_FAIL) !== 0) {
      if (!this.records.open()) return told;
      this.records.add(NO_BUCKET, socketId, RECEIVE_FLAG_ERROR, 0, socket.failErrno);
      socket.ended = ENDED_FAILED;
      told = true;
    }
    socket.pending &= ~(PENDING_READ | PENDING_FAIL);
    return told;
  }

  /**
   * Tells where an urgent byte is among those that are told of next, and what it is if it has come.
   * @returns false where there is no frame for it.
   */
  private tellUrgent(socketId: number, socket: CardSocket): boolean {
    const { stack } = this;
    const ahead = stack.tcpUrgentDistance(socket.connection);
    if (ahead >= 0) {
      if (!this.records.open()) return false;
      const byte = stack.tcpUrgentByte(socket.connection);
      assert(byte <= 0xff, 'data delivery: what is urgent is one byte');
      this.records.add(ahead, socketId, RECEIVE_FLAG_URGENT, byte < 0 ? 0 : 1, Math.max(0, byte));
    }
    socket.pending &= ~PENDING_URGENT;
    return true;
  }

  /**
   * Tells how much of a stream was sent, if by TCP_NOTSENT_LOWAT the host would think that no more may wait,
   * and there is room for as much as wakes a program: half of the limit, as on Linux (sk_stream_is_writeable).
   * @returns whether anything was told.
   */
  tellSent(socketId: number, socket: CardSocket): boolean {
    const { stack } = this;
    const { connection } = socket;
    const low = connection < 0 ? 0 : stack.tcpGetOption(connection, TCP_NOTSENT_LOWAT);
    const sent = connection < 0 ? 0 : (stack.tcpSentSeq(connection) - socket.firstSeq) | 0;
    const unsent = connection < 0 ? 0 : stack.tcpUnsentBytes(connection);
    const thought = (sent + unsent - socket.sentTold) | 0;
    if (low > 0 && 2 * unsent < low && 2 * thought >= low) {
      if (!this.records.open()) return false;
      assert(socket.kind === KIND_STREAM, 'data delivery: only a stream has bytes that wait to be sent');
      this.records.add(sent, socketId, RECEIVE_FLAG_SENT, 0, 0);
      socket.sentTold = sent;
      socket.pending &= ~PENDING_SENT;
      return true;
    }
    socket.pending &= ~PENDING_SENT;
    return false;
  }

  /**
   * Tells of datagrams, each in a bucket of its own after its source, then of an error that ICMP has brought.
   * // Hot path.
   * @returns whether anything was told.
   */
  tellDatagrams(socketId: number, socket: CardSocket): boolean {
    const { stack, buckets } = this;
    const { connection } = socket;
    let told = false;
    if (connection >= 0) {
      for (let length = stack.udpReadable(connection); length >= 0; length = stack.udpReadable(connection)) {
        const bucket = this.take(socketId);
        if (bucket < 0) return told;
        const at = buckets.addressOf(bucket);
        const capacity = buckets.capacityOf(bucket) - SOURCE_BYTES;
        const taken = stack.udpTake(connection, at + SOURCE_BYTES, capacity);
        if (COSTLY) checkDatagramTaken(taken, length, capacity);
        writeDatagramSource(
          this.words,
          at >> 2,
          stack.udpSourceAddress(connection),
          stack.udpSourcePort(connection),
        );
        const cut = taken < length ? RECEIVE_FLAG_TRUNCATED : 0;
        const flags = RECEIVE_FLAG_DATAGRAM | RECEIVE_FLAG_LAST_IN_BUCKET | cut;
        this.records.add(buckets.contextOf(bucket), socketId, flags, SOURCE_BYTES + taken, 0);
        told = true;
      }
      this.waits.end(socketId);
      if (stack.udpError(connection) !== 0) {
        if (!this.records.open()) return told;
        const errno = stack.udpGetOption(connection, SO_ERROR);
        assert(stack.udpError(connection) === 0, 'data delivery: an error of a datagram socket is told once');
        this.records.add(NO_BUCKET, socketId, RECEIVE_FLAG_ERROR, 0, errno);
        told = true;
      }
    }
    socket.pending &= ~(PENDING_READ | PENDING_FAIL);
    return told;
  }

  /** Returns the buckets that an abort has ended, empty and for no socket. @returns how many. */
  tellEnded(): number {
    const { buckets, records } = this;
    let told = 0;
    while (buckets.endedWaiting > 0 && records.openWith(REQUEST_STATUS_ABORT_NO_DATA)) {
      records.add(buckets.nextEnded(), NO_SOCKET, RECEIVE_FLAG_LAST_IN_BUCKET, 0, 0);
      told += 1;
    }
    return told;
  }

  /**
   * Finds a bucket for a socket's data, and a frame to tell of it.
   * @returns the bucket; -1 when either is missing.
   */
  private take(socketId: number): number {
    const { buckets } = this;
    if (!this.records.open()) return -1;
    const bucket = buckets.take(socketId);
    if (bucket < 0) {
      this.waits.begin(socketId);
      return -1;
    }
    this.waits.end(socketId);
    if (buckets.remaining <= this.batch.bucketsLow) this.events.bucketsLow(buckets.remaining);
    return bucket;
  }
}

function checkStreamTaken(length: number, capacity: number): void {
  assert(length > 0 && length <= capacity, 'data delivery: a readable stream fills a bucket, and no more');
}

function checkDatagramTaken(taken: number, length: number, capacity: number): void {
  assert(
    taken >= 0 && taken <= Math.min(length, capacity),
    'data delivery: a datagram is given whole, or cut where its bucket ends',
  );
}
