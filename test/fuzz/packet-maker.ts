/**
 * Makes packets for the packet fuzzer, in place in a packet slot: valid ones of live connections, changed in
 * ways that keep their structure, and others. Text always is what the stream has at its sequence number, so
 * that whatever a stack delivers can be judged; what is damaged is damaged in one byte, which no checksum
 * overlooks.
 */
import type { Region } from '../../src/dma/region.ts';
import { addressSum, fold, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../../src/tcpip/header/ipv4.ts';
import type { Random } from '../../src/time/random.ts';
import { PATTERN_BYTES } from '../storm/host.ts';
import { pick } from '../storm/weather.ts';

const IP_AT = 14;
const TCP_AT = 34;
const PAYLOAD_MAX = 500;
const OFFSETS = [
  0,
  0,
  0,
  0,
  1,
  -1,
  2,
  100,
  -100,
  1460,
  -1461,
  65_535,
  -70_000,
  2_000_000,
  0x7fff_ffff,
  -(2 ** 31),
];
const LENGTHS = [0, 0, 0, 1, 2, 7, 100, 536, 1400];
const WINDOWS = [0, 1, 100, 8192, 65_535, 65_535];
const FLAGS = [0x10, 0x10, 0x10, 0x10, 0x18, 0x11, 0x12, 0x02, 0x04, 0x14, 0x30, 0x00, 0x3f, 0x01];
const OPTION_KINDS = [0, 1, 2, 3, 4, 5, 8, 8, 8, 30, 254];

/** What the fuzzer knows of a connection, as its peer. */
export interface LiveConnection {
  readonly local: number;
  readonly remote: number;
  readonly localPort: number;
  readonly remotePort: number;
  /** The peer's initial number, and where its stream lies in the pattern: it begins at irs + 1. */
  readonly irs: number;
  readonly patternAt: number;
  /** What the stack expects next of the peer, what it has sent, and its timestamps; told by its segments. */
  expected: number;
  sent: number;
  stamps: boolean;
  stamp: number;
  echo: number;
}

export class PacketMaker {
  private readonly random: Random;
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly region: Region;

  constructor(random: Random, region: Region) {
    this.random = random;
    this.region = region;
    this.view = region.view;
    this.bytes = region.bytes;
  }

  /** A segment of a live connection, in place or near an edge. @returns the frame's length. */
  segment(at: number, live: LiveConnection, honest: boolean): number {
    const { random, view, bytes } = this;
    const tcp = at + TCP_AT;
    const seq = (live.expected + (honest ? 0 : pick(random, OFFSETS))) | 0;
    const ack = (live.sent + (honest ? 0 : pick(random, OFFSETS))) | 0;
    const flags = honest ? 0x10 : pick(random, FLAGS);
    let options = 0;
    if (live.stamps && (honest || random.below(8) > 0)) {
      view.setInt32(tcp + 20, 0x0101080a);
      const lag = honest ? 0 : pick(random, [0, 0, 0, -1, 1000, -(2 ** 31)]);
      view.setInt32(tcp + 24, (live.stamp + lag) | 0);
      view.setInt32(tcp + 28, live.echo);
      options = 12;
    }
    if (!honest && random.below(4) === 0) options = this.options(tcp + 20, options, live);
    let length = honest ? random.below(PAYLOAD_MAX) : pick(random, LENGTHS);
    // Nobody knows what a stream has before its start and after the pattern's end.
    const offset = (seq - live.irs - 1) | 0;
    const from = live.patternAt + offset;
    if (offset < 0 || from + length > PATTERN_BYTES) length = 0;
    const text = tcp + 20 + options;
    if (length > 0) bytes.copyWithin(text, from, from + length);
    view.setInt32(tcp, (live.remotePort << 16) | live.localPort);
    view.setInt32(tcp + 4, seq);
    view.setInt32(tcp + 8, ack);
    view.setUint16(tcp + 12, ((20 + options) << 10) | flags);
    view.setUint16(tcp + 14, honest ? 65_535 : pick(random, WINDOWS));
    view.setInt32(tcp + 16, (flags & 0x20) !== 0 ? random.below(65_536) : 0);
    const total = 20 + options + length;
    this.finishTransport(at, live.remote, live.local, PROTOCOL_TCP, total, tcp + 16);
    if (honest || random.below(10) > 0) return TCP_AT + total;
    return this.damage(at, TCP_AT + total);
  }

  /** A SYN from a port of the peer's. */
  syn(at: number, live: LiveConnection): number {
    const { view } = this;
    const tcp = at + TCP_AT;
    view.setInt32(tcp, (live.remotePort << 16) | live.localPort);
    view.setInt32(tcp + 4, live.irs);
    view.setInt32(tcp + 8, 0);
    const options = live.stamps ? 20 : 4;
    view.setUint16(tcp + 12, ((20 + options) << 10) | 2);
    view.setUint16(tcp + 14, 65_535);
    view.setInt32(tcp + 16, 0);
    view.setInt32(tcp + 20, 0x020405b4);
    if (live.stamps) {
      view.setInt32(tcp + 24, 0x0402080a);
      view.setInt32(tcp + 28, live.stamp);
      view.setInt32(tcp + 32, 0);
      view.setInt32(tcp + 36, 0x01030302);
    }
    this.finishTransport(at, live.remote, live.local, PROTOCOL_TCP, 20 + options, tcp + 16);
    return TCP_AT + 20 + options;
  }

  /** The answer to a SYN of the stack's. */
  synAck(at: number, live: LiveConnection): number {
    const length = this.syn(at, live);
    const tcp = at + TCP_AT;
    this.view.setInt32(tcp + 8, live.sent);
    this.view.setUint8(tcp + 13, 0x12);
    if (live.stamps) this.view.setInt32(tcp + 32, live.echo);
    this.view.setUint16(tcp + 16, 0);
    this.finishTransport(at, live.remote, live.local, PROTOCOL_TCP, length - TCP_AT, tcp + 16);
    return length;
  }

  /** A datagram whose bytes say where it came from. */
  datagram(at: number, remote: number, local: number, port: number): number {
    const { random, view, bytes } = this;
    const udp = at + TCP_AT;
    const length = pick(random, [0, 1, 100, 1400]);
    const source = 1 + random.below(65_535);
    view.setInt32(udp, (source << 16) | port);
    view.setUint16(udp + 4, 8 + length + (random.below(16) === 0 ? random.below(2000) - 1000 : 0));
    view.setUint16(udp + 6, 0);
    for (let i = 0; i < length; i++) bytes[udp + 8 + i] = source + i;
    this.finishTransport(at, remote, local, PROTOCOL_UDP, 8 + length, udp + 6);
    return random.below(6) === 0 ? this.damage(at, TCP_AT + 8 + length) : TCP_AT + 8 + length;
  }

  /** An ICMP message: an error that quotes a live connection, an echo, or anything. */
  icmp(at: number, live: LiveConnection, remote: number): number {
    const { random, view } = this;
    const icmp = at + TCP_AT;
    const type = pick(random, [3, 3, 3, 3, 4, 5, 8, 11, 12, 13, random.below(256)]);
    view.setUint16(icmp, (type << 8) | pick(random, [0, 1, 2, 3, 4, 4, 13, 255]));
    view.setUint16(icmp + 2, 0);
    view.setInt32(icmp + 4, pick(random, [0, 68, 576, 1000, 1400, 0x0a0000fe, random.nextInt32()]));
    const quoted = icmp + 8;
    view.setInt32(quoted, 0x45000000 | pick(random, [40, 20, 1500, 65_535]));
    view.setInt32(quoted + 4, 0x4000);
    view.setInt32(quoted + 8, 0x40060000);
    view.setInt32(quoted + 12, live.local);
    view.setInt32(quoted + 16, live.remote);
    view.setInt32(quoted + 20, (live.localPort << 16) | live.remotePort);
    view.setInt32(quoted + 24, (live.sent + pick(random, [-1, -1, -100, 0, 1, 100_000])) | 0);
    const length = pick(random, [8, 12, 36, 36, 36, 36]);
    view.setUint16(icmp + 2, ~this.region.kernels.sum(icmp, length, 0));
    this.finishIpv4(at, remote, live.local, PROTOCOL_ICMP, length);
    return random.below(8) === 0 ? this.damage(at, TCP_AT + length) : TCP_AT + length;
  }

  /** An ARP packet about somebody, or about us. */
  arp(at: number, remote: number, local: number): number {
    const { random, view } = this;
    view.setUint16(at + 12, 0x0806);
    view.setInt32(at + 14, pick(random, [0x00010800, 0x00010800, 0x00010800, 0x00060800]));
    view.setInt32(at + 18, 0x06040000 | pick(random, [1, 1, 2, 2, 3, 0]));
    view.setUint16(at + 22, 0x0200);
    view.setInt32(at + 24, pick(random, [remote, random.nextInt32()]));
    view.setInt32(at + 28, pick(random, [remote, remote, local, 0, 0x0a000000 | random.below(256)]));
    view.setUint16(at + 32, 0);
    view.setInt32(at + 34, 0);
    view.setInt32(at + 38, pick(random, [local, local, remote, -1]));
    return pick(random, [42, 42, 60, 41, 20]);
  }

  /** Makes a fragment of the packet that lies at `at`: anywhere in a datagram, whatever it overlaps. */
  fragment(at: number, length: number): number {
    const { random, view } = this;
    const flags = pick(random, [0x2000, 0x2000, 0, 0x1fff, 0x3fff]);
    const offset = flags === 0x2000 || flags === 0 ? random.below(200) : 0;
    view.setUint16(at + 18, random.below(8));
    view.setUint16(at + 20, (flags | offset) & 0x3fff);
    this.sumIpv4(at);
    return length;
  }

  /** Random bytes, or a packet of a strange protocol or version. */
  garbage(at: number, remote: number, local: number): number {
    const { random, view } = this;
    const length = 14 + random.below(100);
    for (let i = 0; i < length; i += 4) view.setInt32(at + i, random.nextInt32());
    if (random.below(3) === 0) return length;
    view.setUint16(at + 12, 0x0800);
    if (random.below(3) === 0 || length < TCP_AT) return length;
    this.finishIpv4(at, remote, local, random.below(256), length - TCP_AT);
    // Of what this says nobody knows what a stream should have: it is no segment that is whole.
    if (view.getUint8(at + 23) === PROTOCOL_TCP) view.setUint16(at + TCP_AT + 12, 0);
    return length;
  }

  /** Adds options that are cut, doubled, too long or unknown. @returns all options' bytes, in words. */
  private options(at: number, from: number, live: LiveConnection): number {
    const { random, view } = this;
    let bytes = from;
    while (bytes < 36 && random.below(4) > 0) {
      const kind = pick(random, OPTION_KINDS);
      view.setUint8(at + bytes++, kind);
      if (kind < 2) continue;
      const length = pick(random, [0, 1, 2, 3, 4, 10, 10, 18, 26, 40, 255]);
      view.setUint8(at + bytes++, length);
      for (let i = 2; i < length && bytes < 40; i++) view.setUint8(at + bytes++, random.below(256));
      // SACK blocks near what is in flight.
      if (kind === 5 && bytes >= 10 && length >= 10) {
        view.setInt32(at + bytes - 8, (live.sent - random.below(3000)) | 0);
        view.setInt32(at + bytes - 4, (live.sent - random.below(3000)) | 0);
      }
    }
    while ((bytes & 3) !== 0) view.setUint8(at + bytes++, 1);
    return bytes;
  }

  /** Changes one byte behind the Ethernet header, or lies about a length. @returns the frame's length. */
  private damage(at: number, length: number): number {
    const { random, bytes, view } = this;
    const kind = random.below(4);
    if (kind === 0) return Math.max(14, length - 1 - random.below(60));
    if (kind === 1) {
      // The header's own sum is good: only the length lies.
      view.setUint16(at + 16, random.below(2000));
      this.sumIpv4(at);
      // A whole segment with another end would be one with another sum: one byte apart it never is.
      bytes[at + TCP_AT + 1] ^= 1;
      return length;
    }
    bytes[at + IP_AT + random.below(length - IP_AT)] ^= 1 + random.below(255);
    return length;
  }

  private finishTransport(
    at: number,
    source: number,
    destination: number,
    protocol: number,
    length: number,
    sumAt: number,
  ): void {
    const pseudo = fold(addressSum(source) + addressSum(destination) + protocol + length);
    this.view.setUint16(sumAt, 0);
    const sum = ~this.region.kernels.sum(at + TCP_AT, length, pseudo) & 0xffff;
    this.view.setUint16(sumAt, sum === 0 ? 0xffff : sum);
    this.finishIpv4(at, source, destination, protocol, length);
  }

  private finishIpv4(
    at: number,
    source: number,
    destination: number,
    protocol: number,
    length: number,
  ): void {
    const { view } = this;
    view.setInt32(at, 0x02000a00);
    view.setUint16(at + 12, 0x0800);
    view.setInt32(at + 14, 0x45000000 | (20 + length));
    view.setInt32(at + 18, 0x4000);
    view.setInt32(at + 22, (0x4000 | protocol) << 16);
    view.setInt32(at + 26, source);
    view.setInt32(at + 30, destination);
    this.sumIpv4(at);
  }

  private sumIpv4(at: number): void {
    this.view.setUint16(at + 24, 0);
    this.view.setUint16(at + 24, ~this.region.kernels.sum(at + IP_AT, 20, 0));
  }
}
