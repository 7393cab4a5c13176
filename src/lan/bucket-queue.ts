/**
 * Buckets that the host has posted and no packet has filled yet, filled in the order in which they came. A
 * request's buckets are staged, and become the card's together or not at all.
 */
import { assert } from '../assert/assert.ts';

/** Words of a bucket: context, whom to answer, address, bytes. */
const CONTEXT = 0;
const INITIATOR_CONTEXT = 1;
const ADDRESS = 2;
const BYTES = 3;
const BUCKET_WORDS = 4;

export class BucketQueue {
  /** Buckets that may be the card's at a time. */
  readonly capacity: number;
  private readonly words: Int32Array;
  private first = 0;
  private length = 0;
  private staged = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.words = new Int32Array(capacity * BUCKET_WORDS);
  }

  /** Buckets that can be filled. */
  get posted(): number {
    return this.length;
  }

  get stagedCount(): number {
    return this.staged;
  }

  /** Stages a bucket. The caller has looked whether there is room. */
  stage(context: number, initiatorContext: number, address: number, byteLength: number): void {
    assert(this.length + this.staged < this.capacity, 'lan buckets: a bucket is staged where there is room');
    const at = this.placeOf(this.length + this.staged);
    this.staged += 1;
    const { words } = this;
    words[at + CONTEXT] = context;
    words[at + INITIATOR_CONTEXT] = initiatorContext;
    words[at + ADDRESS] = address;
    words[at + BYTES] = byteLength;
  }

  commit(): void {
    this.length += this.staged;
    this.staged = 0;
  }

  abandon(): void {
    this.staged = 0;
  }

  /** The place of the bucket so many behind the oldest, for the getters below. */
  placeOf(index: number): number {
    return ((this.first + index) % this.capacity) * BUCKET_WORDS;
  }

  contextAt(place: number): number {
    return this.words[place + CONTEXT];
  }

  initiatorContextAt(place: number): number {
    return this.words[place + INITIATOR_CONTEXT];
  }

  addressAt(place: number): number {
    return this.words[place + ADDRESS];
  }

  byteLengthAt(place: number): number {
    return this.words[place + BYTES];
  }

  /** The oldest bucket is done with. */
  drop(): void {
    assert(this.length > 0, 'lan buckets: a bucket that is used was posted');
    this.first = (this.first + 1) % this.capacity;
    this.length -= 1;
  }

  /** Takes a bucket out of the middle; those behind it move up. */
  remove(index: number): void {
    for (let i = index; i + 1 < this.length; i++) {
      const from = this.placeOf(i + 1);
      const to = this.placeOf(i);
      for (let word = 0; word < BUCKET_WORDS; word++) this.words[to + word] = this.words[from + word];
    }
    this.length -= 1;
  }

  clear(): void {
    this.length = 0;
    this.staged = 0;
  }
}
