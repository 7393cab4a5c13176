/**
 * The two ends of one FIFO of message frame addresses (layout: fifo-layout.ts). One side only pushes, the other only takes.
 *
 * Order: a plain store fills the entry, then `Atomics.store` of the head shows it; the taker's `Atomics.load` of the head pairs
 * with it. The other side's index is read again only when the one last seen says full or empty, as a prefetch register would.
 * An index that cannot be ends the FIFO's use until a reset, and is reported by `broken`.
 *
 * A reset empties a FIFO from either end: the one that takes skips what there is, the one that pushes raises the floor, an index
 * below which the other finds nothing any more.
 */
import type { Region } from '../../../dma/region.ts';

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
  /** Word index of the floor; -1 when this end has none to raise. */
  private readonly floorWord: number;
  private tailSeen = 0;
  private floor = 0;

  /**
   * @param entries word index of the first entry. @param size entries, a power of two. @param head @param tail addresses.
   * @param floor address of the floor, where this end may raise it.
   */
  constructor(region: Region, entries: number, size: number, head: number, tail: number, floor = -4) {
    this.words = region.words;
    this.entries = entries;
    this.size = size;
    this.mask = size - 1;
    this.headWord = head >> 2;
    this.tailWord = tail >> 2;
    this.floorWord = floor >> 2;
    this.floor = this.floorWord < 0 ? 0 : Atomics.load(this.words, this.floorWord);
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

  /**
   * A reset: what was pushed and not taken is gone. @param destroyed told of each such entry. @returns how many.
   * What the other side's index had broken is whole again.
   */
  cut(destroyed?: (entry: number) => void): number {
    this.broken = false;
    this.look();
    const count = this.broken ? 0 : (this.next - this.tailSeen) | 0;
    for (let i = 0; destroyed !== undefined && i < count; i++) {
      destroyed(this.words[this.entries + ((this.tailSeen + i) & this.mask)]);
    }
    this.broken = false;
    this.show();
    this.floor = this.next;
    this.tailSeen = this.next;
    if (this.floorWord >= 0) Atomics.store(this.words, this.floorWord, this.floor);
    return count;
  }

  /** Reads the other side's index. @returns whether there is room. */
  private look(): boolean {
    let tail = Atomics.load(this.words, this.tailWord);
    // The other side has not looked since the floor was raised.
    if (this.floorWord >= 0 && ((tail - this.floor) | 0) < 0) tail = this.floor;
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
  /** Word index of the floor; -1 when the other end has none to raise. */
  private readonly floorWord: number;
  private next = 0;
  private headSeen = 0;

  /** As of `FifoHead`; the floor is the other end's to raise. */
  constructor(region: Region, entries: number, size: number, head: number, tail: number, floor = -4) {
    this.words = region.words;
    this.floorWord = floor >> 2;
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
    if (this.floorWord >= 0) this.rise();
    return this.next === this.headSeen && this.look() === 0;
  }

  /** Takes the next entry; not empty. The room it took is given back by `show`. // Hot path. */
  take(): number {
    const entry = this.words[this.entries + (this.next & this.mask)];
    this.next = (this.next + 1) | 0;
    return entry;
  }

  /** Tells the other side what was taken. */
  show(): void {
    Atomics.store(this.words, this.tailWord, this.next);
  }

  /** Entries that can be taken now. */
  get waiting(): number {
    if (this.floorWord >= 0) this.rise();
    return this.look();
  }

  /** A reset: skips what there is. What the other side's index had broken is whole again. @returns entries skipped. */
  skip(): number {
    this.broken = false;
    const head = Atomics.load(this.words, this.headWord);
    const waiting = (head - this.next) | 0;
    this.next = head;
    this.headSeen = head;
    this.show();
    return waiting >= 0 && waiting <= this.size ? waiting : 0;
  }

  /** What lies below the floor is gone. // Hot path. */
  private rise(): void {
    const floor = Atomics.load(this.words, this.floorWord);
    if (((floor - this.next) | 0) <= 0) return;
    this.next = floor;
    this.headSeen = floor;
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
