/** What lies on a test's wire: addresses, checksums, and bytes that say where they belong. */
export const ADDRESS_A = 0x0a000001;
export const ADDRESS_B = 0x0a000002;
/** First two bytes of every hardware address; the last four are the IPv4 address. */
export const MAC_HIGH = 0x0200;
/** Where the TCP header starts in a frame without IPv4 options. */
export const TCP_AT = 34;

/** One's-complement sum of 16-bit words, folded. */
export function sum16(bytes: Uint8Array, offset: number, length: number): number {
  const end = offset + (length & ~1);
  // 65,535 bytes at most: the sum stays below 2^31.
  let sum = 0;
  for (let i = offset; i < end; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  if ((length & 1) !== 0) sum += bytes[end] << 8;
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

/** Sum of a TCP segment's pseudo-header. @param view a whole frame. @param length header and payload. */
export function pseudoSum(view: DataView, length: number): number {
  let sum = view.getUint16(26) + view.getUint16(28) + view.getUint16(30) + view.getUint16(32) + 6 + length;
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

/** Bytes that say where they belong. */
export function pattern(length: number, start = 0): Uint8Array {
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = ((start + i) * 131 + ((start + i) >> 8) * 17) & 255;
  return data;
}
