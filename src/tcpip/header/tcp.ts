/**
 * TCP header (RFC 9293 §3.1): where its fields lie, and the check at the boundary. Offsets are from its first
 * byte.
 */
export const TCP_BYTES = 20;
export const TCP_PORTS = 0;
export const TCP_SEQ = 4;
export const TCP_ACK = 8;
export const TCP_OFFSET_FLAGS = 12;
export const TCP_WINDOW = 14;
export const TCP_CHECKSUM = 16;
export const TCP_URGENT = 18;
export const TCP_OPTIONS = 20;

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;
/** RFC 3168 §6.1: a mark of congestion is echoed; the window was reduced. */
export const ECE = 64;
export const CWR = 128;

export const OPTION_END = 0;
export const OPTION_NOP = 1;
export const OPTION_MSS = 2;
export const OPTION_WINDOW_SCALE = 3;
export const OPTION_SACK_PERMITTED = 4;
export const OPTION_SACK = 5;
export const OPTION_TIMESTAMPS = 8;

/** NOP, NOP, TIMESTAMPS, 10: the form in which every stack aligns timestamps (RFC 7323 appendix A). */
export const TIMESTAMPS_WORD = 0x0101_080a;
/** Bytes of the timestamps option with its padding. */
export const TIMESTAMPS_BYTES = 12;

/**
 * Checks the data offset: at least a header, at most what there is.
 * @param length bytes there are. @returns the header's length in bytes, options included; -1: not good.
 */
export function checkTcpHeader(view: DataView, at: number, length: number): number {
  if (length < TCP_BYTES) return -1;
  const headerLength = (view.getUint8(at + TCP_OFFSET_FLAGS) >>> 4) << 2;
  return headerLength < TCP_BYTES || headerLength > length ? -1 : headerLength;
}
