/**
 * IPv4 header (RFC 791 §3.1): where its fields lie, the check at the boundary, and one's-complement
 * arithmetic (RFC 1071). Offsets are from the header's first byte.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

export const IPV4_BYTES = 20;
export const IPV4_TOS = 1;
export const IPV4_TOTAL_LENGTH = 2;
export const IPV4_ID = 4;
export const IPV4_FRAGMENT = 6;
export const IPV4_TTL = 8;
export const IPV4_PROTOCOL = 9;
export const IPV4_CHECKSUM = 10;
export const IPV4_SOURCE = 12;
export const IPV4_DESTINATION = 16;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;

/** The lowest two bits of the type of service (RFC 3168 §5): not to be marked, may be marked, is marked. */
export const ECN_BITS = 3;
export const ECN_NOT_CAPABLE = 0;
export const ECN_CAPABLE = 2;
export const ECN_CE = 3;

/** Bits of the fragment field; the offset counts units of eight bytes. */
export const DONT_FRAGMENT = 0x4000;
export const MORE_FRAGMENTS = 0x2000;
export const FRAGMENT_OFFSET = 0x1fff;

/**
 * Checks version, header length and total length: once they are good, every field may be read, and the
 * payload lies within the frame. The header's checksum is not looked at.
 * @param length bytes there are from the header on. @returns the header's length in bytes; -1: not good.
 */
export function checkIpv4Header(view: DataView, at: number, length: number): number {
  if (length < IPV4_BYTES) return -1;
  const first = view.getUint8(at);
  if (first >>> 4 !== 4) return -1;
  const headerLength = (first & 15) << 2;
  const totalLength = view.getUint16(at + IPV4_TOTAL_LENGTH);
  if (headerLength < IPV4_BYTES || totalLength < headerLength || totalLength > length) return -1;
  return headerLength;
}

/** Folds a sum of 16-bit words to 16 bits (RFC 1071 §2(A)). @param sum 0 to 2^31 - 1. // Hot path. */
export function fold(sum: number): number {
  if (COSTLY) assert(sum >= 0, 'IPv4 header: a sum to fold has not run over');
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

/** What an address adds to a checksum: its two halves together. */
export function addressSum(address: number): number {
  return (address >>> 16) + (address & 0xffff);
}

/**
 * A folded sum with its bytes exchanged: so counts the sum of bytes that start at an odd offset (RFC 1071
 * §2(B)).
 */
export function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8);
}
