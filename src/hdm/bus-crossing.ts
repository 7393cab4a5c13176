/**
 * What crosses the bus between a host's memory and its device, by kind: descriptors that the device reads,
 * headers and payload in either direction, and descriptors that it writes back when it is done. A descriptor
 * has 16 bytes, one for each stretch of memory, as those of gigabit devices have (Intel, "PCI/PCI-X Family of
 * Gigabit Ethernet Controllers Software Developer's Manual", legacy descriptors); devices read and write
 * several at a time, here four in a burst of 64 bytes.
 */
import type { Region } from '../dma/region.ts';
import {
  BUS_COMPLETIONS,
  BUS_COMPLETIONS_BYTES,
  BUS_DESCRIPTORS,
  BUS_DESCRIPTORS_BYTES,
  BUS_HEADERS,
  BUS_HEADERS_BYTES,
  BUS_PAYLOAD,
  BUS_PAYLOAD_BYTES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import {
  ETHERNET_HEADER_BYTES,
  TX_HEADER_ADDRESS,
  TX_HEADER_LENGTH,
  TX_PAYLOAD_BYTES,
  TX_PIECE,
  TX_PIECES,
} from './nic-rings.ts';

export const BUS_DESCRIPTOR_BYTES = 16;
/** Descriptors that are read or written at once. */
export const DESCRIPTORS_PER_BURST = 4;
const IPV4_HEADER_BYTES_MIN = 20;
const IP_PROTOCOL = 9;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const TCP_HEADER_BYTES_MIN = 20;
const TCP_DATA_OFFSET = 12;
const UDP_HEADER_BYTES = 8;

export class BusCrossing {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly counters: Float64Array;
  /** Descriptors since the last burst in each direction began. */
  private read = 0;
  private written = 0;

  constructor(region: Region, ledger: Ledger) {
    this.words = region.words;
    this.bytes = region.bytes;
    this.counters = ledger.counters;
  }

  /** The device has fetched and sent the packet of a transmit descriptor. // Hot path of a simulation. */
  transmitted(descriptor: number): void {
    const { words, counters } = this;
    const headerBytes = words[descriptor + TX_HEADER_LENGTH];
    // A packet in one place is fetched at once.
    const whole = words[descriptor + TX_HEADER_ADDRESS] + headerBytes === words[descriptor + TX_PIECE];
    const pieces = whole ? 0 : words[descriptor + TX_PIECES];
    this.descriptors(1 + pieces);
    counters[BUS_HEADERS] += 1;
    counters[BUS_HEADERS_BYTES] += headerBytes;
    counters[BUS_PAYLOAD] += pieces;
    counters[BUS_PAYLOAD_BYTES] += words[descriptor + TX_PAYLOAD_BYTES];
    this.completions(1);
  }

  /**
   * The device has placed a frame where its driver wants it. // Hot path.
   * @param follows whether it goes on a packet, of which it is only the payload.
   */
  received(frame: number, length: number, follows: boolean): void {
    const { counters } = this;
    this.descriptors(1);
    const header = this.headerBytes(frame, length);
    if (!follows) counters[BUS_HEADERS_BYTES] += header;
    if (length > header) this.payload(length - header);
    else if (!follows) counters[BUS_HEADERS] += 1;
    this.completions(1);
  }

  /** A device reads so many descriptors. */
  private descriptors(count: number): void {
    const { counters } = this;
    counters[BUS_DESCRIPTORS_BYTES] += count * BUS_DESCRIPTOR_BYTES;
    const read = this.read + count;
    const bursts = (read / DESCRIPTORS_PER_BURST) | 0;
    counters[BUS_DESCRIPTORS] += bursts;
    this.read = read - bursts * DESCRIPTORS_PER_BURST;
  }

  /** A device writes so many descriptors back. */
  private completions(count: number): void {
    const { counters } = this;
    counters[BUS_COMPLETIONS_BYTES] += count * BUS_DESCRIPTOR_BYTES;
    const written = this.written + count;
    const bursts = (written / DESCRIPTORS_PER_BURST) | 0;
    counters[BUS_COMPLETIONS] += bursts;
    this.written = written - bursts * DESCRIPTORS_PER_BURST;
  }

  private payload(length: number): void {
    this.counters[BUS_PAYLOAD] += 1;
    this.counters[BUS_PAYLOAD_BYTES] += length;
  }

  /** Bytes of a frame before the payload of TCP or UDP; of any other frame, all of it. */
  private headerBytes(frame: number, length: number): number {
    const { bytes } = this;
    const transport = transportAt(bytes, frame, length);
    if (transport > 0 && bytes[frame + ETHERNET_HEADER_BYTES + IP_PROTOCOL] === PROTOCOL_UDP)
      return Math.min(length, transport + UDP_HEADER_BYTES);
    return tcpHeaderBytes(bytes, frame, length) || length;
  }
}

/** Where the transport header begins in a frame of IPv4; 0: it is none. */
function transportAt(bytes: Uint8Array, frame: number, length: number): number {
  if (length < ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES_MIN) return 0;
  if (bytes[frame + 12] !== 0x08 || bytes[frame + 13] !== 0x00) return 0;
  return ETHERNET_HEADER_BYTES + ((bytes[frame + ETHERNET_HEADER_BYTES] & 0x0f) << 2);
}

/** Bytes before the payload of a frame that is a TCP segment over IPv4; 0 of any other. */
export function tcpHeaderBytes(bytes: Uint8Array, frame: number, length: number): number {
  const transport = transportAt(bytes, frame, length);
  if (transport === 0 || length < transport + TCP_HEADER_BYTES_MIN) return 0;
  if (bytes[frame + ETHERNET_HEADER_BYTES + IP_PROTOCOL] !== PROTOCOL_TCP) return 0;
  return Math.min(length, transport + ((bytes[frame + transport + TCP_DATA_OFFSET] >> 4) << 2));
}
