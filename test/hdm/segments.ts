/** TCP segments as they come to a card that puts them together: made by hand, and sent to it. */
import { drain, type NicBed, patternOf, plainSum, pseudoSum, sendPacket } from './bed.ts';

export interface Segment {
  /** Which connection: its peer's port. */
  readonly flow?: number;
  readonly seq: number;
  readonly length: number;
  readonly ack?: number;
  readonly flags?: number;
  readonly window?: number;
  /** The timestamp; absent: there is none. */
  readonly stamp?: number | undefined;
  readonly echo?: number;
  readonly id?: number;
  readonly service?: number;
  readonly ttl?: number;
  readonly dontFragment?: boolean;
  readonly badSum?: boolean;
  /** Bytes behind the packet. */
  readonly padding?: number;
}

export const ACK = 0x10;
export const PSH = 0x08;
export const FIN = 0x01;
const CWR = 0x80;

/** A whole frame, both checksums right. */
export function frameOf(segment: Segment): Uint8Array {
  const { flow = 1, seq, length, stamp, padding = 0 } = segment;
  const tcpBytes = stamp === undefined ? 20 : 32;
  const frame = new Uint8Array(34 + tcpBytes + length + padding);
  const view = new DataView(frame.buffer);
  frame.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, segment.service ?? 0]);
  view.setUint16(16, 20 + tcpBytes + length);
  view.setUint16(18, segment.id ?? 0);
  view.setUint16(20, segment.dontFragment === false ? 0 : 0x4000);
  frame.set([segment.ttl ?? 64, 6], 22);
  view.setUint32(26, 0x0a00_0002);
  view.setUint32(30, 0x0a00_0001);
  view.setUint16(24, plainSum(frame.subarray(14, 34)) ^ 0xffff);
  view.setUint16(34, 40000 + flow);
  view.setUint16(36, 80);
  view.setUint32(38, seq >>> 0);
  view.setUint32(42, segment.ack ?? 77);
  view.setUint16(46, (tcpBytes << 10) | (segment.flags ?? ACK));
  view.setUint16(48, segment.window ?? 5000);
  if (stamp !== undefined) {
    view.setUint32(54, 0x0101_080a);
    view.setUint32(58, stamp >>> 0);
    view.setUint32(62, segment.echo ?? 9);
  }
  frame.set(patternOf(length, seq), 34 + tcpBytes);
  const tcp = frame.subarray(34, 34 + tcpBytes + length);
  const sum = plainSum(tcp, pseudoSum(frame.subarray(14), tcp.length)) ^ 0xffff;
  view.setUint16(50, segment.badSum === true ? sum ^ 1 : sum);
  return frame;
}

/** Puts frames on the wire that leads back to the card. */
export function put(bed: NicBed, frames: readonly Uint8Array[]): void {
  const headerBytes = 54;
  for (const frame of frames)
    sendPacket(bed, frame.subarray(0, headerBytes), [frame.subarray(headerBytes)], 0);
}

/** The same, and the card takes them. */
export function receive(bed: NicBed, frames: readonly Uint8Array[]): void {
  put(bed, frames);
  drain(bed.nic);
}

/** Payload lengths of what the client was handed: of each packet those of its parts. */
export function parts(bed: NicBed): number[][] {
  return bed.recorder.frames.map(({ bytes, parts: of }) =>
    of.length > 0 ? [...of] : [payloadOf(bytes).length],
  );
}

export function payloadOf(frame: Uint8Array): Uint8Array {
  const end = 14 + ((frame[16] << 8) | frame[17]);
  return frame.subarray(34 + ((frame[46] >> 4) << 2), end);
}

/** The segments that a packet was put together of, as whoever cuts it makes them. @param idStep 0 or 1. */
export function cutAgain(frame: Uint8Array, lengths: readonly number[], idStep: number): Uint8Array[] {
  const headerBytes = 34 + ((frame[46] >> 4) << 2);
  const whole = new DataView(frame.buffer, frame.byteOffset);
  let done = 0;
  return lengths.map((length, i) => {
    const cut = new Uint8Array(headerBytes + length);
    cut.set(frame.subarray(0, headerBytes));
    cut.set(frame.subarray(headerBytes + done, headerBytes + done + length), headerBytes);
    const view = new DataView(cut.buffer);
    view.setUint16(16, headerBytes - 14 + length);
    view.setUint16(18, whole.getUint16(18) + i * idStep);
    view.setUint16(24, 0);
    view.setUint16(24, plainSum(cut.subarray(14, 34)) ^ 0xffff);
    view.setUint32(38, (whole.getUint32(38) + done) >>> 0);
    if (i < lengths.length - 1) cut[47] &= ~(PSH | FIN);
    if (i > 0) cut[47] &= ~CWR;
    view.setUint16(50, 0);
    const tcp = cut.subarray(34);
    view.setUint16(50, plainSum(tcp, pseudoSum(cut.subarray(14), tcp.length)) ^ 0xffff);
    done += length;
    return cut;
  });
}
