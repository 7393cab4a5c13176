/**
 * The slots of a card with the TCP window as the host's stack sees them. The card has the packets; the host
 * has their headers, at the same distance from the beginning of its own memory, and of those that are no TCP
 * segments all the rest. So an address that the stack computes from a header says where in the card the
 * payload is. A slot is the stack's from the card's record until the stack frees it, and it is given back
 * when nothing that is being sent names it either.
 */
import { assert } from '../../assert/assert.ts';
import { PacketPool } from '../../dma/packets.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { FRAME_OFFSET } from '../../hdm/nic-rings.ts';
import type { PoolMeter } from '../../ledger/pool-meter.ts';
import type { Releases } from './releases.ts';

/** What the stack has of a slot. */
const NOTHING = 0;
const HEADERS = 1;
const WHOLE = 2;

export class FrameMirror extends PacketPool {
  /** The payload is not here. */
  override readonly joins = false;
  /** Where the slots of the card begin. */
  private readonly cardAddress: number;
  private readonly framesMax: number;
  private readonly releases: Releases;
  /** By slot: what the stack has of it; the packet's length; and how many packets under way name it. */
  private readonly has: Uint8Array;
  private readonly byteLength: Int32Array;
  private readonly lent: Uint8Array;
  private held = 0;

  /** @param area memory for headers. @param framesMax packets that the host may hold. */
  constructor(
    { offset, count, bufferBytes }: PoolArea,
    cardAddress: number,
    framesMax: number,
    releases: Releases,
    meter: PoolMeter,
  ) {
    super(offset, count, bufferBytes, meter);
    this.cardAddress = cardAddress;
    this.framesMax = framesMax;
    this.releases = releases;
    this.has = new Uint8Array(count);
    this.byteLength = new Int32Array(count);
    this.lent = new Uint8Array(count);
  }

  override get available(): number {
    return this.framesMax - this.held;
  }

  /** Slots come from the card alone. */
  override take(): number {
    return -1;
  }

  /** The stack is done with a packet. */
  override free(packet: number): void {
    assert(this.has[packet] !== NOTHING, 'frame mirror: the stack frees a packet that it has');
    this.has[packet] = NOTHING;
    this.held -= 1;
    this.meter.gave();
    if (this.lent[packet] === 0) this.release(packet);
  }

  /**
   * The card tells of a packet, by its card address.
   * @param headersOnly whether its payload is the card's alone.
   * @returns its slot, now the stack's; -1 where the card cannot have such a packet.
   */
  arrived(address: number, byteLength: number, headersOnly: boolean): number {
    const distance = address - this.cardAddress - FRAME_OFFSET;
    const slot = Math.floor(distance / this.slotBytes);
    const known = slot >= 0 && slot < this.count && slot * this.slotBytes === distance;
    if (!known || byteLength <= 0 || byteLength > this.slotBytes - FRAME_OFFSET) return -1;
    if (this.has[slot] !== NOTHING || this.lent[slot] > 0 || this.available <= 0) return -1;
    this.has[slot] = headersOnly ? HEADERS : WHOLE;
    this.byteLength[slot] = byteLength;
    this.held += 1;
    this.meter.took();
    return slot;
  }

  /** Where the packet of a slot begins, in the host's memory. */
  frameAddress(slot: number): number {
    return this.addressOf(slot) + FRAME_OFFSET;
  }

  /** Whether the payload at an address of the host's memory is there, and not only on the card. */
  isHere(address: number): boolean {
    return this.has[this.slotOf(address)] === WHOLE;
  }

  /** @returns the card address of what the stack has at an address of the mirror's; -1 of any other. */
  onCard(address: number): number {
    const distance = address - this.offset;
    return distance >= 0 && distance < this.count * this.slotBytes ? this.cardAddress + distance : -1;
  }

  /** A packet that is sent names bytes of a slot, by their card address. @returns the slot; -1: of none. */
  lend(address: number): number {
    const slot = Math.floor((address - this.cardAddress) / this.slotBytes);
    if (slot < 0 || slot >= this.count) return -1;
    this.lent[slot] += 1;
    return slot;
  }

  /** It has been sent. */
  giveBack(slot: number): void {
    this.lent[slot] -= 1;
    if (this.lent[slot] === 0 && this.has[slot] === NOTHING) this.release(slot);
  }

  /** The card was reset: nobody gives back what it had told of. What the stack still has, it frees. */
  forget(): void {
    this.byteLength.fill(0);
  }

  private slotOf(address: number): number {
    return Math.floor((address - this.offset) / this.slotBytes);
  }

  private release(slot: number): void {
    const byteLength = this.byteLength[slot];
    if (byteLength === 0) return;
    this.byteLength[slot] = 0;
    this.releases.add(this.cardAddress + slot * this.slotBytes + FRAME_OFFSET, byteLength);
  }
}
