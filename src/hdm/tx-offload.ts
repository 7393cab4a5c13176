/**
 * The transmit side's engines: gathers a packet's header and pieces from memory into a frame on the wire,
 * fills in the TCP or UDP checksum from sums made while the bytes move, and cuts a large TCP payload into
 * segments (tx-segment.ts). `nic-device.ts` calls `transmit` for each descriptor. Read RFC 1071, RFC 9293
 * section 3.1 (checksum), RFC 768.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
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
import { fold, sumWords, swap } from './checksum.ts';
import {
  ETHERNET_HEADER_BYTES,
  TX_FLAGS,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
} from './nic-rings.ts';
import { Segmenter } from './tx-segment.ts';

const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
/** Where the checksum lies in the transport header. */
const TCP_CHECKSUM_OFFSET = 16;
const UDP_CHECKSUM_OFFSET = 6;

export class TransmitOffload {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly wire: WireSource;
  private readonly segmenter: Segmenter;
  private readonly frameBytesMax: number;
  private readonly refused: number;

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
    this.frameBytesMax = ETHERNET_HEADER_BYTES + mtu;
    this.refused = (TX_CHECKSUM | TX_SEGMENT) & ~offered;
  }

  /**
   * Puts the packet of a descriptor on the wire. Without room on the wire the packet is lost, and counted. //
   * Hot path.
   */
  transmit(descriptor: number): void {
    const words = this.words;
    const flags = words[descriptor + TX_FLAGS];
    if (COSTLY_ASSERTIONS)
      assert((flags & this.refused) === 0, 'tx offload: a packet asks only for offloads that are on');
    if ((flags & TX_SEGMENT) !== 0) {
      this.segmenter.transmit(descriptor);
      return;
    }
    const headerLength = words[descriptor + TX_HEADER_LENGTH];
    const length = (headerLength + words[descriptor + TX_PAYLOAD_BYTES]) | 0;
    if (COSTLY_ASSERTIONS)
      assert(length <= this.frameBytesMax, 'tx offload: a packet that is not cut fits the MTU');
    const frame = this.wire.reserve(length);
    if (frame < 0) return;
    const header = words[descriptor + TX_HEADER_ADDRESS];
    const reason = (flags & TX_RETRANSMIT) !== 0 ? RETRANSMIT_FETCHES : TRANSMIT_FETCHES;
    this.dma.move(DEVICE_HEADER_FETCHES, header, frame, headerLength);
    if ((flags & TX_CHECKSUM) !== 0) {
      this.gatherSummed(descriptor, header, headerLength, frame, reason);
    } else {
      this.gather(descriptor, (frame + headerLength) | 0, reason);
    }
    this.wire.commit(length);
    this.counters[DEVICE_TX_PACKETS] += 1;
    this.counters[DEVICE_TX_PACKETS_BYTES] += length;
  }

  private gather(descriptor: number, payload: number, reason: number): void {
    const words = this.words;
    const end = descriptor + TX_PIECE + 2 * words[descriptor + TX_PIECES];
    let destination = payload;
    for (let piece = descriptor + TX_PIECE; piece < end; piece += 2) {
      const length = words[piece + 1];
      this.dma.move(reason, words[piece], destination, length);
      destination = (destination + length) | 0;
    }
    assert(
      destination === payload + words[descriptor + TX_PAYLOAD_BYTES],
      'tx offload: the pieces are as long as the descriptor says',
    );
  }

  /** Gathers the pieces and fills in the checksum, whose field holds the pseudo-header's partial sum. */
  private gatherSummed(
    descriptor: number,
    header: number,
    headerLength: number,
    frame: number,
    reason: number,
  ): void {
    const words = this.words;
    const transportOffset =
      ETHERNET_HEADER_BYTES + ((words[(header + ETHERNET_HEADER_BYTES) >> 2] & 0x0f) << 2);
    const transportBytes = headerLength - transportOffset;
    let sum =
      (transportBytes & 3) === 0
        ? swap(fold(sumWords(words, (header + transportOffset) >> 2, transportBytes >> 2)))
        : this.kernels.sum(header + transportOffset, transportBytes, 0);
    const end = descriptor + TX_PIECE + 2 * words[descriptor + TX_PIECES];
    let offset = headerLength;
    for (let piece = descriptor + TX_PIECE; piece < end; piece += 2) {
      const length = words[piece + 1];
      const moved = this.dma.moveSum(reason, words[piece], (frame + offset) | 0, length, 0);
      sum = (sum + (((offset - transportOffset) & 1) !== 0 ? swap(moved) : moved)) | 0;
      offset = (offset + length) | 0;
    }
    if (COSTLY_ASSERTIONS)
      assert(
        offset === headerLength + words[descriptor + TX_PAYLOAD_BYTES],
        'tx offload: the pieces that are summed are as long as the descriptor says',
      );
    this.fill(frame + transportOffset, this.bytes[header + ETHERNET_HEADER_BYTES + 9], fold(sum));
  }

  /** @param sum of the segment, of its pseudo-header and, as the field was not zero, of nothing twice. */
  private fill(transport: number, protocol: number, sum: number): void {
    let checksum = sum ^ 0xffff;
    let field = transport;
    if (protocol === PROTOCOL_TCP) {
      field += TCP_CHECKSUM_OFFSET;
    } else {
      if (COSTLY_ASSERTIONS)
        assert(protocol === PROTOCOL_UDP, 'tx offload: a packet to be summed is TCP or UDP');
      field += UDP_CHECKSUM_OFFSET;
      // RFC 768: zero would mean that there is no checksum.
      if (checksum === 0) checksum = 0xffff;
    }
    this.bytes[field] = checksum >>> 8;
    this.bytes[field + 1] = checksum;
  }
}
