/**
 * A set of socket ids, in which the next one from any id on is found at the same cost however many ids there
 * are: a bit for each, and above each 32 bits one that says whether any of them is set, up to a single word.
 */
import { assert } from '../../assert/assert.ts';

const WORD_BITS = 32;
const WORD_SHIFT = 5;
const BIT_MASK = WORD_BITS - 1;

export class SocketSet {
  /** The bits of the ids first, those above them next, a single word last. */
  private readonly levels: readonly Int32Array[];
  private readonly count: number;

  /** @param count of ids: they are below it. */
  constructor(count: number) {
    assert(count > 0, 'socket set: there is an id that may join');
    const levels: Int32Array[] = [];
    let words = count;
    do {
      words = (words + BIT_MASK) >> WORD_SHIFT;
      levels.push(new Int32Array(words));
    } while (words > 1);
    this.levels = levels;
    this.count = count;
  }

  /** Nothing where it is in the set already. // Hot path. */
  add(socketId: number): void {
    assert(socketId >= 0 && socketId < this.count, 'socket set: who joins has an id that there is');
    const { levels } = this;
    let at = socketId;
    for (let level = 0; level < levels.length; level++) {
      const word = at >> WORD_SHIFT;
      const before = levels[level][word];
      levels[level][word] = before | (1 << (at & BIT_MASK));
      // Where any bit beside it was set, so are those above.
      if (before !== 0) return;
      at = word;
    }
  }

  /** Nothing where it is not in the set. */
  remove(socketId: number): void {
    assert(socketId >= 0 && socketId < this.count, 'socket set: who leaves has an id that there is');
    const { levels } = this;
    let at = socketId;
    for (let level = 0; level < levels.length; level++) {
      const word = at >> WORD_SHIFT;
      levels[level][word] &= ~(1 << (at & BIT_MASK));
      if (levels[level][word] !== 0) return;
      at = word;
    }
  }

  /** The lowest id of the set that is at least `from`; -1: there is none. */
  next(from: number): number {
    assert(from >= 0, 'socket set: what is looked for begins at an id');
    const { levels } = this;
    let at = from;
    for (let level = 0; level < levels.length; level++) {
      const word = at >> WORD_SHIFT;
      if (word >= levels[level].length) return -1;
      const left = levels[level][word] & (-1 << (at & BIT_MASK));
      if (left !== 0) return this.lowestBelow(level, word * WORD_BITS + lowestBit(left));
      at = word + 1;
    }
    return -1;
  }

  /** The lowest id under a bit that is set. */
  private lowestBelow(level: number, bit: number): number {
    const { levels } = this;
    let at = bit;
    for (let below = level - 1; below >= 0; below--) {
      assert(levels[below][at] !== 0, 'socket set: below a bit that is set there is one');
      at = at * WORD_BITS + lowestBit(levels[below][at]);
    }
    return at;
  }
}

function lowestBit(word: number): number {
  return BIT_MASK - Math.clz32(word & -word);
}
