/**
 * The memory of a card with the TCP window, as all its ports share it: the transmit part, of which each byte
 * holds something that the host has filled in or nothing, and the slots, each of which holds a packet of the
 * host's or is the devices' own. What the host names is judged here, before anything is done with it.
 */
import { assert } from '../assert/assert.ts';
import type { PacketPool } from '../dma/packets.ts';
import { FRAME_OFFSET } from '../hdm/nic-rings.ts';
import {
  WINDOW_DETAILED_STATUS_NOT_FILLED,
  WINDOW_DETAILED_STATUS_NOT_HELD,
  WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW,
} from '../i2o/window.gen.ts';
import {
  WINDOW_FRAMES_BACK,
  WINDOW_FRAMES_BACK_BYTES,
  WINDOW_FRAMES_KEPT,
  WINDOW_FRAMES_KEPT_BYTES,
  WINDOW_RELEASES,
  WINDOW_RELEASES_BYTES,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { FilledBytes } from './filled-bytes.ts';

const NO_PORT = -1;

export class WindowMemory {
  /** Card address of the transmit part, and the largest that it may be. */
  readonly transmitAddress: number;
  readonly transmitBytesMax: number;
  readonly slots: PacketPool;
  /** Packets that the host may hold at a time: the devices keep the slots of their rings. */
  readonly framesMax: number;
  /** Bytes of the transmit part that the host uses; 0: no port is open. */
  transmitBytes = 0;
  /** Packets that the host holds. */
  framesHeld = 0;
  private readonly filled: FilledBytes;
  private readonly counters: Float64Array;
  /** By slot: the length of the packet that the host holds there, 0: none; and the port it came by. */
  private readonly length: Int32Array;
  private readonly port: Int8Array;
  /** 1 once the host has been told: it cannot name a packet before. */
  private readonly told: Uint8Array;
  private openPorts = 0;

  /** @param framesMax packets that the host may hold, fewer than there are slots. */
  constructor(
    transmitAddress: number,
    transmitBytesMax: number,
    slots: PacketPool,
    framesMax: number,
    ledger: Ledger,
  ) {
    assert(framesMax > 0 && framesMax < slots.count, 'window memory: host and devices share the slots');
    this.transmitAddress = transmitAddress;
    this.transmitBytesMax = transmitBytesMax;
    this.slots = slots;
    this.framesMax = framesMax;
    this.filled = new FilledBytes(transmitBytesMax);
    this.counters = ledger.counters;
    this.length = new Int32Array(slots.count);
    this.port = new Int8Array(slots.count).fill(NO_PORT);
    this.told = new Uint8Array(slots.count);
  }

  /** Bytes of the transmit part that hold what the host has not released. */
  get filledBytes(): number {
    return this.filled.count;
  }

  /** A port is opened. @returns false for a split that cannot be. */
  open(transmitBytes: number): boolean {
    if (!(transmitBytes > 0 && transmitBytes <= this.transmitBytesMax)) return false;
    if (this.openPorts > 0 ? transmitBytes !== this.transmitBytes : transmitBytes < this.filled.end)
      return false;
    this.transmitBytes = transmitBytes;
    this.openPorts += 1;
    return true;
  }

  /** A port that was open is so no more. */
  close(): void {
    assert(this.openPorts > 0, 'window memory: a port that is closed was open');
    this.openPorts -= 1;
    if (this.openPorts === 0) this.transmitBytes = 0;
  }

  /** Whether no port is open. */
  get isClosed(): boolean {
    return this.openPorts === 0;
  }

  isInTransmitPart(address: number, length: number): boolean {
    const { transmitAddress } = this;
    return address >= transmitAddress && length <= transmitAddress + this.transmitBytes - address;
  }

  /** Whether bytes of the transmit part are all empty. */
  isEmpty(address: number, length: number): boolean {
    return this.filled.none(address - this.transmitAddress, length);
  }

  fill(address: number, length: number): void {
    this.filled.fill(address - this.transmitAddress, length);
  }

  /** Takes back what `fill` has done, or what a release asks for: without a trace in the books. */
  empty(address: number, length: number): void {
    this.filled.empty(address - this.transmitAddress, length);
  }

  /** @returns 0 for bytes of the window that hold something of the host's, or what they are refused by. */
  faultOf(address: number, length: number): number {
    if (this.isInTransmitPart(address, length)) {
      const full = this.filled.all(address - this.transmitAddress, length);
      return full ? 0 : WINDOW_DETAILED_STATUS_NOT_FILLED;
    }
    return this.slotFault(address, length);
  }

  /** The same where only bytes of packets that have arrived can be meant. */
  slotFault(address: number, length: number): number {
    const slot = this.slotAt(address);
    if (slot < 0) return WINDOW_DETAILED_STATUS_OUTSIDE_WINDOW;
    const from = address - this.frameAddress(slot);
    const held = from >= 0 && this.told[slot] === 1 && from + length <= this.length[slot];
    return held ? 0 : WINDOW_DETAILED_STATUS_NOT_HELD;
  }

  /** The slot whose packet begins at an address, and is so long, where the host holds it; -1: none. */
  wholeFrame(address: number, length: number): number {
    const slot = this.slotAt(address);
    if (slot < 0 || this.told[slot] === 0) return -1;
    return address === this.frameAddress(slot) && length === this.length[slot] ? slot : -1;
  }

  /** Whether an address lies in some slot. */
  isInSlots(address: number): boolean {
    return this.slotAt(address) >= 0;
  }

  frameAddress(slot: number): number {
    return this.slots.addressOf(slot) + FRAME_OFFSET;
  }

  /** The host is going to be told of the packet in a slot. // Hot path of a simulation. */
  hold(slot: number, length: number, port: number): void {
    assert(this.length[slot] === 0 && length > 0, 'window memory: a packet is held once');
    this.length[slot] = length;
    this.port[slot] = port;
    this.framesHeld += 1;
    this.counters[WINDOW_FRAMES_KEPT] += 1;
    this.counters[WINDOW_FRAMES_KEPT_BYTES] += length;
  }

  /** The host is told of the packet that begins at an address. // Hot path of a simulation. */
  tell(address: number): void {
    this.told[this.slotAt(address)] = 1;
  }

  /** Takes a packet from the host, before its slot is freed. @returns its length, for `restore`. */
  take(slot: number): number {
    const length = this.length[slot];
    this.length[slot] = 0;
    return length;
  }

  /** The request that took a packet is refused. */
  restore(slot: number, length: number): void {
    this.length[slot] = length;
  }

  /** The slot of a packet that was taken from the host is the devices' again. // Hot path of a simulation. */
  free(slot: number, length: number): void {
    this.port[slot] = NO_PORT;
    this.told[slot] = 0;
    this.framesHeld -= 1;
    this.counters[WINDOW_FRAMES_BACK] += 1;
    this.counters[WINDOW_FRAMES_BACK_BYTES] += length;
    this.slots.free(slot);
  }

  /** Bytes of the transmit part were released. */
  released(length: number): void {
    this.counters[WINDOW_RELEASES] += 1;
    this.counters[WINDOW_RELEASES_BYTES] += length;
  }

  /** All that the transmit part holds is given up. */
  forgetFills(): void {
    const bytes = this.filled.clear();
    if (bytes > 0) this.released(bytes);
  }

  /** The packets of a port that the host holds are given up. */
  forgetFrames(port: number): void {
    this.port.forEach((of, slot) => {
      if (of === port) this.free(slot, this.take(slot));
    });
  }

  private slotAt(address: number): number {
    const { offset, slotBytes, count } = this.slots;
    const slot = Math.floor((address - offset) / slotBytes);
    return slot >= 0 && slot < count ? slot : -1;
  }
}
