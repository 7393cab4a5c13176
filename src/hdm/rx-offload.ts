/**
 * The receive side's checksum engine. `nic-device.ts` asks for a frame to be placed in a packet slot; the one
 * pass that moves the frame also sums it, and what belongs to neither TCP nor UDP is taken from the sum
 * again. The result is a flag in the receive descriptor; a frame found bad is delivered without it, as NICs
 * do, and the stack drops it. Read RFC 1071, RFC 9293 section 3.1 (checksum), RFC 768.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import { DEVICE_RECEIVES, DEVICE_RX_BAD_CHECKSUM } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RX_CHECKSUM_CHECKED } from '../tcpip/contract.ts';
import { halves, sumWords, swap } from './checksum.ts';
import { ETHERNET_HEADER_BYTES } from './nic-rings.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

const IPV4_HEADER_BYTES_MIN = 20;
/** The EtherType of IPv4 as the high half of a little-endian word. */
const ETHERTYPE_IPV4_SWAPPED = 0x0008;
/** More-fragments bit and fragment offset, as the high half of a little-endian word. */
const FRAGMENT_MASK_SWAPPED = 0xff3f;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TCP_HEADER_BYTES_MIN = 20;
const UDP_HEADER_BYTES = 8;

export class ReceiveOffload {
  private readonly bytes: Uint8Array;
  private readonly words: Int32Array;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  /** Whether the device looks at checksums. */
  checksumming: boolean;

  constructor(region: Region, ledger: Ledger, dma: DmaEngine, checksumming: boolean) {
    this.bytes = region.bytes;
    this.words = region.words;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.dma = dma;
    this.checksumming = checksumming;
  }

  /**
   * Moves a frame from the wire to card memory. // Hot path.
   * @param destination two bytes past a multiple of 4. @returns RX_ bits.
   */
  place(source: number, destination: number, length: number): number {
    if (COSTLY)
      assert(
        (destination & 3) === 2,
        'rx offload: a frame begins two bytes behind a word, as its sums want it',
      );
    if (!this.checksumming) {
      this.dma.move(DEVICE_RECEIVES, source, destination, length);
      return 0;
    }
    const frameSum = this.dma.moveSum(DEVICE_RECEIVES, source, destination, length, 0);
    if (length < ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES_MIN) return 0;
    return this.verify(destination, length, frameSum);
  }

  /** Nothing in the frame is trusted: what is no whole IPv4 packet is left to the stack. */
  private verify(frame: number, length: number, frameSum: number): number {
    const words = this.words;
    const first = frame >> 2;
    if (words[first + 3] >>> 16 !== ETHERTYPE_IPV4_SWAPPED) return 0;
    const word0 = words[first + 4];
    const totalLength = ((word0 >>> 8) & 0xff00) | (word0 >>> 24);
    const headerBytes = (word0 & 0x0f) << 2;
    if ((word0 & 0xf0) !== 0x40 || headerBytes < IPV4_HEADER_BYTES_MIN) return 0;
    if (headerBytes > totalLength || ETHERNET_HEADER_BYTES + totalLength > length) return 0;
    const headerSum = fold(sumWords(words, first + 4, headerBytes >> 2));
    if (headerSum !== 0xffff) return this.bad();
    if ((words[first + 5] >>> 16) & FRAGMENT_MASK_SWAPPED) return 0;

    const protocol = (words[first + 6] >>> 8) & 0xff;
    const segmentBytes = totalLength - headerBytes;
    if (!this.checkable(protocol, frame + ETHERNET_HEADER_BYTES + headerBytes, segmentBytes)) return 0;
    // An Ethernet frame may be padded behind the packet, with anything.
    const packetEnd = ETHERNET_HEADER_BYTES + totalLength;
    const sum = length === packetEnd ? frameSum : this.kernels.sum(frame, packetEnd, 0);
    // The IPv4 header adds up to "minus zero"; only Ethernet's has to be taken away: add its complement.
    const ethernetSum = (words[first] >>> 16) + sumWords(words, first + 1, 3);
    const pseudoSum =
      halves(words[first + 7]) + halves(words[first + 8]) + swap(segmentBytes) + (protocol << 8);
    const total = fold(swap(sum) + (fold(ethernetSum) ^ 0xffff) + pseudoSum);
    return total === 0xffff ? RX_CHECKSUM_CHECKED : this.bad();
  }

  /** Whether the transport header is whole and says that it has a checksum over all of the packet. */
  private checkable(protocol: number, segment: number, segmentBytes: number): boolean {
    if (protocol === PROTOCOL_TCP) return segmentBytes >= TCP_HEADER_BYTES_MIN;
    if (protocol !== PROTOCOL_UDP || segmentBytes < UDP_HEADER_BYTES) return false;
    const bytes = this.bytes;
    // RFC 768: a checksum of zero means the sender made none.
    if ((bytes[segment + 6] | bytes[segment + 7]) === 0) return false;
    return ((bytes[segment + 4] << 8) | bytes[segment + 5]) === segmentBytes;
  }

  private bad(): number {
    this.counters[DEVICE_RX_BAD_CHECKSUM] += 1;
    return 0;
  }
}
