/**
 * Transmit buffers on the card's side: which ones it holds, card memory for immediate data, and the contexts that are
 * answered but not yet told. A context is the number of its buffer, so the card can tell a buffer used twice; numbers from
 * the buffer count on name the slots of card memory where immediate data waits to be acknowledged.
 */
import type { PoolArea } from '../dma/pool-area.ts';

export class SendBuffers {
  private readonly area: PoolArea;
  private readonly immediate: PoolArea;
  private readonly heldByCard: Uint8Array;
  /** Contexts to answer, oldest first; a ring large enough for every context there is. */
  private readonly done: Int32Array;
  private doneHead = 0;
  private doneCount = 0;

  constructor(area: PoolArea, immediate: PoolArea) {
    this.area = area;
    this.immediate = immediate;
    this.heldByCard = new Uint8Array(area.count + immediate.count);
    this.done = new Int32Array(area.count + immediate.count);
  }

  /** The host hands a buffer over. @returns false when the element is not within the buffer its context names, or held. */
  accept(context: number, address: number, length: number): boolean {
    const { offset, count, bufferBytes } = this.area;
    if (context < 0 || context >= count || this.heldByCard[context] !== 0) return false;
    const start = offset + context * bufferBytes;
    if (length <= 0 || length > bufferBytes || address < start || address > start + bufferBytes - length)
      return false;
    this.heldByCard[context] = 1;
    return true;
  }

  /** The host sends immediate data. @returns the address of the card memory for it; -1 when context or length is wrong. */
  acceptImmediate(context: number, length: number): number {
    const slot = context - this.area.count;
    if (slot < 0 || slot >= this.immediate.count || this.heldByCard[context] !== 0) return -1;
    if (length <= 0 || length > this.immediate.bufferBytes) return -1;
    this.heldByCard[context] = 1;
    return this.immediate.offset + slot * this.immediate.bufferBytes;
  }

  /** The stack is done with a context. */
  release(context: number): void {
    this.heldByCard[context] = 0;
    const at = this.doneHead + this.doneCount;
    this.done[at >= this.done.length ? at - this.done.length : at] = context;
    this.doneCount += 1;
  }

  /** Contexts waiting to be told. */
  get pending(): number {
    return this.doneCount;
  }

  /** Takes the oldest context to tell. There is one. */
  next(): number {
    const context = this.done[this.doneHead]!;
    this.doneHead = this.doneHead + 1 === this.done.length ? 0 : this.doneHead + 1;
    this.doneCount -= 1;
    return context;
  }
}
