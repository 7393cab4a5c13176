/**
 * A TAP as the device half of a NIC: the same rings and the same driver as over the card's own silicon, and
 * the kernel in place of a wire. A packet's way:
 *
 *   driver posts a descriptor ─ doorbell: virtio-net header, headers, pieces named ─ `writev` ─ kernel
 *   kernel ─ `readv` into the next posted packet slot ─ virtio-net header judged ─ descriptor done
 *
 * Offloads are the kernel's or ours, by the virtio-net header. Sending: TX_CHECKSUM leaves the sum, and
 * TX_SEGMENT the cutting, to the kernel, which does neither where the packet stays on this machine.
 * Receiving: with `rxChecksumming` packets of this machine come without a sum made, and with
 * `largeReceiveOffload` uncut; both are facts of the memory they were in, and nobody sums them again.
 *
 * Without a posted buffer nothing is read: frames wait in the TAP's queue, and beyond its length (`ip link
 * set NAME txqueuelen`) the kernel drops them and counts them as the interface's.
 */
import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import {
  DEVICE_HEADER_FETCHES,
  DEVICE_RECEIVES,
  DEVICE_REFUSED,
  DEVICE_RX_PACKETS,
  DEVICE_RX_PACKETS_BYTES,
  DEVICE_TX_PACKETS,
  DEVICE_TX_PACKETS_BYTES,
  RETRANSMIT_FETCHES,
  TAP_READS,
  TAP_READS_BYTES,
  TAP_READS_EMPTY,
  TAP_READS_FAILED,
  TAP_WRITES,
  TAP_WRITES_BYTES,
  TAP_WRITES_FAILED,
  TRANSMIT_FETCHES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TX_CHECKSUM, TX_RETRANSMIT, TX_SEGMENT } from '../tcpip/contract.ts';
import { NEVER } from '../time/agent.ts';
import { PROTOCOL_TCP } from './checksum.ts';
import type { NicFeatures } from './features.ts';
import {
  ETHERNET_HEADER_BYTES,
  FRAME_OFFSET,
  HEADER_BYTES_MAX,
  type NicLayout,
  PIECES_MAX,
  RX_ADDRESS,
  RX_DONE,
  RX_HEAD,
  RX_LENGTH,
  RX_STATUS,
  RX_TAIL,
  TX_FLAGS,
  TX_HEAD,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
  TX_SEGMENT_BYTES,
  TX_TAIL,
} from './nic-rings.ts';
import type { NicSilicon } from './nic-silicon.ts';
import type { TapFile } from './tap-file.ts';
import { ArrivedFrame, MALFORMED } from './tap-frame.ts';
import {
  GSO_ECN,
  GSO_NONE,
  GSO_TCPV4,
  NEEDS_CHECKSUM,
  VIRTIO_CHECKSUM_OFFSET,
  VIRTIO_CHECKSUM_START,
  VIRTIO_FLAGS,
  VIRTIO_GSO_SIZE,
  VIRTIO_GSO_TYPE,
  VIRTIO_HEADER_BYTES,
  VIRTIO_HEADER_LENGTH,
} from './virtio-header.ts';

/**
 * Turns that go by after one that found no frame, before the next looks again: a look is a system call, and
 * costs as much as some ten turns that find nothing.
 */
const TURNS_BETWEEN_LOOKS = 15;
/** The same after a read that failed: the interface may come back. */
const TURNS_AFTER_FAILURE = 4095;
/** No IPv4 packet has more payload. */
const PAYLOAD_BYTES_MAX = 65535;
/** The largest packet, as it comes when it is yet to be cut. */
export const TAP_PACKET_BYTES_MAX = 65535;
/** Offsets in IPv4's and TCP's headers (RFC 791 and RFC 9293, section 3.1), and in UDP's (RFC 768). */
const IP_PROTOCOL = 9;
const IP_ADDRESSES = 12;
const IPV4_HEADER_BYTES_MIN = 20;
const TCP_HEADER_BYTES_MIN = 20;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
const UDP_HEADER_BYTES = 8;
const UDP_CHECKSUM = 6;
const PROTOCOL_UDP = 17;
const CWR = 0x80;

export class TapDevice implements NicSilicon {
  private readonly file: TapFile;
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly kernels: Kernels;
  private readonly layout: NicLayout;
  private readonly registerWord: number;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly arrivedFrame: ArrivedFrame;
  private readonly regionBytes: number;
  /** Room for a frame in each packet slot. */
  private readonly frameBytesMax: number;
  /** Flags of descriptors that are not offered. */
  private refused = 0;
  private txHead = 0;
  private rxHead = 0;
  private turnsToNextLook = 0;

  /** @param packetBytesMax the largest packet that a packet slot holds. */
  constructor(
    region: Region,
    layout: NicLayout,
    file: TapFile,
    packetBytesMax: number,
    ledger: Ledger,
    dma: DmaEngine,
  ) {
    this.file = file;
    this.bytes = region.bytes;
    this.words = region.words;
    this.view = region.view;
    this.kernels = region.kernels;
    this.layout = layout;
    this.registerWord = layout.registerWord;
    this.counters = ledger.counters;
    this.dma = dma;
    this.arrivedFrame = new ArrivedFrame(region, file, ledger);
    this.regionBytes = region.byteLength;
    this.frameBytesMax = ETHERNET_HEADER_BYTES + packetBytesMax;
  }

  setFeatures(features: NicFeatures): void {
    const { txChecksumming, tcpSegmentationOffload, rxChecksumming, largeReceiveOffload } = features;
    this.refused = (txChecksumming ? 0 : TX_CHECKSUM) | (tcpSegmentationOffload ? 0 : TX_SEGMENT);
    const whole = this.frameBytesMax >= ETHERNET_HEADER_BYTES + TAP_PACKET_BYTES_MAX;
    this.file.offload(rxChecksumming, rxChecksumming && largeReceiveOffload && whole);
  }

  /** // Hot path. */
  doorbell(): void {
    const { words } = this;
    const tail = words[this.registerWord + TX_TAIL];
    const posted = (tail - this.txHead) | 0;
    if (posted < 0 || posted > this.layout.txMask + 1) {
      this.counters[DEVICE_REFUSED] += 1;
    } else {
      while (this.txHead !== tail) {
        if (!this.transmit(this.layout.txWord(this.txHead))) this.counters[DEVICE_REFUSED] += 1;
        this.txHead = (this.txHead + 1) | 0;
      }
    }
    words[this.registerWord + TX_HEAD] = this.txHead;
  }

  /** // Hot path. */
  receive(): boolean {
    if (this.turnsToNextLook > 0) {
      this.turnsToNextLook -= 1;
      return false;
    }
    const { words, counters } = this;
    const posted = (words[this.registerWord + RX_TAIL] - this.rxHead) | 0;
    if (posted <= 0) {
      if (posted < 0) counters[DEVICE_REFUSED] += 1;
      return false;
    }
    const descriptor = this.layout.rxWord(this.rxHead);
    const address = words[descriptor + RX_ADDRESS];
    const room = this.frameBytesMax;
    const legal = words[descriptor + RX_STATUS] === 0 && (address & 3) === FRAME_OFFSET;
    if (!legal || address <= 0 || address > this.regionBytes - room) return this.refuse(descriptor);
    const length = this.file.read(address, room);
    if (length <= 0) return this.nothing(length);
    counters[TAP_READS] += 1;
    counters[TAP_READS_BYTES] += length + VIRTIO_HEADER_BYTES;
    this.dma.movedByKernel(DEVICE_RECEIVES, length);
    this.place(descriptor, address, length);
    return true;
  }

  closeMerged(): void {
    assert(this.turnsToNextLook >= 0, 'tap device: it holds nothing back but its looks');
  }

  /** Nobody knows: whoever rests waits for the file. */
  nextArrivalNs(): number {
    return NEVER;
  }

  /** A frame lies in the buffer of a descriptor; one whose virtio-net header does not fit it is dropped. */
  private place(descriptor: number, address: number, length: number): void {
    const { words, counters } = this;
    const status = this.arrivedFrame.judge(address, length);
    if (status === MALFORMED) return;
    words[descriptor + RX_LENGTH] = length;
    words[descriptor + RX_STATUS] = RX_DONE | status;
    this.rxHead = (this.rxHead + 1) | 0;
    words[this.registerWord + RX_HEAD] = this.rxHead;
    counters[DEVICE_RX_PACKETS] += 1;
    counters[DEVICE_RX_PACKETS_BYTES] += length;
  }

  /** A descriptor, which lies in shared memory, cannot be: it is done without a frame. */
  private refuse(descriptor: number): boolean {
    const { words } = this;
    this.counters[DEVICE_REFUSED] += 1;
    words[descriptor + RX_LENGTH] = 0;
    words[descriptor + RX_STATUS] = RX_DONE;
    this.rxHead = (this.rxHead + 1) | 0;
    words[this.registerWord + RX_HEAD] = this.rxHead;
    return true;
  }

  private nothing(read: number): boolean {
    this.counters[read < 0 ? TAP_READS_FAILED : TAP_READS_EMPTY] += 1;
    this.turnsToNextLook = read < 0 ? TURNS_AFTER_FAILURE : TURNS_BETWEEN_LOOKS;
    return false;
  }

  /**
   * Gives the packet of a descriptor to the kernel; one that it does not take is lost, and counted. // Hot
   * path.
   * @returns false when the descriptor cannot be: then nothing was sent.
   */
  private transmit(descriptor: number): boolean {
    const { words, counters, file } = this;
    const flags = words[descriptor + TX_FLAGS];
    const header = words[descriptor + TX_HEADER_ADDRESS];
    const headerLength = words[descriptor + TX_HEADER_LENGTH];
    const payloadBytes = words[descriptor + TX_PAYLOAD_BYTES];
    if ((flags & this.refused) !== 0) return false;
    if (headerLength < ETHERNET_HEADER_BYTES || headerLength > HEADER_BYTES_MAX) return false;
    if (header <= 0 || header > this.regionBytes - headerLength) return false;
    if (payloadBytes < 0 || payloadBytes > PAYLOAD_BYTES_MAX) return false;
    if (!this.describe(header, headerLength, payloadBytes, flags, words[descriptor + TX_SEGMENT_BYTES]))
      return false;
    file.begin();
    file.add(header, headerLength);
    if (!this.addPieces(descriptor, payloadBytes)) return false;
    this.countFetches(descriptor, headerLength, payloadBytes, flags);
    if (!file.write()) {
      counters[TAP_WRITES_FAILED] += 1;
      return true;
    }
    const length = headerLength + payloadBytes;
    counters[TAP_WRITES] += 1;
    counters[TAP_WRITES_BYTES] += length + VIRTIO_HEADER_BYTES;
    counters[DEVICE_TX_PACKETS] += 1;
    counters[DEVICE_TX_PACKETS_BYTES] += length;
    return true;
  }

  /** The kernel's copy out of card memory, as a DMA of the card for each stretch. */
  private countFetches(descriptor: number, headerLength: number, payloadBytes: number, flags: number): void {
    const pieces = this.words[descriptor + TX_PIECES];
    this.dma.movedByKernel(DEVICE_HEADER_FETCHES, headerLength);
    if (pieces === 0) return;
    const reason = (flags & TX_RETRANSMIT) !== 0 ? RETRANSMIT_FETCHES : TRANSMIT_FETCHES;
    this.dma.movedByKernel(reason, payloadBytes, pieces);
  }

  /** @returns whether the pieces have `payloadBytes` bytes, all in the region. */
  private addPieces(descriptor: number, payloadBytes: number): boolean {
    const { words, file } = this;
    const pieces = words[descriptor + TX_PIECES];
    if (pieces < 0 || pieces > PIECES_MAX) return false;
    const end = descriptor + TX_PIECE + 2 * pieces;
    let left = payloadBytes;
    for (let piece = descriptor + TX_PIECE; piece < end; piece += 2) {
      const source = words[piece];
      const length = words[piece + 1];
      if (length > left || length <= 0 || source <= 0 || source > this.regionBytes - length) return false;
      file.add(source, length);
      left -= length;
    }
    return left === 0;
  }

  /**
   * Fills in the virtio-net header: what the kernel is to do, if anybody must.
   * @returns whether the headers are those of TCP or UDP, where anything is asked for.
   */
  private describe(
    header: number,
    headerLength: number,
    payloadBytes: number,
    flags: number,
    segmentBytes: number,
  ): boolean {
    const { leaving } = this.file;
    const asked = flags & (TX_CHECKSUM | TX_SEGMENT);
    leaving.setUint8(VIRTIO_FLAGS, asked === 0 ? 0 : NEEDS_CHECKSUM);
    leaving.setUint8(VIRTIO_GSO_TYPE, GSO_NONE);
    leaving.setUint16(VIRTIO_HEADER_LENGTH, headerLength, true);
    leaving.setUint16(VIRTIO_GSO_SIZE, 0);
    leaving.setUint16(VIRTIO_CHECKSUM_START, 0);
    leaving.setUint16(VIRTIO_CHECKSUM_OFFSET, 0);
    if (asked === 0) return true;
    const ip = header + ETHERNET_HEADER_BYTES;
    const ipBytes = (this.bytes[ip] & 0x0f) << 2;
    const transport = ETHERNET_HEADER_BYTES + ipBytes;
    const protocol = this.bytes[ip + IP_PROTOCOL];
    if (ipBytes < IPV4_HEADER_BYTES_MIN) return false;
    const tcp = protocol === PROTOCOL_TCP && headerLength >= transport + TCP_HEADER_BYTES_MIN;
    const udp = protocol === PROTOCOL_UDP && headerLength >= transport + UDP_HEADER_BYTES;
    if (!tcp && !udp) return false;
    leaving.setUint16(VIRTIO_CHECKSUM_START, transport, true);
    leaving.setUint16(VIRTIO_CHECKSUM_OFFSET, tcp ? TCP_CHECKSUM : UDP_CHECKSUM, true);
    if ((flags & TX_SEGMENT) === 0) return true;
    if (!tcp || segmentBytes <= 0 || segmentBytes > PAYLOAD_BYTES_MAX) return false;
    this.askToCut(header + transport, ip, headerLength - transport + payloadBytes);
    if (payloadBytes > segmentBytes) {
      const ecn = (this.bytes[header + transport + TCP_FLAGS] & CWR) !== 0 ? GSO_ECN : 0;
      leaving.setUint8(VIRTIO_GSO_TYPE, GSO_TCPV4 | ecn);
      leaving.setUint16(VIRTIO_GSO_SIZE, segmentBytes, true);
    }
    return true;
  }

  /** Puts the sum of the pseudo-header of the whole packet into the checksum, for whoever is to cut it. */
  private askToCut(tcp: number, ip: number, segmentLength: number): void {
    assert(segmentLength > 0, 'tap device: a packet to be cut has TCP’s header');
    const pseudo = this.kernels.sum(ip + IP_ADDRESSES, 8, PROTOCOL_TCP);
    this.view.setUint16(tcp + TCP_CHECKSUM, fold(pseudo + segmentLength));
  }
}
