/**
 * The two ends of one FIFO of message frame addresses (layout: fifo-layout.ts). One side only pushes, the
 * other only takes.
 *
 * Order of memory: a plain store fills the entry, then `Atomics.store` of the head shows it, and the taker's
 * `Atomics.load` of the head pairs with that store. An end reads the other side's index again only when the
 * one it saw last says full or empty, as a prefetch register would. An impossible index ends the use of the
 * FIFO until a reset, and `broken` reports it.
 *
 * A reset empties a FIFO from either end: the end that takes skips the entries there are; the end that pushes
 * raises the floor, an index below which the other end finds nothing any more. It raises the floor before it
 * looks what was taken, and the other end says what it takes before it looks at the floor once more. So an
 * entry that the reset counts as destroyed is never taken, whenever the other end looks; one that is taken in
 * the very moment may be neither.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import type { Region } from '../../../dma/region.ts';
import { after, atOrAfter, atOrBefore, before } from '../../../dma/wrapping.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** What must hold of the memory of a FIFO, at either end. @param entries word index of its first entry. */
function checkMemory(words: Int32Array, entries: number, size: number, head: number, tail: number): void {
  assert(size > 0 && (size & (size - 1)) === 0, 'fifo: its size is a power of two');
  assert(entries > 0 && entries + size <= words.length, 'fifo: its entries lie in the region');
  assert(
    head !== tail && ((head | tail) & 3) === 0,
    'fifo: each end moves an index of its own, which is a word',
  );
}

/** The end that pushes. */
export class FifoHead {
  /** True once the other side has written an impossible index. */
  broken = false;
  /** Entries pushed since the FIFO began; the other side cannot see those after `shown` yet. */
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
   * @param entries word index of the first entry. @param size how many entries, a power of two.
   * @param head address of the index this end moves. @param tail address of the index the other end moves.
   * @param floor address of the floor, where this end may raise it; −4 where it has none.
   */
  constructor(region: Region, entries: number, size: number, head: number, tail: number, floor = -4) {
    this.words = region.words;
    checkMemory(region.words, entries, size, head, tail);
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
    this.showTo(this.next);
  }

  /** Makes visible what was pushed when `next` was `mark`. */
  showTo(mark: number): void {
    if (COSTLY) this.checkShown(mark);
    Atomics.store(this.words, this.headWord, mark);
    this.shown = mark;
  }

  private checkShown(mark: number): void {
    const added = (mark - this.shown) | 0;
    assert(added >= 0 && added <= this.size, 'fifo head: what is shown was pushed, and fits');
    assert(atOrAfter(this.next, mark), 'fifo head: no entry is shown that was not pushed');
  }

  /** Whether the other side has taken the entry that was pushed when `next` was `index`. // Hot path. */
  taken(index: number): boolean {
    if (COSTLY) assert(after(this.next, index), 'fifo head: it is asked about an entry that was pushed');
    if (after(this.tailSeen, index)) return true;
    this.look();
    return after(this.tailSeen, index);
  }

  /** Entries shown and not taken. */
  get waiting(): number {
    this.look();
    return (this.shown - this.tailSeen) | 0;
  }

  /**
   * A reset destroys what was pushed and not taken. A FIFO that an impossible index had broken works again.
   * @param destroyed is called with each entry destroyed. @returns how many there were.
   */
  cut(destroyed?: (entry: number) => void): number {
    this.broken = false;
    assert(atOrAfter(this.next, this.floor), 'fifo head: the floor only rises');
    if (this.floorWord >= 0) Atomics.store(this.words, this.floorWord, this.next);
    this.look();
    const count = this.broken ? 0 : (this.next - this.tailSeen) | 0;
    for (let i = 0; destroyed !== undefined && i < count; i++) {
      destroyed(this.words[this.entries + ((this.tailSeen + i) & this.mask)]);
    }
    this.broken = false;
    this.floor = this.next;
    this.tailSeen = this.next;
    this.show();
    return count;
  }

  /** Reads the other side's index. @returns whether there is room. */
  private look(): boolean {
    let tail = Atomics.load(this.words, this.tailWord);
    // A tail below the floor means that the other side has not looked since the floor was raised.
    if (this.floorWord >= 0 && before(tail, this.floor)) tail = this.floor;
    const used = (this.next - tail) | 0;
    // Nobody can have taken what was not shown, or put back what was taken.
    if (used > this.size || before(this.shown, tail) || before(tail, this.tailSeen)) {
      this.broken = true;
      return false;
    }
    this.tailSeen = tail;
    return used < this.size;
  }
}

/** The end that takes. */
export class FifoTail {
  /** True once the other side has written an impossible index. */
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
  /** Where the floor was when this end last rose to it. */
  private risen = 0;

  /**
   * The parameters are those of `FifoHead`, but this end moves the tail, and only the other end raises the
   * floor.
   */
  constructor(region: Region, entries: number, size: number, head: number, tail: number, floor = -4) {
    this.words = region.words;
    checkMemory(region.words, entries, size, head, tail);
    this.floorWord = floor >> 2;
    this.entries = entries;
    this.size = size;
    this.mask = size - 1;
    this.headWord = head >> 2;
    this.tailWord = tail >> 2;
    this.next = Atomics.load(this.words, this.tailWord);
    this.headSeen = this.next;
    this.risen = this.next;
  }

  /**
   * Whether there is nothing to take. Reads the shared head only when this end knows of no entry.
   * // Hot path.
   */
  get empty(): boolean {
    if (this.floorWord >= 0) this.rise();
    return this.next === this.headSeen && this.look() === 0;
  }

  /**
   * Takes the next entry. There must be one: look at `empty` first. `show` gives back the room it took.
   * // Hot path.
   */
  take(): number {
    if (COSTLY)
      assert(this.next !== this.headSeen, 'fifo tail: an entry is taken only where one is known to be');
    const entry = this.words[this.entries + (this.next & this.mask)];
    this.next = (this.next + 1) | 0;
    return entry;
  }

  /** Tells the other side what was taken. */
  show(): void {
    if (COSTLY)
      assert(atOrAfter(this.headSeen, this.next), 'fifo tail: no more is shown as taken than was pushed');
    Atomics.store(this.words, this.tailWord, this.next);
  }

  /**
   * Tells the other side what was taken, and looks whether a reset has meanwhile destroyed it.
   * @returns false: it is to be forgotten. // Hot path.
   */
  claim(): boolean {
    this.show();
    if (this.floorWord < 0) return true;
    const floor = Atomics.load(this.words, this.floorWord);
    return !after(floor, (this.next - 1) | 0);
  }

  /** Entries that can be taken now. */
  get waiting(): number {
    if (this.floorWord >= 0) this.rise();
    return this.look();
  }

  /**
   * A reset skips what there is. A FIFO that an impossible index had broken works again.
   * @returns entries skipped.
   */
  skip(): number {
    this.broken = false;
    const head = Atomics.load(this.words, this.headWord);
    const waiting = (head - this.next) | 0;
    this.next = head;
    this.headSeen = head;
    this.show();
    return waiting >= 0 && waiting <= this.size ? waiting : 0;
  }

  /** Forgets the entries below the floor, which a reset has destroyed. // Hot path. */
  private rise(): void {
    const floor = Atomics.load(this.words, this.floorWord);
    if (atOrBefore(floor, this.next)) return;
    this.next = floor;
    this.headSeen = floor;
    this.risen = floor;
  }

  /** Reads the other side's index. @returns entries waiting. */
  private look(): number {
    const head = Atomics.load(this.words, this.headWord);
    const waiting = (head - this.next) | 0;
    // A reset has raised the floor, and has not shown its head yet.
    if (waiting < 0 && this.floorWord >= 0 && this.next === this.risen) return 0;
    if (waiting < 0 || waiting > this.size || before(head, this.headSeen)) {
      this.broken = true;
      this.headSeen = this.next;
      return 0;
    }
    this.headSeen = head;
    return waiting;
  }
}
