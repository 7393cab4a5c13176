/**
 * A received frame as whoever puts segments together looks at it: the addresses, lengths and flags of a TCP
 * segment in an IPv4 packet without options (RFC 791 section 3.1, RFC 9293 section 3.1). There is one object,
 * used again for each frame. Nothing in the frame is trusted.
 */
import type { Region } from '../dma/region.ts';
import { ETHERNET_HEADER_BYTES } from './nic-rings.ts';

/** Offsets from the frame's first byte. */
const ETHERTYPE = 12;
const ETHERTYPE_IPV4 = 0x0800;
export const IP_AT = ETHERNET_HEADER_BYTES;
const IP_BYTES = 20;
const VERSION_AND_LENGTH = 0x45;
export const TCP_AT = IP_AT + IP_BYTES;
const TCP_BYTES_MIN = 20;
/** Offsets in the IPv4 header. */
export const IP_SERVICE = 1;
export const IP_TOTAL_LENGTH = 2;
const IP_ID = 4;
export const IP_FRAGMENT = 6;
export const IP_TTL = 8;
const IP_PROTOCOL = 9;
export const IP_CHECKSUM = 10;
export const IP_SOURCE = 12;
const IP_DESTINATION = 16;
const PROTOCOL_TCP = 6;
/** More-fragments bit and offset. */
const FRAGMENT_MASK = 0x3fff;
/** Offsets in the TCP header. */
const TCP_SEQ = 4;
export const TCP_ACK = 8;
export const TCP_OFFSET_FLAGS = 12;
export const TCP_FLAGS = 13;
export const TCP_WINDOW = 14;
export const TCP_OPTIONS = 20;

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;

export class TcpFrame {
  address = 0;
  /** Bytes of Ethernet, IPv4 and TCP headers, and of payload behind them. */
  headerBytes = 0;
  payloadBytes = 0;
  source = 0;
  destination = 0;
  /** Both ports, as they are on the wire. */
  ports = 0;
  seq = 0;
  flags = 0;
  /** The identification of its packet. */
  id = 0;
  /** Whether there are bytes behind the packet: Ethernet pads what is short. */
  padded = false;
  private readonly view: DataView;

  constructor(region: Region) {
    this.view = region.view;
  }

  /** @returns whether the frame holds a whole TCP segment, in a packet that is no fragment. // Hot path. */
  read(address: number, length: number): boolean {
    const { view } = this;
    if (length < TCP_AT + TCP_BYTES_MIN) return false;
    if (view.getUint16(address + ETHERTYPE) !== ETHERTYPE_IPV4) return false;
    const ip = address + IP_AT;
    if (view.getUint8(ip) !== VERSION_AND_LENGTH || view.getUint8(ip + IP_PROTOCOL) !== PROTOCOL_TCP)
      return false;
    if ((view.getUint16(ip + IP_FRAGMENT) & FRAGMENT_MASK) !== 0) return false;
    const frameBytes = IP_AT + view.getUint16(ip + IP_TOTAL_LENGTH);
    const tcp = address + TCP_AT;
    const offsetAndFlags = view.getUint16(tcp + TCP_OFFSET_FLAGS);
    const tcpBytes = (offsetAndFlags >> 12) << 2;
    const headerBytes = TCP_AT + tcpBytes;
    if (tcpBytes < TCP_BYTES_MIN || headerBytes > frameBytes || frameBytes > length) return false;
    this.address = address;
    this.headerBytes = headerBytes;
    this.payloadBytes = frameBytes - headerBytes;
    this.padded = frameBytes !== length;
    this.source = view.getInt32(ip + IP_SOURCE);
    this.destination = view.getInt32(ip + IP_DESTINATION);
    this.ports = view.getInt32(tcp);
    this.seq = view.getInt32(tcp + TCP_SEQ);
    this.flags = offsetAndFlags & 0xff;
    this.id = view.getUint16(ip + IP_ID);
    return true;
  }
}
