/**
 * Stacks joined by a pipe in virtual time. A `Side` is one host: stack, packet slots, transmit buffers, a
 * recording owner, and the port the stack sends through. Frames to the sender's own hardware address come
 * back to it; all others go to the other side, after the pipe's delay and whatever harm its options ask for
 * (all from one seed).
 */
import { expect } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool } from '../../src/dma/packets.ts';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import {
  type LinkPort,
  RX_CHECKSUM_CHECKED,
  type SocketOwner,
  TX_CHECKSUM,
  TX_SEGMENT,
} from '../../src/tcpip/contract.ts';
import { DEFAULT_STACK_CONFIG, Stack, type StackConfig } from '../../src/tcpip/stack/stack.ts';
import { Random } from '../../src/time/random.ts';

export const ADDRESS_A = 0x0a000001;
export const ADDRESS_B = 0x0a000002;
const MAC_HIGH = 0x0200;
const TCP_AT = 34;

export interface WorldOptions {
  seed?: number;
  delayUs?: number;
  /** Chances of each frame, 0 to 1. */
  loss?: number;
  duplicate?: number;
  reorder?: number;
  corrupt?: number;
  mtu?: number;
  checksumOffload?: boolean;
  segmentBytesMax?: number;
  piecesMax?: number;
  slots?: number;
  slotBytes?: number;
  /** Frames the port takes before it is full, until the next step. */
  portFrames?: number;
  startUs?: number;
  config?: Partial<StackConfig>;
  configB?: Partial<StackConfig>;
}

/** A TCP segment as it was put on the pipe. */
export interface Captured {
  readonly from: Side;
  readonly timeUs: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly window: number;
  readonly length: number;
  readonly bytes: Uint8Array;
}

interface Flying {
  readonly to: Side;
  readonly at: number;
  readonly order: number;
  readonly bytes: Uint8Array;
}

export class Side implements LinkPort, SocketOwner {
  readonly world: World;
  readonly name: string;
  readonly address: number;
  readonly mtu: number;
  readonly macHigh = MAC_HIGH;
  readonly macLow: number;
  readonly transmitChecksum: boolean;
  readonly segmentBytesMax: number;
  readonly piecesMax: number;
  readonly packets: PacketPool;
  readonly ledger: Ledger;
  readonly stack: Stack;
  readonly config: StackConfig;

  // what the owner was told
  readonly connectedWith = new Map<number, number>();
  readonly failedWith = new Map<number, number>();
  readonly readableCount = new Map<number, number>();
  readonly acceptableCount = new Map<number, number>();
  readonly doneContexts: number[] = [];
  readonly pendingContexts = new Set<number>();
  private nextContext = 0;

  private readonly headers: number;
  private readonly transmit: number;
  readonly transmitBytes = 1 << 22;
  private transmitNext = 0;
  readonly scratch: number;
  private pieces: [number, number][] = [];
  private taken = 0;

  constructor(
    world: World,
    name: string,
    address: number,
    offset: number,
    options: WorldOptions,
    config: Partial<StackConfig>,
  ) {
    this.world = world;
    this.name = name;
    this.address = address;
    this.macLow = address;
    this.mtu = options.mtu ?? 1500;
    this.transmitChecksum = options.checksumOffload ?? true;
    this.segmentBytesMax = options.segmentBytesMax ?? 0;
    this.piecesMax = options.piecesMax ?? 16;
    const { region } = world;
    this.headers = offset;
    this.ledger = new Ledger(region, offset + 128);
    this.transmit = offset + 128 + Math.ceil(LEDGER_BYTES / 128) * 128;
    this.scratch = this.transmit + this.transmitBytes;
    const slotBytes = options.slotBytes ?? Math.ceil((this.mtu + 14) / 128) * 128;
    this.packets = new PacketPool(this.scratch + (1 << 20), options.slots ?? 2048, slotBytes);
    this.config = { ...DEFAULT_STACK_CONFIG, address, connectionsMax: 256, timeWaitMax: 512, ...config };
    this.stack = new Stack(
      this.config,
      region,
      this.packets,
      new DmaEngine(region, this.ledger),
      this.ledger,
      this,
      this,
    );
  }

  static bytesFor(options: WorldOptions): number {
    const slotBytes = options.slotBytes ?? Math.ceil(((options.mtu ?? 1500) + 14) / 128) * 128;
    return 1024 + LEDGER_BYTES + (1 << 22) + (1 << 20) + (options.slots ?? 2048) * slotBytes + 4096;
  }

  // LinkPort
  claim(): number {
    this.pieces = [];
    return this.taken >= (this.world.options.portFrames ?? Number.POSITIVE_INFINITY) ? -1 : this.headers;
  }

  addPiece(address: number, length: number): void {
    expect(length).toBeGreaterThan(0);
    this.pieces.push([address, length]);
  }

  send(headerLength: number, flags: number, segmentBytes: number): void {
    this.taken += 1;
    expect(headerLength).toBeLessThanOrEqual(128);
    expect(this.pieces.length).toBeLessThanOrEqual(this.piecesMax);
    const { bytes } = this.world.region;
    const total = this.pieces.reduce((sum, piece) => sum + piece[1], headerLength);
    const frame = new Uint8Array(total);
    frame.set(bytes.subarray(this.headers, this.headers + headerLength));
    let at = headerLength;
    for (const [address, length] of this.pieces) {
      frame.set(bytes.subarray(address, address + length), at);
      at += length;
    }
    if ((flags & TX_SEGMENT) !== 0) this.cut(frame, headerLength, segmentBytes);
    else this.finish(frame, (flags & TX_CHECKSUM) !== 0);
  }

  private cut(frame: Uint8Array, headerLength: number, segmentBytes: number): void {
    expect(this.segmentBytesMax).toBeGreaterThan(0);
    expect(frame.length - headerLength).toBeLessThanOrEqual(this.segmentBytesMax);
    for (let offset = headerLength; offset < frame.length; offset += segmentBytes) {
      const payload = frame.subarray(offset, offset + segmentBytes);
      const segment = new Uint8Array(headerLength + payload.length);
      segment.set(frame.subarray(0, headerLength));
      segment.set(payload, headerLength);
      const view = new DataView(segment.buffer);
      view.setUint16(16, segment.length - 14);
      view.setUint16(24, 0);
      view.setUint16(24, ~sum16(segment, 14, 20) & 0xffff);
      view.setInt32(TCP_AT + 4, view.getInt32(TCP_AT + 4) + offset - headerLength);
      if (offset + segmentBytes < frame.length) view.setUint8(TCP_AT + 13, view.getUint8(TCP_AT + 13) & ~9);
      view.setUint16(TCP_AT + 16, pseudoSum(view, segment.length - TCP_AT));
      this.finish(segment, true);
    }
  }

  private finish(frame: Uint8Array, checksum: boolean): void {
    const view = new DataView(frame.buffer);
    if (checksum) {
      const field = frame[23] === 17 ? TCP_AT + 6 : TCP_AT + 16;
      view.setUint16(field, ~sum16(frame, TCP_AT, frame.length - TCP_AT) & 0xffff);
    }
    expect(frame.length).toBeLessThanOrEqual(this.mtu + 14);
    if (view.getUint16(12) === 0x0800) {
      expect(sum16(frame, 14, 20), 'IPv4 header checksum').toBe(0xffff);
      expect(view.getUint16(16)).toBe(frame.length - 14);
    }
    this.world.put(this, frame);
  }

  /** A new step of the world: the port has room again. */
  renew(): void {
    this.taken = 0;
  }

  // SocketOwner
  connected(owner: number, errno: number): void {
    expect(this.connectedWith.has(owner), 'told twice of its connection').toBe(false);
    this.connectedWith.set(owner, errno);
  }
  acceptable(owner: number): void {
    this.acceptableCount.set(owner, (this.acceptableCount.get(owner) ?? 0) + 1);
  }
  readable(owner: number): void {
    this.readableCount.set(owner, (this.readableCount.get(owner) ?? 0) + 1);
  }
  failed(owner: number, errno: number): void {
    this.failedWith.set(owner, errno);
  }
  stateChanged(): void {}
  overflowed(): void {}
  sendDone(context: number): void {
    expect(this.pendingContexts.delete(context), `context ${context} answered twice or never given`).toBe(
      true,
    );
    this.doneContexts.push(context);
  }

  /** Queues bytes for sending from a transmit buffer. @returns errno. */
  sendBytes(c: number, data: Uint8Array, flags = 0): number {
    if (this.transmitNext + data.length > this.transmitBytes) this.transmitNext = 0;
    const at = this.transmit + this.transmitNext;
    this.transmitNext += data.length;
    this.world.region.bytes.set(data, at);
    const context = this.nextContext++;
    this.pendingContexts.add(context);
    const errno = this.stack.tcpSend(c, at, data.length, context, flags, this.world.nowUs);
    if (errno !== 0) this.pendingContexts.delete(context);
    return errno;
  }

  /** Takes and consumes everything that is readable. */
  takeAll(c: number, most = 1 << 20): Uint8Array {
    const n = this.stack.tcpTake(c, this.scratch, most);
    const data = this.world.region.bytes.slice(this.scratch, this.scratch + n);
    if (n > 0) this.stack.tcpConsumed(c, n, this.world.nowUs);
    return data;
  }

  counter(name: string): number {
    const value = this.ledger.snapshot()[name];
    if (value === undefined) throw new Error(`no counter ${name}`);
    return value;
  }

  /** The ledger's identities, when nothing is queued or in flight any more. */
  expectBalanced(): void {
    const n = this.ledger.snapshot();
    expect(n.bytesQueued).toBe(n.tcpOutDataBytes! + n.bytesDiscarded!);
    expect(n.tcpOutDataBytes).toBe(n.bytesAcknowledged! + n.bytesUnacknowledged!);
    expect(n.bytesAccepted).toBe(n.bytesDelivered! + n.bytesUnread!);
  }

  expectSlotsHome(): void {
    expect(this.packets.available, `${this.name}: packet slots`).toBe(this.packets.count);
    expect([...this.pendingContexts], `${this.name}: contexts`).toEqual([]);
  }
}

export class World {
  readonly options: WorldOptions;
  readonly region: Region;
  readonly a: Side;
  readonly b: Side;
  nowUs: number;
  /** Unwrapped virtual time. */
  timeUs = 0;
  readonly captured: Captured[] = [];
  /** Called at every step: the program. */
  program: () => void = () => {};
  /** Whether the program wants another turn soon, even if nothing happens. */
  wantsTurn: () => boolean = () => false;
  /** Looks at each frame first; false: it is lost. */
  filter: (frame: Captured | undefined, bytes: Uint8Array, from: Side) => boolean = () => true;
  private readonly random: Random;
  private flying: Flying[] = [];
  private order = 0;

  constructor(options: WorldOptions = {}) {
    this.options = options;
    this.random = new Random(options.seed ?? 1);
    this.nowUs = (options.startUs ?? 1_000_000) | 0;
    const each = Side.bytesFor(options);
    this.region = allocateRegion(128 + each * 2);
    this.a = new Side(this, 'a', ADDRESS_A, 128, options, { seed: 11, ...options.config });
    const offset = 128 + Math.ceil(each / 128) * 128;
    this.b = new Side(this, 'b', ADDRESS_B, offset - 128, options, {
      seed: 22,
      ...options.config,
      ...options.configB,
    });
  }

  /** Puts a frame on the pipe. */
  put(from: Side, bytes: Uint8Array): void {
    const segment = decode(from, this.timeUs, bytes);
    if (segment) this.captured.push(segment);
    if (!this.filter(segment, bytes, from)) return;
    // ARP gives up after three requests, so a bad wire would only test that.
    const spared = bytes[13] === 6;
    const { loss = 0, duplicate = 0, reorder = 0, corrupt = 0 } = spared ? {} : this.options;
    if (this.chance(loss)) return;
    if (this.chance(corrupt)) bytes[14 + this.random.below(bytes.length - 14)] ^= 1 << this.random.below(8);
    this.fly(from, bytes, this.chance(reorder));
    if (this.chance(duplicate)) this.fly(from, bytes.slice(), this.chance(0.5));
  }

  private chance(probability: number): boolean {
    return probability > 0 && this.random.below(65536) < probability * 65536;
  }

  private fly(from: Side, bytes: Uint8Array, late: boolean): void {
    const delay = this.options.delayUs ?? 10;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const self = view.getUint16(0) === MAC_HIGH && view.getInt32(2) === from.macLow;
    const to = self ? from : from === this.a ? this.b : this.a;
    const extra = late ? delay * (1 + this.random.below(4)) : 0;
    this.flying.push({ to, at: this.timeUs + delay + extra, order: this.order++, bytes });
  }

  /** Gives a frame to a side at once, as the device would. */
  inject(to: Side, bytes: Uint8Array, flags = 0): void {
    const packet = to.packets.take();
    if (packet < 0) return;
    const at = to.packets.addressOf(packet);
    const length = Math.min(bytes.length, to.packets.slotBytes);
    this.region.bytes.set(bytes.subarray(0, length), at);
    if (!to.stack.input(packet, at, length, flags, this.nowUs)) to.packets.free(packet);
  }

  /** Work at the present time: timers, the program, output. */
  settle(): void {
    for (const side of [this.a, this.b]) side.renew();
    for (let i = 0; i < 4; i++) {
      for (const side of [this.a, this.b]) {
        side.stack.advance(this.nowUs);
      }
      this.program();
      for (const side of [this.a, this.b]) for (let n = 0; n < 64 && side.stack.flush(this.nowUs) > 0; n++);
    }
  }

  /** Goes to the next event. @returns false when nothing will ever happen any more, or not before `until`. */
  step(until = Number.POSITIVE_INFINITY): boolean {
    this.settle();
    let next = this.wantsTurn() ? this.timeUs + 200 : Number.POSITIVE_INFINITY;
    for (const frame of this.flying) next = Math.min(next, frame.at);
    for (const side of [this.a, this.b]) {
      if (side.stack.hasDeadline()) {
        next = Math.min(next, this.timeUs + Math.max(0, (side.stack.deadlineUs() - this.nowUs) | 0));
      }
      if (side.stack.hasOutput() && this.options.portFrames) next = Math.min(next, this.timeUs + 5);
    }
    if (next > until || next === Number.POSITIVE_INFINITY) return false;
    this.pass(next - this.timeUs);
    const due = this.flying
      .filter((frame) => frame.at <= this.timeUs)
      .sort((x, y) => x.at - y.at || x.order - y.order);
    this.flying = this.flying.filter((frame) => frame.at > this.timeUs);
    const checked = this.options.corrupt || !(this.options.checksumOffload ?? true) ? 0 : RX_CHECKSUM_CHECKED;
    for (const frame of due) this.inject(frame.to, frame.bytes, checked);
    this.settle();
    return true;
  }

  /** Lets time pass without looking. */
  pass(us: number): void {
    this.timeUs += us;
    this.nowUs = (this.nowUs + us) | 0;
  }

  /** Runs for `us`, or until `done`. @returns whether `done`. */
  run(us: number, done: () => boolean = () => false): boolean {
    const end = this.timeUs + us;
    let steps = 0;
    while (!done()) {
      if (++steps > 2_000_000) throw new Error('the world does not come to rest');
      if (!this.step(end)) break;
    }
    if (!done() && this.timeUs < end) this.pass(end - this.timeUs);
    this.settle();
    return done();
  }

  /** A connection from a to b: established on both sides, accepted. */
  connect(
    port = 80,
    serverOwner = 1000,
    clientOwner = 1,
  ): { client: number; server: number; listener: number } {
    const { a, b } = this;
    const listener = this.listen(port);
    const client = a.stack.tcpOpen(clientOwner);
    expect(a.stack.tcpConnect(client, b.address, port, this.nowUs)).toBe(0);
    expect(this.run(60_000_000, () => (b.acceptableCount.get(9000 + port) ?? 0) > 0)).toBe(true);
    const server = b.stack.tcpAccept(listener, serverOwner);
    expect(server).toBeGreaterThanOrEqual(0);
    expect(a.connectedWith.get(clientOwner)).toBe(0);
    return { client, server, listener };
  }

  listen(port: number, backlog = 128): number {
    const listener = this.b.stack.tcpOpen(9000 + port);
    expect(this.b.stack.tcpBind(listener, 0, port)).toBe(0);
    expect(this.b.stack.tcpListen(listener, backlog)).toBe(0);
    return listener;
  }
}

/** One's-complement sum. */
export function sum16(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) {
    sum += (bytes[offset + i] << 8) | (i + 1 < length ? bytes[offset + i + 1] : 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return sum;
}

function pseudoSum(view: DataView, length: number): number {
  let sum = view.getUint16(26) + view.getUint16(28) + view.getUint16(30) + view.getUint16(32) + 6 + length;
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

function decode(from: Side, timeUs: number, bytes: Uint8Array): Captured | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (view.getUint16(12) !== 0x0800 || bytes[23] !== 6) return undefined;
  const headerLength = (bytes[TCP_AT + 12] >>> 4) * 4;
  return {
    from,
    timeUs,
    flags: bytes[TCP_AT + 13],
    seq: view.getInt32(TCP_AT + 4),
    ack: view.getInt32(TCP_AT + 8),
    window: view.getUint16(TCP_AT + 14),
    length: bytes.length - TCP_AT - headerLength,
    bytes: bytes.slice(),
  };
}

/** Bytes that say where they belong. */
export function pattern(length: number, start = 0): Uint8Array {
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i++) data[i] = ((start + i) * 131 + ((start + i) >> 8) * 17) & 255;
  return data;
}
