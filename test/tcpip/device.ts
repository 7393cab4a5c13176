/** What a network card does to frames that a stack asks it to send: it cuts large ones, and fills sums in. */
import { pseudoSum, sum16, TCP_AT } from './wire.ts';

/** Fills in the checksum of a TCP segment or a UDP datagram, whose field holds the pseudo-header's sum. */
export function fillChecksum(frame: Uint8Array, view: DataView): void {
  const field = frame[23] === 17 ? TCP_AT + 6 : TCP_AT + 16;
  view.setUint16(field, ~sum16(frame, TCP_AT, frame.length - TCP_AT) & 0xffff);
}

/**
 * Cuts a frame with more payload than its segments may have; their checksums are still to be filled in.
 * @param segmentBytes payload of each. @returns the segments, in order.
 */
export function cutSegments(frame: Uint8Array, headerLength: number, segmentBytes: number): Uint8Array[] {
  const segments: Uint8Array[] = [];
  for (let offset = headerLength; offset < frame.length; offset += segmentBytes) {
    const payload = frame.subarray(offset, offset + segmentBytes);
    const segment = new Uint8Array(headerLength + payload.length);
    segment.set(frame.subarray(0, headerLength));
    segment.set(payload, headerLength);
    const view = new DataView(segment.buffer);
    view.setUint16(16, segment.length - 14);
    view.setUint16(24, 0);
    view.setUint16(24, ~sum16(segment, 14, 20) & 0xffff);
    view.setInt32(TCP_AT + 4, view.getInt32(TCP_AT + 4) + offset - headerLength);
    // RFC 3168 §6.1.2: CWR is in the first alone.
    if (offset > headerLength) view.setUint8(TCP_AT + 13, view.getUint8(TCP_AT + 13) & ~0x80);
    if (offset + segmentBytes < frame.length) view.setUint8(TCP_AT + 13, view.getUint8(TCP_AT + 13) & ~9);
    view.setUint16(TCP_AT + 16, pseudoSum(view, segment.length - TCP_AT));
    segments.push(segment);
  }
  return segments;
}
