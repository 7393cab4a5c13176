/**
 * The transmit side's engines: gathers a packet's header and pieces from memory into a frame on the wire,
 * fills in the TCP or UDP checksum from sums made while the bytes move, and cuts a large TCP payload into
 * segments (tx-segment.ts). `nic-device.ts` calls `transmit` for each descriptor. Read RFC 1071, RFC 9293
 * section 3.1 (checksum), RFC 768.
 */
import type { DmaEngine } from '../dma/engine.ts';
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import {
  DEVICE_HEADER_FETCHES,
  DEVICE_TX_PACKETS,
  DEVICE_TX_PACKETS_BYTES,
  RETRANSMIT_FETCHES,
  TRANSMIT_FETCHES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TX_CHECKSUM, TX_RETRANSMIT, TX_SEGMENT } from '../tcpip/contract.ts';
import type { WireSource } from '../wire/contract.ts';
import { fillChecksum, IP_PROTOCOL, PROTOCOL_TCP, sumWords, swap } from './checksum.ts';
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
} from './nic-rings.ts';
import { Segmenter } from './tx-segment.ts';

const PROTOCOL_UDP = 17;
const IPV4_HEADER_BYTES_MIN = 20;
const TCP_HEADER_BYTES_MIN = 20;
const UDP_HEADER_BYTES = 8;

export class TransmitOffload {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly wire: WireSource;
  private readonly segmenter: Segmenter;
  private readonly frameBytesMax: number;
  private readonly regionBytes: number;
  private refused = 0;

  /** @param offered the TX_CHECKSUM and TX_SEGMENT bits of what may be asked for. */
  constructor(
    region: Region,
    ledger: Ledger,
    dma: DmaEngine,
    wire: WireSource,
    mtu: number,
    offered: number,
  ) {
    this.bytes = region.bytes;
    this.words = region.words;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.dma = dma;
    this.wire = wire;
    this.segmenter = new Segmenter(region, ledger, dma, wire, mtu);
    this.regionBytes = region.byteLength;
    this.frameBytesMax = ETHERNET_HEADER_BYTES + mtu;
    this.offer(offered);
  }

  /** @param offered the TX_CHECKSUM and TX_SEGMENT bits of what may be asked for from now on. */
  offer(offered: number): void {
    this.refused = (TX_CHECKSUM | TX_SEGMENT) & ~offered;
  }

  /**
   * Puts the packet of a descriptor on the wire. Without room on the wire the packet is lost, and counted. //
   * Hot path.
   * @returns false when the descriptor, which lies in shared memory, cannot be: then nothing was sent.
   */
  transmit(descriptor: number): boolean {
    const words = this.words;
    const flags = words[descriptor + TX_FLAGS];
    if ((flags & this.refused) !== 0) return false;
    if ((flags & TX_SEGMENT) !== 0) return this.segmenter.transmit(descriptor);
    const headerLength = words[descriptor + TX_HEADER_LENGTH];
    const payloadBytes = words[descriptor + TX_PAYLOAD_BYTES];
    if (headerLength < ETHERNET_HEADER_BYTES || headerLength > HEADER_BYTES_MAX) return false;
    if (payloadBytes < 0 || payloadBytes > this.frameBytesMax - headerLength) return false;
    const length = headerLength + payloadBytes;
    const frame = this.wire.reserve(length);
    if (frame < 0) return true;
    const header = words[descriptor + TX_HEADER_ADDRESS];
    const reason = (flags & TX_RETRANSMIT) !== 0 ? RETRANSMIT_FETCHES : TRANSMIT_FETCHES;
    if (!canMove(header, frame, headerLength, this.regionBytes)) return false;
    this.dma.move(DEVICE_HEADER_FETCHES, header, frame, headerLength);
    const whole =
      (flags & TX_CHECKSUM) !== 0
        ? this.gatherSummed(descriptor, payloadBytes, headerLength, frame, reason)
        : this.gather(descriptor, payloadBytes, (frame + headerLength) | 0, reason);
    if (!whole) return false;
    this.wire.commit(length);
    this.counters[DEVICE_TX_PACKETS] += 1;
    this.counters[DEVICE_TX_PACKETS_BYTES] += length;
    return true;
  }

  /** @returns whether the pieces have `payloadBytes` bytes, all in the region. */
  private gather(descriptor: number, payloadBytes: number, payload: number, reason: number): boolean {
    const words = this.words;
    const pieces = words[descriptor + TX_PIECES];
    if (pieces < 0 || pieces > PIECES_MAX) return false;
    const end = descriptor + TX_PIECE + 2 * pieces;
    let left = payloadBytes;
    for (let piece = descriptor + TX_PIECE; piece < end; piece += 2) {
      const source = words[piece];
      const length = words[piece + 1];
      const destination = (payload + payloadBytes - left) | 0;
      if (length > left || !canMove(source, destination, length, this.regionBytes)) return false;
      this.dma.move(reason, source, destination, length);
      left -= length;
    }
    return left === 0;
  }

  /**
   * Gathers the pieces and fills in the checksum, whose field holds the pseudo-header's partial sum.
   * @returns whether the headers are those of TCP or UDP, and the pieces have `payloadBytes` bytes, all in
   *   the region.
   */
  private gatherSummed(
    descriptor: number,
    payloadBytes: number,
    headerLength: number,
    frame: number,
    reason: number,
  ): boolean {
    const { words, bytes } = this;
    // From here on the headers are read where they were copied to.
    const ip = frame + ETHERNET_HEADER_BYTES;
    const ipBytes = (bytes[ip] & 0x0f) << 2;
    const protocol = bytes[ip + IP_PROTOCOL];
    const transportOffset = ETHERNET_HEADER_BYTES + ipBytes;
    const transportBytes = headerLength - transportOffset;
    if (ipBytes < IPV4_HEADER_BYTES_MIN || transportBytes < leastHeader(protocol)) return false;
    const pieces = words[descriptor + TX_PIECES];
    if (pieces < 0 || pieces > PIECES_MAX) return false;
    let sum = this.sumHeader(frame + transportOffset, transportBytes);
    const end = descriptor + TX_PIECE + 2 * pieces;
    const frameBytes = headerLength + payloadBytes;
    let offset = headerLength;
    for (let piece = descriptor + TX_PIECE; piece < end; piece += 2) {
      const source = words[piece];
      const length = words[piece + 1];
      const destination = (frame + offset) | 0;
      if (length > frameBytes - offset || !canMove(source, destination, length, this.regionBytes))
        return false;
      const moved = this.dma.moveSum(reason, source, destination, length, 0);
      sum = (sum + (((offset - transportOffset) & 1) !== 0 ? swap(moved) : moved)) | 0;
      offset = (offset + length) | 0;
    }
    if (offset !== frameBytes) return false;
    fillChecksum(bytes, frame + transportOffset, protocol, fold(sum));
    return true;
  }

  /** The partial sum of a transport header, whose field holds the pseudo-header's. */
  private sumHeader(transport: number, byteLength: number): number {
    return ((transport | byteLength) & 3) === 0
      ? swap(fold(sumWords(this.words, transport >> 2, byteLength >> 2)))
      : this.kernels.sum(transport, byteLength, 0);
  }
}

/** The shortest header of a protocol that has a checksum to fill in; of another, one that no packet has. */
function leastHeader(protocol: number): number {
  if (protocol === PROTOCOL_TCP) return TCP_HEADER_BYTES_MIN;
  return protocol === PROTOCOL_UDP ? UDP_HEADER_BYTES : HEADER_BYTES_MAX;
}
