/**
 * UDP header (RFC 768): where its fields lie, and the check at the boundary. Offsets are from its first byte.
 */
export const UDP_BYTES = 8;
export const UDP_SOURCE_PORT = 0;
export const UDP_DESTINATION_PORT = 2;
export const UDP_LENGTH = 4;
export const UDP_CHECKSUM = 6;

/**
 * Checks the length that a datagram states: at least a header, at most what there is. Bytes behind it are no
 * part of the datagram. @param length bytes there are. @returns the stated length, header included; -1: not
 * good.
 */
export function checkUdpHeader(view: DataView, at: number, length: number): number {
  if (length < UDP_BYTES) return -1;
  const stated = view.getUint16(at + UDP_LENGTH);
  return stated < UDP_BYTES || stated > length ? -1 : stated;
}
