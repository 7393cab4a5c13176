/**
 * One's-complement sums as the offload engines need them (RFC 1071). A partial sum is a number of 0 to 65535
 * or more that `fold` brings back to 16 bits. The kernels add big-endian 16-bit words; sums of the region's
 * little-endian words come out byte-swapped (RFC 1071 section 2 (B)), and `swap` turns one into the other.
 */

/** Where the protocol stands in the IPv4 header (RFC 791 section 3.1), and what TCP's is. */
export const IP_PROTOCOL = 9;
export const PROTOCOL_TCP = 6;
/** Where the checksum lies in the transport header. */
const TCP_CHECKSUM_OFFSET = 16;
const UDP_CHECKSUM_OFFSET = 6;

/**
 * Writes the checksum of a segment or datagram. // Hot path.
 * @param transport address of its header.
 * @param sum folded, of the segment, of its pseudo-header and, as the field was not zero, of nothing twice.
 */
export function fillChecksum(bytes: Uint8Array, transport: number, protocol: number, sum: number): void {
  let checksum = sum ^ 0xffff;
  let field = transport;
  if (protocol === PROTOCOL_TCP) {
    field += TCP_CHECKSUM_OFFSET;
  } else {
    field += UDP_CHECKSUM_OFFSET;
    // RFC 768: zero would mean that there is no checksum.
    if (checksum === 0) checksum = 0xffff;
  }
  bytes[field] = checksum >>> 8;
  bytes[field + 1] = checksum;
}

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
