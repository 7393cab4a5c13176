/**
 * How far receive windows may grow, all sockets together: what rests unread must fit the store, even if every
 * program stops reading at once. The store has room for the first window of every socket there can be; what
 * is left over is the budget, out of which windows grow as their bytes are read. It is never more than all
 * buckets are sure to hold: so the card has a place for what was promised, even while the host is too slow to
 * empty any. First windows of very many sockets fit no store: of one larger than `FIRST_WINDOW_BLOCKS_MOST`, up
 * to `GROWTH_LEAST_BYTES` beyond that are what windows grow by all the same, since hardly all sockets are full at
 * the same time, and a stream with none but its first window would crawl.
 *
 * A socket may have no more of it than is free (the dynamic threshold that the card's buckets go by, too), so
 * that something is always left for those who come later. Who has more than that, because others have come
 * since, gives some back as it reads: its window moves on by less than was read, and an edge that was offered
 * is never taken back (RFC 9293 §3.8.6). Windows that are small already do not shrink.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { CREDIT_GROWTH_BYTES, CREDIT_GROWTH_MAX } from '../../i2o/credit.ts';
import { RECEIVE_WINDOWS_HELD } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { DriverConfig } from './driver-config.ts';
import type { HostSocket } from './host-socket.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Windows do not shrink below this: no segment of any MTU is then too large a step for them. */
const SHRINK_FLOOR_BYTES = 1 << 18;
/**
 * What a bucket is sure to hold, if it is that large: it carries what has come since the card last looked,
 * often a few segments, and is full only when the card has had to wait for it.
 */
const BUCKET_FILL_BYTES = 4096;
/** Blocks of a socket's that may be filled in part: the one that is read, and the last. */
export const BLOCKS_IN_PART = 2;
/** A store that nobody asked for has so many blocks at most for the first windows of all sockets. */
export const FIRST_WINDOW_BLOCKS_MOST = 1 << 18;
/** What windows may grow by, all together, even where the first windows of so many sockets do not fit. */
export const GROWTH_LEAST_BYTES = 1 << 22;

/** What so many buckets of so many bytes are sure to hold: windows grow by no more, all together. */
export function sureBytes(buckets: number, bucketBytes: number): number {
  return buckets * Math.min(bucketBytes, BUCKET_FILL_BYTES);
}

export class WindowBudget {
  private readonly totalBytes: number;
  private readonly firstBytes: number;
  private readonly counters: Float64Array;
  private freeBytes: number;

  constructor(store: PoolArea, buckets: PoolArea, config: DriverConfig, ledger: Ledger) {
    const blockBytes = store.bufferBytes;
    this.firstBytes = config.receiveWindowBytes;
    const firstBytes = config.receiveWindowBytes + BLOCKS_IN_PART * blockBytes;
    const storeRoom = store.count * blockBytes - config.socketsMax * firstBytes;
    const beyondFirst = (store.count - FIRST_WINDOW_BLOCKS_MOST) * blockBytes;
    const room = Math.max(0, storeRoom, Math.min(beyondFirst, GROWTH_LEAST_BYTES));
    this.totalBytes = Math.min(room, sureBytes(buckets.count, buckets.bufferBytes));
    this.freeBytes = this.totalBytes;
    this.counters = ledger.counters;
  }

  /** Bytes that windows may still grow by. */
  get free(): number {
    return this.freeBytes;
  }

  /**
   * `bytes` of a socket's have been read, and the card is credited with them. // Hot path.
   * @returns by how much its window grows beyond that, in steps that a credit can tell; negative: it shrinks.
   */
  adjust(socket: HostSocket, bytes: number): number {
    const { freeBytes } = this;
    const spare = freeBytes - socket.widenedBytes;
    const wanted = Math.min(bytes, socket.receiveBufferBytes - socket.receiveWindowBytes);
    if (wanted <= 0 && spare >= 0) return 0;
    let steps = 0;
    if (spare >= 0) {
      steps = Math.min(CREDIT_GROWTH_MAX, (Math.min(wanted, spare) / CREDIT_GROWTH_BYTES) | 0);
    } else {
      const most = Math.min(
        bytes,
        -spare,
        socket.widenedBytes,
        socket.receiveWindowBytes - SHRINK_FLOOR_BYTES,
      );
      if (most > 0) steps = -Math.min(CREDIT_GROWTH_MAX, (most / CREDIT_GROWTH_BYTES) | 0);
    }
    const growth = steps * CREDIT_GROWTH_BYTES;
    // What is left because it is no whole step is not held back.
    const whole = Math.min(CREDIT_GROWTH_MAX, (Math.max(0, wanted) / CREDIT_GROWTH_BYTES) | 0);
    if (steps < whole) this.counters[RECEIVE_WINDOWS_HELD] += 1;
    socket.widenedBytes += growth;
    socket.receiveWindowBytes += growth;
    this.freeBytes = freeBytes - growth;
    if (COSTLY) this.check(socket);
    return growth;
  }

  /** Whether a connection that comes with a window of so many bytes could keep it. */
  bears(bytes: number): boolean {
    return bytes - this.firstBytes <= this.freeBytes;
  }

  /** A socket's connection has come with a window of so many bytes, which the budget bears. */
  adopt(socket: HostSocket, bytes: number): void {
    assert(this.bears(bytes), 'window budget: a window that is taken over was asked about');
    assert(socket.widenedBytes === 0, 'window budget: a connection that is taken over comes to a new socket');
    socket.widenedBytes = Math.max(0, bytes - this.firstBytes);
    socket.receiveWindowBytes = bytes;
    this.freeBytes -= socket.widenedBytes;
  }

  private check(socket: HostSocket): void {
    assert(socket.widenedBytes >= 0, 'window budget: a socket gives back no more than it had');
    assert(
      this.freeBytes >= 0 && this.freeBytes <= this.totalBytes,
      'window budget: windows grow by no more than the store bears',
    );
    assert(
      socket.receiveWindowBytes <= socket.receiveBufferBytes || socket.widenedBytes === 0,
      'window budget: no window grows beyond its buffer',
    );
  }

  /**
   * The card was never told of a growth, or a shrinking: the driver goes by the window that there is. What
   * was promised stays so.
   */
  undelivered(socket: HostSocket, growthBytes: number): void {
    assert(growthBytes !== 0, 'window budget: what was not delivered was a change');
    if (growthBytes > 0) {
      socket.receiveWindowBytes = Math.max(1, socket.receiveWindowBytes - growthBytes);
    } else if (socket.widenedBytes > 0) {
      const back = Math.min(0 - growthBytes, this.freeBytes);
      socket.receiveWindowBytes = Math.min(
        socket.receiveBufferBytes,
        socket.receiveWindowBytes - growthBytes,
      );
      socket.widenedBytes += back;
      this.freeBytes -= back;
    }
  }

  /** The socket is gone, and with it all that it was promised. */
  release(socket: HostSocket): void {
    this.freeBytes += socket.widenedBytes;
    socket.widenedBytes = 0;
    assert(this.freeBytes <= this.totalBytes, 'window budget: no more comes back than there was');
  }
}
