/**
 * One host of a storm: a stack, its memory, and a port that puts frames on the storm's wire. What is sent
 * lies in one pattern that all streams share, each from a place of its own, so that no send copies anything
 * and every byte says where it belongs.
 */
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
import type { Environment } from '../../src/tcpip/environment.ts';
import { DEFAULT_STACK_CONFIG, Stack, type StackConfig } from '../../src/tcpip/stack/stack.ts';
import type { TcpTables } from '../../src/tcpip/tcp/tables.ts';
import { Random } from '../../src/time/random.ts';
import { cutSegments, fillChecksum } from '../tcpip/device.ts';
import { MAC_HIGH } from '../tcpip/wire.ts';

export const ADDRESSES: readonly number[] = [0x0a000001, 0x0a000002];
/** Bytes of the pattern, which lies at the start of the region: a stream is a stretch of it. */
export const PATTERN_BYTES = 1 << 19;
const SLOTS_MAX = 512;
const SLOT_BYTES = 1664;
const SCRATCH_BYTES = 1 << 17;
const LEDGER_AT = 128;
const SCRATCH_AT = LEDGER_AT + Math.ceil(LEDGER_BYTES / 128) * 128;
const GATHER_AT = SCRATCH_AT + SCRATCH_BYTES;
const PACKETS_AT = GATHER_AT + GATHER_BYTES;
const HOST_BYTES = PACKETS_AT + SLOTS_MAX * SLOT_BYTES;

/** One memory for all storms of a process: each begins with its ledgers cleared. */
let memory: Region | undefined;

export function stormRegion(): Region {
  if (memory === undefined) {
    memory = allocateRegion(PATTERN_BYTES + 2 * HOST_BYTES, false);
    const random = new Random(1);
    for (let at = 0; at < PATTERN_BYTES; at += 4) memory.view.setInt32(at, random.nextInt32());
  }
  for (const index of [0, 1]) {
    const ledgerAt = PATTERN_BYTES + index * HOST_BYTES + LEDGER_AT;
    memory.bytes.fill(0, ledgerAt, ledgerAt + LEDGER_BYTES);
  }
  return memory;
}

export interface HostSettings {
  readonly mtu: number;
  readonly slots: number;
  readonly checksumOffload: boolean;
  readonly segmentBytesMax: number;
  readonly piecesMax: number;
  /** Frames the port takes before it is full, until the next step. */
  readonly portFrames: number;
  readonly config: Partial<StackConfig>;
}

/** A stack whose insides a storm may look at. */
export class OpenStack extends Stack {
  get tables(): TcpTables {
    return this.tcp;
  }

  get surroundings(): Environment {
    return this.environment;
  }
}

/** Told of what a stack tells its user. */
export interface StormUser {
  connected(owner: number, errno: number): void;
  failed(owner: number, errno: number): void;
}

export class Host implements LinkPort, SocketOwner {
  readonly index: number;
  readonly mtu: number;
  readonly macHigh = MAC_HIGH;
  readonly macLow: number;
  readonly transmitChecksum: boolean;
  readonly segmentBytesMax: number;
  readonly piecesMax: number;
  readonly stack: OpenStack;
  readonly packets: PacketPool;
  readonly ledger: Ledger;
  readonly region: Region;
  /** Where bytes are taken to. */
  readonly scratch: number;
  /** Sends that are not answered yet. */
  readonly contexts = new Set<number>();
  user: StormUser | undefined;
  private readonly put: (host: number, frame: Uint8Array) => void;
  private readonly headers: number;
  private readonly portFrames: number;
  private pieces: number[] = [];
  private taken = 0;
  private nextContext = 0;

  constructor(
    region: Region,
    index: number,
    settings: HostSettings,
    put: (host: number, frame: Uint8Array) => void,
  ) {
    this.region = region;
    this.index = index;
    this.put = put;
    this.mtu = settings.mtu;
    this.macLow = ADDRESSES[index];
    this.transmitChecksum = settings.checksumOffload;
    this.segmentBytesMax = settings.segmentBytesMax;
    this.piecesMax = settings.piecesMax;
    this.portFrames = settings.portFrames;
    const base = PATTERN_BYTES + index * HOST_BYTES;
    this.headers = base;
    this.scratch = base + SCRATCH_AT;
    this.ledger = new Ledger(region, base + LEDGER_AT);
    this.packets = new PacketPool(base + PACKETS_AT, settings.slots, SLOT_BYTES);
    const config = { ...DEFAULT_STACK_CONFIG, ...settings.config, address: ADDRESSES[index] };
    const dma = new DmaEngine(region, this.ledger);
    this.stack = new OpenStack(
      config,
      region,
      this.packets,
      dma,
      this.ledger,
      [this],
      this,
      base + GATHER_AT,
    );
    this.stack.makeConnections();
  }

  /** The port has room again. */
  renew(): void {
    this.taken = 0;
  }

  /** A frame has arrived. @returns false where no packet slot is free. */
  receive(bytes: Uint8Array, damaged: boolean, nowUs: number): boolean {
    const packet = this.packets.take();
    if (packet < 0) return false;
    const at = this.packets.addressOf(packet);
    this.region.bytes.set(bytes, at);
    // The device checks sums where it can make them, and says so only of good ones.
    const flags = this.transmitChecksum && !damaged ? RX_CHECKSUM_CHECKED : 0;
    if (!this.stack.input(packet, at, bytes.length, flags, nowUs)) this.packets.free(packet);
    return true;
  }

  /** @returns a context for a send, which is to be answered once. */
  newContext(): number {
    this.contexts.add(this.nextContext);
    return this.nextContext++;
  }

  claim(): number {
    this.pieces = [];
    return this.taken >= this.portFrames ? -1 : this.headers;
  }

  addPiece(address: number, length: number): void {
    this.pieces.push(address, length);
  }

  send(headerLength: number, flags: number, segmentBytes: number): void {
    const { pieces } = this;
    const { bytes } = this.region;
    this.taken += 1;
    if (pieces.length > this.piecesMax * 2) throw new Error('a packet has more pieces than the port takes');
    let total = headerLength;
    for (let i = 1; i < pieces.length; i += 2) total += pieces[i];
    const frame = new Uint8Array(total);
    frame.set(bytes.subarray(this.headers, this.headers + headerLength));
    let at = headerLength;
    for (let i = 0; i < pieces.length; i += 2) {
      frame.set(bytes.subarray(pieces[i], pieces[i] + pieces[i + 1]), at);
      at += pieces[i + 1];
    }
    if ((flags & TX_SEGMENT) === 0) {
      this.finish(frame, (flags & TX_CHECKSUM) !== 0);
      return;
    }
    if (total - headerLength > this.segmentBytesMax) throw new Error('more to cut than the port takes');
    for (const segment of cutSegments(frame, headerLength, segmentBytes)) this.finish(segment, true);
  }

  private finish(frame: Uint8Array, checksum: boolean): void {
    if (frame.length > this.mtu + 14) throw new Error(`a frame of ${frame.length} bytes passes the MTU`);
    if (checksum) fillChecksum(frame, new DataView(frame.buffer));
    this.put(this.index, frame);
  }

  connected(owner: number, errno: number): void {
    this.user?.connected(owner, errno);
  }
  failed(owner: number, errno: number): void {
    this.user?.failed(owner, errno);
  }
  sendDone(context: number): void {
    if (!this.contexts.delete(context)) throw new Error(`context ${context} is answered twice, or not known`);
  }
  acceptable(): void {}
  readable(): void {}
  stateChanged(): void {}
  overflowed(): void {}
}
