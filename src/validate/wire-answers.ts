/**
 * What leaves a card of sockets by itself, packet by packet: headers (P-14), checksums (P-15), and messages of ARP and
 * of ICMP against what they answer (P-20, P-21).
 */
import type { Findings } from './findings.ts';
import { HeaderJudge } from './wire-headers.ts';
import {
  ETHERNET_BYTES,
  half,
  IPV4_BYTES,
  IS_ICMP,
  IS_UDP,
  NOT_IP,
  type Segment,
  word,
} from './wire-segment.ts';

const TYPE_AT = 12;
const TYPE_ARP = 0x0806;
const ETHERNET_SOURCE_AT = 6;
const ADDRESS_BYTES = 6;
/** Of ARP: its length, operation, and the addresses of sender and target. */
const ARP_BYTES = 28;
const [OPERATION_AT, SENDER_ETHERNET_AT, SENDER_AT, TARGET_AT] = [6, 8, 14, 24];
const [REQUEST, REPLY] = [1, 2];
/** Requests of ARP, and datagrams, that an answer may be to; powers of two. */
const REQUESTS = 64;
const DATAGRAMS = 1024;
const DATAGRAM_WORDS = 4;
const ICMP_BYTES = 8;
const ERRORS: readonly number[] = [3, 11, 12];
const [ID_AT, PROTOCOL_AT, SOURCE_AT, DESTINATION_AT] = [4, 9, 12, 16];
const PROTOCOL_UDP = 17;

export class WireAnswers {
  private readonly findings: Findings;
  private readonly witness: string;
  private readonly headers: HeaderJudge;
  /** Addresses of sender and target of the latest requests. */
  private readonly requests = new Int32Array(2 * REQUESTS);
  private requested = 0;
  /** Addresses, ports and identification of the latest datagrams that came. */
  private readonly datagrams = new Int32Array(DATAGRAM_WORDS * DATAGRAMS);
  private came = 0;

  /** @param witness that the findings are held for until all packets are known to be there. */
  constructor(findings: Findings, witness: string) {
    this.findings = findings;
    this.witness = witness;
    this.headers = new HeaderJudge(findings, witness);
  }

  /** A packet has passed. @param kind as `segment.read` has it. // Hot path. */
  judge(
    kind: number,
    segment: Segment,
    sent: boolean,
    bytes: Uint8Array,
    offset: number,
    kept: number,
    packetLength: number,
  ): void {
    if (sent) this.headers.judge(bytes, offset, kept, packetLength);
    if (sent && kind !== NOT_IP && !segment.sumGood(bytes, kind))
      this.hold(
        'P-15',
        kind,
        `a packet of ${packetLength} bytes left with a wrong checksum behind its IPv4 header`,
      );
    if (kind === IS_UDP && (!sent || segment.looped)) this.arrived(segment, bytes);
    else if (kind === IS_ICMP && sent) this.icmp(segment, bytes, offset + kept);
    else if (
      kind === NOT_IP &&
      kept >= ETHERNET_BYTES + ARP_BYTES &&
      half(bytes, offset + TYPE_AT) === TYPE_ARP
    )
      this.arp(sent, bytes, offset);
  }

  private arp(sent: boolean, bytes: Uint8Array, offset: number): void {
    const at = offset + ETHERNET_BYTES;
    const operation = half(bytes, at + OPERATION_AT);
    const sender = word(bytes, at + SENDER_AT);
    const target = word(bytes, at + TARGET_AT);
    if (operation === REQUEST) {
      const place = 2 * (this.requested & (REQUESTS - 1));
      this.requested += 1;
      this.requests[place] = sender;
      this.requests[place + 1] = target;
    }
    if (!sent) return;
    for (let i = 0; i < ADDRESS_BYTES; i++) {
      if (bytes[at + SENDER_ETHERNET_AT + i] === bytes[offset + ETHERNET_SOURCE_AT + i]) continue;
      this.hold('P-20', 0, 'a message of ARP names another sender than its packet has');
      break;
    }
    if (operation === REPLY && sender !== target && !this.wasAsked(sender, target))
      this.hold('P-20', 1, 'a reply of ARP to a request that nobody made');
    else if (operation !== REPLY && operation !== REQUEST)
      this.hold('P-20', 2, `a message of ARP with operation ${operation}`);
  }

  private wasAsked(sender: number, target: number): boolean {
    for (let i = 0; i < 2 * REQUESTS; i += 2)
      if (this.requests[i] === target && this.requests[i + 1] === sender) return true;
    return false;
  }

  private arrived({ source, destination, headerAt, ipAt }: Segment, bytes: Uint8Array): void {
    const place = DATAGRAM_WORDS * (this.came & (DATAGRAMS - 1));
    this.came += 1;
    this.datagrams[place] = source;
    this.datagrams[place + 1] = destination;
    this.datagrams[place + 2] = word(bytes, headerAt);
    this.datagrams[place + 3] = half(bytes, ipAt + ID_AT);
  }

  /** An error that leaves has in it the datagram that it is about. */
  private icmp({ headerAt, destination }: Segment, bytes: Uint8Array, end: number): void {
    const quoted = headerAt + ICMP_BYTES;
    if (!ERRORS.includes(bytes[headerAt]) || quoted + IPV4_BYTES + ICMP_BYTES > end) return;
    if (word(bytes, quoted + SOURCE_AT) !== destination)
      this.hold('P-21', 0, 'an error of ICMP to another than the sender of what it quotes');
    if (bytes[quoted + PROTOCOL_AT] !== PROTOCOL_UDP) return;
    const header = quoted + (bytes[quoted] & 15) * 4;
    if (header + 4 > end || this.hasCome(bytes, quoted, header)) return;
    this.hold('P-21', 1, 'an error of ICMP quotes a datagram that has not come');
  }

  private hasCome(bytes: Uint8Array, quoted: number, header: number): boolean {
    const { datagrams } = this;
    for (let i = 0; i < datagrams.length; i += DATAGRAM_WORDS) {
      if (datagrams[i] !== word(bytes, quoted + SOURCE_AT)) continue;
      if (datagrams[i + 1] !== word(bytes, quoted + DESTINATION_AT)) continue;
      if (datagrams[i + 2] === word(bytes, header) && datagrams[i + 3] === half(bytes, quoted + ID_AT))
        return true;
    }
    return false;
  }

  private hold(rule: string, thing: number, seen: string): void {
    this.findings.hold(this.witness, rule, thing, seen);
  }
}
