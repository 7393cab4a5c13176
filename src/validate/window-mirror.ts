/**
 * The window of a card, as its host knows it: which bytes of the transmit part hold something, and which
 * slots the host has been told of and has not given back. Requests reach the card in their order, so what the
 * host knows when it posts one is what the card finds when it serves it.
 */
import { FilledBytes } from '../window/filled-bytes.ts';
import type { Findings } from './findings.ts';
import { LanLoans } from './lan-loans.ts';

const NONE = -1;
/** More slots than a card has; a trace that says so is not believed. */
const SLOTS_MAX = 1 << 20;
/** The granularity in which packets that are being sent are looked up. */
const GRAIN_BYTES = 512;

/** What WindowOpen is answered with. */
export interface WindowShape {
  readonly transmitAddress: number;
  readonly transmitBytesMax: number;
  readonly slotsAddress: number;
  readonly slotCount: number;
  readonly slotBytes: number;
  readonly framesMax: number;
}

export class WindowMirror {
  /** Undefined until a WindowOpen has been answered. */
  shape: WindowShape | undefined;
  /** What the window holds cannot be told: something of it was asked for out of sight, or may have been. */
  unsure = false;
  /** Bytes of the transmit part that the ports have set aside; 0: no port is open. */
  transmitBytes = 0;
  /** Packets that the host holds, and their bytes. */
  framesHeld = 0;
  /** Packets that are being sent out of the window. */
  sending: LanLoans | undefined;
  private filled: FilledBytes | undefined;
  private heldAt = new Int32Array(0);
  private heldBytes = new Int32Array(0);
  private heldBy = new Uint8Array(0);

  /** Whether what the host names can be judged. */
  get isKnown(): boolean {
    return this.shape !== undefined && !this.unsure;
  }

  get filledBytes(): number {
    return this.filled?.count ?? 0;
  }

  /** How far the highest byte that holds something lies from the first. */
  get filledEnd(): number {
    return this.filled?.end ?? 0;
  }

  /** The first answer to a WindowOpen. @param packets that may be sent at once. @returns false: none can be so. */
  open(shape: WindowShape, packets: number, findings: Findings): boolean {
    const { transmitAddress, transmitBytesMax, slotsAddress, slotCount, slotBytes } = shape;
    if (transmitBytesMax <= 0 || slotCount <= 0 || slotCount > SLOTS_MAX || slotBytes <= 0) return false;
    this.shape = shape;
    this.filled = new FilledBytes(transmitBytesMax);
    this.heldAt = new Int32Array(slotCount);
    this.heldBytes = new Int32Array(slotCount);
    this.heldBy = new Uint8Array(slotCount);
    const grains = Math.ceil(transmitBytesMax / GRAIN_BYTES);
    const areas = [
      { offset: transmitAddress, count: grains, bufferBytes: GRAIN_BYTES },
      { offset: slotsAddress, count: slotCount, bufferBytes: slotBytes },
    ];
    this.sending = new LanLoans(areas, packets, findings, 'W-10');
    return true;
  }

  isInTransmitPart(address: number, length: number): boolean {
    const { shape, transmitBytes } = this;
    if (shape === undefined) return false;
    return address >= shape.transmitAddress && length <= shape.transmitAddress + transmitBytes - address;
  }

  /** Whether bytes of the transmit part all hold nothing, or all hold something. */
  isEmpty(address: number, length: number): boolean {
    return this.filled!.none(address - this.shape!.transmitAddress, length);
  }

  isFilled(address: number, length: number): boolean {
    return this.filled!.all(address - this.shape!.transmitAddress, length);
  }

  fill(address: number, length: number): void {
    this.filled!.fill(address - this.shape!.transmitAddress, length);
  }

  empty(address: number, length: number): void {
    this.filled!.empty(address - this.shape!.transmitAddress, length);
  }

  /** @returns the slot that an address lies in; -1: none. */
  slotAt(address: number): number {
    if (this.shape === undefined) return NONE;
    const { slotsAddress, slotBytes, slotCount } = this.shape;
    const slot = Math.floor((address - slotsAddress) / slotBytes);
    return slot >= 0 && slot < slotCount ? slot : NONE;
  }

  /** Whether bytes are of a packet that the host holds. @param whole they must be all of it. */
  isHeld(address: number, length: number, whole: boolean): boolean {
    const slot = this.slotAt(address);
    if (slot === NONE || this.heldBytes[slot] === 0) return false;
    const from = address - this.heldAt[slot];
    if (whole) return from === 0 && length === this.heldBytes[slot];
    return from >= 0 && from + length <= this.heldBytes[slot];
  }

  /** Whether the host holds the packet in a slot. */
  holds(slot: number): boolean {
    return this.heldBytes[slot] > 0;
  }

  /** The host is told of a packet. */
  hold(slot: number, address: number, length: number, port: number): void {
    this.heldAt[slot] = address;
    this.heldBytes[slot] = length;
    this.heldBy[slot] = port;
    this.framesHeld += 1;
  }

  release(slot: number): void {
    if (this.heldBytes[slot] === 0) return;
    this.heldBytes[slot] = 0;
    this.framesHeld -= 1;
  }

  /** A packet that was taken for released is the host's still. */
  restore(slot: number, length: number): void {
    this.heldBytes[slot] = length;
    this.framesHeld += 1;
  }

  /** The packets that the host has by way of a port are the card's again. */
  forgetFrames(port: number): void {
    this.heldBytes.forEach((bytes, slot) => {
      if (bytes > 0 && this.heldBy[slot] === port) this.release(slot);
    });
  }

  forgetFills(): void {
    this.filled?.clear();
  }

  /** The device has forgotten what the window holds. */
  withdraw(): void {
    this.heldBytes.fill(0);
    this.framesHeld = 0;
    this.transmitBytes = 0;
    this.filled?.clear();
  }

  /** The card was reset. */
  reset(): void {
    this.withdraw();
    this.unsure = false;
    this.sending?.reset();
  }
}
