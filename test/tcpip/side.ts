/**
 * One host of a test: a stack, packet slots, transmit buffers, the port the stack sends through, and an owner
 * that records what it is told. Every frame the stack sends is checked for its sizes and checksums; every
 * state the owner is told of must follow from the one before (RFC 9293 figure 5); every context must be
 * answered once.
 */
import { expect } from 'vitest';
import { DmaEngine } from '../../src/dma/engine.ts';
import { PacketPool } from '../../src/dma/packets.ts';
import type { Region } from '../../src/dma/region.ts';
import { LEDGER_BYTES, Ledger } from '../../src/ledger/ledger.ts';
import { errnoName } from '../../src/socket/errno.ts';
import {
  GATHER_BYTES,
  type LinkPort,
  type SocketOwner,
  TX_CHECKSUM,
  TX_SEGMENT,
} from '../../src/tcpip/contract.ts';
import { DEFAULT_STACK_CONFIG, Stack, type StackConfig } from '../../src/tcpip/stack/stack.ts';
import * as states from '../../src/tcpip/tcp/state.ts';
import { cutSegments, fillChecksum } from './device.ts';
import { MAC_HIGH, sum16 } from './wire.ts';

/** How a host and its network card are made. */
export interface HostOptions {
  mtu?: number;
  checksumOffload?: boolean;
  segmentBytesMax?: number;
  piecesMax?: number;
  slots?: number;
  slotBytes?: number;
  /** Frames the port takes before it is full, until the next step. */
  portFrames?: number;
}

/** A call of the port's `send`. */
export interface Request {
  readonly payloadBytes: number;
  /** TX_ bits. */
  readonly flags: number;
  readonly segmentBytes: number;
  readonly pieces: number;
}

/** What a host needs around it: memory, the time, and a wire to put its frames on. */
export interface Surroundings {
  readonly region: Region;
  readonly options: HostOptions;
  /** Wrapping time, as the stack is told it. */
  readonly nowUs: number;
  put(from: Side, bytes: Uint8Array): void;
}

/** Names of the states of RFC 9293 §3.3.2 by the numbers of `tcp/state.ts`. */
export const STATE_NAMES: Readonly<Record<number, string>> = {
  [states.CLOSED]: 'CLOSED',
  [states.LISTEN]: 'LISTEN',
  [states.SYN_SENT]: 'SYN-SENT',
  [states.SYN_RECEIVED]: 'SYN-RECEIVED',
  [states.ESTABLISHED]: 'ESTABLISHED',
  [states.FIN_WAIT_1]: 'FIN-WAIT-1',
  [states.FIN_WAIT_2]: 'FIN-WAIT-2',
  [states.CLOSE_WAIT]: 'CLOSE-WAIT',
  [states.CLOSING]: 'CLOSING',
  [states.LAST_ACK]: 'LAST-ACK',
  [states.TIME_WAIT]: 'TIME-WAIT',
};

/** Figure 5 of RFC 9293, and CLOSED from everywhere (reset, time-out, abort). */
const MAY_FOLLOW: Readonly<Record<number, readonly number[]>> = {
  [states.CLOSED]: [states.LISTEN, states.SYN_SENT],
  [states.LISTEN]: [states.CLOSED],
  [states.SYN_SENT]: [states.SYN_RECEIVED, states.ESTABLISHED, states.CLOSED],
  [states.SYN_RECEIVED]: [states.ESTABLISHED, states.FIN_WAIT_1, states.CLOSED],
  [states.ESTABLISHED]: [states.FIN_WAIT_1, states.CLOSE_WAIT, states.CLOSED],
  [states.FIN_WAIT_1]: [states.FIN_WAIT_2, states.CLOSING, states.CLOSED],
  [states.FIN_WAIT_2]: [states.TIME_WAIT, states.CLOSED],
  [states.CLOSE_WAIT]: [states.LAST_ACK, states.CLOSED],
  [states.CLOSING]: [states.TIME_WAIT, states.CLOSED],
  [states.LAST_ACK]: [states.CLOSED],
  [states.TIME_WAIT]: [states.CLOSED],
};

export class Side implements LinkPort, SocketOwner {
  readonly world: Surroundings;
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

  // what the owner was told; `told` has it all in order
  readonly told: string[] = [];
  private readonly lastState = new Map<number, number>();
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
  private readonly gather: number;
  /** What the stack asked the port to send, one entry a call. */
  readonly requests: Request[] = [];
  private pieces: [number, number][] = [];
  private taken = 0;

  constructor(
    world: Surroundings,
    name: string,
    address: number,
    offset: number,
    options: HostOptions,
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
    this.gather = this.scratch + (1 << 20);
    this.packets = new PacketPool(this.gather + GATHER_BYTES, options.slots ?? 2048, slotBytes);
    this.config = { ...DEFAULT_STACK_CONFIG, address, connectionsMax: 256, timeWaitMax: 512, ...config };
    this.stack = new Stack(
      this.config,
      region,
      this.packets,
      new DmaEngine(region, this.ledger),
      this.ledger,
      [this],
      this,
      this.gather,
    );
    this.stack.makeConnections();
  }

  static bytesFor(options: HostOptions): number {
    const slotBytes = options.slotBytes ?? Math.ceil(((options.mtu ?? 1500) + 14) / 128) * 128;
    return (
      1024 + LEDGER_BYTES + (1 << 22) + (1 << 20) + GATHER_BYTES + (options.slots ?? 2048) * slotBytes + 4096
    );
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
    const payloadBytes = total - headerLength;
    this.requests.push({ payloadBytes, flags, segmentBytes, pieces: this.pieces.length });
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
    for (const segment of cutSegments(frame, headerLength, segmentBytes)) this.finish(segment, true);
  }

  private finish(frame: Uint8Array, checksum: boolean): void {
    const view = new DataView(frame.buffer);
    if (checksum) fillChecksum(frame, view);
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
    this.told.push(`connected ${owner} ${errno === 0 ? 'OK' : errnoName(errno)}`);
  }
  acceptable(owner: number): void {
    this.acceptableCount.set(owner, (this.acceptableCount.get(owner) ?? 0) + 1);
    this.told.push(`acceptable ${owner}`);
  }
  urgent(owner: number): void {
    this.told.push(`urgent ${owner}`);
  }

  readable(owner: number): void {
    this.readableCount.set(owner, (this.readableCount.get(owner) ?? 0) + 1);
    this.told.push(`readable ${owner}`);
  }
  failed(owner: number, errno: number): void {
    this.failedWith.set(owner, errno);
    this.told.push(`failed ${owner} ${errnoName(errno)}`);
  }
  stateChanged(owner: number, before: number, state: number): void {
    expect(MAY_FOLLOW[before], `${STATE_NAMES[before]} to ${STATE_NAMES[state]}`).toContain(state);
    // A number may be used again: then its connection begins in CLOSED, whatever the one before came to.
    const last = this.lastState.get(owner);
    if (last !== undefined && before !== states.CLOSED) expect(before, 'the state told before').toBe(last);
    this.lastState.set(owner, state);
    this.told.push(`state ${owner} ${STATE_NAMES[before]} ${STATE_NAMES[state]}`);
  }
  overflowed(owner: number): void {
    this.told.push(`overflowed ${owner}`);
  }
  sendDone(context: number): void {
    expect(this.pendingContexts.delete(context), `context ${context} answered twice or never given`).toBe(
      true,
    );
    this.doneContexts.push(context);
    this.told.push(`done ${context}`);
  }

  /** Puts bytes in a transmit buffer. @returns where, and the context of a send of them. */
  place(data: Uint8Array): { address: number; context: number } {
    if (this.transmitNext + data.length > this.transmitBytes) this.transmitNext = 0;
    const address = this.transmit + this.transmitNext;
    this.transmitNext += data.length;
    this.world.region.bytes.set(data, address);
    const context = this.nextContext++;
    this.pendingContexts.add(context);
    return { address, context };
  }

  /** Queues bytes for sending from a transmit buffer. @returns errno. */
  sendBytes(c: number, data: Uint8Array, flags = 0): number {
    const { address, context } = this.place(data);
    const errno = this.stack.tcpSend(c, address, data.length, context, flags, this.world.nowUs);
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
    expect(n.bytesQueued! + n.handOffUnsentIn!).toBe(
      n.tcpOutDataBytes! + n.bytesDiscarded! + n.handOffUnsentOut!,
    );
    expect(n.tcpOutDataBytes! + n.handOffFlightIn!).toBe(
      n.bytesAcknowledged! + n.bytesUnacknowledged! + n.handOffFlightOut!,
    );
    expect(n.bytesAccepted! + n.handOffUnreadIn!).toBe(
      n.bytesDelivered! + n.bytesUnread! + n.handOffUnreadOut!,
    );
  }

  /**
   * Every connection and every element of the send queues must be back in its pool. Ends the stack's
   * usefulness.
   */
  expectPoolsFull(): void {
    const { stack, config } = this;
    const opened: number[] = [];
    for (let c = stack.tcpOpen(0); c >= 0; c = stack.tcpOpen(0)) opened.push(c);
    expect(opened.length, `${this.name}: connections in the pool`).toBe(config.connectionsMax);
    expect(stack.tcpConnect(opened[0], 0x7f000001, 9, this.world.nowUs)).toBe(0);
    const errno = stack.tcpSendErrno(opened[0], 1, 0, config.sendElementsMax);
    expect(errno, `${this.name}: send elements in the pool`).toBe(0);
    for (const c of opened) stack.tcpClose(c, this.world.nowUs);
  }

  expectSlotsHome(): void {
    expect(this.packets.available, `${this.name}: packet slots`).toBe(this.packets.count);
    expect([...this.pendingContexts], `${this.name}: contexts`).toEqual([]);
  }
}
