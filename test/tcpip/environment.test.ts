/** Time as the stack keeps it, and the arithmetic of numbers that wrap. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedHash } from '../../src/tcpip/keyed-hash.ts';
import * as seq from '../../src/tcpip/seq.ts';
import { Random } from '../../src/time/random.ts';
import { Host } from './bed.ts';

const MINUTE = 60_000_000;

/** An environment to which a first time has been passed in. */
function started(atUs: number) {
  const environment = new Host().stack['environment'];
  environment.setTime(atUs | 0);
  return environment;
}

describe('milliseconds (RFC 7323 §4.1)', () => {
  it('begin at 0, whatever the first time', () => {
    for (const at of [1, 5_000_000, -5_000_000, 0x7fffffff, -0x80000000]) {
      expect(started(at).nowMs).toBe(0);
    }
  });

  it('add up whatever steps the microseconds come in, across the wrap', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30 * MINUTE }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.integer({ min: 1 }), steps, (start, list) => {
        const environment = started(start);
        let total = 0;
        for (const step of list) {
          total += step;
          environment.setTime((start + total) | 0);
          expect(environment.nowMs).toBe(Math.floor(total / 1000) | 0);
          expect(environment.sequenceClock >>> 0).toBe(Math.floor(total / 4) % 2 ** 32);
        }
      }),
    );
  });

  it('do not run backwards when an old reading of the clock comes', () => {
    const environment = started(1_000_000);
    environment.setTime(3_000_000);
    environment.setTime(2_500_000);
    expect([environment.nowUs, environment.nowMs]).toEqual([3_000_000, 2000]);
    environment.setTime(3_001_000);
    expect(environment.nowMs).toBe(2001);
  });

  it('stand still where time jumped too far to be told from a step back', () => {
    const environment = started(1_000_000);
    environment.setTime((1_000_000 + 40 * MINUTE) | 0);
    expect(environment.nowMs).toBe(0);
    expect(environment.nowUs).toBe((1_000_000 + 40 * MINUTE) | 0);
  });

  it('keep what is left of a millisecond', () => {
    const environment = started(5);
    for (let us = 1; us <= 999; us++) environment.setTime(5 + us);
    expect(environment.nowMs).toBe(0);
    environment.setTime(1005);
    expect(environment.nowMs).toBe(1);
  });
});

describe('the clock of initial sequence numbers (RFC 9293 MUST-8)', () => {
  it('goes on every 4 µs', () => {
    const environment = started(5);
    const at = [3, 4, 7, 8, 999, 1000, 1003, 1004].map((us) => {
      environment.setTime(5 + us);
      return environment.sequenceClock;
    });
    expect(at).toEqual([0, 1, 1, 2, 249, 250, 250, 251]);
  });
});

describe('numbers that wrap (RFC 9293 §3.4)', () => {
  const near = fc.integer({ min: 1, max: 0x7fffffff });

  /** What each function says of two numbers. */
  const compared = (a: number, b: number) => ({
    before: seq.before(a, b),
    after: seq.after(a, b),
    atOrBefore: seq.atOrBefore(a, b),
    atOrAfter: seq.atOrAfter(a, b),
  });

  it('come before and after by their distance, wherever they lie', () => {
    const first = { before: true, after: false, atOrBefore: true, atOrAfter: false };
    const second = { before: false, after: true, atOrBefore: false, atOrAfter: true };
    fc.assert(
      fc.property(fc.integer(), near, (a, distance) => {
        const b = (a + distance) | 0;
        expect(compared(a, b)).toEqual(first);
        expect(compared(b, a)).toEqual(second);
        expect([seq.earlier(a, b), seq.earlier(b, a)]).toEqual([a, a]);
        expect([seq.later(a, b), seq.later(b, a)]).toEqual([b, b]);
      }),
    );
  });

  it('have passed since any time by its distance, and since one so long back that it is ahead', () => {
    fc.assert(
      fc.property(fc.integer(), near, near, (since, passed, span) => {
        expect(seq.hasPassed((since + passed) | 0, since, span)).toBe(passed >= span);
        expect(seq.hasPassed((since + 0x7fffffff + passed) | 0, since, span)).toBe(true);
      }),
    );
    expect([seq.hasPassed(7, 7, 0), seq.hasPassed(7, 7, 1)]).toEqual([true, false]);
  });

  it('are neither before nor after themselves', () => {
    for (const a of [0, 1, -1, 0x7fffffff, -0x80000000]) {
      expect(compared(a, a)).toEqual({ before: false, after: false, atOrBefore: true, atOrAfter: true });
      expect([seq.earlier(a, a), seq.later(a, a)]).toEqual([a, a]);
    }
  });
});

describe('the keyed hash', () => {
  const hashOf = (hash: KeyedHash, a: number, b: number, c: number) => {
    hash.hash(a, b, c);
    return [hash.low, hash.high];
  };

  it('gives the same for the same words under the same key, and two independent results', () => {
    const [first, second] = [new KeyedHash(new Random(5)), new KeyedHash(new Random(5))];
    expect(hashOf(first, 1, 2, 3)).toEqual(hashOf(second, 1, 2, 3));
    expect(first.low).not.toBe(first.high);
  });

  it('gives another for another key', () => {
    expect(hashOf(new KeyedHash(new Random(5)), 1, 2, 3)).not.toEqual(
      hashOf(new KeyedHash(new Random(6)), 1, 2, 3),
    );
  });

  for (let word = 0; word < 3; word++) {
    it(`changes about half of its bits with any bit of word ${word}`, () => {
      const hash = new KeyedHash(new Random(7));
      const base = [11, 22, 33];
      const [low, high] = hashOf(hash, base[0], base[1], base[2]);
      let changed = 0;
      for (let bit = 0; bit < 32; bit++) {
        const words = base.slice();
        words[word] ^= 1 << bit;
        const [otherLow, otherHigh] = hashOf(hash, words[0], words[1], words[2]);
        const bits = ones(low ^ otherLow) + ones(high ^ otherHigh);
        expect(bits).toBeGreaterThan(12);
        changed += bits;
      }
      expect(changed / 32).toBeGreaterThan(28);
      expect(changed / 32).toBeLessThan(36);
    });
  }
});

function ones(word: number): number {
  let count = 0;
  for (let left = word >>> 0; left !== 0; left >>>= 1) count += left & 1;
  return count;
}
