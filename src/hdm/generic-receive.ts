/**
 * Generic receive offload: the driver puts segments of a connection that follow on each other together, and
 * the stack is crossed once for all of them (as Linux has it since 2.6.29). What is put together could be cut
 * again into the segments that came, so only those go together whose headers say the same. The rules are
 * Linux's (`inet_gro_receive`, `dev_gro_receive`, and `tcp_gro_receive` of net/ipv4/tcp_offload.c):
 *
 *   the same   addresses, ports, header length, acknowledgement, window, all options to the last byte (so
 *              also timestamps: segments of another millisecond wait for no others), time to live, service
 *              with its ECN bits, "don't fragment", flags but for PSH and FIN
 *   in order   the sequence number is the next; the identification is one more each time, or, where packets
 *              may not be fragmented, the same
 *   the end    a segment shorter than the first, or one with PSH or FIN, goes in and is the last; one that
 *              is longer, or has CWR, does not go in; a packet has at most 65,535 bytes
 *   never      SYN, RST, URG, segments without payload, padded frames, IPv4 options, fragments, and what has
 *              a bad checksum; where the device has not looked, the driver sums before it decides
 *
 * What is held is handed over at the end of the device's turn at the latest, and before anything else of its
 * connection, so that a connection's segments keep their order.
 */
import { fold } from '../dma/fold.ts';
import type { Kernels } from '../dma/kernels.ts';
import type { PacketChains, PacketPool } from '../dma/packets.ts';
import type { Region } from '../dma/region.ts';
import {
  CHECKSUMS,
  CHECKSUMS_BYTES,
  DRIVER_GRO_PACKETS,
  DRIVER_GRO_SEGMENTS,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type LinkClient, RX_CHECKSUM_CHECKED, RX_MERGED } from '../tcpip/contract.ts';
import type { Clock } from '../time/clock.ts';
import { HeldPacket } from './held-packet.ts';
import {
  CWR,
  FIN,
  IP_AT,
  IP_FRAGMENT,
  IP_SERVICE,
  IP_SOURCE,
  IP_TTL,
  PSH,
  RST,
  SYN,
  TCP_ACK,
  TCP_AT,
  TCP_OFFSET_FLAGS,
  TCP_OPTIONS,
  TcpFrame,
  URG,
} from './tcp-frame.ts';

/** Connections of which segments are held at once; one more, and the oldest gives way. */
const HELD_MAX = 8;
/** With these a segment is the last, or goes by itself. */
const FINAL_FLAGS = URG | PSH | RST | SYN | FIN;
/** Flags that may differ. */
const FREE_FLAGS = CWR | FIN | PSH;
const DONT_FRAGMENT = 0x4000;
const PROTOCOL_TCP = 6;
/** How identifications go on: not known before the second packet. */
const STEP_UNKNOWN = -1;

export class GenericReceive {
  private readonly view: DataView;
  private readonly kernels: Kernels;
  private readonly packets: PacketPool;
  private readonly chains: PacketChains;
  private readonly clock: Clock;
  private readonly counters: Float64Array;
  private readonly frame: TcpFrame;
  /** The first `count` are in use, the oldest first. */
  private readonly held: HeldPacket[];
  private count = 0;

  constructor(region: Region, packets: PacketPool, clock: Clock, ledger: Ledger) {
    this.view = region.view;
    this.kernels = region.kernels;
    this.packets = packets;
    this.chains = packets.chains;
    this.clock = clock;
    this.counters = ledger.counters;
    this.frame = new TcpFrame(region);
    this.held = Array.from({ length: HELD_MAX }, () => new HeldPacket(region));
  }

  /** Whether any segment waits for others. */
  get holds(): boolean {
    return this.count > 0;
  }

  /**
   * A frame has arrived: it is held, or handed on. @param flags as `LinkClient.input` has them. // Hot path.
   * @returns true when its slot is held or kept; false when the caller frees it.
   */
  take(client: LinkClient, packet: number, address: number, length: number, flags: number): boolean {
    const { frame } = this;
    if (!frame.read(address, length)) return this.pass(client, packet, address, length, flags);
    let at = this.find();
    if ((flags & RX_MERGED) !== 0) {
      // The device has put it together: it is not cut, and nothing is put behind it.
      if (at >= 0) this.complete(client, at);
      return this.pass(client, packet, address, length, flags);
    }
    const checked = (flags & RX_CHECKSUM_CHECKED) !== 0 || this.isSumGood();
    // The stack finds out by itself what is wrong with it.
    if (!checked) return this.pass(client, packet, address, length, flags);
    const { payloadBytes } = frame;
    const final = (frame.flags & FINAL_FLAGS) !== 0;
    if (at >= 0 && this.goesWith(this.held[at])) {
      const held = this.held[at];
      this.append(held, packet);
      if (final || payloadBytes < held.segmentBytes) this.complete(client, at);
      return true;
    }
    if (at >= 0) this.complete(client, at);
    if (final || payloadBytes === 0 || frame.padded)
      return this.pass(client, packet, address, length, flags | RX_CHECKSUM_CHECKED);
    if (this.count === HELD_MAX) this.complete(client, 0);
    at = this.count++;
    this.hold(this.held[at], packet);
    return true;
  }

  /** Hands on all that is held, the oldest first. */
  flush(client: LinkClient): void {
    while (this.count > 0) this.complete(client, 0);
  }

  private pass(client: LinkClient, packet: number, address: number, length: number, flags: number): boolean {
    return client.input(packet, address, length, flags, this.clock.nowUs);
  }

  /** The index of what is held of the frame's connection; -1: nothing is. */
  private find(): number {
    const { held, frame } = this;
    for (let i = 0; i < this.count; i++) if (held[i].isOf(frame)) return i;
    return -1;
  }

  /** Whether the frame may go behind what is held of its connection. */
  private goesWith(held: HeldPacket): boolean {
    const { frame, view } = this;
    const { payloadBytes } = frame;
    if (payloadBytes === 0 || payloadBytes > held.segmentBytes || frame.padded) return false;
    if (frame.seq !== held.nextSeq || !held.hasRoom(payloadBytes) || (frame.flags & CWR) !== 0) return false;
    if (((frame.flags ^ held.firstFlags) & ~FREE_FLAGS) !== 0) return false;
    const ip = frame.address + IP_AT;
    const heldIp = held.address + IP_AT;
    if (view.getUint8(ip + IP_TTL) !== view.getUint8(heldIp + IP_TTL)) return false;
    if (view.getUint8(ip + IP_SERVICE) !== view.getUint8(heldIp + IP_SERVICE)) return false;
    const fragment = view.getUint16(ip + IP_FRAGMENT);
    if (fragment !== view.getUint16(heldIp + IP_FRAGMENT)) return false;
    return this.hasSameTcp(held) && this.followsId(held, (fragment & DONT_FRAGMENT) !== 0);
  }

  /** Whether header length, acknowledgement, window and options are those of the first segment. */
  private hasSameTcp(held: HeldPacket): boolean {
    const { frame, view } = this;
    if (frame.headerBytes !== held.headerBytes) return false;
    const tcp = frame.address + TCP_AT;
    const first = held.address + TCP_AT;
    if (view.getInt32(tcp + TCP_ACK) !== view.getInt32(first + TCP_ACK)) return false;
    // The word has the flags as well, which have been looked at.
    const word = view.getInt32(tcp + TCP_OFFSET_FLAGS) ^ view.getInt32(first + TCP_OFFSET_FLAGS);
    if ((word & 0xffff) !== 0) return false;
    const end = frame.headerBytes - TCP_AT;
    for (let at = TCP_OPTIONS; at < end; at += 4) {
      if (view.getInt32(tcp + at) !== view.getInt32(first + at)) return false;
    }
    return true;
  }

  /** Whether the identification goes on as it began. @param atomic the packet may not be fragmented. */
  private followsId(held: HeldPacket, atomic: boolean): boolean {
    const passed = (this.frame.id - held.firstId) & 0xffff;
    if (held.idStep === STEP_UNKNOWN) held.idStep = passed === 0 && atomic ? 0 : 1;
    return passed === (held.idStep * held.segments) % 0x10000;
  }

  private hold(held: HeldPacket, packet: number): void {
    const { frame, chains } = this;
    held.begin(frame, packet);
    held.idStep = STEP_UNKNOWN;
    chains.set(packet, frame.address + frame.headerBytes, frame.payloadBytes);
  }

  private append(held: HeldPacket, packet: number): void {
    const { frame, chains } = this;
    chains.set(packet, frame.address + frame.headerBytes, frame.payloadBytes);
    chains.next[held.last] = packet;
    held.append(frame, packet);
  }

  /** Hands on what is held of a connection; the place in the table is free again. */
  private complete(client: LinkClient, at: number): void {
    const { held, counters, packets } = this;
    const done = held[at];
    for (let i = at + 1; i < this.count; i++) held[i - 1] = held[i];
    this.count -= 1;
    held[this.count] = done;
    let flags = RX_CHECKSUM_CHECKED;
    if (done.segments > 1) {
      done.finish(this.kernels, done.flags);
      flags |= RX_MERGED;
      counters[DRIVER_GRO_PACKETS] += 1;
      counters[DRIVER_GRO_SEGMENTS] += done.segments;
    }
    const { first, address } = done;
    if (!this.pass(client, first, address, done.frameBytes, flags)) packets.freeChain(first);
  }

  /** The two sums that the stack would make: of the IPv4 header, and of segment and pseudo-header. */
  private isSumGood(): boolean {
    const { frame, kernels, counters } = this;
    const ip = frame.address + IP_AT;
    const tcp = frame.address + TCP_AT;
    const tcpBytes = frame.headerBytes - TCP_AT + frame.payloadBytes;
    counters[CHECKSUMS] += 2;
    counters[CHECKSUMS_BYTES] += tcp - ip + tcpBytes;
    if (kernels.sum(ip, tcp - ip, 0) !== 0xffff) return false;
    const pseudo = kernels.sum(ip + IP_SOURCE, 8, fold(PROTOCOL_TCP + tcpBytes));
    return kernels.sum(tcp, tcpBytes, pseudo) === 0xffff;
  }
}
