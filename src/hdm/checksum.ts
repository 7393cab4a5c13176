/**
 * One's-complement sums as the offload engines need them (RFC 1071). A partial sum is a number of 0 to 65535
 * or more that `fold` brings back to 16 bits. The kernels add big-endian 16-bit words; sums of the region's
 * little-endian words come out byte-swapped (RFC 1071 section 2 (B)), and `swap` turns one into the other.
 */

/** Exchanges the bytes of a folded sum. */
export function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8);
}

/** Both 16-bit halves of a word. */
export function halves(word: number): number {
  return (word & 0xffff) + (word >>> 16);
}

/**
 * Adds the halves of `count` (at most 16384) words from word index `from`; byte-swapped, not folded. // Hot
 * path.
 */
export function sumWords(words: Int32Array, from: number, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const word = words[from + i];
    sum = (sum + (word & 0xffff) + (word >>> 16)) | 0;
  }
  return sum;
}
