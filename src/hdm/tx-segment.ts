/**
 * TCP segmentation offload: one packet with a large payload becomes segments of `segmentBytes`, each with the
 * headers repeated and adjusted. `tx-offload.ts` hands over descriptors with TX_SEGMENT. What changes from
 * segment to segment:
 *
 *   IPv4  total length; identification, one more each (RFC 6864 asks for no more than that); header checksum
 *   TCP   sequence number; FIN and PSH only in the last segment; CWR only in the first (RFC 3168 section
 *         6.1.2); checksum
 *
 * The engine makes the pseudo-header's sum itself, so the checksum field may hold anything.
 */
import type { DmaEngine } from '../dma/engine.ts';
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import {
  DEVICE_HEADER_FETCHES,
  DEVICE_TSO_SEGMENTS,
  DEVICE_TX_PACKETS,
  DEVICE_TX_PACKETS_BYTES,
  RETRANSMIT_FETCHES,
  TRANSMIT_FETCHES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TX_RETRANSMIT } from '../tcpip/contract.ts';
import type { WireSource } from '../wire/contract.ts';
import { swap } from './checksum.ts';
import {
  canMove,
  ETHERNET_HEADER_BYTES,
  HEADER_BYTES_MAX,
  PIECES_MAX,
  TX_FLAGS,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
  TX_SEGMENT_BYTES,
} from './nic-rings.ts';

/** Offsets in the IPv4 header (RFC 791 section 3.1). */
const IP_TOTAL_LENGTH = 2;
const IP_IDENTIFICATION = 4;
const IP_PROTOCOL = 9;
const IP_CHECKSUM = 10;
const IP_ADDRESSES = 12;
/** Offsets in the TCP header (RFC 9293 section 3.1). */
const TCP_SEQUENCE = 4;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
const PROTOCOL_TCP = 6;
const IPV4_HEADER_BYTES_MIN = 20;
const TCP_HEADER_BYTES_MIN = 20;
/** No IPv4 packet holds more. */
const PAYLOAD_BYTES_MAX = 65535;
const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;

export class Segmenter {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly wire: WireSource;
  private readonly frameBytesMax: number;
  private readonly regionBytes: number;
  /** How far the payload has been cut: the word of the piece, and the bytes of it already used. */
  private pieceWord = 0;
  private pieceUsed = 0;
  /** Word behind the last piece. */
  private piecesEnd = 0;
  /** The packet being cut. */
  private header = 0;
  private headerLength = 0;
  private tcpOffset = 0;
  private reason = 0;

  constructor(region: Region, ledger: Ledger, dma: DmaEngine, wire: WireSource, mtu: number) {
    this.bytes = region.bytes;
    this.words = region.words;
    this.view = region.view;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.dma = dma;
    this.wire = wire;
    this.regionBytes = region.byteLength;
    this.frameBytesMax = ETHERNET_HEADER_BYTES + mtu;
  }

  /**
   * Puts every segment of a descriptor's packet on the wire; one that finds no space is lost. // Hot path.
   * @returns false when the descriptor, which lies in shared memory, cannot be. Segments before the place
   *   where that was seen have been sent.
   */
  transmit(descriptor: number): boolean {
    const words = this.words;
    const segmentBytes = words[descriptor + TX_SEGMENT_BYTES];
    const payloadBytes = words[descriptor + TX_PAYLOAD_BYTES];
    const pieces = words[descriptor + TX_PIECES];
    this.header = words[descriptor + TX_HEADER_ADDRESS];
    this.headerLength = words[descriptor + TX_HEADER_LENGTH];
    this.reason =
      (words[descriptor + TX_FLAGS] & TX_RETRANSMIT) !== 0 ? RETRANSMIT_FETCHES : TRANSMIT_FETCHES;
    this.pieceWord = descriptor + TX_PIECE;
    this.pieceUsed = 0;
    this.piecesEnd = descriptor + TX_PIECE + 2 * pieces;
    if (pieces < 0 || pieces > PIECES_MAX || payloadBytes < 0 || payloadBytes > PAYLOAD_BYTES_MAX)
      return false;
    if (!this.hasHeaders() || segmentBytes <= 0 || segmentBytes > this.frameBytesMax - this.headerLength)
      return false;
    let done = 0;
    let index = 0;
    do {
      const length = Math.min(segmentBytes, payloadBytes - done);
      if (!this.cut(index, done, length, done + length === payloadBytes)) return false;
      done += length;
      index++;
    } while (done < payloadBytes);
    this.counters[DEVICE_TSO_SEGMENTS] += index;
    return this.pieceWord === this.piecesEnd && this.pieceUsed === 0;
  }

  /** Whether the packet has whole headers of TCP; notes where they begin. */
  private hasHeaders(): boolean {
    const { bytes, header, headerLength } = this;
    if (headerLength < ETHERNET_HEADER_BYTES || headerLength > HEADER_BYTES_MAX) return false;
    if (header <= 0 || header > this.regionBytes - headerLength) return false;
    const ip = header + ETHERNET_HEADER_BYTES;
    const ipBytes = (bytes[ip] & 0x0f) << 2;
    this.tcpOffset = ETHERNET_HEADER_BYTES + ipBytes;
    const tcpBytes = headerLength - this.tcpOffset;
    return (
      ipBytes >= IPV4_HEADER_BYTES_MIN &&
      tcpBytes >= TCP_HEADER_BYTES_MIN &&
      bytes[ip + IP_PROTOCOL] === PROTOCOL_TCP
    );
  }

  /**
   * Sends one segment. @param done payload bytes before it. @returns false when its bytes cannot be.
   */
  private cut(index: number, done: number, length: number, last: boolean): boolean {
    const frameLength = this.headerLength + length;
    const frame = this.wire.reserve(frameLength);
    if (frame < 0) return this.skip(length);
    if (!canMove(this.header, frame, this.headerLength, this.regionBytes)) return false;
    this.dma.move(DEVICE_HEADER_FETCHES, this.header, frame, this.headerLength);
    this.adjust(frame, index, done, length, last);
    const tcp = frame + this.tcpOffset;
    const tcpBytes = this.headerLength - this.tcpOffset;
    const addresses = frame + ETHERNET_HEADER_BYTES + IP_ADDRESSES;
    let sum = this.kernels.sum(addresses, 8, PROTOCOL_TCP);
    sum = this.kernels.sum(tcp, tcpBytes, fold(sum + tcpBytes + length));
    sum = this.gather(frame + this.headerLength, length, sum);
    if (sum < 0) return false;
    this.view.setUint16(tcp + TCP_CHECKSUM, sum ^ 0xffff);
    this.wire.commit(frameLength);
    this.counters[DEVICE_TX_PACKETS] += 1;
    this.counters[DEVICE_TX_PACKETS_BYTES] += frameLength;
    return true;
  }

  /**
   * Turns the packet's headers, copied to `frame`, into those of one segment; the TCP checksum is left zero.
   */
  private adjust(frame: number, index: number, done: number, length: number, last: boolean): void {
    const view = this.view;
    const ip = frame + ETHERNET_HEADER_BYTES;
    const tcp = frame + this.tcpOffset;
    view.setUint16(ip + IP_TOTAL_LENGTH, this.headerLength - ETHERNET_HEADER_BYTES + length);
    view.setUint16(ip + IP_IDENTIFICATION, view.getUint16(ip + IP_IDENTIFICATION) + index);
    view.setUint16(ip + IP_CHECKSUM, 0);
    view.setUint16(ip + IP_CHECKSUM, this.kernels.sum(ip, tcp - ip, 0) ^ 0xffff);
    view.setInt32(tcp + TCP_SEQUENCE, (view.getInt32(tcp + TCP_SEQUENCE) + done) | 0);
    let flags = this.bytes[tcp + TCP_FLAGS];
    if (!last) flags &= ~(FIN | PSH);
    if (index > 0) flags &= ~CWR;
    this.bytes[tcp + TCP_FLAGS] = flags;
    view.setUint16(tcp + TCP_CHECKSUM, 0);
  }

  /**
   * Moves the next `length` payload bytes to `payload` and adds them to `sum`.
   * @returns the sum; -1 when the pieces have no such bytes.
   */
  private gather(payload: number, length: number, sum: number): number {
    const words = this.words;
    let total = sum;
    let offset = 0;
    while (offset < length) {
      const piece = this.pieceWord;
      if (piece >= this.piecesEnd) return -1;
      const left = words[piece + 1] - this.pieceUsed;
      const bytes = Math.min(left, length - offset);
      const source = words[piece] + this.pieceUsed;
      if (!canMove(source, payload + offset, bytes, this.regionBytes)) return -1;
      const moved = this.dma.moveSum(this.reason, source, payload + offset, bytes, 0);
      // A part at an odd offset has its bytes in the other halves of the words.
      total = fold(total + ((offset & 1) !== 0 ? swap(moved) : moved));
      offset += bytes;
      this.use(bytes, left);
    }
    return total;
  }

  /** Passes over the payload of a segment that was lost. @returns whether the pieces have as much. */
  private skip(length: number): boolean {
    let skipped = 0;
    while (skipped < length) {
      if (this.pieceWord >= this.piecesEnd) return false;
      const left = this.words[this.pieceWord + 1] - this.pieceUsed;
      if (left <= 0) return false;
      const bytes = Math.min(left, length - skipped);
      skipped += bytes;
      this.use(bytes, left);
    }
    return true;
  }

  /** Goes on by `bytes` of the `left` bytes that the piece still has. */
  private use(bytes: number, left: number): void {
    if (bytes === left) {
      this.pieceWord += 2;
      this.pieceUsed = 0;
    } else {
      this.pieceUsed += bytes;
    }
  }
}
