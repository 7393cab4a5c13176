/**
 * The two ends of one FIFO of message frame addresses (layout: fifo-layout.ts). One side only pushes, the other only takes.
 *
 * Order: a plain store fills the entry, then `Atomics.store` of the head shows it; the taker's `Atomics.load` of the head pairs
 * with it. The other side's index is read again only when the one last seen says full or empty, as a prefetch register would.
 * An index that cannot be ends the FIFO's use, and is reported by `broken`.
 */
import type { Region } from '../dma/region.ts';

/** The end that pushes. */
export class FifoHead {
  /** True once the other side has written an index that cannot be. */
  broken = false;
  /** Entries pushed; those after `shown` are not visible yet. */
  next = 0;
  shown = 0;
  private readonly words: Int32Array;
  private readonly entries: number;
  private readonly size: number;
  private readonly mask: number;
  private readonly headWord: number;
  private readonly tailWord: number;
  private tailSeen = 0;

  /** @param entries word index of the first entry. @param size entries, a power of two. @param head @param tail addresses. */
  constructor(region: Region, entries: number, size: number, head: number, tail: number) {
    this.words = region.words;
    this.entries = entries;
    this.size = size;
    this.mask = size - 1;
    this.headWord = head >> 2;
    this.tailWord = tail >> 2;
    this.next = this.shown = Atomics.load(this.words, this.headWord);
    this.tailSeen = Atomics.load(this.words, this.tailWord);
  }

  /** Pushes an entry, to be shown by `show`. @returns false when there is no room. // Hot path. */
  push(entry: number): boolean {
    const next = this.next;
    if (((next - this.tailSeen) | 0) >= this.size && !this.look()) return false;
    this.words[this.entries + (next & this.mask)] = entry;
    this.next = (next + 1) | 0;
    return true;
  }

  /** Makes what was pushed visible. */
  show(): void {
    Atomics.store(this.words, this.headWord, this.next);
    this.shown = this.next;
  }

  /** Whether the other side has taken the entry that was pushed when `next` was `index`. // Hot path. */
  taken(index: number): boolean {
    if (((this.tailSeen - index) | 0) > 0) return true;
    this.look();
    return ((this.tailSeen - index) | 0) > 0;
  }

  /** Entries shown and not taken. */
  get waiting(): number {
    this.look();
    return (this.shown - this.tailSeen) | 0;
  }

  /** Reads the other side's index. @returns whether there is room. */
  private look(): boolean {
    const tail = Atomics.load(this.words, this.tailWord);
    const used = (this.next - tail) | 0;
    // Nobody can have taken what was not shown, nor put back what was taken.
    if (used > this.size || ((this.shown - tail) | 0) < 0 || ((tail - this.tailSeen) | 0) < 0) {
      this.broken = true;
      return false;
    }
    this.tailSeen = tail;
    return used < this.size;
  }
}

/** The end that takes. */
export class FifoTail {
  broken = false;
  private readonly words: Int32Array;
  private readonly entries: number;
  private readonly size: number;
  private readonly mask: number;
  private readonly headWord: number;
  private readonly tailWord: number;
  private next = 0;
  private headSeen = 0;

  constructor(region: Region, entries: number, size: number, head: number, tail: number) {
    this.words = region.words;
    this.entries = entries;
    this.size = size;
    this.mask = size - 1;
    this.headWord = head >> 2;
    this.tailWord = tail >> 2;
    this.next = Atomics.load(this.words, this.tailWord);
    this.headSeen = this.next;
  }

  /** Whether there is nothing to take, after looking at the shared head if none was known of. // Hot path. */
  get empty(): boolean {
    return this.next === this.headSeen && this.look() === 0;
  }

  /** Takes the next entry; not empty. The room it took is given back by `show`. // Hot path. */
  take(): number {
    const entry = this.words[this.entries + (this.next & this.mask)]!;
    this.next = (this.next + 1) | 0;
    return entry;
  }

  /** Tells the other side what was taken. */
  show(): void {
    Atomics.store(this.words, this.tailWord, this.next);
  }

  /** Entries that can be taken now. */
  get waiting(): number {
    return this.look();
  }

  /** Reads the other side's index. @returns entries waiting. */
  private look(): number {
    const head = Atomics.load(this.words, this.headWord);
    const waiting = (head - this.next) | 0;
    if (waiting < 0 || waiting > this.size || ((head - this.headSeen) | 0) < 0) {
      this.broken = true;
      this.headSeen = this.next;
      return 0;
    }
    this.headSeen = head;
    return waiting;
  }
}
