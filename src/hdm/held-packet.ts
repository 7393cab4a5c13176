/**
 * A packet while segments are put together to it: its headers stand in the first one's frame, and are brought
 * up to date when it is whole. Which slots its segments lie in, and how they follow on each other, knows
 * whoever puts them together.
 */
import type { Kernels } from '../dma/kernels.ts';
import type { Region } from '../dma/region.ts';
import { IP_AT, IP_CHECKSUM, IP_TOTAL_LENGTH, TCP_AT, TCP_FLAGS, type TcpFrame } from './tcp-frame.ts';

/** No IPv4 packet is longer. */
const PACKET_BYTES_MAX = 65535;

export class HeldPacket {
  /** The slots, or other places, of the first segment and of the last one so far. */
  first = 0;
  last = 0;
  /** Of the first frame. */
  address = 0;
  headerBytes = 0;
  /** The first segment's payload: what those that follow have, but for the last. */
  segmentBytes = 0;
  firstFlags = 0;
  firstId = 0;
  /** How identifications go on, where whoever puts segments together looks at that. */
  idStep = 0;
  /** The latest timestamp, and the link to the second place, where it looks at those. */
  stamp = 0;
  link = 0;
  segments = 0;
  nextSeq = 0;
  /** Ethernet's header, and the packet with all segments so far. */
  frameBytes = 0;
  /** Of all segments. */
  flags = 0;
  private source = 0;
  private destination = 0;
  private ports = 0;
  private readonly view: DataView;

  constructor(region: Region) {
    this.view = region.view;
  }

  /** Whether a frame is of the same connection. // Hot path. */
  isOf(frame: TcpFrame): boolean {
    return (
      this.ports === frame.ports && this.source === frame.source && this.destination === frame.destination
    );
  }

  /** Whether so much more payload goes in. */
  hasRoom(payloadBytes: number): boolean {
    return this.frameBytes - IP_AT + payloadBytes <= PACKET_BYTES_MAX;
  }

  /** The first segment. @param place its slot. */
  begin(frame: TcpFrame, place: number): void {
    this.first = place;
    this.address = frame.address;
    this.headerBytes = frame.headerBytes;
    this.segmentBytes = frame.payloadBytes;
    this.firstFlags = frame.flags;
    this.firstId = frame.id;
    this.source = frame.source;
    this.destination = frame.destination;
    this.ports = frame.ports;
    this.segments = 0;
    this.flags = 0;
    this.nextSeq = frame.seq;
    this.frameBytes = frame.headerBytes;
    this.append(frame, place);
  }

  /** One more segment, which follows on the last. */
  append(frame: TcpFrame, place: number): void {
    this.last = place;
    this.flags |= frame.flags;
    this.segments += 1;
    this.nextSeq = (this.nextSeq + frame.payloadBytes) | 0;
    this.frameBytes += frame.payloadBytes;
  }

  /**
   * Makes the headers those of the whole packet. The checksum of TCP stays as it came: whoever is handed the
   * packet is told that all of them were good. @param flags of TCP's header.
   */
  finish(kernels: Kernels, flags: number): void {
    const { view, address } = this;
    const ip = address + IP_AT;
    view.setUint16(ip + IP_TOTAL_LENGTH, this.frameBytes - IP_AT);
    view.setUint16(ip + IP_CHECKSUM, 0);
    view.setUint16(ip + IP_CHECKSUM, kernels.sum(ip, TCP_AT - IP_AT, 0) ^ 0xffff);
    view.setUint8(address + TCP_AT + TCP_FLAGS, flags);
  }
}
