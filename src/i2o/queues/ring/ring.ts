/**
 * The two ends of a ring (layout: ring-layout.ts). Each end keeps the other's index as last seen, and reads the shared word
 * only when that says full or empty: a shared cache line moves once per batch, not once per frame.
 *
 * Order: a plain store fills the frame, then `Atomics.store` of the tail publishes it; the consumer's `Atomics.load` of the
 * tail pairs with it. The head goes the other way in the same manner. Notification is a hint, so whoever arms looks again.
 *
 * Nothing the other end wrote is trusted: an index that cannot be (further than the capacity away) stops the ring's use and
 * is reported by `broken`; what a frame holds is the frame checker's business.
 */
import type { Region } from '../../../dma/region.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../frame.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../transport.ts';
import {
  checkCapacity,
  FRAMES_OFFSET,
  HEAD_EVENT_OFFSET,
  HEAD_OFFSET,
  type RingCopies,
  TAIL_EVENT_OFFSET,
  TAIL_OFFSET,
} from './ring-layout.ts';

/** The sending end. acquire → write the frame → post | cancel; publish now and then. */
export class RingProducer implements FrameProducer {
  private readonly words: Int32Array;
  private readonly capacity: number;
  private readonly mask: number;
  private readonly framesWord: number;
  private readonly tailWord: number;
  private readonly headWord: number;
  private readonly tailEventWord: number;
  private readonly headEventWord: number;
  /** Frames posted; `next - published` of them are not visible yet. */
  private next = 0;
  private published = 0;
  private headSeen = 0;
  private brokenIndex = false;
  private readonly copies: RingCopies | undefined;

  /** @param copies where the consumer keeps copies of what it could not deliver. */
  constructor(region: Region, offset: number, capacity: number, copies?: RingCopies) {
    checkCapacity(capacity);
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
    return this.framesWord + (next & this.mask) * FRAME_WORDS;
  }

  /** The acquired frame is complete. It becomes visible with the next `publish`. */
  post(): void {
    this.next = (this.next + 1) | 0;
  }

  /** Gives the acquired frame back unused: a frame not posted is not taken, so there is nothing to undo. */
  cancel(): void {}

  /**
   * Makes posted frames visible. // Hot path: 8 ns when there are any.
   * @returns 0 nothing was posted; 1 published and no notification is wanted; 2 the consumer asked to be notified.
   */
  publish(): number {
    const next = this.next;
    const before = this.published;
    if (next === before) return 0;
    Atomics.store(this.words, this.tailWord, next);
    this.published = next;
    const event = Atomics.load(this.words, this.tailEventWord);
    return (next - event - 1) >>> 0 < (next - before) >>> 0 ? 2 : 1;
  }

  /** Frames that can be acquired now, looking at the shared index only when fewer than `wanted` seem free. */
  available(wanted: number): number {
    const free = (this.capacity - ((this.next - this.headSeen) | 0)) | 0;
    return free >= wanted ? free : this.refresh();
  }

  /** Asks to be notified when the consumer next releases a frame. @returns true when fewer than `wanted` are free. */
  armForFree(wanted: number): boolean {
    for (;;) {
      const seen = this.headSeen;
      Atomics.store(this.words, this.headEventWord, seen);
      if (this.refresh() >= wanted) return false;
      // Some came, but too few: the notification asked for is spent, so the next must be asked for from here.
      if (this.headSeen === seen) return true;
    }
  }

  /** No frame leaves the ring's order: what can be read is a copy, and there is nothing to give back. */
  adopt(address: number): number {
    const { copies } = this;
    if (copies === undefined) return NO_FRAME;
    const offset = address - copies.copies * 4;
    const within = offset >= 0 && offset < copies.frames * FRAME_BYTES && offset % FRAME_BYTES === 0;
    return within ? address >> 2 : NO_FRAME;
  }

  /** A frame acquired and not posted is not taken. */
  surrender(): void {}

  /** The frames stay where they are; those not received are the consumer's to skip, which knows of the reset, too. */
  restart(destroyed?: (frame: number) => void): number {
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

  /** True once the consumer has written an index that cannot be. */
  get broken(): boolean {
    return this.brokenIndex;
  }

  /** Reads the consumer's index. @returns frames free. */
  private refresh(): number {
    const head = Atomics.load(this.words, this.headWord);
    const used = (this.next - head) | 0;
    if (used < 0 || used > this.capacity || ((head - this.headSeen) | 0) < 0) {
      this.brokenIndex = true;
      return 0;
    }
    this.headSeen = head;
    return this.capacity - used;
  }
}

/** The receiving end. receive → read the frame → release; publish now and then. */
export class RingConsumer implements FrameConsumer {
  private readonly words: Int32Array;
  private readonly capacity: number;
  private readonly mask: number;
  private readonly framesWord: number;
  private readonly tailWord: number;
  private readonly headWord: number;
  private readonly tailEventWord: number;
  private readonly headEventWord: number;
  private next = 0;
  private published = 0;
  private tailSeen = 0;
  private brokenIndex = false;
  private readonly copies: RingCopies | undefined;

  /** @param copies where to keep copies of what cannot be delivered. */
  constructor(region: Region, offset: number, capacity: number, copies?: RingCopies) {
    checkCapacity(capacity);
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
   * @returns its word index, or NO_FRAME. // Hot path: 2 ns when one was known to be there, else one shared load.
   */
  receive(): number {
    if (this.next === this.tailSeen && this.refresh() === 0) return NO_FRAME;
    return this.framesWord + (this.next & this.mask) * FRAME_WORDS;
  }

  /** The received frame has been read. The producer may use it again after the next `publish`. */
  release(): void {
    this.next = (this.next + 1) | 0;
  }

  /** A frame kept would keep those behind it, so a copy is. */
  preserve(record: number): number {
    const { copies, words } = this;
    if (copies === undefined) return NO_FRAME;
    const frame = this.framesWord + (this.next & this.mask) * FRAME_WORDS;
    const copy = copies.copies + (record - copies.records);
    for (let i = 0; i < FRAME_WORDS; i++) words[copy + i] = words[frame + i];
    return copy * 4;
  }

  /** The ring's frames are its producer's from the start. */
  supply(): void {}

  /** Skips what was posted, which makes the whole ring free. */
  restart(holding: boolean): number {
    const { words, capacity } = this;
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
    const next = this.next;
    const before = this.published;
    if (next === before) return 0;
    Atomics.store(this.words, this.headWord, next);
    this.published = next;
    const event = Atomics.load(this.words, this.headEventWord);
    return (next - event - 1) >>> 0 < (next - before) >>> 0 ? 2 : 1;
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

  /** True once the producer has written an index that cannot be. */
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
