/**
 * The host's side of receive memory: buckets, posted to the card empty, back with data, read by the program, and posted
 * again several at a time. While the host holds a bucket's data it is an entry of its socket's queue.
 */
import type { PoolArea } from '../../dma/pool-area.ts';
import {
  MEMORY_BUCKETS_POSTED,
  MEMORY_BUCKETS_RETURNED,
  MEMORY_BUCKETS_USED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';

const STATE_HOST = 0;
const STATE_CARD = 1;
/** In the program's hands. */
const STATE_LENT = 2;

export class ReceivePool {
  readonly count: number;
  readonly bucketBytes: number;
  /** The next bucket of the same socket's queue; -1 ends it. */
  readonly next: Int32Array;
  /** Where the unread bytes of a bucket begin, as a region address, and how many there are. */
  readonly address: Int32Array;
  readonly length: Int32Array;
  private readonly area: PoolArea;
  private readonly counters: Float64Array;
  private readonly state: Uint8Array;
  /** Empty buckets waiting to be posted, the one used last on top. */
  private readonly empty: Int32Array;
  private emptyCount: number;
  private cardCount = 0;

  constructor(area: PoolArea, ledger: Ledger) {
    this.area = area;
    this.count = area.count;
    this.bucketBytes = area.bufferBytes;
    this.counters = ledger.counters;
    this.next = new Int32Array(area.count).fill(-1);
    this.address = new Int32Array(area.count);
    this.length = new Int32Array(area.count);
    this.state = new Uint8Array(area.count);
    this.empty = new Int32Array(area.count);
    for (let i = 0; i < area.count; i++) this.empty[i] = area.count - 1 - i;
    this.emptyCount = area.count;
  }

  /** Empty buckets waiting to be posted. */
  get waiting(): number {
    return this.emptyCount;
  }

  /** Buckets the card has, as far as its records have told. */
  get withCard(): number {
    return this.cardCount;
  }

  addressOf(bucket: number): number {
    return this.area.offset + bucket * this.area.bufferBytes;
  }

  /** Takes an empty bucket to name in a post. There is one. */
  takeToPost(): number {
    const bucket = this.empty[--this.emptyCount];
    this.state[bucket] = STATE_CARD;
    this.cardCount += 1;
    this.counters[MEMORY_BUCKETS_POSTED] += 1;
    return bucket;
  }

  /** The card has filled a bucket. @returns false when it did not have it, or the data is not within it. */
  filled(bucket: number, offset: number, length: number): boolean {
    if (bucket < 0 || bucket >= this.count || this.state[bucket] !== STATE_CARD) return false;
    if (length <= 0 || offset + length > this.bucketBytes) return false;
    this.state[bucket] = STATE_HOST;
    this.cardCount -= 1;
    this.address[bucket] = this.addressOf(bucket) + offset;
    this.length[bucket] = length;
    this.next[bucket] = -1;
    this.counters[MEMORY_BUCKETS_USED] += 1;
    return true;
  }

  /** The post that named a bucket was not delivered: it is empty, and the host's. @returns false when the card did not have it. */
  unposted(bucket: number): boolean {
    if (bucket < 0 || bucket >= this.count || this.state[bucket] !== STATE_CARD) return false;
    this.cardCount -= 1;
    this.counters[MEMORY_BUCKETS_RETURNED] += 1;
    this.give(bucket);
    return true;
  }

  /** A filled bucket's data begins with `bytes` that are not payload. */
  skip(bucket: number, bytes: number): void {
    this.address[bucket] = this.address[bucket] + bytes;
    this.length[bucket] = this.length[bucket] - bytes;
  }

  /** The bucket goes to the program, in place. */
  lend(bucket: number): void {
    this.state[bucket] = STATE_LENT;
  }

  lent(bucket: number): boolean {
    return bucket >= 0 && bucket < this.count && this.state[bucket] === STATE_LENT;
  }

  /** The bucket has been read, or dropped: it waits to be posted again. */
  give(bucket: number): void {
    this.state[bucket] = STATE_HOST;
    this.empty[this.emptyCount++] = bucket;
  }

  /** The card is gone: every bucket it had is the host's again. */
  reclaim(): void {
    this.cardCount = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.state[i] === STATE_CARD) {
        this.state[i] = STATE_HOST;
        this.give(i);
      }
    }
  }
}
