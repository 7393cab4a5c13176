/**
 * A reset cuts a FIFO while the other end goes on reading it. Every interleaving of one cut with one read is
 * walked: each side is stopped before each of its accesses to a shared index, and the other runs there.
 */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { allocateRegion } from '../../src/dma/region.ts';
import { FifoHead, FifoTail } from '../../src/i2o/queues/fifo/fifo.ts';

const [HEAD, TAIL, FLOOR] = [64, 128, 192];
const ENTRIES = 64;
const SIZE = 8;
const NOTHING = -1;
/** Entries pushed, shown of them, and taken before the walk. */
const PUSHED = 5;
const TAKEN = 1;

class Ends {
  readonly region = allocateRegion(4096);
  readonly head = new FifoHead(this.region, ENTRIES, SIZE, HEAD, TAIL, FLOOR);
  readonly tail = new FifoTail(this.region, ENTRIES, SIZE, HEAD, TAIL, FLOOR);
  readonly destroyed: number[] = [];
  readonly got: number[] = [];
  cuts = 0;

  constructor(shown: number) {
    for (let entry = 1; entry <= PUSHED; entry++) {
      this.head.push(entry);
      if (entry === shown) this.head.show();
    }
    for (let i = 0; i < TAKEN; i++) this.read();
    this.got.length = 0;
  }

  read = (): void => {
    if (this.tail.empty) return;
    const entry = this.tail.take();
    this.got.push(this.tail.claim() ? entry : NOTHING);
  };

  cut = (): void => {
    this.cuts += this.head.cut((entry) => this.destroyed.push(entry));
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

/**
 * Runs one, and the other before its access number `at`.
 * @returns whether there was such an access.
 */
function interleave(one: () => void, other: () => void, at: number): boolean {
  let left = at;
  const step = (): void => {
    left -= 1;
    if (left === -1) other();
  };
  const { load, store } = Atomics;
  vi.spyOn(Atomics, 'load').mockImplementation(((...access: Parameters<typeof load>) => {
    step();
    return load(...access);
  }) as typeof load);
  vi.spyOn(Atomics, 'store').mockImplementation(((...access: Parameters<typeof store>) => {
    step();
    return store(...access);
  }) as typeof store);
  one();
  vi.restoreAllMocks();
  return left < 0;
}

describe.each([2, 3, 5])('a FIFO of five entries, of which %i are shown', (shown) => {
  it.each(['a cut', 'a read'])('takes nothing that is destroyed, where %s is interrupted', (who) => {
    let walked = 0;
    for (let at = 0; ; at++) {
      const ends = new Ends(shown);
      const [one, other] = who === 'a cut' ? [ends.cut, ends.read] : [ends.read, ends.cut];
      if (!interleave(one, other, at)) break;
      walked += 1;
      const got = ends.got.filter((entry) => entry !== NOTHING);
      expect(
        ends.destroyed.filter((entry) => got.includes(entry)),
        `before access ${at}`,
      ).toEqual([]);
      expect(ends.destroyed.length).toBe(ends.cuts);
      expect(Math.min(...got, PUSHED)).toBeGreaterThan(0);
      expect([...got].every((entry) => entry <= shown)).toBe(true);
      // What comes afterwards arrives, and nothing else.
      ends.got.length = 0;
      ends.read();
      ends.head.push(77);
      ends.head.show();
      ends.read();
      ends.read();
      expect(ends.got).toEqual([77]);
      expect([ends.head.broken, ends.tail.broken]).toEqual([false, false]);
    }
    expect(walked).toBeGreaterThan(2);
  });
});
