/**
 * One stack and scripted peers in virtual time, so that a test reads like a packetdrill script: what the peer
 * sends, what the stack must answer, what the socket's owner must be told. There is no delay on the wire:
 * what the stack sends lies in the peer's inbox as soon as the stack has been flushed.
 *
 * After each test every script ends itself: sockets are aborted, all timers run out, and then every packet
 * slot must be free, every context answered, the byte counters balanced, and every connection back in the
 * pool.
 */
import { expect, onTestFinished } from 'vitest';
import { allocateRegion, type Region } from '../../src/dma/region.ts';
import { RX_CHECKSUM_CHECKED } from '../../src/tcpip/contract.ts';
import type { StackConfig } from '../../src/tcpip/stack/stack.ts';
import { Peer, type PeerOptions } from './peer.ts';
import { parseSegment } from './segments.ts';
import { type HostOptions, Side, type Surroundings } from './side.ts';
import { Socket } from './socket.ts';
import type { Stage } from './stage.ts';
import { ADDRESS_A, ADDRESS_B, MAC_HIGH, pseudoSum, sum16 } from './wire.ts';

export interface ScriptOptions extends HostOptions {
  config?: Partial<StackConfig>;
  startUs?: number;
}

/** A step of time the stack allows at most: its slow clocks are kept from a wrapping one. */
const STEP_MAX_US = 1_500_000_000;
const ARP_AT = 14;

export class Script implements Surroundings, Stage {
  readonly region: Region;
  readonly options: ScriptOptions;
  readonly host: Side;
  nowUs: number;
  /** Unwrapped virtual time since the start. */
  timeUs = 0;
  /** Whether ARP requests for a peer's address are answered. */
  answersArp = true;
  /** Frames that are neither ARP nor a known peer's TCP. */
  readonly others: Uint8Array[] = [];
  readonly sockets: Socket[] = [];
  private readonly peers: Peer[] = [];
  private readonly due: Uint8Array[] = [];

  constructor(options: ScriptOptions = {}) {
    this.options = { slots: 512, ...options };
    this.nowUs = (options.startUs ?? 1_000_000) | 0;
    this.region = allocateRegion(128 + Side.bytesFor(this.options));
    this.host = new Side(this, 'host', ADDRESS_A, 128, this.options, { seed: 11, ...options.config });
    onTestFinished(() => this.end());
  }

  /** A scripted peer. @param options its port is 80 unless said otherwise. */
  peer(options: PeerOptions = {}): Peer {
    const peer = new Peer(this, { address: ADDRESS_B, port: 80, ...options });
    this.peers.push(peer);
    if (options.introduced ?? true) this.inject(arpRequest(peer.address, this.host.address));
    this.settle();
    return peer;
  }

  /** A socket of the stack under test, closed. */
  socket(owner = 1): Socket {
    const socket = new Socket(this, this.host.stack.tcpOpen(owner), owner);
    expect(socket.c, 'a free connection').toBeGreaterThanOrEqual(0);
    this.sockets.push(socket);
    return socket;
  }

  /** A listening socket. */
  listener(port = 80, backlog = 16, owner = 9): Socket {
    const socket = this.socket(owner);
    expect(socket.binds(port)).toBe(0);
    expect(socket.listens(backlog)).toBe(0);
    return socket;
  }

  /** See `Surroundings`. */
  put(_from: Side, frame: Uint8Array): void {
    const view = new DataView(frame.buffer, frame.byteOffset);
    if (view.getUint16(12) === 0x0806) {
      if (this.answersArp && view.getUint16(ARP_AT + 6) === 1) this.due.push(arpReply(frame));
      return;
    }
    if (frame[23] === 6) {
      const segment = parseSegment(frame, this.timeUs);
      const sum = sum16(frame, 34, frame.length - 34) + pseudoSum(view, frame.length - 34);
      expect((sum & 0xffff) + (sum >>> 16), 'TCP checksum').toBe(0xffff);
      const peer = this.peers.find((candidate) => candidate.isFor(segment));
      if (peer !== undefined) {
        peer.receive(segment);
        return;
      }
    }
    this.others.push(frame);
  }

  /** Gives the stack a frame, as its device would, and nothing else: no timer runs, nothing is sent. */
  inject(frame: Uint8Array, flags = RX_CHECKSUM_CHECKED): void {
    const { host, region } = this;
    const packet = host.packets.take();
    if (packet < 0) return;
    const at = host.packets.addressOf(packet);
    region.bytes.set(frame.subarray(0, host.packets.slotBytes), at);
    if (!host.stack.input(packet, at, frame.length, flags, this.nowUs)) host.packets.free(packet);
  }

  /** Timers and output at the present time. */
  settle(): void {
    const { stack } = this.host;
    this.host.renew();
    stack.advance(this.nowUs);
    let idle = 0;
    for (let turns = 0; idle < 2; turns++) {
      expect(turns, 'the stack comes to rest').toBeLessThan(4096);
      const sent = stack.flush(this.nowUs);
      idle = sent === 0 && this.due.length === 0 ? idle + 1 : 0;
      if (idle > 0 && !stack.hasOutput()) return;
      for (const frame of this.due.splice(0)) this.inject(frame);
    }
  }

  /** Lets time pass; timers run when they are due. */
  passes(us: number): void {
    const end = this.timeUs + us;
    this.settle();
    for (let steps = 0; this.timeUs < end; steps++) {
      expect(steps, 'timers come to rest').toBeLessThan(1_000_000);
      const { stack } = this.host;
      let step = Math.min(end - this.timeUs, STEP_MAX_US);
      if (stack.hasDeadline()) step = Math.min(step, Math.max(1, (stack.deadlineUs() - this.nowUs) | 0));
      this.timeUs += step;
      this.nowUs = (this.nowUs + step) | 0;
      this.settle();
    }
  }

  /** The owner must have been told exactly this since the last time, in this order. */
  tells(...expected: readonly string[]): void {
    expect(this.host.told.splice(0)).toEqual(expected);
  }

  /** What the owner was told is not the matter of the test so far. */
  forgets(): void {
    this.host.told.length = 0;
  }

  counter(name: string): number {
    return this.host.counter(name);
  }

  private end(): void {
    const { host } = this;
    for (const socket of this.sockets) socket.abandons();
    this.settle();
    for (let i = 0; i < 4; i++) this.passes(STEP_MAX_US);
    host.expectBalanced();
    host.expectSlotsHome();
    expect(host.stack.hasOutput(), 'output at the end').toBe(false);
    expect(host.stack.hasDeadline(), 'timers at the end').toBe(false);
    host.expectPoolsFull();
  }
}

/** An ARP request of `sender`, from which the stack learns its hardware address. */
function arpRequest(sender: number, target: number): Uint8Array {
  const frame = new Uint8Array(42);
  const view = new DataView(frame.buffer);
  frame.fill(255, 0, 6);
  view.setUint16(6, MAC_HIGH);
  view.setInt32(8, sender);
  view.setUint16(12, 0x0806);
  view.setInt32(ARP_AT, 0x0001_0800);
  view.setInt32(ARP_AT + 4, 0x0604_0001);
  frame.copyWithin(ARP_AT + 8, 6, 12);
  view.setInt32(ARP_AT + 14, sender);
  view.setInt32(ARP_AT + 24, target);
  return frame;
}

/**
 * The answer to an ARP request, whoever is asked for; hardware addresses follow IPv4 addresses (`wire.ts`).
 */
function arpReply(request: Uint8Array): Uint8Array {
  const reply = request.slice();
  const view = new DataView(reply.buffer);
  const asked = view.getInt32(ARP_AT + 24);
  reply.copyWithin(0, 6, 12);
  view.setUint16(6, MAC_HIGH);
  view.setInt32(8, asked);
  view.setUint16(ARP_AT + 6, 2);
  reply.copyWithin(ARP_AT + 18, ARP_AT + 8, ARP_AT + 18);
  view.setUint16(ARP_AT + 8, MAC_HIGH);
  view.setInt32(ARP_AT + 10, asked);
  view.setInt32(ARP_AT + 14, asked);
  return reply;
}
