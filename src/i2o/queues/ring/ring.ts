/**
 * The two ends of a ring (layout: ring-layout.ts). Each end remembers the other's index as it last saw it,
 * and reads the shared word only when the remembered index says full or empty. So a shared cache line moves
 * once per batch, not once per frame.
 *
 * Order of memory: plain stores fill the frame, then `Atomics.store` of the tail publishes it, and the
 * consumer's `Atomics.load` of the tail pairs with that store. The head travels the other way in the same
 * manner. A notification is only a hint, so an end that asks for one looks at the index once more before it
 * sleeps.
 *
 * Neither end trusts what the other wrote. An impossible index (further away than the capacity) ends the use
 * of the ring until a reset, and `broken` reports it. What a frame holds is checked by whoever reads it
 * (frame.ts, the codecs). The assertions are about this end's own indices, which lie in the end's own fields:
 * the words in shared memory could have been overwritten by the other side, so no assertion reads them.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import type { Region } from '../../../dma/region.ts';
import { atOrAfter, before } from '../../../dma/wrapping.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../frame.ts';
import { type MarkedConsumer, type MarkedProducer, NO_FRAME } from '../../transport.ts';
import {
  checkCapacity,
  FRAMES_OFFSET,
  HEAD_EVENT_OFFSET,
  HEAD_OFFSET,
  type RingCopies,
  ringBytes,
  TAIL_EVENT_OFFSET,
  TAIL_OFFSET,
} from './ring-layout.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** What the producer has taken and neither posted nor cancelled. */
const NONE = 0;
const ACQUIRED = 1;
/** The copy of a request that came back undelivered. */
const ADOPTED = 2;

/** The sending end: acquire, write the frame, then post or cancel; publish once per batch. */
export class RingProducer implements MarkedProducer {
  private readonly words: Int32Array;
  private readonly capacity: number;
  private readonly mask: number;
  private readonly framesWord: number;
  private readonly tailWord: number;
  private readonly headWord: number;
  private readonly tailEventWord: number;
  private readonly headEventWord: number;
  /** NONE, ACQUIRED or ADOPTED. An acquired frame is noted only where costly assertions run. */
  private held = NONE;
  /** Frames posted since the ring began; `next - published` of them are not visible yet. */
  next = 0;
  private published = 0;
  private headSeen = 0;
  private brokenIndex = false;
  private readonly copies: RingCopies | undefined;

  /**
   * @param offset address of the ring, as `planRing` returned it.
   * @param copies where the consumer keeps copies of the requests it could not deliver; none for a ring of
   *   replies.
   */
  constructor(region: Region, offset: number, capacity: number, copies?: RingCopies) {
    checkCapacity(capacity);
    assert(
      offset > 0 && offset % FRAME_BYTES === 0 && offset + ringBytes(capacity) <= region.byteLength,
      'ring producer: the ring lies in the region, on a pair of cache lines',
    );
    this.words = region.words;
    this.copies = copies;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.framesWord = (offset + FRAMES_OFFSET) >> 2;
    this.tailWord = (offset + TAIL_OFFSET) >> 2;
    this.headWord = (offset + HEAD_OFFSET) >> 2;
    this.tailEventWord = (offset + TAIL_EVENT_OFFSET) >> 2;
    this.headEventWord = (offset + HEAD_EVENT_OFFSET) >> 2;
    this.next = this.published = Atomics.load(this.words, this.tailWord);
    this.headSeen = Atomics.load(this.words, this.headWord);
  }

  /**
   * Takes the next frame. It must be posted or cancelled before the next `acquire`.
   * @returns its word index, or NO_FRAME when all are in use. // Hot path: 2 ns.
   */
  acquire(): number {
    const next = this.next;
    if (((next - this.headSeen) | 0) >= this.capacity && this.refresh() <= 0) return NO_FRAME;
    if (COSTLY) this.hold();
    return this.framesWord + (next & this.mask) * FRAME_WORDS;
  }

  /** The acquired frame is complete. It becomes visible with the next `publish`. */
  post(): void {
    if (COSTLY) this.letGo();
    this.next = (this.next + 1) | 0;
  }

  /** Gives back the acquired frame, which keeps its place in the ring, or the adopted copy. */
  cancel(): void {
    if (COSTLY) this.checkCancel();
    this.held = NONE;
  }

  /**
   * Makes posted frames visible. // Hot path: 8 ns when there are any.
   * @returns 0 nothing was posted; 1 published and no notification is wanted; 2 the consumer asked to be
   *   notified.
   */
  publish(): number {
    return this.publishTo(this.next);
  }

  publishTo(next: number): number {
    const last = this.published;
    if (next === last) return 0;
    if (COSTLY) this.checkPosted(next);
    Atomics.store(this.words, this.tailWord, next);
    this.published = next;
    const event = Atomics.load(this.words, this.tailEventWord);
    return (next - event - 1) >>> 0 < (next - last) >>> 0 ? 2 : 1;
  }

  private hold(): void {
    assert(this.held === NONE, 'ring producer: a frame is posted or cancelled before the next is acquired');
    this.held = ACQUIRED;
  }

  private letGo(): void {
    assert(this.held === ACQUIRED, 'ring producer: only a frame that was acquired is posted');
    assert(
      ((this.next - this.headSeen) | 0) < this.capacity,
      'ring producer: no frame is posted over one that is not released',
    );
    this.held = NONE;
  }

  private checkCancel(): void {
    assert(this.held !== NONE, 'ring producer: only a frame that was acquired or adopted is cancelled');
  }

  private checkPosted(next: number): void {
    const posted = (next - this.published) | 0;
    assert(posted > 0 && posted <= this.capacity, 'ring producer: the frames to publish fit the ring');
    assert(atOrAfter(this.next, next), 'ring producer: no frame is published that was not posted');
  }

  /** Frames that can be acquired now, looking at the shared index only when fewer than `wanted` seem free. */
  available(wanted: number): number {
    const free = (this.capacity - ((this.next - this.headSeen) | 0)) | 0;
    return free >= wanted ? free : this.refresh();
  }

  /**
   * Asks to be notified when the consumer next releases a frame.
   * @returns true when fewer than `wanted` are free.
   */
  armForFree(wanted: number): boolean {
    assert(
      wanted > 0 && wanted <= this.capacity,
      'ring producer: it waits for no more frames than the ring has',
    );
    for (;;) {
      const seen = this.headSeen;
      Atomics.store(this.words, this.headEventWord, seen);
      if (this.refresh() >= wanted) return false;
      // Some frames came, but too few. They have used up the notification, so ask again from the index now
      // seen.
      if (this.headSeen === seen) return true;
    }
  }

  /** A frame cannot leave the ring's order, so what the producer reads is the consumer's copy of it. */
  adopt(address: number): number {
    assert(this.held === NONE, 'ring producer: no undelivered frame is adopted while another is held');
    const { copies } = this;
    if (copies === undefined) return NO_FRAME;
    const offset = address - copies.copies * 4;
    const within = offset >= 0 && offset < copies.frames * FRAME_BYTES && offset % FRAME_BYTES === 0;
    if (!within) return NO_FRAME;
    this.held = ADOPTED;
    return address >> 2;
  }

  /** Nothing to give back: a frame acquired and not posted has never left the ring. */
  surrender(): void {
    this.held = NONE;
  }

  /**
   * The indices stay as they are; the consumer, which learns of the reset too, skips what it has not
   * received.
   */
  restart(destroyed?: (frame: number) => void): number {
    assert(atOrAfter(this.next, this.published), 'ring producer: nothing was published that was not posted');
    this.held = NONE;
    this.brokenIndex = false;
    this.headSeen = Atomics.load(this.words, this.headWord);
    this.refresh();
    const waiting = this.brokenIndex ? 0 : (this.next - this.headSeen) | 0;
    for (let i = this.headSeen; destroyed !== undefined && i !== this.next && waiting > 0; i = (i + 1) | 0) {
      destroyed(this.framesWord + (i & this.mask) * FRAME_WORDS);
    }
    this.next = this.published;
    return waiting;
  }

  /** Frames posted that are not released yet. */
  get inUse(): number {
    this.refresh();
    return (this.next - this.headSeen) | 0;
  }

  /** True once the consumer has written an impossible index. */
  get broken(): boolean {
    return this.brokenIndex;
  }

  /** Reads the consumer's index. @returns frames free. */
  private refresh(): number {
    const head = Atomics.load(this.words, this.headWord);
    const used = (this.next - head) | 0;
    // No frame is released before it was shown: the head stays behind what is published, not only `next`.
    if (before(this.published, head) || used > this.capacity || before(head, this.headSeen)) {
      this.brokenIndex = true;
      return 0;
    }
    this.headSeen = head;
    return this.capacity - used;
  }
}

/** The receiving end: receive, read the frame, release; publish once per batch. */
export class RingConsumer implements MarkedConsumer {
  private readonly words: Int32Array;
  private readonly capacity: number;
  private readonly mask: number;
  private readonly framesWord: number;
  private readonly tailWord: number;
  private readonly headWord: number;
  private readonly tailEventWord: number;
  private readonly headEventWord: number;
  /**
   * Whether the frame at `next` was given out by `receive` and is not released yet; noted only where costly
   * assertions run.
   */
  private held = false;
  /** Frames released since the ring began; the producer has been told of `published` of them. */
  next = 0;
  private published = 0;
  private tailSeen = 0;
  private brokenIndex = false;
  private readonly copies: RingCopies | undefined;

  /**
   * @param offset as of the producer.
   * @param copies where this end keeps copies of what it could not deliver.
   */
  constructor(region: Region, offset: number, capacity: number, copies?: RingCopies) {
    checkCapacity(capacity);
    assert(
      offset > 0 && offset % FRAME_BYTES === 0 && offset + ringBytes(capacity) <= region.byteLength,
      'ring consumer: the ring lies in the region, on a pair of cache lines',
    );
    this.words = region.words;
    this.copies = copies;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.framesWord = (offset + FRAMES_OFFSET) >> 2;
    this.tailWord = (offset + TAIL_OFFSET) >> 2;
    this.headWord = (offset + HEAD_OFFSET) >> 2;
    this.tailEventWord = (offset + TAIL_EVENT_OFFSET) >> 2;
    this.headEventWord = (offset + HEAD_EVENT_OFFSET) >> 2;
    this.next = this.published = Atomics.load(this.words, this.headWord);
    this.tailSeen = this.next;
  }

  /**
   * The next frame, which stays the caller's until `release`.
   * @returns its word index, or NO_FRAME. // Hot path: 2 ns when one was known to be there, else one shared
   *   load.
   */
  receive(): number {
    if (this.next === this.tailSeen && this.refresh() === 0) return NO_FRAME;
    if (COSTLY) this.hold();
    return this.framesWord + (this.next & this.mask) * FRAME_WORDS;
  }

  /** The received frame has been read. The producer may use it again after the next `publish`. */
  release(): void {
    if (COSTLY) this.letGo();
    this.next = (this.next + 1) | 0;
  }

  /** Keeps a copy: to keep the frame itself would hold up all the frames behind it. */
  preserve(record: number): number {
    const { copies, words } = this;
    if (copies === undefined) return NO_FRAME;
    if (COSTLY) assert(this.held, 'ring consumer: only a frame that was received is preserved');
    const frame = this.framesWord + (this.next & this.mask) * FRAME_WORDS;
    const distance = record - copies.records;
    assert(
      distance >= 0 && distance < copies.frames * FRAME_WORDS && distance % FRAME_WORDS === 0,
      'ring consumer: the failure record is a frame of the outbound ring',
    );
    const copy = copies.copies + distance;
    for (let i = 0; i < FRAME_WORDS; i++) words[copy + i] = words[frame + i];
    return copy * 4;
  }

  /** Nothing to lend: the ring's frames belong to its producer from the start. */
  supply(): void {}

  /** Skips what was posted, which makes the whole ring free. */
  restart(holding: boolean): number {
    if (COSTLY) assert(!holding || this.held, 'ring consumer: a reset holds only a frame that was received');
    const { words, capacity } = this;
    this.held = holding;
    const tail = Atomics.load(words, this.tailWord);
    const waiting = (tail - this.next) | 0;
    const held = holding ? 1 : 0;
    this.brokenIndex = waiting < held || waiting > capacity;
    if (this.brokenIndex) return 0;
    this.tailSeen = tail;
    this.next = (tail - held) | 0;
    if (!holding) this.publish();
    return waiting - held;
  }

  /**
   * Makes releases visible to the producer.
   * @returns 0 nothing was released; 1 no notification is wanted; 2 the producer waits for a free frame.
   */
  publish(): number {
    return this.publishTo(this.next);
  }

  publishTo(next: number): number {
    const last = this.published;
    if (next === last) return 0;
    if (COSTLY) this.checkReleased(next);
    Atomics.store(this.words, this.headWord, next);
    this.published = next;
    const event = Atomics.load(this.words, this.headEventWord);
    return (next - event - 1) >>> 0 < (next - last) >>> 0 ? 2 : 1;
  }

  private hold(): void {
    assert(before(this.next, this.tailSeen), 'ring consumer: no frame is received that was not posted');
    this.held = true;
  }

  private letGo(): void {
    assert(this.held, 'ring consumer: only a frame that was received is released');
    this.held = false;
  }

  private checkReleased(next: number): void {
    assert(atOrAfter(this.next, next), 'ring consumer: no frame is given back that was not released');
    assert(
      atOrAfter(this.tailSeen, this.next),
      'ring consumer: no more frames are released than were posted',
    );
  }

  /** Asks to be notified of the next frame. @returns true when there is none, after looking once more. */
  arm(): boolean {
    Atomics.store(this.words, this.tailEventWord, this.next);
    return this.next === this.tailSeen && this.refresh() === 0;
  }

  /** Frames posted that have not been released. */
  get waiting(): number {
    return this.refresh();
  }

  /** True once the producer has written an impossible index. */
  get broken(): boolean {
    return this.brokenIndex;
  }

  /** Reads the producer's index. @returns frames waiting. */
  private refresh(): number {
    const tail = Atomics.load(this.words, this.tailWord);
    const waiting = (tail - this.next) | 0;
    if (waiting < 0 || waiting > this.capacity) {
      this.brokenIndex = true;
      return 0;
    }
    this.tailSeen = tail;
    return waiting;
  }
}
