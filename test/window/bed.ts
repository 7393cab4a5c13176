/** A card of one port with the TCP window, spoken to in raw messages. Its wire comes back to itself. */
import { expect } from 'vitest';
import { DEVICE_TID, HOST_TID } from '../../src/i2o/tids.ts';
import * as spec from '../../src/i2o/window.gen.ts';
import type { WindowModule } from '../../src/window/window-module.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { Bed, INITIATOR } from '../iop/messages.ts';

const SIMPLE = 0x10;
const CONTEXT = 0x01;
const OUT = 0x04;
const LOCAL = 0x08;
const END = 0x40;
const LAST = 0x80;
const STATUS = 4;

/** A stretch of memory: where, and how long. */
export type Piece = readonly [address: number, byteLength: number];
/** A transaction: its context, its piece of host memory, and its pieces of the window. */
export type Transaction = readonly [context: number, host: Piece, window: readonly Piece[]];

/** What a record says. */
export interface Frame {
  readonly address: number;
  readonly length: number;
  readonly headers: number;
  readonly flags: number;
}

/** TCP over IPv4 over Ethernet, without options. */
export const HEADERS = 54;
export const ALL = 7;

export class WindowBed extends Bed {
  readonly slotsAddress: number;
  readonly slotBytes: number;
  readonly slotCount: number;
  readonly framesMax: number;

  /** @param isOpen whether the window is open, and has memory for headers. */
  constructor(overrides: CardOverrides = {}, isOpen = true) {
    const pools = { transmitBuffers: 8, transmitBufferBytes: 4096 };
    // Contexts do not wait for company, so that each step is seen.
    const small = { packetSlots: 24, rxRing: 8, contextHoldNs: 0, pools };
    super({ ...small, ...overrides }, { kind: 'window' });
    this.operational();
    const { slots, framesMax } = this.module['memory'];
    this.slotsAddress = slots.offset;
    this.slotBytes = slots.slotBytes;
    this.slotCount = slots.count;
    this.framesMax = framesMax;
    if (!isOpen) return;
    expect(this.openWindow().map((words) => words[STATUS])).toEqual([0]);
    expect(this.headers()).toEqual([]);
  }

  get module(): WindowModule {
    return this.parts.processor['modules'][0] as WindowModule;
  }

  get mac(): readonly number[] {
    const { macHigh, macLow } = this.module['device'];
    return [macHigh >> 8, macHigh, macLow >>> 24, macLow >> 16, macLow >> 8, macLow].map((b) => b & 0xff);
  }

  /** Address in the transmit part of the window. */
  window(at = 0): number {
    return this.memory.window!.transmit.offset + at;
  }

  get windowBytes(): number {
    const { count, bufferBytes } = this.memory.window!.transmit;
    return count * bufferBytes;
  }

  /** Address of host memory that the card reads. */
  out(at = 0): number {
    return this.memory.layout.transmit.offset + at;
  }

  /** Address of host memory that the card writes. */
  into(at = 0): number {
    return this.memory.window!.places.offset + at;
  }

  /** Where the host finds the headers of a packet. */
  headersOf({ address }: Frame): number {
    return this.memory.window!.headers.offset + address - this.slotsAddress;
  }

  openWindow(bytes = this.windowBytes): Int32Array[] {
    return this.send(spec.WINDOW_OPEN, [bytes], DEVICE_TID);
  }

  headers(byteLength = this.slotCount * this.slotBytes, at = 0): Int32Array[] {
    const flags = SIMPLE | CONTEXT | END | LAST;
    const { offset } = this.memory.window!.headers;
    return this.send(spec.WINDOW_HEADERS, [(flags << 24) | byteLength, 0, offset + at], DEVICE_TID, 4);
  }

  /** Words of a list. @param out whether the card reads host memory. */
  list(transactions: readonly Transaction[], out: boolean): number[] {
    const way = SIMPLE | (out ? OUT : 0);
    return transactions.flatMap(([context, host, window], i) => {
      const last = i === transactions.length - 1 ? LAST : 0;
      const end = (ends: boolean): number => (ends ? END | last : 0);
      const first = way | CONTEXT | end(window.length === 0);
      return [
        ...[(first << 24) | host[1], context, host[0]],
        ...window.flatMap(([address, byteLength], piece) => {
          const flags = way | LOCAL | end(piece === window.length - 1);
          return [(flags << 24) | byteLength, address];
        }),
      ];
    });
  }

  fill(transactions: readonly Transaction[]): Int32Array[] {
    return this.listed(spec.WINDOW_FILL, this.list(transactions, true));
  }

  place(transactions: readonly Transaction[]): Int32Array[] {
    return this.listed(spec.WINDOW_PLACE, this.list(transactions, false));
  }

  /** @param control bits of the control word. */
  sendPackets(transactions: readonly Transaction[], control = 0): Int32Array[] {
    return this.listed(spec.WINDOW_SEND, this.list(transactions, true), control);
  }

  release(pieces: readonly Piece[], flags = SIMPLE | OUT | LOCAL | END): Int32Array[] {
    const words = pieces.flatMap(([address, byteLength], i) => {
      const last = i === pieces.length - 1 ? LAST : 0;
      return [((flags | last) << 24) | byteLength, address];
    });
    return this.send(spec.WINDOW_RELEASE, words, DEVICE_TID, 4);
  }

  /** A request with a list. */
  listed(functionCode: number, list: readonly number[], control = 0): Int32Array[] {
    return this.ask((words, frame) => {
      words[frame] = 1 | (4 << 4) | (0x10 << 8) | ((4 + list.length) << 16);
      words[frame + 1] = DEVICE_TID | (HOST_TID << 12) | (functionCode << 24);
      words[frame + 2] = INITIATOR;
      words[frame + 3] = control;
      words.set(list, frame + 4);
    });
  }

  /** WindowReset or WindowSuspend. */
  end(functionCode: number, resources: number): Int32Array[] {
    return this.send(functionCode, [resources << 16], DEVICE_TID);
  }

  /** Bytes that count up, at an address. */
  count(address: number, byteLength: number, from = 0): Uint8Array {
    const bytes = Uint8Array.from({ length: byteLength }, (_, i) => (from + i) & 0xff);
    this.region.bytes.set(bytes, address);
    return bytes;
  }

  at(address: number, byteLength: number): Uint8Array {
    return this.region.bytes.slice(address, address + byteLength);
  }

  /** Writes Ethernet, IPv4 and TCP headers, whose checksums the card is to fill in. */
  tcp(address: number, payloadBytes: number, destination: readonly number[] = this.mac): void {
    const { bytes } = this.region;
    bytes.fill(0, address, address + HEADERS);
    bytes.set(destination, address);
    bytes.set(this.mac, address + 6);
    bytes.set([0x08, 0x00, 0x45, 0], address + 12);
    const total = 40 + payloadBytes;
    bytes.set([total >> 8, total & 0xff, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], address + 16);
    bytes.set([0, 7, 0, 9], address + 34);
    bytes.set([0x50, 0x10], address + 46);
    // The folded sum of the pseudo-header.
    const length = 20 + payloadBytes;
    const sum = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + length;
    bytes.set([(sum >> 8) & 0xff, sum & 0xff], address + 50);
  }

  /** Reads a field of a group. */
  get(group: number, field: number): DataView {
    expect(this.params(false, DEVICE_TID, [1, 0, 1, group, 1, field])).toBe(0);
    return this.blocks()[0].data;
  }

  counter(name: string): number {
    return this.ledger.snapshot()[name];
  }

  /** Bytes and packets in the card's memory are what came in, and has not gone. */
  balance(): void {
    const counts = this.ledger.snapshot();
    const { filledBytes, framesHeld, slots } = this.module['memory'];
    expect(counts['windowFillsBytes'] - counts['windowReleasesBytes']).toBe(filledBytes);
    expect(counts['windowFramesKept'] - counts['windowFramesBack']).toBe(framesHeld);
    expect(slots.available + framesHeld).toBeLessThanOrEqual(this.slotCount);
    expect(slots.available + framesHeld).toBeGreaterThanOrEqual(this.slotCount - 8);
  }
}

/** Function, status and whether it has a list, of the replies. */
export function single(replies: readonly Int32Array[]): number[] {
  return replies.filter((words) => (words[0] & 0x1000) === 0).map((words) => words[STATUS]);
}

/** Contexts that replies of a function give back, each with the status of its reply. */
export function contexts(replies: readonly Int32Array[], functionCode: number): [number, number][] {
  return replies
    .filter((words) => words[1] >>> 24 === functionCode && (words[0] & 0x1000) !== 0)
    .flatMap((words) =>
      [...words.subarray(5, 5 + (words[3] & 0xff))].map((context): [number, number] => [
        context,
        words[STATUS],
      ]),
    );
}

/** Packets that replies tell of. */
export function frames(replies: readonly Int32Array[]): Frame[] {
  return replies
    .filter((words) => words[1] >>> 24 === spec.WINDOW_HEADERS && (words[0] & 0x1000) !== 0)
    .flatMap((words) =>
      Array.from({ length: words[3] & 0xff }, (_, i) => {
        const at = 6 + 2 * i;
        return {
          address: spec.getWindowFrameFrameAddress(words, at),
          length: spec.getWindowFrameFrameLength(words, at),
          headers: spec.getWindowFrameHeaderLength(words, at),
          flags: spec.getWindowFrameFrameFlags(words, at),
        };
      }),
    );
}
