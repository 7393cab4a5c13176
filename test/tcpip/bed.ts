/**
 * Hosts of any number of ports, for tests that look at single frames. A `Host` has a region of its own, a
 * stack, and `BedPort`s that record what the stack asks of them. Two ports may be joined by a cable; a frame
 * to a port's own hardware address comes back by that port. Nothing is random, nothing is lost: `Net.run`
 * lets time pass and carries frames, `Host.receive` gives a stack one frame made by hand.
 */
import { expect } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool } from '../../src/dma/packets.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import {
  GATHER_BYTES,
  type LinkPort,
  RX_CHECKSUM_CHECKED,
  type SocketOwner,
  TX_CHECKSUM,
  TX_SEGMENT,
} from '../../src/tcpip/contract.ts';
import { DEFAULT_STACK_CONFIG, Stack, type StackConfig } from '../../src/tcpip/stack/stack.ts';
import { sum16 } from './harness.ts';

const HEADER_ROOM = 128;
const SCRATCH_BYTES = 1 << 18;
const LEDGER_AT = 128 * 32;
const SCRATCH_AT = LEDGER_AT + Math.ceil(LEDGER_BYTES / 128) * 128;
const GATHER_AT = SCRATCH_AT + SCRATCH_BYTES;
const PACKETS_AT = GATHER_AT + GATHER_BYTES;
const MAC_HIGH = 0x0200;
const IPV4_AT = 14;
const TRANSPORT_AT = 34;

export interface PortOptions {
  mtu?: number;
  macLow?: number;
  transmitChecksum?: boolean;
  segmentBytesMax?: number;
  piecesMax?: number;
}

/** What the stack asked a port to send. */
export interface Request {
  readonly flags: number;
  readonly segmentBytes: number;
  readonly payload: number;
}

export class BedPort implements LinkPort {
  readonly mtu: number;
  readonly macHigh = MAC_HIGH;
  readonly macLow: number;
  readonly transmitChecksum: boolean;
  readonly segmentBytesMax: number;
  readonly piecesMax: number;
  /** Packets it takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  /** Claims refused because it was full. */
  refusals = 0;
  cable: BedPort | undefined;
  /** Every frame that has gone out, as on the wire, and every request it came from. */
  readonly sent: Uint8Array[] = [];
  readonly requests: Request[] = [];
  /** Frames that have arrived and not been handed to the stack. */
  arrived: Uint8Array[] = [];
  private readonly bytes: Uint8Array;
  private readonly headers: number;
  private pieces: [number, number][] = [];

  constructor(region: Region, index: number, options: PortOptions) {
    this.bytes = region.bytes;
    this.headers = 128 * (1 + index);
    this.mtu = options.mtu ?? 1500;
    this.macLow = options.macLow ?? 0x100 + index;
    this.transmitChecksum = options.transmitChecksum ?? true;
    this.segmentBytesMax = options.segmentBytesMax ?? 0;
    this.piecesMax = options.piecesMax ?? 16;
  }

  claim(): number {
    this.pieces = [];
    if (this.room > 0) return this.headers;
    this.refusals += 1;
    return -1;
  }

  addPiece(address: number, length: number): void {
    expect(length).toBeGreaterThan(0);
    this.pieces.push([address, length]);
    expect(this.pieces.length).toBeLessThanOrEqual(this.piecesMax);
  }

  send(headerLength: number, flags: number, segmentBytes: number): void {
    expect(this.room, 'sent without a claim').toBeGreaterThan(0);
    expect(headerLength).toBeLessThanOrEqual(HEADER_ROOM);
    this.room -= 1;
    const parts = [this.bytes.slice(this.headers, this.headers + headerLength)];
    for (const [address, length] of this.pieces) parts.push(this.bytes.slice(address, address + length));
    const frame = new Uint8Array(Buffer.concat(parts));
    this.requests.push({ flags, segmentBytes, payload: frame.length - headerLength });
    if ((flags & TX_CHECKSUM) !== 0) expect(this.transmitChecksum).toBe(true);
    if ((flags & TX_SEGMENT) === 0) this.put(frame, (flags & TX_CHECKSUM) !== 0);
    else this.cut(frame, headerLength, segmentBytes);
  }

  private cut(frame: Uint8Array, headerLength: number, segmentBytes: number): void {
    expect(frame.length - headerLength).toBeLessThanOrEqual(this.segmentBytesMax);
    for (let at = headerLength; at < frame.length; at += segmentBytes) {
      const segment = new Uint8Array(
        Buffer.concat([frame.subarray(0, headerLength), frame.subarray(at, at + segmentBytes)]),
      );
      const view = new DataView(segment.buffer);
      view.setUint16(IPV4_AT + 2, segment.length - IPV4_AT);
      view.setUint16(IPV4_AT + 10, 0);
      view.setUint16(IPV4_AT + 10, ~sum16(segment, IPV4_AT, 20) & 0xffff);
      view.setInt32(TRANSPORT_AT + 4, view.getInt32(TRANSPORT_AT + 4) + at - headerLength);
      view.setUint16(TRANSPORT_AT + 16, pseudoSum(view, segment.length - TRANSPORT_AT));
      this.put(segment, true);
    }
  }

  private put(frame: Uint8Array, checksum: boolean): void {
    const view = new DataView(frame.buffer);
    if (checksum) {
      const field = frame[23] === 17 ? TRANSPORT_AT + 6 : TRANSPORT_AT + 16;
      view.setUint16(field, ~sum16(frame, TRANSPORT_AT, frame.length - TRANSPORT_AT) & 0xffff);
    }
    expect(frame.length).toBeLessThanOrEqual(this.mtu + IPV4_AT);
    this.sent.push(frame);
    const toSelf = view.getUint16(0) === this.macHigh && view.getInt32(2) === this.macLow;
    const to = toSelf ? this : this.cable;
    to?.arrived.push(frame);
  }

  /** The frames sent since the last call. */
  private seen = 0;
  takeSent(): Uint8Array[] {
    const frames = this.sent.slice(this.seen);
    this.seen = this.sent.length;
    return frames;
  }
}

function pseudoSum(view: DataView, length: number): number {
  let sum = view.getUint16(26) + view.getUint16(28) + view.getUint16(30) + view.getUint16(32) + 6 + length;
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

export interface HostOptions {
  config?: Partial<StackConfig> | undefined;
  /** One for each port; one port without any by default. */
  ports?: PortOptions[];
  slots?: number;
  slotBytes?: number;
  /** Bits told with every received frame. */
  receiveFlags?: number;
}

export class Host implements SocketOwner {
  readonly region: Region;
  readonly ports: BedPort[];
  readonly packets: PacketPool;
  readonly ledger: Ledger;
  readonly stack: Stack;
  readonly scratch = SCRATCH_AT;
  nowUs = 1_000_000;
  readonly receiveFlags: number;
  /** What the stack told its user, in order. */
  readonly told: string[] = [];
  readonly done: number[] = [];
  private nextContext = 1;

  constructor(options: HostOptions = {}) {
    const ports = options.ports ?? [{}];
    const slots = options.slots ?? 256;
    const mtu = Math.max(1500, ...ports.map((port) => port.mtu ?? 0));
    const slotBytes = options.slotBytes ?? Math.ceil((mtu + IPV4_AT) / 128) * 128;
    this.region = allocateRegion(PACKETS_AT + slots * slotBytes);
    this.ports = ports.map((port, index) => new BedPort(this.region, index, port));
    this.packets = new PacketPool(PACKETS_AT, slots, slotBytes);
    this.ledger = new Ledger(this.region, LEDGER_AT);
    this.receiveFlags = options.receiveFlags ?? 0;
    const dma = new DmaEngine(this.region, this.ledger);
    const config = { ...DEFAULT_STACK_CONFIG, connectionsMax: 32, timeWaitMax: 32, ...options.config };
    this.stack = new Stack(config, this.region, this.packets, dma, this.ledger, this.ports, this, GATHER_AT);
    this.stack.makeConnections();
    this.clients = this.ports.map((_, port) => this.stack.clientOf(port));
  }
  private readonly clients;

  /** Gives the stack a frame by a port, as its device would. */
  receive(frame: Uint8Array, port = 0, flags = this.receiveFlags): void {
    const packet = this.packets.take();
    expect(packet, 'a packet slot').toBeGreaterThanOrEqual(0);
    const at = this.packets.addressOf(packet);
    expect(frame.length).toBeLessThanOrEqual(this.packets.slotBytes);
    this.region.bytes.set(frame, at);
    if (!this.clients[port].input(packet, at, frame.length, flags, this.nowUs)) this.packets.free(packet);
  }

  /**
   * Hands over what has arrived, runs timers and sends, at the present time. @returns whether anything
   * happened.
   */
  turn(): boolean {
    let busy = false;
    for (const [index, port] of this.ports.entries()) {
      const { arrived } = port;
      port.arrived = [];
      for (const frame of arrived) this.receive(frame, index);
      busy ||= arrived.length > 0;
    }
    const acted = this.stack.advance(this.nowUs);
    return this.flush() > 0 || acted > 0 || busy;
  }

  /** Sends what is owed. @returns packets sent. */
  flush(): number {
    let sent = 0;
    let idle = 0;
    // A flush that sends nothing may have found that an ARP question is due, which the next one sends.
    while (idle < 2) {
      const count = this.stack.flush(this.nowUs);
      idle = count > 0 ? 0 : idle + 1;
      sent += count;
    }
    return sent;
  }

  /** Lets time pass, then runs timers and sends. */
  pass(us: number): void {
    this.nowUs = (this.nowUs + us) | 0;
    this.stack.advance(this.nowUs);
    this.flush();
  }

  counter(name: string): number {
    const value = this.ledger.snapshot()[name];
    if (value === undefined) throw new Error(`no counter ${name}`);
    return value;
  }

  /** Every packet slot is back in the pool. */
  expectSlotsHome(): void {
    expect(this.packets.available).toBe(this.packets.count);
  }

  // SocketOwner
  connected(owner: number, errno: number): void {
    this.told.push(`connected ${owner} ${errno}`);
  }
  acceptable(owner: number): void {
    this.told.push(`acceptable ${owner}`);
  }
  urgent(owner: number): void {
    this.told.push(`urgent ${owner}`);
  }

  readable(owner: number): void {
    this.told.push(`readable ${owner}`);
  }
  failed(owner: number, errno: number): void {
    this.told.push(`failed ${owner} ${errno}`);
  }
  stateChanged(): void {}
  overflowed(owner: number): void {
    this.told.push(`overflowed ${owner}`);
  }
  sendDone(context: number): void {
    expect(this.done, `context ${context} answered twice`).not.toContain(context);
    this.done.push(context);
  }

  // what a program does

  /** A UDP socket, bound. */
  udp(port: number, address = 0, owner = port): number {
    const u = this.stack.udpOpen(owner);
    expect(u).toBeGreaterThanOrEqual(0);
    expect(this.stack.udpBind(u, address, port)).toBe(0);
    return u;
  }

  /** Puts bytes where they may stay until sent. @returns their address. */
  place(data: Uint8Array): number {
    if (this.placed + data.length > SCRATCH_BYTES) this.placed = SCRATCH_BYTES / 2;
    const at = SCRATCH_AT + this.placed;
    this.region.bytes.set(data, at);
    this.placed += data.length;
    return at;
  }
  private placed = SCRATCH_BYTES / 2;

  /** Queues one datagram, in as many pieces as `parts` has. @returns errno. */
  sendTo(u: number, address: number, port: number, ...parts: Uint8Array[]): number {
    const pieces = Int32Array.from(parts, (part) => this.place(part));
    const lengths = Int32Array.from(parts, (part) => part.length);
    const contexts = Int32Array.from(parts, () => this.nextContext++);
    return this.stack.udpSend(u, address, port, pieces, lengths, contexts, parts.length, this.nowUs);
  }

  /** Takes the next datagram; undefined: there is none. */
  takeFrom(u: number, most = 70_000): Uint8Array | undefined {
    const n = this.stack.udpTake(u, SCRATCH_AT, most);
    return n < 0 ? undefined : this.region.bytes.slice(SCRATCH_AT, SCRATCH_AT + n);
  }

  listen(port: number, address = 0): number {
    const c = this.stack.tcpOpen(9000 + port);
    expect(this.stack.tcpBind(c, address, port)).toBe(0);
    expect(this.stack.tcpListen(c, 16)).toBe(0);
    return c;
  }

  connect(address: number, port: number, owner = 1): number {
    const c = this.stack.tcpOpen(owner);
    expect(this.stack.tcpConnect(c, address, port, this.nowUs)).toBe(0);
    return c;
  }

  sendOn(c: number, data: Uint8Array): number {
    return this.stack.tcpSend(c, this.place(data), data.length, this.nextContext++, 0, this.nowUs);
  }

  takeOn(c: number): Uint8Array {
    const n = this.stack.tcpTake(c, SCRATCH_AT, SCRATCH_BYTES / 2);
    if (n > 0) this.stack.tcpConsumed(c, n, this.nowUs);
    return this.region.bytes.slice(SCRATCH_AT, SCRATCH_AT + n);
  }
}

/** Joins two ports. */
export function join(a: BedPort, b: BedPort): void {
  a.cable = b;
  b.cable = a;
}

/** Lets hosts work until `us` have passed. A frame takes no time; a stack's timers run when they are due. */
export function run(hosts: readonly Host[], us = 1000): void {
  let left = us;
  for (let steps = 0; ; steps++) {
    if (steps > 100_000) throw new Error('the hosts do not come to rest');
    let busy = false;
    for (const host of hosts) busy = host.turn() || busy;
    if (busy) continue;
    let next = left;
    for (const host of hosts) {
      if (host.stack.hasDeadline())
        next = Math.min(next, Math.max(1, (host.stack.deadlineUs() - host.nowUs) | 0));
    }
    if (left <= 0) return;
    left -= next;
    for (const host of hosts) host.nowUs = (host.nowUs + next) | 0;
  }
}

/** The bits a device tells of a frame whose checksums it has verified. */
export const VERIFIED = RX_CHECKSUM_CHECKED;
