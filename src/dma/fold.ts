/**
 * Brings a partial one's-complement sum back to 16 bits (RFC 1071 section 2 (A)).
 * @param sum less than 2^32. @returns 0 to 65535; 0 only for 0.
 */
export function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}
