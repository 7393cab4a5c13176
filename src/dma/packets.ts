/**
 * The card's packet memory: fixed slots that the device fills with received frames, and that the stack may
 * keep while it holds their payload (in-order data no bucket has room for yet, data out of order, fragments).
 * A slot is named by its number. Free slots are a stack, so that the slot used last, which is still in the
 * processor's cache, is used next.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { PoolMeter } from '../ledger/pool-meter.ts';
import type { MemoryPlan } from './plan.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/**
 * What the bytes of slots are made of, where they are not set aside for good: a host's memory, which may have
 * none just now. It is asked once for each slot that is taken.
 */
export interface SlotMemory {
  /** @returns whether the slot has memory now; where not, it stays free. */
  take(slot: number): boolean;
  /** The memory of a slot is needed no more. */
  give(slot: number): void;
}

/**
 * Packets that were put together of several that came: by their first slot, which slot follows on each, and
 * where in it its part of the payload lies. What it says of a slot holds while that is in such a packet.
 */
export class PacketChains {
  /** The slot with what follows; -1: none. */
  readonly next: Int32Array;
  readonly address: Int32Array;
  readonly length: Int32Array;
  /** Bytes of payload that each segment in the slot had; 0: there is one, of that length. */
  readonly segmentBytes: Int32Array;

  constructor(count: number) {
    this.next = new Int32Array(count);
    this.address = new Int32Array(count);
    this.length = new Int32Array(count);
    this.segmentBytes = new Int32Array(count);
  }

  /** A slot's part of the payload: the last so far. */
  set(packet: number, address: number, length: number): void {
    this.next[packet] = -1;
    this.address[packet] = address;
    this.length[packet] = length;
    this.segmentBytes[packet] = 0;
  }
}

export class PacketPool {
  readonly count: number;
  readonly chains: PacketChains;
  /** Bytes a slot holds. */
  readonly slotBytes: number;
  /** Address of slot 0. */
  readonly offset: number;
  /** Whether payload may be put together behind another slot's: not where it is another's memory. */
  readonly joins: boolean = true;
  /** What the pool's use is told to. */
  readonly meter: PoolMeter;
  private readonly memory: SlotMemory | undefined;
  private readonly freeSlots: Int32Array;
  private freeCount: number;
  /** 1 for every slot on the stack, where costly assertions look at it. */
  private readonly isFree: Uint8Array;

  /** @param memory of the slots; absent: all have theirs. */
  constructor(
    offset: number,
    count: number,
    slotBytes: number,
    meter: PoolMeter = new PoolMeter(),
    memory?: SlotMemory,
  ) {
    assert(offset >= 0 && offset % 4 === 0 && slotBytes % 4 === 0, 'packet pool: its slots begin on words');
    assert(count > 0, 'packet pool: it has slots');
    this.offset = offset;
    this.count = count;
    this.slotBytes = slotBytes;
    this.meter = meter;
    this.memory = memory;
    this.freeSlots = new Int32Array(count);
    for (let i = 0; i < count; i++) this.freeSlots[i] = count - 1 - i;
    this.freeCount = count;
    this.isFree = new Uint8Array(COSTLY ? count : 0).fill(1);
    this.chains = new PacketChains(count);
  }

  /** Slots nobody holds. */
  get available(): number {
    return this.freeCount;
  }

  /** @returns a slot, now the caller's; -1 when none is free, or there is no memory for one. */
  take(): number {
    const { freeCount, memory } = this;
    if (freeCount === 0 || (memory !== undefined && !memory.take(this.freeSlots[freeCount - 1]))) {
      this.meter.refused();
      return -1;
    }
    const packet = this.freeSlots[--this.freeCount];
    if (COSTLY) this.isFree[packet] = 0;
    this.meter.took();
    return packet;
  }

  /** Gives a slot back. The caller must own it. */
  free(packet: number): void {
    if (COSTLY) this.checkFreed(packet);
    this.memory?.give(packet);
    this.freeSlots[this.freeCount++] = packet;
    this.meter.gave();
  }

  /** Gives back every slot of a packet that was put together of several. @param first of its slots. */
  freeChain(first: number): void {
    for (let packet = first; packet >= 0; ) {
      const following = this.chains.next[packet];
      this.free(packet);
      packet = following;
    }
  }

  /** Address of a slot's first byte. */
  addressOf(packet: number): number {
    if (COSTLY) this.checkSlot(packet);
    return this.offset + packet * this.slotBytes;
  }

  private checkSlot(packet: number): void {
    assert(packet >= 0 && packet < this.count, 'packet pool: an address is of one of its slots');
  }

  private checkFreed(packet: number): void {
    assert(packet >= 0 && packet < this.count, 'packet pool: the slot freed is one of its own');
    assert(this.freeCount < this.count, 'packet pool: no more slots are freed than were taken');
    assert(this.isFree[packet] === 0, 'packet pool: a slot is freed once');
    this.isFree[packet] = 1;
  }
}

/** Plans a pool's memory. @returns its address. */
export function planPackets(plan: MemoryPlan, name: string, count: number, slotBytes: number): number {
  return plan.reserve(name, count * slotBytes, `${count} received frames of ${slotBytes} bytes`);
}
