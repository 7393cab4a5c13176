/**
 * The host's side of receive memory: buckets. A bucket is posted to the card empty, comes back with data,
 * joins the queue of the socket the data is for, is read by the program (or lent to it), and is posted again,
 * several in one message.
 *
 * A bucket is in one place at a time: empty in the pool, with the card, filled (in a socket's queue, or about
 * to be), or lent.
 *
 * Beside the buckets lies the store: blocks that the card never sees. What rests unread is moved there when
 * few buckets are left (kernel/bucket-relief.ts). A block is numbered on from the buckets, and in a queue it
 * is what a bucket is. The blocks of a queue lie before its buckets.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import {
  MEMORY_BUCKETS_POSTED,
  MEMORY_BUCKETS_RETURNED,
  MEMORY_BUCKETS_USED,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { isAtByte } from '../../socket/urgent-mark.ts';
import type { HostSocket } from './host-socket.ts';

const COSTLY = COSTLY_ASSERTIONS;

const PLACE_EMPTY = 0;
const PLACE_CARD = 1;
const PLACE_FILLED = 2;
/** In the program's hands. */
const PLACE_LENT = 3;

export class ReceivePool {
  readonly count: number;
  readonly bucketBytes: number;
  /** Of a filled bucket: the next one of the same socket's queue; -1 ends it. */
  readonly next: Int32Array;
  /**
   * Of a filled or lent bucket: where its unread bytes begin, as a region address, and how many there are.
   */
  readonly address: Int32Array;
  readonly length: Int32Array;
  /** With fewer spare buckets than this they are short. */
  private readonly shortBelow: number;
  private readonly area: PoolArea;
  private readonly store: PoolArea;
  private readonly counters: Float64Array;
  /** Per bucket and block: a PLACE_ number. */
  private readonly place: Uint8Array;
  /** Empty buckets; the one that came back last, which is likely still in a cache, is posted next. */
  private readonly empty: Int32Array;
  private emptyCount: number;
  private cardCount = 0;
  /** Blocks of the store that hold nothing, by their number. */
  private readonly freeBlocks: Int32Array;
  private freeBlockCount: number;

  constructor(area: PoolArea, store: PoolArea, ledger: Ledger) {
    const entries = area.count + store.count;
    this.area = area;
    this.store = store;
    this.count = area.count;
    this.shortBelow = Math.max(1, area.count >> 2);
    this.bucketBytes = area.bufferBytes;
    this.counters = ledger.counters;
    this.next = new Int32Array(entries).fill(-1);
    this.address = new Int32Array(entries);
    this.length = new Int32Array(entries);
    this.place = new Uint8Array(entries);
    this.freeBlocks = new Int32Array(store.count);
    for (let i = 0; i < store.count; i++) this.freeBlocks[i] = entries - 1 - i;
    this.freeBlockCount = store.count;
    this.empty = new Int32Array(area.count);
    for (let i = 0; i < area.count; i++) this.empty[i] = area.count - 1 - i;
    this.emptyCount = area.count;
  }

  /** Empty buckets that wait to be posted. */
  get waiting(): number {
    return this.emptyCount;
  }

  /** Buckets the card has, as far as its records have told. */
  get withCard(): number {
    return this.cardCount;
  }

  /** Buckets that hold no data and are in nobody's hands but the card's: what still can be filled. */
  get spare(): number {
    return this.emptyCount + this.cardCount;
  }

  /** Whether few buckets can still be filled: those whose data rests are to come back, or to take no more. */
  get isShort(): boolean {
    return this.spare < this.shortBelow;
  }

  /**
   * Whether a stream with unread bytes has as many as SO_RCVLOWAT asks for. Where no more may come, because
   * half of its window is full or buckets are short, any are enough (Linux's tcp_stream_is_readable).
   */
  hasEnough(socket: HostSocket): boolean {
    const { receiveHead, receiveLowBytes, receiveWindowBytes } = socket;
    assert(receiveHead >= 0, 'receive pool: what is enough is asked of a socket with unread bytes');
    // As Linux (tcp_poll) it does not count an urgent byte that comes next.
    const least = receiveLowBytes + (isAtByte(socket) ? 1 : 0);
    let wanted = this.isShort ? 0 : Math.min(least, receiveWindowBytes >> 1);
    for (let at = receiveHead; at >= 0 && wanted > 0; at = this.next[at]) wanted -= this.length[at];
    return wanted <= 0;
  }

  /** Unread bytes of a stream. */
  unreadBytes({ receiveHead }: HostSocket): number {
    let bytes = 0;
    for (let at = receiveHead; at >= 0; at = this.next[at]) bytes += this.length[at];
    assert(bytes > 0 === receiveHead >= 0, 'receive pool: a queue of buckets holds bytes');
    return bytes;
  }

  /** The first unread byte of a stream is thrown away. There is one. */
  dropByte(socket: HostSocket): void {
    const head = socket.receiveHead;
    assert(head >= 0, 'receive pool: a byte is dropped where there is one');
    assert(this.length[head] > 0, 'receive pool: a bucket whose byte is dropped has one');
    if (this.length[head] === 1) this.give(this.dequeue(socket));
    else this.consume(head, 1);
  }

  /** Blocks of the store that are free. */
  get blocksFree(): number {
    return this.freeBlockCount;
  }

  /** Bytes of a block. */
  get blockBytes(): number {
    return this.store.bufferBytes;
  }

  /** Region address of a block's first byte. */
  blockAddress(block: number): number {
    return this.store.offset + (block - this.count) * this.store.bufferBytes;
  }

  /** Takes a free block for `length` bytes, `skip` bytes from its first; there is one. @returns it. */
  takeBlock(skip: number, length: number): number {
    assert(this.freeBlockCount > 0, 'receive pool: a block that is taken is free');
    const block = this.freeBlocks[--this.freeBlockCount];
    this.place[block] = PLACE_FILLED;
    this.next[block] = -1;
    this.address[block] = this.blockAddress(block) + skip;
    this.length[block] = length;
    return block;
  }

  /**
   * Where the first bucket of a socket's queue is.
   * @returns it; -1 when the queue has none. What lies before it lies in the store.
   */
  firstBucket(socket: HostSocket): number {
    return socket.storedTail < 0 ? socket.receiveHead : this.next[socket.storedTail];
  }

  /**
   * Puts blocks, linked from `first` to `last`, in the place of the first bucket of a queue.
   * @param first -1 for no blocks: the bytes are in the block before. @returns the bucket, now empty.
   */
  replaceFirstBucket(socket: HostSocket, first: number, last: number): number {
    const { storedTail } = socket;
    const bucket = this.firstBucket(socket);
    assert(bucket >= 0 && bucket < this.count, 'receive pool: what the store takes the place of is a bucket');
    const following = this.next[bucket];
    const begin = first < 0 ? following : first;
    if (storedTail < 0) socket.receiveHead = begin;
    else this.next[storedTail] = begin;
    if (first >= 0) {
      this.next[last] = following;
      socket.storedTail = last;
    }
    if (following < 0) socket.receiveTail = socket.storedTail;
    this.give(bucket);
    if (COSTLY) this.checkQueue(socket);
    return bucket;
  }

  /** Region address of a bucket's first byte. // Hot path. */
  addressOf(bucket: number): number {
    if (COSTLY) this.checkBucket(bucket);
    return this.area.offset + bucket * this.area.bufferBytes;
  }

  private checkBucket(bucket: number): void {
    assert(bucket >= 0 && bucket < this.count, 'receive pool: only a bucket there is has an address');
  }

  /**
   * Takes an empty bucket to name in a post; it is the card's from now on. `waiting` has said that there is
   * one. // Hot path.
   */
  takeToPost(): number {
    if (COSTLY) this.checkNextEmpty();
    const bucket = this.empty[--this.emptyCount];
    this.place[bucket] = PLACE_CARD;
    this.cardCount += 1;
    this.counters[MEMORY_BUCKETS_POSTED] += 1;
    return bucket;
  }

  private checkNextEmpty(): void {
    assert(this.emptyCount > 0, 'receive pool: there is an empty bucket to post');
    const bucket = this.empty[this.emptyCount - 1];
    assert(this.place[bucket] === PLACE_EMPTY, 'receive pool: a bucket that is posted was empty');
  }

  /**
   * A receive record says that the card has filled a bucket. All three numbers are the card's, so they are
   * checked. // Hot path.
   * @returns false when the card did not have the bucket, or the data does not lie within it.
   */
  filled(bucket: number, offset: number, length: number): boolean {
    if (bucket < 0 || bucket >= this.count || this.place[bucket] !== PLACE_CARD) return false;
    if (length <= 0 || offset + length > this.bucketBytes) return false;
    this.leaveCard(bucket);
    this.place[bucket] = PLACE_FILLED;
    this.address[bucket] = this.addressOf(bucket) + offset;
    this.length[bucket] = length;
    this.counters[MEMORY_BUCKETS_USED] += 1;
    return true;
  }

  /**
   * A failure record says that the post naming a bucket was not delivered: the bucket is empty, and the
   * host's.
   * @returns false when the card did not have it.
   */
  unposted(bucket: number): boolean {
    if (bucket < 0 || bucket >= this.count || this.place[bucket] !== PLACE_CARD) return false;
    this.leaveCard(bucket);
    this.counters[MEMORY_BUCKETS_RETURNED] += 1;
    this.putBack(bucket);
    return true;
  }

  private leaveCard(bucket: number): void {
    if (COSTLY) this.checkCardCount();
    this.cardCount -= 1;
    this.next[bucket] = -1;
  }

  private checkCardCount(): void {
    assert(this.cardCount > 0, 'receive pool: the card gives back no more buckets than it has');
  }

  /** The first `bytes` of a filled bucket's data have been read, or are not payload. // Hot path. */
  consume(bucket: number, bytes: number): void {
    const left = this.length[bucket] - bytes;
    if (COSTLY) this.checkConsume(bucket, bytes, left);
    this.address[bucket] = this.address[bucket] + bytes;
    this.length[bucket] = left;
  }

  private checkConsume(bucket: number, bytes: number, left: number): void {
    assert(bytes > 0 && left >= 0, 'receive pool: what is read lies within the data');
    assert(this.place[bucket] === PLACE_FILLED, 'receive pool: a bucket that is read holds data');
  }

  /** A filled bucket joins the queue of the socket whose data it holds. // Hot path. */
  enqueue(socket: HostSocket, bucket: number): void {
    if (COSTLY) this.checkJoins(socket, bucket);
    if (socket.receiveTail < 0) socket.receiveHead = bucket;
    else this.next[socket.receiveTail] = bucket;
    socket.receiveTail = bucket;
    if (COSTLY) this.checkQueue(socket);
  }

  private checkJoins(socket: HostSocket, bucket: number): void {
    assert(this.place[bucket] === PLACE_FILLED, 'receive pool: a bucket that joins a queue holds data');
    assert(
      socket.receiveHead < 0 === socket.receiveTail < 0,
      'receive pool: a queue has a head and a tail, or neither',
    );
  }

  /** The first bucket leaves a socket's queue. There is one. @returns it. // Hot path. */
  dequeue(socket: HostSocket): number {
    const bucket = socket.receiveHead;
    if (COSTLY) this.checkLeaves(socket);
    const next = this.next[bucket];
    socket.receiveHead = next;
    if (next < 0) socket.receiveTail = -1;
    if (bucket === socket.storedTail) socket.storedTail = -1;
    return bucket;
  }

  private checkLeaves(socket: HostSocket): void {
    const bucket = socket.receiveHead;
    assert(bucket >= 0, 'receive pool: a bucket leaves a queue that has one');
    assert(
      this.next[bucket] >= 0 || socket.receiveTail === bucket,
      'receive pool: the last bucket of a queue is its tail',
    );
  }

  /** A filled bucket goes to the program, in place. */
  lend(bucket: number): void {
    assert(this.place[bucket] === PLACE_FILLED, 'receive pool: a bucket that is lent holds data');
    this.place[bucket] = PLACE_LENT;
  }

  /** Whether the program has a bucket. */
  lent(bucket: number): boolean {
    return bucket >= 0 && bucket < this.place.length && this.place[bucket] === PLACE_LENT;
  }

  /** A filled or lent bucket has been read, or its data dropped: it waits to be posted again. // Hot path. */
  give(bucket: number): void {
    if (COSTLY) this.checkGive(bucket);
    if (bucket < this.count) this.putBack(bucket);
    else this.putBlockBack(bucket);
  }

  private checkGive(bucket: number): void {
    assert(this.place[bucket] >= PLACE_FILLED, 'receive pool: a bucket that comes back was filled or lent');
  }

  private putBack(bucket: number): void {
    if (COSTLY) this.checkEmptyCount();
    this.place[bucket] = PLACE_EMPTY;
    this.empty[this.emptyCount++] = bucket;
  }

  private putBlockBack(block: number): void {
    assert(this.freeBlockCount < this.store.count, 'receive pool: no more blocks are free than there are');
    this.place[block] = PLACE_EMPTY;
    this.freeBlocks[this.freeBlockCount++] = block;
  }

  private checkEmptyCount(): void {
    assert(this.emptyCount < this.count, 'receive pool: no more buckets are empty than there are');
  }

  /** The card is gone, or was reset: every bucket it had is empty and the host's. */
  reclaim(): void {
    this.cardCount = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.place[i] === PLACE_CARD) this.putBack(i);
    }
    if (COSTLY) this.check();
  }

  /** After an assertion failed: every bucket that is not lent is empty, and the list of them is made anew. */
  rebuild(): void {
    this.cardCount = 0;
    this.emptyCount = 0;
    for (let i = this.count - 1; i >= 0; i--) {
      if (this.place[i] === PLACE_LENT) continue;
      this.place[i] = PLACE_EMPTY;
      this.empty[this.emptyCount++] = i;
    }
    this.freeBlockCount = 0;
    for (let i = this.place.length - 1; i >= this.count; i--) {
      if (this.place[i] !== PLACE_LENT) this.putBlockBack(i);
    }
  }

  /** Asserts that each bucket is in one place. Takes time in proportion to their number. */
  check(): void {
    let empty = 0;
    let withCard = 0;
    for (let i = 0; i < this.count; i++) {
      if (this.place[i] === PLACE_EMPTY) empty += 1;
      if (this.place[i] === PLACE_CARD) withCard += 1;
    }
    assert(empty === this.emptyCount, 'receive pool: as many buckets are in the empty list as are empty');
    assert(withCard === this.cardCount, 'receive pool: as many buckets are counted at the card as it has');
    let free = 0;
    for (let i = this.count; i < this.place.length; i++) free += this.place[i] === PLACE_EMPTY ? 1 : 0;
    assert(free === this.freeBlockCount, 'receive pool: as many blocks are in the free list as are free');
  }

  /**
   * Asserts that a socket's queue ends, at its tail, that each bucket in it holds data, and that its blocks
   * lie before its buckets.
   */
  private checkQueue(socket: HostSocket): void {
    let last = -1;
    let steps = 0;
    let stored = -1;
    for (let at = socket.receiveHead; at >= 0; at = this.next[at]) {
      assert(steps++ < this.place.length, 'receive pool: a queue ends');
      if (at >= this.count) stored = at;
      assert(at < this.count || last < 0 || last >= this.count, 'receive pool: blocks lie before buckets');
      assert(this.place[at] === PLACE_FILLED, 'receive pool: each bucket of a queue holds data');
      last = at;
    }
    assert(last === socket.receiveTail, 'receive pool: a queue ends with its tail');
    assert(stored === socket.storedTail, 'receive pool: the last block of a queue is the one remembered');
  }
}
