/**
 * The card's packet memory: fixed slots that the device fills with received frames, and that the stack may keep while it
 * holds their payload (in-order data no bucket has room for yet, data out of order, fragments). A slot is named by its
 * number. Free slots are a stack, so that the slot used last, still in the processor's cache, is used next.
 */
import type { MemoryPlan } from './plan.ts';

export class PacketPool {
  readonly count: number;
  /** Bytes a slot holds. */
  readonly slotBytes: number;
  /** Address of slot 0. */
  readonly offset: number;
  private readonly freeSlots: Int32Array;
  private freeCount: number;

  constructor(offset: number, count: number, slotBytes: number) {
    this.offset = offset;
    this.count = count;
    this.slotBytes = slotBytes;
    this.freeSlots = new Int32Array(count);
    for (let i = 0; i < count; i++) this.freeSlots[i] = count - 1 - i;
    this.freeCount = count;
  }

  /** Slots nobody holds. */
  get available(): number {
    return this.freeCount;
  }

  /** @returns a slot, now the caller's; -1 when none is free. */
  take(): number {
    return this.freeCount === 0 ? -1 : this.freeSlots[--this.freeCount];
  }

  /** Gives a slot back. The caller must own it. */
  free(packet: number): void {
    if (this.freeCount === this.count) throw new Error(`packet slot ${packet} freed twice`);
    this.freeSlots[this.freeCount++] = packet;
  }

  /** Address of a slot's first byte. */
  addressOf(packet: number): number {
    return this.offset + packet * this.slotBytes;
  }
}

/** Plans a pool's memory. @returns its address. */
export function planPackets(plan: MemoryPlan, name: string, count: number, slotBytes: number): number {
  return plan.reserve(name, count * slotBytes, `${count} received frames of ${slotBytes} bytes`);
}
