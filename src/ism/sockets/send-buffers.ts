/**
 * Transmit buffers on the card's side: which of them the card has and for whom, the card's own memory for
 * immediate data, and the contexts that the stack is done with and the host has not been told of. A context
 * is the number of its buffer, so that the card can tell when a buffer is used twice; numbers from the buffer
 * count on name the slots of card memory where immediate data waits to be acknowledged.
 *
 * A context goes round in three steps: WITH_HOST, then WITH_STACK from the send until the stack is done with
 * it, then DONE until the reply that gives it back. Only then may the host use it again; earlier it is
 * refused.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import { REQUEST_STATUS_SUCCESS } from '../../i2o/executive.gen.ts';

const COSTLY = COSTLY_ASSERTIONS;

const WITH_HOST = 0;
const WITH_STACK = 1;
const DONE = 2;

export class SendBuffers {
  /**
   * ReqStatus with which contexts released from now on are told: another than Success while an abort goes on.
   */
  releaseStatus: number = REQUEST_STATUS_SUCCESS;
  private readonly area: PoolArea;
  private readonly immediate: PoolArea;
  /** Per context: WITH_HOST, WITH_STACK or DONE. */
  private readonly place: Uint8Array;
  private heldCount = 0;
  /** Per context with the stack: `CardSocket.tag` of the socket it was sent for. */
  private readonly tag: Int32Array;
  /**
   * Contexts that are DONE, oldest first: a ring with room for every context, since each is in it at most
   * once.
   */
  private readonly done: Int32Array;
  private doneHead = 0;
  private doneCount = 0;
  /** Per context that is DONE: the ReqStatus to tell it with. */
  private readonly status: Uint8Array;

  constructor(area: PoolArea, immediate: PoolArea) {
    const count = area.count + immediate.count;
    this.area = area;
    this.immediate = immediate;
    this.place = new Uint8Array(count);
    this.tag = new Int32Array(count);
    this.done = new Int32Array(count);
    this.status = new Uint8Array(count);
  }

  /** Contexts there are: buffers and slots. */
  get count(): number {
    return this.place.length;
  }

  /** Contexts the stack has. */
  get held(): number {
    return this.heldCount;
  }

  /** Contexts the stack does not have: it must have room for a reference to each of them. */
  get unheld(): number {
    return this.place.length - this.heldCount;
  }

  /** Contexts that wait to be told. */
  get pending(): number {
    return this.doneCount;
  }

  /** ReqStatus of the oldest context that waits to be told; there is one. */
  get nextStatus(): number {
    if (COSTLY) this.checkWaits();
    return this.status[this.done[this.doneHead]];
  }

  private checkWaits(): void {
    assert(this.doneCount > 0, 'send buffers: a status is asked for only when a context waits to be told');
  }

  /**
   * The host hands over a transmit buffer, or a part of one. // Hot path.
   * @returns false when the element does not lie within the buffer that its context names, or the card has
   * that buffer.
   */
  accept(context: number, address: number, length: number, tag: number): boolean {
    const { offset, count, bufferBytes } = this.area;
    if (context < 0 || context >= count || this.place[context] !== WITH_HOST) return false;
    const start = offset + context * bufferBytes;
    if (length <= 0 || length > bufferBytes || address < start || address > start + bufferBytes - length)
      return false;
    this.hold(context, tag);
    return true;
  }

  /**
   * The host sends immediate data. // Hot path.
   * @returns byte address of the card memory where it is to lie; -1 when the context or the length is wrong.
   */
  acceptImmediate(context: number, length: number, tag: number): number {
    const slot = context - this.area.count;
    if (slot < 0 || slot >= this.immediate.count || this.place[context] !== WITH_HOST) return -1;
    if (length <= 0 || length > this.immediate.bufferBytes) return -1;
    this.hold(context, tag);
    return this.immediate.offset + slot * this.immediate.bufferBytes;
  }

  /**
   * Takes a context whose pieces are named one by one.
   * @returns false when it is no context, or the card has it.
   */
  begin(context: number, tag: number): boolean {
    if (context < 0 || context >= this.place.length || this.place[context] !== WITH_HOST) return false;
    this.hold(context, tag);
    return true;
  }

  /**
   * Whether a piece lies in what a context names: a transmit buffer or, if `local`, a slot of the card's own
   * memory.
   */
  contains(context: number, address: number, length: number, local: boolean): boolean {
    assert(
      context >= 0 && context < this.place.length,
      'send buffers: the pieces are those of a known context',
    );
    const own = context >= this.area.count;
    if (own !== local) return false;
    const { offset, bufferBytes } = own ? this.immediate : this.area;
    const start = offset + (own ? context - this.area.count : context) * bufferBytes;
    return address >= start && address <= start + bufferBytes - length;
  }

  /**
   * Undoes `begin` or `accept`: the list was refused, so that the buffer never became the card's. The host is
   * told nothing.
   */
  forget(context: number): void {
    assert(
      this.place[context] === WITH_STACK,
      'send buffers: a context is forgotten only after it was taken',
    );
    this.place[context] = WITH_HOST;
    this.heldCount -= 1;
  }

  /** The stack is done with a context: the host is to be told. // Hot path. */
  release(context: number): void {
    if (COSTLY) this.checkRelease(context);
    this.place[context] = DONE;
    this.heldCount -= 1;
    this.status[context] = this.releaseStatus;
    const at = this.doneHead + this.doneCount;
    this.done[at >= this.done.length ? at - this.done.length : at] = context;
    this.doneCount += 1;
  }

  private checkRelease(context: number): void {
    assert(this.place[context] === WITH_STACK, 'send buffers: the stack releases a context it has, once');
    assert(this.doneCount < this.done.length, 'send buffers: there is room to tell of every context');
  }

  /**
   * Takes the oldest context that waits to be told; there is one. It is the host's from now on. // Hot path.
   */
  next(): number {
    if (COSTLY) this.checkNext();
    const context = this.done[this.doneHead];
    this.doneHead = this.doneHead + 1 === this.done.length ? 0 : this.doneHead + 1;
    this.doneCount -= 1;
    this.place[context] = WITH_HOST;
    return context;
  }

  private checkNext(): void {
    assert(this.doneCount > 0, 'send buffers: a context is told only when one waits');
    const context = this.done[this.doneHead];
    assert(this.place[context] === DONE, 'send buffers: a context that is told was done with');
  }

  /** Whether the stack has a context. */
  isHeld(context: number): boolean {
    return this.place[context] === WITH_STACK;
  }

  /** `CardSocket.tag` of the socket that a held context was sent for. */
  tagOf(context: number): number {
    assert(this.isHeld(context), 'send buffers: a tag is asked for of a context that the stack has');
    return this.tag[context];
  }

  /** Counts every context once: for tests and costly assertions. */
  check(): void {
    let held = 0;
    let done = 0;
    for (const place of this.place) {
      if (place === WITH_STACK) held += 1;
      else if (place === DONE) done += 1;
    }
    assert(held === this.heldCount, 'send buffers: the contexts with the stack are as many as were counted');
    assert(done === this.doneCount, 'send buffers: every context that is done with waits to be told, once');
  }

  private hold(context: number, tag: number): void {
    this.place[context] = WITH_STACK;
    this.heldCount += 1;
    this.tag[context] = tag;
  }
}
