/**
 * Receive buckets the host has posted and the card has not yet used. The bucket used last is used first, since its lines
 * are still in the cache. A bucket's record knows whose data it carries, so that one slow reader cannot take them all: a
 * socket may hold no more buckets than are still free (dynamic threshold, Choudhury and Hahne 1998).
 */
import { bufferAt, type PoolArea } from '../../dma/pool-area.ts';

const WITH_CARD = -2;
/** Ended by an abort, not yet told: the card's still, for nobody's data. */
const ENDED = -3;
const WITH_HOST = -1;

export class Buckets {
  private readonly area: PoolArea;
  /** Per bucket: WITH_CARD, ENDED, WITH_HOST (never posted or nobody's data), or the socket whose data the host has in it. */
  private readonly holder: Int32Array;
  private readonly context: Int32Array;
  private readonly free: Int32Array;
  private freeCount = 0;
  /** Per bucket: bytes that may be filled; less than all where the list ended in a BIT_BUCKET. */
  private readonly capacity: Int32Array;
  /** Buckets an abort has ended, on their way back to the host empty. */
  private readonly ended: Int32Array;
  private endedCount = 0;
  /** Per socket: buckets the host holds with its data. */
  private readonly held: Int32Array;

  constructor(area: PoolArea, socketsMax: number) {
    this.area = area;
    this.holder = new Int32Array(area.count).fill(WITH_HOST);
    this.context = new Int32Array(area.count);
    this.free = new Int32Array(area.count);
    this.capacity = new Int32Array(area.count);
    this.ended = new Int32Array(area.count);
    this.held = new Int32Array(socketsMax);
  }

  /** Buckets that can be filled. */
  get remaining(): number {
    return this.freeCount;
  }

  /** Bytes a bucket takes. */
  get bucketBytes(): number {
    return this.area.bufferBytes;
  }

  /**
   * The host posts a bucket. @param capacity bytes of it that may be filled; all when not said.
   * @returns false when the address is no bucket's, the length not a bucket's, or the card has it already.
   */
  post(address: number, length: number, context: number, capacity = length): boolean {
    const bucket = bufferAt(this.area, address);
    if (bucket < 0 || length !== this.area.bufferBytes || this.holder[bucket] <= WITH_CARD) return false;
    this.capacity[bucket] = capacity;
    const holder = this.holder[bucket];
    if (holder >= 0) this.held[holder] = this.held[holder] - 1;
    this.holder[bucket] = WITH_CARD;
    this.context[bucket] = context;
    this.free[this.freeCount++] = bucket;
    return true;
  }

  /** Takes a bucket for a socket's data. @returns its number, or -1 when the socket must wait. */
  take(socket: number): number {
    const held = this.held[socket];
    if (this.freeCount === 0 || (held > 0 && held >= this.freeCount)) return -1;
    const bucket = this.free[--this.freeCount];
    this.holder[bucket] = socket;
    this.held[socket] = held + 1;
    return bucket;
  }

  addressOf(bucket: number): number {
    return this.area.offset + bucket * this.area.bufferBytes;
  }

  /** Bytes that may be filled. */
  capacityOf(bucket: number): number {
    return this.capacity[bucket];
  }

  /** Buckets there are. */
  get count(): number {
    return this.area.count;
  }

  /** Whether the card has it and nobody's data is in it. */
  isFree(bucket: number): boolean {
    return this.holder[bucket] === WITH_CARD;
  }

  /** An abort ends a free bucket; the host is to be told of it once. `forgetEnded` follows. */
  end(bucket: number): void {
    this.holder[bucket] = ENDED;
    this.ended[this.endedCount++] = bucket;
  }

  /** The buckets just ended can be filled no more. */
  forgetEnded(): void {
    let kept = 0;
    for (let i = 0; i < this.freeCount; i++) {
      if (this.isFree(this.free[i])) this.free[kept++] = this.free[i];
    }
    this.freeCount = kept;
  }

  /** Buckets that an abort ended and the host has not been told of. */
  get endedWaiting(): number {
    return this.endedCount;
  }

  /** Takes one of them, now the host's. @returns its context. There is one. */
  nextEnded(): number {
    const bucket = this.ended[--this.endedCount];
    this.holder[bucket] = WITH_HOST;
    return this.context[bucket];
  }

  contextOf(bucket: number): number {
    return this.context[bucket];
  }

  /** A socket number is free: what the host still holds of it counts for nobody. */
  forget(socket: number): void {
    if (this.held[socket] === 0) return;
    this.held[socket] = 0;
    for (let i = 0; i < this.holder.length; i++) if (this.holder[i] === socket) this.holder[i] = WITH_HOST;
  }

  /** The card gives all its buckets back without a word, as a reset does. */
  clear(): void {
    this.freeCount = 0;
    this.endedCount = 0;
    this.held.fill(0);
    this.holder.fill(WITH_HOST);
  }
}
