/**
 * Two stacks joined by the wires of a described world, in virtual time. Frames to the sender's own hardware
 * address come back to it; all others go to the other side, after the wire's delay and whatever harm the
 * options ask for (all from one seed). For one stack and a peer that follows a script, see `script.ts`.
 */
import { expect } from 'vitest';
import type { Region } from '../../src/dma/region.ts';
import { RX_CHECKSUM_CHECKED } from '../../src/tcpip/contract.ts';
import type { StackConfig } from '../../src/tcpip/stack/stack.ts';
import { DescribedWires, type WireOptions } from './described-wires.ts';
import { type HostOptions, Side } from './side.ts';
import { ADDRESS_A, ADDRESS_B, MAC_HIGH, TCP_AT } from './wire.ts';

/** Second byte of ARP's Ethernet type, 0x0806; IPv4's is 0. */
const ETHERTYPE_ARP_LOW = 6;

export { Side } from './side.ts';
export { ADDRESS_A, ADDRESS_B, pattern, sum16 } from './wire.ts';

/** Losses are found by count, and a loss takes half: RFC 6675, RFC 6582, RFC 5681. */
export const BY_COUNT = { lossRecovery: 'sack', congestionControl: 'newreno' } as const;

/** A world is a wire with harm on it, and two hosts. */
export interface WorldOptions extends HostOptions, WireOptions {
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
  private readonly wires: DescribedWires;

  constructor(options: WorldOptions = {}) {
    this.options = options;
    this.nowUs = (options.startUs ?? 1_000_000) | 0;
    this.wires = new DescribedWires(options, options.mtu ?? 1500, Side.bytesFor(options));
    this.region = this.wires.region;
    const [a, b] = this.wires.hosts;
    this.a = new Side(this, 'a', ADDRESS_A, a, options, { seed: 11, ...options.config });
    this.b = new Side(this, 'b', ADDRESS_B, b, options, { seed: 22, ...options.config, ...options.configB });
  }

  /** Puts a frame on its wire. */
  put(from: Side, bytes: Uint8Array): void {
    const segment = decode(from, this.timeUs, bytes);
    if (segment) this.captured.push(segment);
    if (!this.filter(segment, bytes, from)) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const self = view.getUint16(0) === MAC_HIGH && view.getInt32(2) === from.macLow;
    const spared = bytes[13] === ETHERTYPE_ARP_LOW;
    this.wires.setTime(this.timeUs);
    const sent = this.wires.put(from === this.a ? 0 : 1, self ? 'loop' : spared ? 'spared' : 'wire', bytes);
    expect(sent, 'the wire has room').toBe(true);
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
    next = Math.min(next, Math.max(this.wires.nextUs(), this.timeUs));
    for (const side of [this.a, this.b]) {
      if (side.stack.hasDeadline()) {
        next = Math.min(next, this.timeUs + Math.max(0, (side.stack.deadlineUs() - this.nowUs) | 0));
      }
      if (side.stack.hasOutput() && this.options.portFrames) next = Math.min(next, this.timeUs + 5);
    }
    if (next > until || next === Number.POSITIVE_INFINITY) return false;
    this.pass(next - this.timeUs);
    this.wires.setTime(this.timeUs);
    const checked = this.options.corrupt || !(this.options.checksumOffload ?? true) ? 0 : RX_CHECKSUM_CHECKED;
    this.wires.deliver((host, bytes) => this.inject(host === 0 ? this.a : this.b, bytes, checked));
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

/** @returns the TCP segment in a frame; undefined when it holds none. */
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

/** A connection from a to b, established and accepted; nothing is captured yet. */
export function connected(options: WorldOptions = {}) {
  const world = new World(options);
  const ends = world.connect();
  world.run(100_000);
  world.captured.length = 0;
  return { world, a: world.a, b: world.b, ...ends };
}

/** Gives everything up and lets all timers run out: nothing may be left. */
export function expectNothingLeft(world: World): void {
  world.program = () => {};
  world.wantsTurn = () => false;
  world.filter = () => true;
  world.run(400_000_000);
  for (const side of [world.a, world.b]) {
    side.expectBalanced();
    side.expectSlotsHome();
    expect(side.stack.hasOutput()).toBe(false);
  }
}
