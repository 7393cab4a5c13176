/**
 * The only source of random numbers: seeded, so that the same seed gives the same run. Wires draw their
 * losses from it, stacks their initial sequence numbers and ports, tests their inputs.
 *
 * The generator is xoshiro128** 1.1 of Blackman and Vigna (public domain, "Scrambled Linear Pseudorandom
 * Number Generators", ACM TOMS 47(4), 2021): four 32-bit words of state, period 2^128 - 1, nothing but int32
 * arithmetic. It is no cryptographic generator.
 */
export class Random {
  private s0: number;
  private s1: number;
  private s2: number;
  private s3: number;

  /** @param seed any int32; neighbouring seeds give unrelated sequences. */
  constructor(seed: number) {
    // SplitMix32 spreads the seed over the state; its four outputs are never all zero.
    let state = seed | 0;
    const words = [0, 0, 0, 0];
    for (let i = 0; i < 4; i++) {
      state = (state + 0x9e3779b9) | 0;
      let word = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      word = Math.imul(word ^ (word >>> 15), 0x735a2d97);
      words[i] = word ^ (word >>> 15);
    }
    this.s0 = words[0] | 0;
    this.s1 = words[1] | 0;
    this.s2 = words[2] | 0;
    this.s3 = words[3] | 0;
  }

  /** @returns 32 random bits as an int32. // Hot path: int32 only, so that nothing is boxed. */
  nextInt32(): number {
    const s1 = this.s1;
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const s2 = this.s2 ^ this.s0;
    const s3 = this.s3 ^ s1;
    this.s1 = s1 ^ s2;
    this.s0 = this.s0 ^ s3;
    this.s2 = s2 ^ (s1 << 9);
    this.s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** @returns a number of [0, 1) with 32 random bits. */
  nextFloat(): number {
    return (this.nextInt32() >>> 0) / 0x1_0000_0000;
  }

  /**
   * @param n 1 to 2^31. @returns an int32 of [0, n). Values differ in probability by at most n / 2^32, which
   * nothing
   *   here can notice.
   */
  below(n: number): number {
    return Math.floor((this.nextInt32() >>> 0) * (n / 0x1_0000_0000)) | 0;
  }

  /** @returns a generator of its own, so that one part's draws do not shift another's. */
  fork(): Random {
    return new Random(this.nextInt32());
  }
}
