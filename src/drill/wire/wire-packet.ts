/** An IPv4 packet as bytes, and what its headers say: decoded here, and built here with good checksums. */
import {
  checkIpv4Header,
  FRAGMENT_OFFSET,
  IPV4_CHECKSUM,
  IPV4_DESTINATION,
  IPV4_FRAGMENT,
  IPV4_ID,
  IPV4_PROTOCOL,
  IPV4_SOURCE,
  IPV4_TOS,
  IPV4_TOTAL_LENGTH,
  IPV4_TTL,
  MORE_FRAGMENTS,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from '../../tcpip/header/ipv4.ts';
import {
  checkTcpHeader,
  TCP_ACK,
  TCP_CHECKSUM,
  TCP_OFFSET_FLAGS,
  TCP_SEQ,
  TCP_URGENT,
  TCP_WINDOW,
} from '../../tcpip/header/tcp.ts';
import { checkUdpHeader, UDP_BYTES, UDP_CHECKSUM, UDP_LENGTH } from '../../tcpip/header/udp.ts';

/** What is said of a packet beside its transport's header. Addresses are uint32 numbers. */
export interface IpFields {
  readonly source: number;
  readonly destination: number;
  readonly tos: number;
  readonly ttl: number;
  readonly id: number;
}

export interface WireTcp {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly seq: number;
  readonly ack: number;
  /** The nine bits behind the reserved ones, FIN lowest. */
  readonly flags: number;
  readonly window: number;
  readonly urgent: number;
  /** The options as they are, padding included. */
  readonly options: Uint8Array;
}

export interface WireUdp {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface WireIcmp {
  readonly kind: 'icmp';
  readonly type: number;
  readonly code: number;
  /** The four bytes behind the checksum. */
  readonly rest: number;
}

export type Transport = WireTcp | WireUdp | WireIcmp;

export interface WirePacket {
  readonly ip: IpFields;
  /** undefined: a fragment, or a protocol that is none of the three. */
  readonly transport: Transport | undefined;
  readonly payload: Uint8Array;
  /** What is wrong with it, in words; '' for nothing. */
  readonly fault: string;
}

const IP_BYTES = 20;
const TCP_BYTES = 20;
const ICMP_BYTES = 8;
const NOTHING = new Uint8Array(0);
const NO_IP: IpFields = { source: 0, destination: 0, tos: 0, ttl: 0, id: 0 };

/** One's-complement sum of a stretch, not folded. */
function sum(bytes: Uint8Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i < to; i += 2) total += (bytes[i] << 8) | (i + 1 < to ? bytes[i + 1] : 0);
  return total;
}

/** Whether a sum that includes its checksum is good; of one without, its complement is the checksum. */
function folded(total: number): number {
  let value = total;
  while (value > 0xffff) value = Math.floor(value / 0x1_0000) + (value & 0xffff);
  return value;
}

/** The sum of a pseudo-header (RFC 9293 §3.1), of a whole packet with a header of 20 bytes. */
function pseudo(bytes: Uint8Array, protocol: number, length: number): number {
  return sum(bytes, IPV4_SOURCE, IPV4_DESTINATION + 4) + protocol + length;
}

/** @returns what the headers say; nothing that arrives makes it fail. */
export function decodePacket(bytes: Uint8Array): WirePacket {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = checkIpv4Header(view, 0, bytes.length);
  if (headerLength < 0) return { ip: NO_IP, transport: undefined, payload: bytes, fault: 'no IPv4 header' };
  const end = view.getUint16(IPV4_TOTAL_LENGTH);
  const ip = {
    source: view.getUint32(IPV4_SOURCE),
    destination: view.getUint32(IPV4_DESTINATION),
    tos: bytes[IPV4_TOS],
    ttl: bytes[IPV4_TTL],
    id: view.getUint16(IPV4_ID),
  };
  const bad = folded(sum(bytes, 0, headerLength)) === 0xffff ? '' : 'its IPv4 checksum is wrong';
  const fragment = view.getUint16(IPV4_FRAGMENT) & (MORE_FRAGMENTS | FRAGMENT_OFFSET);
  const rest = bytes.subarray(headerLength, end);
  if (fragment !== 0) return { ip, transport: undefined, payload: rest, fault: bad };
  const { transport, payload, fault } = decodeTransport(bytes, rest, bytes[IPV4_PROTOCOL]);
  return { ip, transport, payload, fault: bad || fault };
}

type Decoded = Pick<WirePacket, 'transport' | 'payload' | 'fault'>;

function decodeTransport(packet: Uint8Array, rest: Uint8Array, protocol: number): Decoded {
  const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
  const whole = sum(rest, 0, rest.length);
  if (protocol === PROTOCOL_TCP) {
    const headerLength = checkTcpHeader(view, 0, rest.length);
    if (headerLength < 0) return { transport: undefined, payload: rest, fault: 'no TCP header' };
    const good = folded(whole + pseudo(packet, protocol, rest.length)) === 0xffff;
    const transport = decodeTcp(view, rest, headerLength);
    return {
      transport,
      payload: rest.subarray(headerLength),
      fault: good ? '' : 'its TCP checksum is wrong',
    };
  }
  if (protocol === PROTOCOL_UDP) {
    const length = checkUdpHeader(view, 0, rest.length);
    if (length < 0) return { transport: undefined, payload: rest, fault: 'no UDP header' };
    const unsummed = view.getUint16(UDP_CHECKSUM) === 0;
    const good = unsummed || folded(whole + pseudo(packet, protocol, length)) === 0xffff;
    const transport: WireUdp = {
      kind: 'udp',
      sourcePort: view.getUint16(0),
      destinationPort: view.getUint16(2),
    };
    return {
      transport,
      payload: rest.subarray(UDP_BYTES, length),
      fault: good ? '' : 'its UDP checksum is wrong',
    };
  }
  if (protocol === PROTOCOL_ICMP && rest.length >= ICMP_BYTES) {
    const transport: WireIcmp = { kind: 'icmp', type: rest[0], code: rest[1], rest: view.getUint32(4) };
    const fault = folded(whole) === 0xffff ? '' : 'its ICMP checksum is wrong';
    return { transport, payload: rest.subarray(ICMP_BYTES), fault };
  }
  return { transport: undefined, payload: rest, fault: '' };
}

function decodeTcp(view: DataView, rest: Uint8Array, headerLength: number): WireTcp {
  return {
    kind: 'tcp',
    sourcePort: view.getUint16(0),
    destinationPort: view.getUint16(2),
    seq: view.getUint32(TCP_SEQ),
    ack: view.getUint32(TCP_ACK),
    flags: view.getUint16(TCP_OFFSET_FLAGS) & 0x1ff,
    window: view.getUint16(TCP_WINDOW),
    urgent: view.getUint16(TCP_URGENT),
    options: rest.subarray(TCP_BYTES, headerLength),
  };
}

/** Builds a whole packet. @param payload behind the transport's header. */
export function buildPacket(ip: IpFields, transport: Transport, payload: Uint8Array = NOTHING): Uint8Array {
  const optionBytes = transport.kind === 'tcp' ? transport.options.length : 0;
  const headerLength = (transport.kind === 'tcp' ? TCP_BYTES : UDP_BYTES) + optionBytes;
  const packet = new Uint8Array(IP_BYTES + headerLength + payload.length);
  const view = new DataView(packet.buffer);
  const protocol =
    transport.kind === 'tcp' ? PROTOCOL_TCP : transport.kind === 'udp' ? PROTOCOL_UDP : PROTOCOL_ICMP;
  packet[0] = 0x45;
  packet[IPV4_TOS] = ip.tos;
  view.setUint16(IPV4_TOTAL_LENGTH, packet.length);
  view.setUint16(IPV4_ID, ip.id);
  packet[IPV4_TTL] = ip.ttl;
  packet[IPV4_PROTOCOL] = protocol;
  view.setUint32(IPV4_SOURCE, ip.source);
  view.setUint32(IPV4_DESTINATION, ip.destination);
  view.setUint16(IPV4_CHECKSUM, ~folded(sum(packet, 0, IP_BYTES)));
  packet.set(payload, IP_BYTES + headerLength);
  const length = headerLength + payload.length;
  const checksumAt = writeTransport(view, packet, transport, headerLength, length);
  const start = transport.kind === 'icmp' ? 0 : pseudo(packet, protocol, length);
  view.setUint16(checksumAt, ~folded(start + sum(packet, IP_BYTES, packet.length)));
  return packet;
}

/** @returns where the checksum goes. */
function writeTransport(
  view: DataView,
  packet: Uint8Array,
  transport: Transport,
  headerLength: number,
  length: number,
): number {
  if (transport.kind === 'icmp') {
    packet[IP_BYTES] = transport.type;
    packet[IP_BYTES + 1] = transport.code;
    view.setUint32(IP_BYTES + 4, transport.rest);
    return IP_BYTES + 2;
  }
  view.setUint16(IP_BYTES, transport.sourcePort);
  view.setUint16(IP_BYTES + 2, transport.destinationPort);
  if (transport.kind === 'udp') {
    view.setUint16(IP_BYTES + UDP_LENGTH, length);
    return IP_BYTES + UDP_CHECKSUM;
  }
  view.setUint32(IP_BYTES + TCP_SEQ, transport.seq);
  view.setUint32(IP_BYTES + TCP_ACK, transport.ack);
  view.setUint16(IP_BYTES + TCP_OFFSET_FLAGS, ((headerLength >> 2) << 12) | transport.flags);
  view.setUint16(IP_BYTES + TCP_WINDOW, transport.window);
  view.setUint16(IP_BYTES + TCP_URGENT, transport.urgent);
  packet.set(transport.options, IP_BYTES + TCP_BYTES);
  return IP_BYTES + TCP_CHECKSUM;
}
