/** Frames made by hand, for peers that misbehave. */
import { sum16 } from './wire.ts';

export const FIN = 1;
export const SYN = 2;
export const RST = 4;
export const PSH = 8;
export const ACK = 16;
export const URG = 32;
export const ECE = 64;
export const CWR = 128;

export interface SegmentFields {
  source: number;
  destination: number;
  sourcePort: number;
  destinationPort: number;
  seq?: number;
  ack?: number;
  flags?: number;
  window?: number;
  urgent?: number;
  /** The type of service. */
  tos?: number;
  options?: number[];
  payload?: Uint8Array;
}

/** An IPv4 frame from 02:00:source to 02:00:destination. */
export function ipv4Frame(
  source: number,
  destination: number,
  protocol: number,
  payload: Uint8Array,
  fragment = 0x4000,
  identification = 0,
  tos = 0,
): Uint8Array {
  const frame = new Uint8Array(34 + payload.length);
  const view = new DataView(frame.buffer);
  view.setUint16(0, 0x0200);
  view.setInt32(2, destination);
  view.setUint16(6, 0x0200);
  view.setInt32(8, source);
  view.setUint16(12, 0x0800);
  view.setUint16(14, 0x4500 | tos);
  view.setUint16(16, frame.length - 14);
  view.setUint16(18, identification);
  view.setUint16(20, fragment);
  view.setUint8(22, 64);
  view.setUint8(23, protocol);
  view.setInt32(26, source);
  view.setInt32(30, destination);
  view.setUint16(24, ~sum16(frame, 14, 20) & 0xffff);
  frame.set(payload, 34);
  return frame;
}

/** The checksum of a transport header and payload with its pseudo-header. */
export function transportSum(
  source: number,
  destination: number,
  protocol: number,
  body: Uint8Array,
): number {
  const pseudo = new Uint8Array(12 + body.length);
  const view = new DataView(pseudo.buffer);
  view.setInt32(0, source);
  view.setInt32(4, destination);
  view.setUint16(8, protocol);
  view.setUint16(10, body.length);
  pseudo.set(body, 12);
  return ~sum16(pseudo, 0, pseudo.length) & 0xffff;
}

export function tcpFrame(fields: SegmentFields): Uint8Array {
  const options = fields.options ?? [];
  const payload = fields.payload ?? new Uint8Array(0);
  const headerLength = 20 + Math.ceil(options.length / 4) * 4;
  const body = new Uint8Array(headerLength + payload.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, fields.sourcePort);
  view.setUint16(2, fields.destinationPort);
  view.setInt32(4, fields.seq ?? 0);
  view.setInt32(8, fields.ack ?? 0);
  view.setUint16(12, (headerLength << 10) | (fields.flags ?? ACK));
  view.setUint16(14, fields.window ?? 65535);
  view.setUint16(18, fields.urgent ?? 0);
  body.set(options, 20);
  body.set(payload, headerLength);
  view.setUint16(16, transportSum(fields.source, fields.destination, 6, body));
  return ipv4Frame(fields.source, fields.destination, 6, body, 0x4000, 0, fields.tos ?? 0);
}

export function udpFrame(
  source: number,
  destination: number,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array,
): Uint8Array {
  return ipv4Frame(
    source,
    destination,
    17,
    udpBody(source, destination, sourcePort, destinationPort, payload),
  );
}

export function udpBody(
  source: number,
  destination: number,
  sourcePort: number,
  destinationPort: number,
  payload: Uint8Array,
): Uint8Array {
  const body = new Uint8Array(8 + payload.length);
  const view = new DataView(body.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, body.length);
  body.set(payload, 8);
  view.setUint16(6, transportSum(source, destination, 17, body) || 0xffff);
  return body;
}

export function echoBody(id: number, sequence: number, payload: Uint8Array): Uint8Array {
  const body = new Uint8Array(8 + payload.length);
  const view = new DataView(body.buffer);
  view.setUint8(0, 8);
  view.setUint16(4, id);
  view.setUint16(6, sequence);
  body.set(payload, 8);
  view.setUint16(2, ~sum16(body, 0, body.length) & 0xffff);
  return body;
}

export interface ArpFields {
  operation: number;
  sender: number;
  /** The last four bytes of 02:00:xx:xx:xx:xx. */
  senderMac: number;
  target: number;
}

/** An ARP packet for IPv4 over Ethernet, sent to everybody. */
export function arpFrame({ operation, sender, senderMac, target }: ArpFields): Uint8Array {
  const frame = new Uint8Array(42);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  view.setUint16(6, 0x0200);
  view.setInt32(8, senderMac);
  view.setUint16(12, 0x0806);
  view.setInt32(14, 0x0001_0800);
  view.setUint16(18, 0x0604);
  view.setUint16(20, operation);
  view.setUint16(22, 0x0200);
  view.setInt32(24, senderMac);
  view.setInt32(28, sender);
  view.setInt32(38, target);
  return frame;
}

/** An ICMP error from `sender` about a frame, quoting its IPv4 header and the eight bytes behind it. */
export function icmpErrorAbout(
  frame: Uint8Array,
  sender: number,
  type: number,
  code: number,
  mtu = 0,
): Uint8Array {
  const body = new Uint8Array(8 + 28);
  const view = new DataView(body.buffer);
  view.setUint8(0, type);
  view.setUint8(1, code);
  view.setUint16(6, mtu);
  body.set(frame.subarray(14, 14 + 28), 8);
  view.setUint16(2, ~sum16(body, 0, body.length) & 0xffff);
  return ipv4Frame(sender, new DataView(frame.buffer, frame.byteOffset).getInt32(26), 1, body);
}
