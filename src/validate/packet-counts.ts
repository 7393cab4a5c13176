/** Counts the packets of a trace by kind, to hold them against the card's ledger: rule R-10. */
import type { TraceEnd } from '../trace/sink.ts';
import { ETHERNET_BYTES, half, IPV4_BYTES, TCP_HEADER_BYTES, TCP_RST, word } from './wire-segment.ts';

const TYPE_AT = 12;
const TYPE_IPV4 = 0x0800;
const TYPE_ARP = 0x0806;
const FRAGMENT_AT = 6;
const FRAGMENT_OFFSET = 0x1fff;
const PROTOCOL_AT = 9;
const [PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP] = [1, 6, 17];
const FLAGS_AT = 13;
const UDP_BYTES = 8;
const [ECHO_REPLY, UNREACHABLE] = [0, 3];
/** Of ARP: operation, and the addresses of sender and target. */
const [OPERATION_AT, SENDER_AT, TARGET_AT] = [6, 14, 24];
const [REQUEST, REPLY] = [1, 2];
/** With less of a packet, its kind is not known. */
const ENOUGH_BYTES = ETHERNET_BYTES + IPV4_BYTES + TCP_HEADER_BYTES;

/** What a ledger says of something that was counted here: they are equal, or the ledger has at least as many. */
export interface Counted {
  readonly what: string;
  readonly traced: number;
  readonly counted: number | undefined;
  readonly least?: boolean;
}

export class PacketCounts {
  sent = 0;
  sentBytes = 0;
  arrived = 0;
  private arrivedBytes = 0;
  private arpArrived = 0;
  private segments = 0;
  private resets = 0;
  private datagrams = 0;
  private datagramBytes = 0;
  private echoReplies = 0;
  private unreachables = 0;
  private asked = 0;
  private probes = 0;
  private answers = 0;
  /** Too little was kept of a packet to know its kind. */
  private short = false;

  /** A packet has passed. // Hot path. */
  put(sent: boolean, bytes: Uint8Array, offset: number, kept: number, packetLength: number): void {
    const type = kept > TYPE_AT + 1 ? half(bytes, offset + TYPE_AT) : 0;
    if (kept < packetLength && kept < ENOUGH_BYTES) this.short = true;
    const at = offset + ETHERNET_BYTES;
    if (!sent) {
      this.arrived += 1;
      this.arrivedBytes += packetLength;
      if (type === TYPE_ARP) this.arpArrived += 1;
      return;
    }
    this.sent += 1;
    this.sentBytes += packetLength;
    if (type === TYPE_IPV4) this.ipv4(bytes, at, offset + kept);
    else if (type === TYPE_ARP) this.arp(bytes, at);
  }

  /** // Hot path. */
  private ipv4(bytes: Uint8Array, at: number, end: number): void {
    if ((half(bytes, at + FRAGMENT_AT) & FRAGMENT_OFFSET) !== 0) return;
    const protocol = bytes[at + PROTOCOL_AT];
    const header = at + (bytes[at] & 15) * 4;
    if (protocol === PROTOCOL_TCP) {
      this.segments += 1;
      if (header + FLAGS_AT < end && (bytes[header + FLAGS_AT] & TCP_RST) !== 0) this.resets += 1;
    } else if (protocol === PROTOCOL_UDP) {
      this.datagrams += 1;
      this.datagramBytes += half(bytes, header + 4) - UDP_BYTES;
    } else if (protocol === PROTOCOL_ICMP) {
      if (bytes[header] === ECHO_REPLY) this.echoReplies += 1;
      else if (bytes[header] === UNREACHABLE) this.unreachables += 1;
    }
  }

  private arp(bytes: Uint8Array, at: number): void {
    const operation = half(bytes, at + OPERATION_AT);
    const sender = word(bytes, at + SENDER_AT);
    if (operation === REPLY) this.answers += 1;
    else if (operation === REQUEST && sender === 0) this.probes += 1;
    else if (operation === REQUEST && sender !== word(bytes, at + TARGET_AT)) this.asked += 1;
  }

  /** @param stack the card has TCP/IP of its own. */
  against({ iop, lost }: TraceEnd, stack: boolean): Counted[] {
    const { sent, sentBytes, arrived } = this;
    const [left, came] = [iop['deviceTxPackets'], iop['deviceRxPackets']];
    // Some that came may have found no room in the device, or have come to one at rest.
    const allTaken = (iop['deviceRxNoBuffer'] ?? 0) === 0 && (iop['bondRxInactive'] ?? 0) === 0;
    if (lost > 0) {
      const passed = arrived === 0 ? left : (left ?? 0) + (came ?? 0);
      return allTaken
        ? [{ what: 'packets with those lost', traced: sent + arrived + lost, counted: passed }]
        : [];
    }
    const rows: Counted[] = [
      { what: 'packets that left', traced: sent, counted: left },
      { what: 'bytes of packets that left', traced: sentBytes, counted: iop['deviceTxPacketsBytes'] },
    ];
    if (arrived > 0 && allTaken) {
      rows.push({ what: 'packets that came', traced: arrived, counted: came });
      rows.push({
        what: 'bytes of packets that came',
        traced: this.arrivedBytes,
        counted: iop['deviceRxPacketsBytes'],
      });
      if (!this.short && stack)
        rows.push({
          what: 'messages of ARP that came',
          traced: this.arpArrived,
          counted: iop['arpReceived'],
        });
    }
    return this.short || !stack ? rows : [...rows, ...this.kinds(iop)];
  }

  private kinds(iop: TraceEnd['iop']): Counted[] {
    const { tcpOutSegs, tcpRetransSegs } = iop;
    const segments =
      tcpOutSegs === undefined || tcpRetransSegs === undefined ? undefined : tcpOutSegs + tcpRetransSegs;
    return [
      { what: 'segments that left', traced: this.segments, counted: segments },
      { what: 'resets that left', traced: this.resets, counted: iop['tcpOutRsts'] },
      { what: 'datagrams that left', traced: this.datagrams, counted: iop['udpOutDatagrams'] },
      { what: 'bytes of datagrams that left', traced: this.datagramBytes, counted: iop['udpOutDataBytes'] },
      { what: 'echo replies that left', traced: this.echoReplies, counted: iop['icmpOutEchoReps'] },
      {
        what: 'unreachables that left',
        traced: this.unreachables,
        counted: iop['icmpOutDestUnreachs'],
        least: true,
      },
      { what: 'ARP requests that left', traced: this.asked, counted: iop['arpRequestsSent'] },
      { what: 'ARP probes that left', traced: this.probes, counted: iop['arpProbesSent'] },
      { what: 'ARP replies that left', traced: this.answers, counted: iop['arpRepliesSent'] },
    ];
  }
}
