/**
 * The sending half of a port: gives packets of the queue to the device while that has room, and their
 * contexts back. The headers are fetched into the device's slot, where they can be looked at and a checksum
 * put in; the rest the device fetches itself, out of the host's memory.
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import type { Device } from '../hdm/contract.ts';
import { ETHERNET_HEADER_BYTES, HEADER_BYTES_MAX, PIECES_MAX } from '../hdm/nic-rings.ts';
import {
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_PROCESS_ABORT_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../i2o/executive.gen.ts';
import {
  LAN_DETAILED_STATUS_BAD_PACKET_DETECTED,
  LAN_DETAILED_STATUS_CANCELED,
  LAN_DETAILED_STATUS_SUCCESS,
  LAN_DETAILED_STATUS_TRANSMIT_ERROR,
  LAN_REPLY_MODE_IMMEDIATE,
  LAN_REPLY_MODE_NEVER,
  LAN_REPLY_MODE_ON_ERROR,
} from '../i2o/lan.gen.ts';
import { LAN_HEADER_FETCHES } from '../ledger/counters.gen.ts';
import { TX_CHECKSUM, TX_RETRANSMIT, TX_SEGMENT } from '../tcpip/contract.ts';
import type { LanStatistics } from './lan-statistics.ts';
import { type ReplyQueue, statusWord } from './reply-queue.ts';
import { PACKET_PIECES_MAX, type SendQueue } from './send-queue.ts';

/** Bits of the transmit control word. */
const CONTROL_NETWORK_CHECKSUM = 0x20;
const CONTROL_TRANSPORT_CHECKSUM = 0x40;
/** Of the window class alone. */
const CONTROL_RETRANSMISSION = 0x80;
const CONTROL_SEGMENT_SHIFT = 8;
const CONTROL_SEGMENT_MASK = 0xffff;
const CONTROL_MODE_SHIFT = 30;

/** Of the first pieces so much is fetched as headers, where there is as much: Ethernet, IPv4 and TCP. */
const HEADER_BYTES_WANTED = 54;
const ETHERTYPE_AT = 12;
const ETHERTYPE_IPV4 = 0x0800;
const IPV4_HEADER_BYTES_MIN = 20;
const IPV4_PROTOCOL_AT = 9;
const IPV4_CHECKSUM_AT = 10;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TCP_HEADER_BYTES_MIN = 20;
const UDP_HEADER_BYTES = 8;

const SENT = statusWord(REQUEST_STATUS_SUCCESS, LAN_DETAILED_STATUS_SUCCESS);
const BAD_PACKET = statusWord(REQUEST_STATUS_ERROR_NO_DATA, LAN_DETAILED_STATUS_BAD_PACKET_DETECTED);
const TRANSMIT_ERROR = statusWord(REQUEST_STATUS_ERROR_NO_DATA, LAN_DETAILED_STATUS_TRANSMIT_ERROR);
export const CANCELED: number = statusWord(
  REQUEST_STATUS_PROCESS_ABORT_NO_DATA,
  LAN_DETAILED_STATUS_CANCELED,
);

/** The device's driver takes as many pieces as a packet may have, and what is left of the one it splits. */
export function checkPieces(packet: number, device: number): void {
  assert(packet + 1 <= device, 'lan sends: the device takes as many pieces as a packet may have');
}

checkPieces(PACKET_PIECES_MAX, PIECES_MAX);

export class Transmitter {
  /** Errors are told of whatever the packet's reply mode says. */
  reportErrors = false;
  private readonly region: Region;
  private readonly dma: DmaEngine;
  private readonly device: Device;
  private readonly queue: SendQueue;
  private readonly replies: ReplyQueue;
  private readonly statistics: LanStatistics;
  private readonly packetBytesMax: number;
  private readonly ofWindow: boolean;
  /** The headers' bytes of the packet being sent. */
  private headerBytes = 0;
  /** Bytes of the piece that `fetchHeader` stopped in which are fetched already. */
  private skipped = 0;

  /**
   * @param ofWindow packets of the window class: their first piece has the headers and nothing else, and
   * their control word may ask for segments.
   */
  constructor(
    region: Region,
    dma: DmaEngine,
    device: Device,
    queue: SendQueue,
    replies: ReplyQueue,
    statistics: LanStatistics,
    ofWindow = false,
  ) {
    this.region = region;
    this.dma = dma;
    this.device = device;
    this.queue = queue;
    this.replies = replies;
    this.statistics = statistics;
    this.packetBytesMax = ETHERNET_HEADER_BYTES + device.mtu;
    this.ofWindow = ofWindow;
  }

  /** Packets of the host's that are the card's. */
  get held(): number {
    return this.queue.waiting + this.replies.waiting;
  }

  /** Gives the device what it takes. @returns packets done with. // Hot path. */
  drain(): number {
    const { queue } = this;
    let packets = 0;
    while (queue.waiting > 0) {
      const place = queue.oldest();
      let status = this.judge(place);
      if (status === SENT) {
        const header = this.device.claim();
        if (header < 0) break;
        status = this.send(place, header);
      }
      this.done(place, status);
      queue.drop();
      packets += 1;
    }
    return packets;
  }

  /** Gives every packet that waits back unsent. */
  cancel(): void {
    const { queue } = this;
    while (queue.waiting > 0) {
      this.end(queue.oldest(), CANCELED);
      queue.drop();
    }
  }

  /** Ends the packet so many behind the oldest. @param status as in word 4 of a reply. */
  abort(index: number, status: number): void {
    this.end(this.queue.placeOf(index), status);
    this.queue.remove(index);
  }

  /** What can be said of a packet before its bytes are looked at. */
  private judge(place: number): number {
    const { queue, device, packetBytesMax } = this;
    const byteLength = queue.bytesAt(place);
    if (queue.piecesAt(place) > PACKET_PIECES_MAX) return BAD_PACKET;
    if ((queue.controlAt(place) & CONTROL_TRANSPORT_CHECKSUM) !== 0 && !device.transmitChecksum)
      return TRANSMIT_ERROR;
    if (this.segmentBytesOf(place) > 0) return this.judgeSegments(place);
    return byteLength < ETHERNET_HEADER_BYTES || byteLength > packetBytesMax ? BAD_PACKET : SENT;
  }

  /** Of a packet that the device is to cut: its segments are packets, and there is something to be cut. */
  private judgeSegments(place: number): number {
    const { queue, device, packetBytesMax } = this;
    const payload = queue.bytesAt(place) - queue.byteLengthAt(place, 0);
    if (device.segmentBytesMax === 0) return TRANSMIT_ERROR;
    const fits = queue.byteLengthAt(place, 0) + this.segmentBytesOf(place) <= packetBytesMax;
    const checksum = (queue.controlAt(place) & CONTROL_TRANSPORT_CHECKSUM) !== 0;
    return fits && checksum && payload > 0 && payload <= device.segmentBytesMax ? SENT : BAD_PACKET;
  }

  /** Payload of a segment that the packet is to be cut in; 0: it is one. */
  private segmentBytesOf(place: number): number {
    if (!this.ofWindow) return 0;
    return (this.queue.controlAt(place) >>> CONTROL_SEGMENT_SHIFT) & CONTROL_SEGMENT_MASK;
  }

  /** Builds the packet in the space that the device has given. @returns its status. // Hot path. */
  private send(place: number, header: number): number {
    const { queue, device } = this;
    let piece = this.fetchHeader(place, header);
    const control = queue.controlAt(place);
    if ((control & CONTROL_NETWORK_CHECKSUM) !== 0 && !this.fillNetworkChecksum(header)) return BAD_PACKET;
    let flags = 0;
    if ((control & CONTROL_TRANSPORT_CHECKSUM) !== 0) {
      if (!this.hasTransport(header)) return BAD_PACKET;
      flags = TX_CHECKSUM;
    }
    const segmentBytes = this.segmentBytesOf(place);
    if (segmentBytes > 0) {
      if (!this.isTcp(header)) return BAD_PACKET;
      flags |= TX_SEGMENT;
    }
    if (this.ofWindow && (control & CONTROL_RETRANSMISSION) !== 0) flags |= TX_RETRANSMIT;
    // The piece in which the headers end may have payload behind them.
    let skipped = this.skipped;
    for (const pieces = queue.piecesAt(place); piece < pieces; piece++) {
      const byteLength = queue.byteLengthAt(place, piece) - skipped;
      if (byteLength > 0) device.addPiece(queue.addressAt(place, piece) + skipped, byteLength);
      skipped = 0;
    }
    device.send(this.headerBytes, flags, segmentBytes);
    this.statistics.sent(queue.bytesAt(place));
    return SENT;
  }

  /**
   * Fetches the first piece, as far as there is room for headers; and of those behind it, while it is shorter
   * than headers are.
   * @returns the piece at which the payload begins, `skipped` bytes behind its start.
   */
  private fetchHeader(place: number, header: number): number {
    const { queue, dma } = this;
    const pieces = queue.piecesAt(place);
    let fetched = 0;
    let piece = 0;
    this.skipped = 0;
    for (; piece < pieces && fetched < HEADER_BYTES_WANTED; piece++) {
      const byteLength = queue.byteLengthAt(place, piece);
      const room = fetched === 0 ? HEADER_BYTES_MAX : HEADER_BYTES_WANTED - fetched;
      const taken = Math.min(byteLength, room);
      dma.move(LAN_HEADER_FETCHES, queue.addressAt(place, piece), header + fetched, taken);
      fetched += taken;
      if (taken < byteLength) {
        this.skipped = taken;
        break;
      }
      // What follows is payload, in memory of the card's.
      if (this.ofWindow) {
        piece += 1;
        break;
      }
    }
    this.headerBytes = fetched;
    return piece;
  }

  /** Bytes of the packet's IPv4 header; 0 when it is none, or not whole among the headers fetched. */
  private ipv4HeaderBytes(header: number): number {
    const { bytes } = this.region;
    if (this.headerBytes < ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES_MIN) return 0;
    if (((bytes[header + ETHERTYPE_AT] << 8) | bytes[header + ETHERTYPE_AT + 1]) !== ETHERTYPE_IPV4) return 0;
    const first = bytes[header + ETHERNET_HEADER_BYTES];
    const byteLength = (first & 0x0f) << 2;
    if (first >>> 4 !== 4 || byteLength < IPV4_HEADER_BYTES_MIN) return 0;
    return ETHERNET_HEADER_BYTES + byteLength <= this.headerBytes ? byteLength : 0;
  }

  /** @returns false where there is no IPv4 header to put a checksum in. */
  private fillNetworkChecksum(header: number): boolean {
    const { bytes, kernels } = this.region;
    const byteLength = this.ipv4HeaderBytes(header);
    if (byteLength === 0) return false;
    const field = header + ETHERNET_HEADER_BYTES + IPV4_CHECKSUM_AT;
    bytes[field] = 0;
    bytes[field + 1] = 0;
    const checksum = kernels.sum(header + ETHERNET_HEADER_BYTES, byteLength, 0) ^ 0xffff;
    bytes[field] = checksum >>> 8;
    bytes[field + 1] = checksum;
    return true;
  }

  /** Whether the headers hold a whole one of TCP or UDP, as the device needs it for the checksum. */
  private hasTransport(header: number): boolean {
    const byteLength = this.ipv4HeaderBytes(header);
    if (byteLength === 0) return false;
    const protocol = this.protocolOf(header);
    const left = this.headerBytes - ETHERNET_HEADER_BYTES - byteLength;
    if (protocol === PROTOCOL_TCP) return left >= TCP_HEADER_BYTES_MIN;
    return protocol === PROTOCOL_UDP && left >= UDP_HEADER_BYTES;
  }

  private isTcp(header: number): boolean {
    return this.protocolOf(header) === PROTOCOL_TCP;
  }

  /** Of headers that hold a whole one of IPv4. */
  private protocolOf(header: number): number {
    return this.region.bytes[header + ETHERNET_HEADER_BYTES + IPV4_PROTOCOL_AT];
  }

  private done(place: number, status: number): void {
    if (status !== SENT) {
      this.end(place, status);
      return;
    }
    const mode = this.queue.controlAt(place) >>> CONTROL_MODE_SHIFT;
    if (mode === LAN_REPLY_MODE_ON_ERROR || mode === LAN_REPLY_MODE_NEVER) return;
    this.tell(place, status, mode === LAN_REPLY_MODE_IMMEDIATE);
  }

  /** The packet is not sent, and its host is told, unless it is to be told of nothing. */
  private end(place: number, status: number): void {
    const mode = this.queue.controlAt(place) >>> CONTROL_MODE_SHIFT;
    this.statistics.unsent(status !== BAD_PACKET && status !== TRANSMIT_ERROR);
    if (mode === LAN_REPLY_MODE_NEVER && !this.reportErrors) return;
    this.tell(place, status, true);
  }

  private tell(place: number, status: number, urgent: boolean): void {
    const { queue, replies } = this;
    replies.add(queue.initiatorContextAt(place), status, urgent, queue.contextAt(place), 0, 0);
  }
}
