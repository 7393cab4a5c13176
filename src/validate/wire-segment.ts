/** Reads the headers of a recorded Ethernet packet as RFC 791, 768 and 9293 have them; allocates nothing. */

export const NOT_IP = 0;
export const IS_TCP = 1;
export const IS_UDP = 2;
export const IS_ICMP = 3;

export const ETHERNET_BYTES = 14;
export const IPV4_BYTES = 20;
export const TCP_HEADER_BYTES = 20;
export const TCP_WINDOW_AT = 14;
const UDP_BYTES = 8;
const PROTOCOL_ICMP = 1;
const PROTOCOL_TCP = 6;
/** Messages of ICMP that are no errors: echoes and their answers. */
const ICMP_ECHOES: readonly number[] = [0, 8];
const ICMP_BYTES = 8;
const PROTOCOL_UDP = 17;
const FRAGMENT_OFFSET = 0x1fff;
const MORE_FRAGMENTS = 0x2000;

export const TCP_FIN = 1;
export const TCP_SYN = 2;
export const TCP_RST = 4;
export const TCP_ACK = 16;

/** The packet read last. */
export class Segment {
  source = 0;
  destination = 0;
  sourcePort = 0;
  destinationPort = 0;
  sequence = 0;
  acknowledgement = 0;
  flags = 0;
  /** Bytes of payload the headers tell of, how many of them were recorded, and where they begin. */
  length = 0;
  kept = 0;
  dataAt = 0;
  /** Where the IP header and that of the protocol begin, and whether all of the packet was recorded. */
  ipAt = 0;
  headerAt = 0;
  whole = false;
  /** A message of ICMP is an error about TCP, or may be. */
  aboutTcp = false;
  /** It goes from an interface to itself. */
  looped = false;

  /** @returns IS_TCP, IS_UDP, IS_ICMP, or NOT_IP for all that is neither, cut short or damaged. // Hot path. */
  read(bytes: Uint8Array, offset: number, kept: number, packetLength: number): number {
    const ip = offset + ETHERNET_BYTES;
    const end = offset + kept;
    if (kept < ETHERNET_BYTES + IPV4_BYTES + UDP_BYTES || half(bytes, offset + 12) !== 0x0800) return NOT_IP;
    const headerBytes = (bytes[ip] & 15) * 4;
    const total = half(bytes, ip + 2);
    if (bytes[ip] >>> 4 !== 4 || headerBytes < IPV4_BYTES || total > packetLength - ETHERNET_BYTES)
      return NOT_IP;
    const fragment = half(bytes, ip + 6);
    if ((fragment & FRAGMENT_OFFSET) !== 0) return NOT_IP;
    this.ipAt = ip;
    this.looped = true;
    for (let i = 0; i < 6; i++) if (bytes[offset + i] !== bytes[offset + 6 + i]) this.looped = false;
    this.source = word(bytes, ip + 12);
    this.destination = word(bytes, ip + 16);
    const at = ip + headerBytes;
    this.headerAt = at;
    if (bytes[ip + 9] === PROTOCOL_ICMP) {
      const quoted = at + ICMP_BYTES;
      const unseen = quoted + IPV4_BYTES > end;
      this.aboutTcp = !ICMP_ECHOES.includes(bytes[at]) && (unseen || bytes[quoted + 9] === PROTOCOL_TCP);
      this.whole = kept === packetLength && (fragment & MORE_FRAGMENTS) === 0;
      return IS_ICMP;
    }
    if (bytes[ip + 9] === PROTOCOL_UDP && at + UDP_BYTES <= end) {
      this.sourcePort = half(bytes, at);
      this.destinationPort = half(bytes, at + 2);
      this.length = half(bytes, at + 4) - UDP_BYTES;
      this.dataAt = at + UDP_BYTES;
      this.kept = Math.max(0, Math.min(this.length, end - this.dataAt));
      this.whole = kept === packetLength && (fragment & MORE_FRAGMENTS) === 0;
      return this.length >= 0 ? IS_UDP : NOT_IP;
    }
    if (bytes[ip + 9] !== PROTOCOL_TCP || at + TCP_HEADER_BYTES > end || fragment & MORE_FRAGMENTS)
      return NOT_IP;
    this.sourcePort = half(bytes, at);
    this.destinationPort = half(bytes, at + 2);
    this.sequence = word(bytes, at + 4);
    this.acknowledgement = word(bytes, at + 8);
    this.flags = bytes[at + 13];
    const tcpBytes = (bytes[at + 12] >>> 4) * 4;
    this.length = total - headerBytes - tcpBytes;
    this.dataAt = at + tcpBytes;
    this.kept = Math.max(0, Math.min(this.length, end - this.dataAt));
    this.whole = kept === packetLength;
    return tcpBytes >= TCP_HEADER_BYTES && this.length >= 0 ? IS_TCP : NOT_IP;
  }

  /** Whether the checksum of a whole packet of TCP, UDP or ICMP is right; true where there is none. // Hot path. */
  sumGood(bytes: Uint8Array, protocol: number): boolean {
    if (!this.whole) return true;
    const { ipAt } = this;
    const headerBytes = (bytes[ipAt] & 15) * 4;
    const length = half(bytes, ipAt + 2) - headerBytes;
    const at = ipAt + headerBytes;
    if (protocol === IS_UDP && half(bytes, at + 6) === 0) return true;
    let sum = 0;
    if (protocol !== IS_ICMP) {
      sum = length + (protocol === IS_TCP ? PROTOCOL_TCP : PROTOCOL_UDP);
      for (let i = 12; i < 20; i += 2) sum += half(bytes, ipAt + i);
    }
    const even = length & ~1;
    for (let i = 0; i < even; i += 2) sum += (bytes[at + i] << 8) | bytes[at + i + 1];
    if (even !== length) sum += bytes[at + even] << 8;
    return sum % 0xffff === 0;
  }
}

export function half(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

/** // Hot path. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
}
