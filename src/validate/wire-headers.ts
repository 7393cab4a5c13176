/**
 * The headers of packets that leave a card of sockets, as RFC 791, RFC 826 and RFC 9293 have them: rule P-14.
 * What arrives may be as bad as its sender likes.
 */
import type { Findings } from './findings.ts';
import { ETHERNET_BYTES, half, IPV4_BYTES, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from './wire-segment.ts';

const TYPE_AT = 12;
const TYPE_IPV4 = 0x0800;
const TYPE_ARP = 0x0806;
const TOTAL_AT = 2;
const FRAGMENT_AT = 6;
const FRAGMENT_OFFSET = 0x1fff;
const TTL_AT = 8;
const PROTOCOL_AT = 9;
const PROTOCOL_TCP = 6;
const TCP_BYTES = 20;
const TCP_OFFSET_AT = 12;
const TCP_FLAGS_AT = 13;
/** Of ARP over Ethernet for IPv4: hardware type 1, protocol type, lengths of both addresses. */
const ARP_WORDS = [1, TYPE_IPV4, 0x0604];
const NOTHING = '';

export class HeaderJudge {
  private readonly findings: Findings;
  private readonly witness: string;

  /** @param witness that the findings are held for until all packets are known to be there. */
  constructor(findings: Findings, witness: string) {
    this.findings = findings;
    this.witness = witness;
  }

  /** A packet leaves: `kept` of its bytes were recorded, from `offset` on. // Hot path. */
  judge(bytes: Uint8Array, offset: number, kept: number, packetLength: number): void {
    if (kept < ETHERNET_BYTES + IPV4_BYTES) return;
    const type = half(bytes, offset + TYPE_AT);
    const at = offset + ETHERNET_BYTES;
    let fault = NOTHING;
    if (type === TYPE_IPV4) fault = ipFault(bytes, at, offset + kept, packetLength - ETHERNET_BYTES);
    else if (type === TYPE_ARP && ARP_WORDS.some((word, i) => half(bytes, at + 2 * i) !== word))
      fault = 'an ARP message that is not of Ethernet and IPv4';
    if (fault === NOTHING) return;
    this.findings.hold(this.witness, 'P-14', 0, `a packet of ${packetLength} bytes left with ${fault}`);
  }
}

/** @param end of what was recorded. @param room bytes behind the Ethernet header. // Hot path. */
function ipFault(bytes: Uint8Array, at: number, end: number, room: number): string {
  const headerBytes = (bytes[at] & 15) * 4;
  const total = half(bytes, at + TOTAL_AT);
  if (bytes[at] >>> 4 !== 4) return `version ${bytes[at] >>> 4} in an IPv4 header`;
  if (headerBytes < IPV4_BYTES || total < headerBytes || total > room)
    return `an IPv4 header of ${headerBytes} bytes and a total length of ${total} in ${room}`;
  if (bytes[at + TTL_AT] === 0) return 'a TTL of 0';
  if (at + headerBytes <= end && sumOf(bytes, at, headerBytes) !== 0) return 'a wrong IPv4 header checksum';
  const tcp = at + headerBytes;
  const later = (half(bytes, at + FRAGMENT_AT) & FRAGMENT_OFFSET) !== 0;
  if (bytes[at + PROTOCOL_AT] !== PROTOCOL_TCP || later || tcp + TCP_BYTES > end) return NOTHING;
  return tcpFault(bytes, tcp, total - headerBytes);
}

/** // Hot path. */
function tcpFault(bytes: Uint8Array, at: number, room: number): string {
  const headerBytes = (bytes[at + TCP_OFFSET_AT] >>> 4) * 4;
  const flags = bytes[at + TCP_FLAGS_AT];
  if (headerBytes < TCP_BYTES || headerBytes > room) return `a TCP header of ${headerBytes} bytes in ${room}`;
  if ((flags & (TCP_SYN | TCP_RST | TCP_ACK)) === 0) return 'neither SYN, RST nor ACK';
  if ((flags & TCP_SYN) !== 0 && (flags & (TCP_FIN | TCP_RST)) !== 0) return 'SYN beside FIN or RST';
  return NOTHING;
}

/** The ones' complement sum of a header: 0 where its checksum is right. // Hot path. */
function sumOf(bytes: Uint8Array, at: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += half(bytes, at + i);
  return sum % 0xffff;
}
