/**
 * Receive buckets that the host has posted and the card has not yet used. The bucket posted last is used
 * first, since its lines are still in the cache. The card remembers whose data each bucket carries until the
 * host posts it again, so that one slow reader cannot take them all: a socket may hold no more buckets than
 * are still free (the dynamic threshold of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2),
 * 1998).
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import { bufferAt, type PoolArea } from '../../dma/pool-area.ts';
import { PoolMeter } from '../../ledger/pool-meter.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Values of `holder` that are no socket number. Those at or below WITH_CARD are the card's. */
const WITH_HOST = -1;
const WITH_CARD = -2;
/** An abort has ended its post, and the host has not been told: it is the card's still, and takes no data. */
const ENDED = -3;

export class Buckets {
  private readonly area: PoolArea;
  /**
   * Per bucket: WITH_CARD, ENDED, WITH_HOST (never posted, or with nobody's data), or the socket whose data
   * it carries.
   */
  private readonly holder: Int32Array;
  /** Per bucket: the BufferContext it was posted with. */
  private readonly context: Int32Array;
  /** The buckets that can be filled, a stack. */
  private readonly free: Int32Array;
  private freeCount = 0;
  /** Per bucket: bytes that may be filled; fewer than all where its list ended in a BIT_BUCKET. */
  private readonly capacity: Int32Array;
  /** Buckets that an abort has ended, on their way back to the host empty. */
  private readonly ended: Int32Array;
  private endedCount = 0;
  /** Per socket: buckets the host holds with its data. */
  private readonly held: Int32Array;
  /** Per bucket: 1 from when it is filled to when it is posted again, whosever its data is. */
  private readonly used: Uint8Array;
  private readonly meter: PoolMeter;

  /** @param meter what the use of the pool is told to. */
  constructor(area: PoolArea, socketsMax: number, meter: PoolMeter = new PoolMeter()) {
    this.area = area;
    this.meter = meter;
    this.used = new Uint8Array(area.count);
    this.holder = new Int32Array(area.count).fill(WITH_HOST);
    this.context = new Int32Array(area.count);
    this.free = new Int32Array(area.count);
    this.capacity = new Int32Array(area.count);
    this.ended = new Int32Array(area.count);
    this.held = new Int32Array(socketsMax);
  }

  /** Buckets there are, whoever has them. */
  get count(): number {
    return this.area.count;
  }

  /** Buckets that can be filled. */
  get remaining(): number {
    return this.freeCount;
  }

  /** Bytes a bucket has. */
  get bucketBytes(): number {
    return this.area.bufferBytes;
  }

  /** Buckets that an abort has ended and the host has not been told of. */
  get endedWaiting(): number {
    return this.endedCount;
  }

  /**
   * The host posts a bucket: it is the card's from now on. // Hot path.
   * @param capacity bytes of it that may be filled, 1 to `length`; all when not said.
   * @returns false when the address is no bucket's, the length not a bucket's, or the card has the bucket
   * already.
   */
  post(address: number, length: number, context: number, capacity = length): boolean {
    const bucket = bufferAt(this.area, address);
    if (bucket < 0 || length !== this.area.bufferBytes) return false;
    const holder = this.holder[bucket];
    if (holder <= WITH_CARD) return false;
    if (COSTLY) this.checkPost(holder, length, capacity);
    if (holder >= 0) this.held[holder] = this.held[holder] - 1;
    this.capacity[bucket] = capacity;
    this.holder[bucket] = WITH_CARD;
    this.context[bucket] = context;
    this.free[this.freeCount++] = bucket;
    if (this.used[bucket] !== 0) {
      this.used[bucket] = 0;
      this.meter.gave();
    }
    return true;
  }

  private checkPost(holder: number, length: number, capacity: number): void {
    assert(capacity > 0 && capacity <= length, 'buckets: what may be filled lies within the bucket');
    assert(this.freeCount < this.free.length, 'buckets: the free list has room for every bucket');
    assert(
      holder < 0 || this.held[holder] > 0,
      'buckets: the socket whose data a bucket carried was charged with it',
    );
  }

  /**
   * Takes a bucket for a socket's data. // Hot path.
   * @returns its number; -1: the socket must wait for one.
   */
  take(socketId: number): number {
    if (COSTLY) this.checkTake(socketId);
    const held = this.held[socketId];
    if (this.freeCount === 0 || (held > 0 && held >= this.freeCount)) return -1;
    const bucket = this.free[--this.freeCount];
    this.holder[bucket] = socketId;
    this.held[socketId] = held + 1;
    this.used[bucket] = 1;
    this.meter.took();
    return bucket;
  }

  private checkTake(socketId: number): void {
    assert(
      socketId >= 0 && socketId < this.held.length,
      'buckets: a bucket is taken for a socket of this card',
    );
    assert(
      this.freeCount === 0 || this.holder[this.free[this.freeCount - 1]] === WITH_CARD,
      "buckets: a bucket on the free list is the card's",
    );
  }

  /** Byte address of a bucket. */
  addressOf(bucket: number): number {
    if (COSTLY) this.checkAddressed(bucket);
    return this.area.offset + bucket * this.area.bufferBytes;
  }

  private checkAddressed(bucket: number): void {
    assert(bucket >= 0 && bucket < this.area.count, 'buckets: only a bucket of the pool has an address');
  }

  /** Bytes of a bucket that may be filled. */
  capacityOf(bucket: number): number {
    return this.capacity[bucket];
  }

  /** BufferContext that a bucket was posted with. */
  contextOf(bucket: number): number {
    if (COSTLY) this.checkContext(bucket);
    return this.context[bucket];
  }

  private checkContext(bucket: number): void {
    assert(bucket >= 0 && bucket < this.area.count, 'buckets: only a bucket of the pool has a context');
  }

  /** Whether the card has a bucket and may fill it. */
  isFree(bucket: number): boolean {
    return this.holder[bucket] === WITH_CARD;
  }

  /** An abort ends a free bucket, of which the host is then told once. The caller ends with `forgetEnded`. */
  end(bucket: number): void {
    assert(this.isFree(bucket), 'buckets: an abort ends only a bucket that can be filled');
    this.holder[bucket] = ENDED;
    this.ended[this.endedCount++] = bucket;
  }

  /** Takes the buckets just ended from the free list, since they can be filled no more. */
  forgetEnded(): void {
    let kept = 0;
    for (let i = 0; i < this.freeCount; i++) {
      if (this.isFree(this.free[i])) this.free[kept++] = this.free[i];
    }
    this.freeCount = kept;
    if (COSTLY) this.check();
  }

  /** Gives one of the ended buckets back to the host; there is one. @returns its BufferContext. */
  nextEnded(): number {
    assert(this.endedCount > 0, 'buckets: an ended bucket is told of only when there is one');
    const bucket = this.ended[--this.endedCount];
    assert(this.holder[bucket] === ENDED, 'buckets: an ended bucket is told of once');
    this.holder[bucket] = WITH_HOST;
    return this.context[bucket];
  }

  /** A socket number is free: the buckets that the host still holds with its data count for nobody. */
  forget(socketId: number): void {
    if (this.held[socketId] === 0) return;
    let found = 0;
    for (let i = 0; i < this.holder.length; i++) {
      if (this.holder[i] !== socketId) continue;
      this.holder[i] = WITH_HOST;
      found += 1;
    }
    assert(
      found === this.held[socketId],
      'buckets: a socket is charged with the buckets that carry its data',
    );
    this.held[socketId] = 0;
  }

  /** The card gives all its buckets back without a word, as a reset does. */
  clear(): void {
    this.freeCount = 0;
    this.endedCount = 0;
    this.held.fill(0);
    this.holder.fill(WITH_HOST);
    this.used.fill(0);
    this.meter.set(0);
  }

  /** Counts every bucket once: for tests and costly assertions. */
  check(): void {
    let free = 0;
    let ended = 0;
    let carried = 0;
    for (const holder of this.holder) {
      if (holder === WITH_CARD) free += 1;
      else if (holder === ENDED) ended += 1;
      else if (holder >= 0) carried += 1;
    }
    assert(free === this.freeCount, 'buckets: the free list holds every bucket that can be filled, once');
    assert(ended === this.endedCount, 'buckets: the list of ended buckets holds each of them, once');
    let charged = 0;
    for (const held of this.held) charged += held;
    assert(carried === charged, 'buckets: the sockets together are charged with what the host holds');
    let used = 0;
    for (const one of this.used) used += one;
    assert(used >= carried, 'buckets: what carries data of a socket is in use');
  }
}
