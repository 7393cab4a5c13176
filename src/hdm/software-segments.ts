/**
 * Generic segmentation offload: the stack is crossed once for a packet with a large payload, and the driver
 * cuts it just before a device that cannot (as Linux has it since 2.6.18). Each segment has the headers
 * repeated and adjusted as `tx-segment.ts` says; the checksum, for which the field is given the sum of the
 * pseudo-header, is made by the device, or else by the driver. No payload moves: a segment names its part of
 * the pieces.
 */
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import { DRIVER_GSO_SEGMENTS } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { TX_CHECKSUM, TX_SEGMENT } from '../tcpip/contract.ts';
import type { NicDriver } from './nic-driver.ts';
import { ETHERNET_HEADER_BYTES, HEADER_BYTES_MAX, PIECES_MAX } from './nic-rings.ts';
import type { NicSilicon } from './nic-silicon.ts';

/** Offsets in the IPv4 header (RFC 791 section 3.1). */
const IP_TOTAL_LENGTH = 2;
const IP_IDENTIFICATION = 4;
const IP_CHECKSUM = 10;
const IP_ADDRESSES = 12;
/** Offsets in the TCP header (RFC 9293 section 3.1). */
const TCP_SEQUENCE = 4;
const TCP_FLAGS = 13;
const TCP_CHECKSUM = 16;
const PROTOCOL_TCP = 6;
const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;

export class SoftwareSegments {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly kernels: Kernels;
  private readonly counters: Float64Array;
  private readonly driver: NicDriver;
  /** The packet being cut. */
  private readonly header = new Uint8Array(HEADER_BYTES_MAX);
  private readonly addresses = new Int32Array(PIECES_MAX);
  private readonly lengths = new Int32Array(PIECES_MAX);
  /** The piece that the next segment begins in, and the bytes of it already used. */
  private piece = 0;
  private used = 0;

  constructor(region: Region, ledger: Ledger, driver: NicDriver) {
    this.bytes = region.bytes;
    this.view = region.view;
    this.kernels = region.kernels;
    this.counters = ledger.counters;
    this.driver = driver;
  }

  /**
   * Cuts the packet that the driver has built, and has the device send each segment. // Hot path.
   * @param checksumming whether the device makes their checksums; else the driver does.
   */
  cut(
    device: NicSilicon,
    headerLength: number,
    flags: number,
    segmentBytes: number,
    checksumming: boolean,
  ): void {
    const { driver, header, addresses, lengths } = this;
    const pieces = driver.takeApart(header, headerLength, addresses, lengths);
    let left = 0;
    for (let i = 0; i < pieces; i++) left += lengths[i];
    this.piece = 0;
    this.used = 0;
    const summed = checksumming ? TX_CHECKSUM : 0;
    let done = 0;
    let index = 0;
    do {
      const length = Math.min(segmentBytes, left);
      // The device has fetched what was posted before: there is a descriptor.
      const at = driver.claim();
      left -= length;
      this.write(at, headerLength, index, done, length, left === 0);
      this.name(length);
      if (!checksumming) driver.fillChecksum(headerLength);
      driver.post(headerLength, (flags & ~(TX_SEGMENT | TX_CHECKSUM)) | summed, 0);
      device.doorbell();
      done += length;
      index += 1;
    } while (left > 0);
    this.counters[DRIVER_GSO_SEGMENTS] += index;
  }

  /** Writes the headers of a segment. @param done payload bytes before it. */
  private write(
    at: number,
    headerLength: number,
    index: number,
    done: number,
    length: number,
    last: boolean,
  ): void {
    const { bytes, header, view, kernels } = this;
    for (let i = 0; i < headerLength; i++) bytes[at + i] = header[i];
    const ip = at + ETHERNET_HEADER_BYTES;
    const tcp = ip + ((bytes[ip] & 0x0f) << 2);
    const tcpBytes = at + headerLength - tcp;
    view.setUint16(ip + IP_TOTAL_LENGTH, headerLength - ETHERNET_HEADER_BYTES + length);
    view.setUint16(ip + IP_IDENTIFICATION, view.getUint16(ip + IP_IDENTIFICATION) + index);
    view.setUint16(ip + IP_CHECKSUM, 0);
    view.setUint16(ip + IP_CHECKSUM, kernels.sum(ip, tcp - ip, 0) ^ 0xffff);
    view.setInt32(tcp + TCP_SEQUENCE, (view.getInt32(tcp + TCP_SEQUENCE) + done) | 0);
    let flags = bytes[tcp + TCP_FLAGS];
    if (!last) flags &= ~(FIN | PSH);
    if (index > 0) flags &= ~CWR;
    bytes[tcp + TCP_FLAGS] = flags;
    const pseudo = kernels.sum(ip + IP_ADDRESSES, 8, PROTOCOL_TCP);
    view.setUint16(tcp + TCP_CHECKSUM, fold(pseudo + tcpBytes + length));
  }

  /** Names the next `length` bytes of payload. */
  private name(length: number): void {
    for (let left = length; left > 0; ) {
      const count = Math.min(left, this.lengths[this.piece] - this.used);
      this.driver.addPiece(this.addresses[this.piece] + this.used, count);
      left -= count;
      this.used += count;
      if (this.used < this.lengths[this.piece]) continue;
      this.piece += 1;
      this.used = 0;
    }
  }
}
