/**
 * Judges the virtio-net header of a frame that a TAP has brought, against the frame. It comes from the
 * kernel, which may have it from another machine's guest, so nothing in it is trusted further than it fits.
 *
 *   NEEDS_CSUM   over the whole TCP segment or UDP datagram of a packet that is no fragment: the packet has
 *                not left memory since it was sent, and counts as checked. Of anything else the sum is made
 *                here, and the stack looks at it as at any other.
 *   DATA_VALID   somebody below has checked it.
 *   GSO          only TCP over IPv4 was asked for. What has more payload than one segment is told as several
 *                in one slot.
 */
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import { TAP_LARGE_PACKETS, TAP_MALFORMED, TAP_SUMS_MADE, TAP_SUMS_TRUSTED } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { RX_CHECKSUM_CHECKED, RX_MERGED } from '../tcpip/contract.ts';
import { PROTOCOL_TCP, sumWords } from './checksum.ts';
import { ETHERNET_HEADER_BYTES, RX_IN_ONE, RX_NEXT_SHIFT } from './nic-rings.ts';
import type { TapFile } from './tap-file.ts';
import { TcpFrame } from './tcp-frame.ts';
import {
  DATA_VALID,
  GSO_ECN,
  GSO_NONE,
  GSO_TCPV4,
  NEEDS_CHECKSUM,
  VIRTIO_CHECKSUM_OFFSET,
  VIRTIO_CHECKSUM_START,
  VIRTIO_FLAGS,
  VIRTIO_GSO_SIZE,
  VIRTIO_GSO_TYPE,
} from './virtio-header.ts';

/** What `judge` says of a frame that is to be dropped. */
export const MALFORMED = -1;

const IPV4_HEADER_BYTES_MIN = 20;
/** The EtherType of IPv4 as the high half of a little-endian word. */
const ETHERTYPE_IPV4_SWAPPED = 0x0008;
/** More-fragments bit and fragment offset, as the high half of a little-endian word. */
const FRAGMENT_MASK_SWAPPED = 0xff3f;
const PROTOCOL_UDP = 17;
const TCP_HEADER_BYTES_MIN = 20;
const UDP_HEADER_BYTES = 8;
const TCP_CHECKSUM = 16;
const UDP_CHECKSUM = 6;

export class ArrivedFrame {
  private readonly arrived: DataView;
  private readonly words: Int32Array;
  private readonly view: DataView;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly frame: TcpFrame;
  /** Where the checksum of the packet looked at lies from its transport header on; 0: it has none. */
  private checksumAt = 0;

  constructor(region: Region, { arrived }: TapFile, ledger: Ledger) {
    this.arrived = arrived;
    this.words = region.words;
    this.view = region.view;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.frame = new TcpFrame(region);
  }

  /** @returns RX_ bits of the descriptor's status, or MALFORMED. // Hot path. */
  judge(address: number, length: number): number {
    const { arrived } = this;
    const flags = arrived.getUint8(VIRTIO_FLAGS);
    const gso = arrived.getUint8(VIRTIO_GSO_TYPE) & ~GSO_ECN;
    const transport = this.transportOf(address, length);
    let status = 0;
    if ((flags & NEEDS_CHECKSUM) !== 0) {
      const start = arrived.getUint16(VIRTIO_CHECKSUM_START, true);
      const offset = arrived.getUint16(VIRTIO_CHECKSUM_OFFSET, true);
      if (transport > 0 && start === transport && offset === this.checksumAt) status = RX_CHECKSUM_CHECKED;
      else if (!this.makeSum(address, length, start, offset)) return this.malformed();
    } else if ((flags & DATA_VALID) !== 0 && transport > 0) status = RX_CHECKSUM_CHECKED;
    if (status !== 0) this.counters[TAP_SUMS_TRUSTED] += 1;
    if (gso === GSO_NONE) return status;
    return gso === GSO_TCPV4 ? this.judgeLarge(address, length, status) : this.malformed();
  }

  private judgeLarge(address: number, length: number, status: number): number {
    const segmentBytes = this.arrived.getUint16(VIRTIO_GSO_SIZE, true);
    const { frame } = this;
    if (segmentBytes === 0 || status === 0 || !frame.read(address, length) || frame.padded)
      return this.malformed();
    if (frame.payloadBytes <= segmentBytes) return status;
    this.counters[TAP_LARGE_PACKETS] += 1;
    return status | RX_MERGED | RX_IN_ONE | (segmentBytes << RX_NEXT_SHIFT);
  }

  private malformed(): number {
    this.counters[TAP_MALFORMED] += 1;
    return MALFORMED;
  }

  /**
   * @returns where the transport header begins in a whole packet of TCP or UDP that is no fragment and whose
   *   IPv4 header's sum is good; 0 of any other.
   */
  private transportOf(address: number, length: number): number {
    const { words } = this;
    if (length < ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES_MIN) return 0;
    const first = address >> 2;
    if (words[first + 3] >>> 16 !== ETHERTYPE_IPV4_SWAPPED) return 0;
    const word0 = words[first + 4];
    const totalLength = ((word0 >>> 8) & 0xff00) | (word0 >>> 24);
    const headerBytes = (word0 & 0x0f) << 2;
    if ((word0 & 0xf0) !== 0x40 || headerBytes < IPV4_HEADER_BYTES_MIN) return 0;
    if (headerBytes > totalLength || ETHERNET_HEADER_BYTES + totalLength > length) return 0;
    if (((words[first + 5] >>> 16) & FRAGMENT_MASK_SWAPPED) !== 0) return 0;
    const protocol = (words[first + 6] >>> 8) & 0xff;
    const tcp = protocol === PROTOCOL_TCP;
    if (!tcp && protocol !== PROTOCOL_UDP) return 0;
    if (totalLength - headerBytes < (tcp ? TCP_HEADER_BYTES_MIN : UDP_HEADER_BYTES)) return 0;
    if (fold(sumWords(words, first + 4, headerBytes >> 2)) !== 0xffff) return 0;
    this.checksumAt = tcp ? TCP_CHECKSUM : UDP_CHECKSUM;
    return ETHERNET_HEADER_BYTES + headerBytes;
  }

  /** Makes a sum that was left to be made. @returns false where the header names bytes that are not there. */
  private makeSum(address: number, length: number, start: number, offset: number): boolean {
    if (start + offset + 2 > length) return false;
    const sum = this.kernels.sum(address + start, length - start, 0);
    this.view.setUint16(address + start + offset, fold(sum) ^ 0xffff);
    this.counters[TAP_SUMS_MADE] += 1;
    return true;
  }
}
