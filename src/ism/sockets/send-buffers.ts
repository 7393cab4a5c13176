/**
 * Transmit buffers on the card's side: which ones it holds and for whom, card memory for immediate data, and the contexts
 * that are answered but not yet told. A context is the number of its buffer, so the card can tell a buffer used twice;
 * numbers from the buffer count on name the slots of card memory where immediate data waits to be acknowledged.
 */
import type { PoolArea } from '../../dma/pool-area.ts';
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';

export class SendBuffers {
  /** ReqStatus that contexts released from now on are told with: an abort's while it lasts. */
  releaseStatus: number = REQUEST_STATUS_SUCCESS;
  private readonly area: PoolArea;
  private readonly immediate: PoolArea;
  private readonly heldByCard: Uint8Array;
  private heldCount = 0;
  /** Per context held: `sendTag` of the socket it was sent for. */
  private readonly tag: Int32Array;
  /** Contexts to answer, oldest first; a ring large enough for every context there is. */
  private readonly done: Int32Array;
  private doneHead = 0;
  private doneCount = 0;
  /** Per context that waits to be told: its ReqStatus. */
  private readonly status: Uint8Array;

  constructor(area: PoolArea, immediate: PoolArea) {
    const count = area.count + immediate.count;
    this.area = area;
    this.immediate = immediate;
    this.heldByCard = new Uint8Array(count);
    this.tag = new Int32Array(count);
    this.done = new Int32Array(count);
    this.status = new Uint8Array(count);
  }

  /**
   * The host hands a buffer over, or a part of one. // Hot path.
   * @returns false when the element is not within the buffer its context names, or held.
   */
  accept(context: number, address: number, length: number, tag: number): boolean {
    const { offset, count, bufferBytes } = this.area;
    if (context < 0 || context >= count || this.heldByCard[context] !== 0) return false;
    const start = offset + context * bufferBytes;
    if (length <= 0 || length > bufferBytes || address < start || address > start + bufferBytes - length)
      return false;
    this.hold(context, tag);
    return true;
  }

  /**
   * The host sends immediate data. // Hot path.
   * @returns the address of the card memory for it; -1 when context or length is wrong.
   */
  acceptImmediate(context: number, length: number, tag: number): number {
    const slot = context - this.area.count;
    if (slot < 0 || slot >= this.immediate.count || this.heldByCard[context] !== 0) return -1;
    if (length <= 0 || length > this.immediate.bufferBytes) return -1;
    this.hold(context, tag);
    return this.immediate.offset + slot * this.immediate.bufferBytes;
  }

  /** Takes a context whose pieces are named one by one. @returns false when it is none, or held. */
  begin(context: number, tag: number): boolean {
    if (context < 0 || context >= this.heldByCard.length || this.heldByCard[context] !== 0) return false;
    this.hold(context, tag);
    return true;
  }

  /** Whether a piece lies in what a context names: a transmit buffer or, `local`, a slot of the card's own memory. */
  contains(context: number, address: number, length: number, local: boolean): boolean {
    const own = context >= this.area.count;
    if (own !== local) return false;
    const { offset, bufferBytes } = own ? this.immediate : this.area;
    const start = offset + (own ? context - this.area.count : context) * bufferBytes;
    return address >= start && address <= start + bufferBytes - length;
  }

  /** Undoes `begin`: its list was refused, the buffer never became the card's. */
  forget(context: number): void {
    this.heldByCard[context] = 0;
    this.heldCount -= 1;
  }

  /** The stack is done with a context. // Hot path. */
  release(context: number): void {
    this.heldByCard[context] = 0;
    this.heldCount -= 1;
    this.status[context] = this.releaseStatus;
    const at = this.doneHead + this.doneCount;
    this.done[at >= this.done.length ? at - this.done.length : at] = context;
    this.doneCount += 1;
  }

  isHeld(context: number): boolean {
    return this.heldByCard[context] !== 0;
  }

  /** `sendTag` of the socket a held context was sent for. */
  tagOf(context: number): number {
    return this.tag[context];
  }

  /** Contexts the host could still hand over: the stack must have a reference for each. */
  get unheld(): number {
    return this.heldByCard.length - this.heldCount;
  }

  /** Contexts there are. */
  get count(): number {
    return this.heldByCard.length;
  }

  /** Contexts in the card's hands. */
  get held(): number {
    return this.heldCount;
  }

  /** Contexts waiting to be told. */
  get pending(): number {
    return this.doneCount;
  }

  /** ReqStatus of the oldest context to tell. There is one. */
  get nextStatus(): number {
    return this.status[this.done[this.doneHead]];
  }

  /** Takes the oldest context to tell. There is one. */
  next(): number {
    const context = this.done[this.doneHead];
    this.doneHead = this.doneHead + 1 === this.done.length ? 0 : this.doneHead + 1;
    this.doneCount -= 1;
    return context;
  }

  private hold(context: number, tag: number): void {
    this.heldByCard[context] = 1;
    this.heldCount += 1;
    this.tag[context] = tag;
  }
}
