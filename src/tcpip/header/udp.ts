/** UDP header (RFC 768): layout and the check at the boundary. Offsets are from the UDP header. */
export const UDP_BYTES = 8;
export const UDP_SOURCE_PORT = 0;
export const UDP_DESTINATION_PORT = 2;
export const UDP_LENGTH = 4;
export const UDP_CHECKSUM = 6;

/** @param length bytes there are. @returns the datagram's length with its header, or -1. */
export function checkUdpHeader(view: DataView, at: number, length: number): number {
  if (length < UDP_BYTES) return -1;
  const stated = view.getUint16(at + UDP_LENGTH);
  return stated < UDP_BYTES || stated > length ? -1 : stated;
}
