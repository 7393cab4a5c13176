/**
 * The host's side of transmit memory: buffers for payload, and the slots of card memory for immediate data, which the host
 * counts although it never touches them. A context is the number of a buffer, or the buffer count plus the number of a slot.
 * From the moment its frame is posted until its context is answered, a buffer is the card's.
 */
import type { PoolArea } from '../../dma/pool-area.ts';
import {
  MEMORY_TRANSMIT_DRY,
  MEMORY_TRANSMIT_RETURNED,
  MEMORY_TRANSMIT_TAKEN,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';

/** Whose a context is when nobody's, and while the program fills an offered buffer. */
const NOBODY = -1;
const TAKEN = -2;

export class TransmitPool {
  readonly bufferBytes: number;
  private readonly area: PoolArea;
  private readonly reserve: number;
  private readonly counters: Float64Array;
  /** Free buffers, the one used last on top. */
  private readonly free: Int32Array;
  private freeCount: number;
  private readonly freeSlots: Int32Array;
  private freeSlotCount: number;
  /** Per context: whose bytes it holds (socket number, generation above), or NOBODY; and how many. */
  private readonly tagOf: Int32Array;
  private readonly lengthOf: Int32Array;

  constructor(area: PoolArea, immediate: PoolArea, reserve: number, ledger: Ledger) {
    this.area = area;
    this.bufferBytes = area.bufferBytes;
    this.reserve = Math.min(reserve, area.count - 1);
    this.counters = ledger.counters;
    this.free = countdown(area.count, 0);
    this.freeCount = area.count;
    this.freeSlots = countdown(immediate.count, area.count);
    this.freeSlotCount = immediate.count;
    this.tagOf = new Int32Array(area.count + immediate.count).fill(NOBODY);
    this.lengthOf = new Int32Array(area.count + immediate.count);
  }

  /** Free buffers. */
  get available(): number {
    return this.freeCount;
  }

  /** Buffers there are, free or not. */
  get buffers(): number {
    return this.area.count;
  }

  /** Whether a context is a slot's, for immediate data. */
  isSlot(context: number): boolean {
    return context >= this.area.count;
  }

  /** Every buffer and slot there is. */
  get count(): number {
    return this.tagOf.length;
  }

  /** Every buffer and slot the card or an offer holds. */
  get inUse(): number {
    return this.count - this.freeCount - this.freeSlotCount;
  }

  /**
   * Takes a buffer. @param first the socket has none in use, so that it may take from the reserve.
   * @returns its context, or -1 when none is free for it.
   */
  take(first: boolean): number {
    if (this.freeCount === 0 || (!first && this.freeCount <= this.reserve)) {
      this.counters[MEMORY_TRANSMIT_DRY] += 1;
      return -1;
    }
    this.counters[MEMORY_TRANSMIT_TAKEN] += 1;
    const context = this.free[--this.freeCount];
    this.tagOf[context] = TAKEN;
    return context;
  }

  /** Whether `count` buffers can be taken one after the other. @param first as of `take`, for all of them. */
  canTake(count: number, first: boolean): boolean {
    if (this.freeCount - count >= (first ? 0 : this.reserve)) return true;
    this.counters[MEMORY_TRANSMIT_DRY] += 1;
    return false;
  }

  /** Takes a slot for immediate data. @returns its context, or -1. */
  takeSlot(): number {
    if (this.freeSlotCount === 0) return -1;
    this.counters[MEMORY_TRANSMIT_TAKEN] += 1;
    return this.freeSlots[--this.freeSlotCount];
  }

  addressOf(context: number): number {
    return this.area.offset + context * this.area.bufferBytes;
  }

  /** Notes whose bytes a context holds (see `socketTag`); it is now the card's. */
  lend(context: number, tag: number, length: number): void {
    this.tagOf[context] = tag;
    this.lengthOf[context] = length;
  }

  /** Whether the card has the context: a context answered that it has not is the card's fault. */
  lent(context: number): boolean {
    return context >= 0 && context < this.tagOf.length && this.tagOf[context] >= 0;
  }

  /** Whether a buffer has been taken and not yet lent: an offered buffer the program fills. */
  taken(context: number): boolean {
    return context >= 0 && context < this.area.count && this.tagOf[context] === TAKEN;
  }

  tagOfContext(context: number): number {
    return this.tagOf[context];
  }

  lengthOfContext(context: number): number {
    return this.lengthOf[context];
  }

  /** The context is the host's again. */
  give(context: number): void {
    this.counters[MEMORY_TRANSMIT_RETURNED] += 1;
    this.tagOf[context] = NOBODY;
    if (context < this.area.count) this.free[this.freeCount++] = context;
    else this.freeSlots[this.freeSlotCount++] = context;
  }
}

/** Numbers so that the lowest is taken first. */
function countdown(count: number, from: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = from + count - 1 - i;
  return numbers;
}
