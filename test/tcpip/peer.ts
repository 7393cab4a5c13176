/**
 * The other end of a connection, played by the test. Sequence numbers are relative, as packetdrill has them:
 * each end's SYN is 0 and its first byte 1. A peer keeps its numbers by itself where a test does not give
 * them: it sends in order, and repeats the acknowledgement it sent last.
 *
 * `expects` compares flags, sequence number, acknowledgement, length and payload of the next segment always
 * (the payload must be the pattern's bytes at this place of the stream), and whatever else the test names.
 */
import { expect } from 'vitest';
import { tcpFrame } from './frames.ts';
import {
  encodeOptions,
  type Flags,
  flagBits,
  flagNames,
  type Options,
  type WireSegment,
} from './segments.ts';
import type { Stage } from './stage.ts';
import { pattern } from './wire.ts';

export interface PeerOptions {
  port?: number;
  address?: number;
  /** Whether the stack knows the peer's hardware address from the start; it does by default. */
  introduced?: boolean;
  /** Initial sequence number. */
  iss?: number;
  /** The window field of every segment that does not name another; the SYN's too. */
  window?: number;
  /** What the SYN offers. Timestamps are sent in every segment once both ends have offered them. */
  mss?: number;
  wscale?: number;
  sackOk?: boolean;
  timestamps?: boolean;
}

/** A segment the peer sends. Without `length` and `payload` it is bare; without `flags` an ACK. */
export interface Sent {
  flags?: Flags;
  seq?: number;
  ack?: number;
  window?: number;
  urgent?: number;
  /** So many bytes of the pattern that belong at `seq`. */
  length?: number;
  payload?: Uint8Array;
  /** The type of service, with the bits of RFC 3168. */
  tos?: number;
  /** `sack` is relative to the stack's numbers. `ts: undefined` leaves timestamps away. */
  options?: Options;
  /** Option bytes as they stand, in place of all others. */
  rawOptions?: number[];
}

/** A segment the stack must send. */
export interface Expected {
  flags?: Flags;
  seq?: number;
  ack?: number;
  length?: number;
  window?: number;
  urgent?: number;
  tos?: number;
  /**
   * Exactly these; `sack` is relative to the peer's numbers, the value of `ts` to that of the stack's SYN.
   */
  options?: Options;
}

/** What the peer's timestamps start from. */
export const PEER_CLOCK = 700_000;

export class Peer {
  readonly address: number;
  readonly port: number;
  readonly iss: number;
  readonly offer: PeerOptions;
  window: number;
  /** The peer's next byte, relative. */
  next = 0;
  /** The acknowledgement sent last, relative; 0 before the first. */
  acked = 0;
  /** What the stack sent and no `expects` has looked at. */
  readonly inbox: WireSegment[] = [];
  /** The port of the stack; 0 until the first segment. */
  hostPort = 0;
  /** The stack's initial sequence number, and its first timestamp. */
  hostIss = 0;
  private hostKnown = false;
  private hostClock = 0;
  private hostNext = 0;
  private tsEcho = 0;
  timestamps = false;
  private readonly stage: Stage;

  constructor(stage: Stage, options: PeerOptions) {
    this.stage = stage;
    this.address = options.address ?? 0;
    this.port = options.port ?? 0;
    this.iss = options.iss ?? 5000;
    this.window = options.window ?? 65535;
    this.offer = options;
  }

  isFor(segment: WireSegment): boolean {
    return (
      segment.destination === this.address &&
      segment.destinationPort === this.port &&
      (this.hostPort === 0 || this.hostPort === segment.sourcePort)
    );
  }

  /** A segment of the stack has come. */
  receive(segment: WireSegment): void {
    const { options } = segment;
    this.hostPort = segment.sourcePort;
    if ((segment.flags & 2) !== 0 && !this.hostKnown) {
      this.hostKnown = true;
      this.hostIss = segment.seq;
      this.hostClock = options.ts?.[0] ?? 0;
    }
    if (options.ts) this.tsEcho = options.ts[0];
    this.inbox.push(segment);
  }

  /** Forgets the stack's numbers: the next SYN starts a new connection. */
  forgetsHost(): void {
    this.hostKnown = false;
    this.hostPort = 0;
    this.hostNext = 0;
    this.next = 0;
    this.acked = 0;
    this.timestamps = false;
  }

  /** The peer's timestamp clock: a tick of 1 ms. */
  get clock(): number {
    return (PEER_CLOCK + Math.floor(this.stage.timeUs / 1000)) | 0;
  }

  /** The echo of the stack's latest timestamp. */
  get echo(): number {
    return this.tsEcho;
  }

  /** Sends a segment; the stack then does all it has to do at this time. */
  sends(segment: Sent = {}): void {
    this.stage.inject(this.frame(segment));
    this.stage.settle();
  }

  /** Sends segments that the stack receives all before it may answer. */
  sendsTogether(...segments: readonly Sent[]): void {
    for (const segment of segments) this.stage.inject(this.frame(segment));
    this.stage.settle();
  }

  /** Acknowledges everything below `ack`. */
  acks(ack: number, window = this.window): void {
    this.sends({ ack, window });
  }

  /** Sends the peer's next bytes. */
  sendsData(length: number, flags = 'PSH ACK'): void {
    this.sends({ flags, length });
  }

  /** The segment on the wire, and the peer's numbers moved on. */
  frame(segment: Sent): Uint8Array {
    const flags = flagBits(segment.flags ?? 'ACK');
    const seq = segment.seq ?? this.next;
    const payload = segment.payload ?? pattern(segment.length ?? 0, seq - 1);
    const end = seq + payload.length + (flags & 1) + ((flags >> 1) & 1);
    if (seq <= this.next && end > this.next && (flags & 4) === 0) this.next = end;
    const acknowledges = (flags & 16) !== 0;
    if (acknowledges && segment.ack !== undefined) this.acked = segment.ack;
    return tcpFrame({
      source: this.address,
      destination: this.stage.host.address,
      sourcePort: this.port,
      destinationPort: this.hostPort,
      seq: (this.iss + seq) | 0,
      ack: acknowledges ? (this.hostIss + (segment.ack ?? this.acked)) | 0 : 0,
      flags,
      window: segment.window ?? this.window,
      urgent: segment.urgent ?? 0,
      tos: segment.tos ?? 0,
      options: segment.rawOptions ?? encodeOptions(this.optionsFor(segment)),
      payload,
    });
  }

  /** A frame as the stack sent it, or might have: for an ICMP error to quote. @param seq relative. */
  frameOfHost(seq: number): Uint8Array {
    const { host } = this.stage;
    return tcpFrame({
      source: host.address,
      destination: this.address,
      sourcePort: this.hostPort,
      destinationPort: this.port,
      seq: (this.hostIss + seq) | 0,
    });
  }

  private optionsFor(segment: Sent): Options {
    const stamps = this.timestamps ? { ts: [this.clock, this.tsEcho] as const } : {};
    const options = { ...stamps, ...segment.options };
    const { sack } = options;
    if (sack === undefined) return options;
    const absolute = (n: number) => (this.hostIss + n) | 0;
    return { ...options, sack: sack.map(([start, end]) => [absolute(start), absolute(end)] as const) };
  }

  /** The next segment that nobody has looked at; there must be one. */
  takes(): WireSegment {
    const segment = this.inbox.shift();
    if (segment === undefined) throw new Error('the stack has sent nothing');
    return segment;
  }

  /** The next segment must be this one. @returns it. */
  expects(expected: Expected = {}): WireSegment {
    const flags = expected.flags ?? 'ACK';
    const names = flagNames(flagBits(flags));
    const segment = this.inbox.shift();
    const seq = expected.seq ?? this.hostNext;
    const ack = expected.ack ?? (names.includes('ACK') ? this.next : 0);
    const length = expected.length ?? 0;
    const want = { ...expected, flags: names, seq, ack, length };
    if (segment === undefined) {
      expect('nothing was sent').toEqual(want);
      throw new Error('not reached');
    }
    const got = this.relative(segment);
    const seen = Object.fromEntries(Object.keys(want).map((key) => [key, got[key as keyof typeof got]]));
    expect(seen, `at ${segment.timeUs} µs`).toEqual(want);
    expect(Buffer.from(segment.payload).equals(pattern(length, seq - 1)), 'payload').toBe(true);
    const end = seq + length + (names.includes('SYN') ? 1 : 0) + (names.includes('FIN') ? 1 : 0);
    if (end > this.hostNext && !names.includes('RST')) this.hostNext = end;
    return segment;
  }

  /** The stack must have sent nothing more. */
  expectsNothing(): void {
    expect(this.inbox.map((segment) => this.relative(segment))).toEqual([]);
  }

  /** Nothing for so long, and then, at that very time, this segment. */
  expectsAfter(us: number, expected: Expected): WireSegment {
    this.stage.passes(us - 1);
    this.expectsNothing();
    this.stage.passes(1);
    return this.expects(expected);
  }

  /** So many segments of `length` bytes from `seq` on, whatever their PSH. */
  expectsSegments(count: number, length: number, seq: number): void {
    for (let i = 0; i < count; i++) {
      const flags = flagNames((this.inbox[0]?.flags ?? 16) & ~8);
      if (this.inbox[0] !== undefined) expect(flags).toBe('ACK');
      this.expects({
        flags: flagNames(this.inbox[0]?.flags ?? 16),
        seq: seq + i * length,
        length,
      });
    }
  }

  /** What has come and nobody has looked at is not the matter of the test. */
  ignores(): void {
    for (const segment of this.inbox.splice(0)) {
      const { seq, length, flags } = this.relative(segment);
      const end = seq + length + (flags.includes('SYN') ? 1 : 0) + (flags.includes('FIN') ? 1 : 0);
      if (end > this.hostNext && !flags.includes('RST')) this.hostNext = end;
    }
  }

  /** A segment with numbers relative to both ends' first. */
  relative(segment: WireSegment) {
    const { options } = segment;
    const acknowledges = (segment.flags & 16) !== 0;
    const own = (n: number) => (n - this.iss) | 0;
    const relative: Options = { ...options };
    if (options.ts) relative.ts = [(options.ts[0] - this.hostClock) | 0, options.ts[1]];
    if (options.sack) relative.sack = options.sack.map(([start, end]) => [own(start), own(end)] as const);
    return {
      flags: flagNames(segment.flags),
      seq: this.hostKnown ? (segment.seq - this.hostIss) | 0 : segment.seq,
      ack: acknowledges ? own(segment.ack) : segment.ack,
      length: segment.payload.length,
      window: segment.window,
      urgent: segment.urgent,
      tos: segment.tos,
      options: relative,
    };
  }
}
