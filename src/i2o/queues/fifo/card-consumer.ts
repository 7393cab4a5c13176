/**
 * The card's receiving end of the FIFO transport: it takes requests from the inbound post list and gives
 * their frames back by the inbound free list. The card's processor moves its own indices in local memory,
 * several entries at a time. fifo-port.ts has what the host's port accesses do to the other indices.
 *
 * This end remembers the index at which it pushed every frame. An address that the host sends is taken only
 * if the host had read that entry before. So a frame that is posted twice or was never given out is refused,
 * and no list holds a frame twice.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import type { Region } from '../../../dma/region.ts';
import { FRAMES_PRESERVED, MFA_OUT_OF_WINDOW } from '../../../ledger/counters.gen.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { type MarkedConsumer, NO_FRAME } from '../../transport.ts';
import { FifoHead, FifoTail } from './fifo.ts';
import * as at from './fifo-layout.ts';
import { CARDS, countOwned, HOSTS, PUSHED } from './frame-owners.ts';
import { FrameWindow, MFA_NOT_OWNED, REFUSALS_PER_LOOK } from './mfa.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class FifoCardConsumer implements MarkedConsumer {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly free: FifoHead;
  private readonly posted: FifoTail;
  private readonly window: FrameWindow;
  private readonly owner: Uint8Array;
  private readonly pushedAt: Int32Array;
  private readonly maskWord: number;
  private readonly hostWaitsWord: number;
  /** The address received and not released; NO_FRAME when there is none. */
  private held = NO_FRAME;
  /** The frame held was preserved, so its release does not free it. */
  private preserving = false;
  /** Word index of the static frame held; NO_FRAME when the frame held is not a static one. */
  private heldStatic = NO_FRAME;
  private findStatic: ((address: number) => number) | undefined;
  private masked = true;

  /** Fills the inbound free list. */
  constructor(region: Region, layout: at.FifoLayout, ledger: Ledger) {
    const { unit, outbound, inboundFrames, outboundFrames } = layout;
    const size = at.fifoSize(layout);
    this.words = region.words;
    this.counters = ledger.counters;
    this.free = new FifoHead(
      region,
      at.queueWord(layout, at.INBOUND_FREE),
      size,
      unit + at.INBOUND_FREE_HEAD,
      unit + at.INBOUND_FREE_TAIL,
      unit + at.INBOUND_FREE_FLOOR,
    );
    this.posted = new FifoTail(
      region,
      at.queueWord(layout, at.INBOUND_POST),
      size,
      unit + at.INBOUND_POST_HEAD,
      unit + at.INBOUND_POST_TAIL,
    );
    this.window = new FrameWindow(at.firstInboundMfa(layout), inboundFrames, unit, outbound, outboundFrames);
    this.owner = new Uint8Array(inboundFrames);
    this.pushedAt = new Int32Array(inboundFrames);
    this.maskWord = (unit + at.INBOUND_MASK) >> 2;
    this.hostWaitsWord = (unit + at.HOST_WAITS) >> 2;
    Atomics.store(this.words, this.maskWord, 1);
    for (let slot = 0; slot < inboundFrames; slot++) this.give(slot);
    this.free.show();
  }

  /** // Hot path. */
  receive(): number {
    if (this.held === NO_FRAME) {
      const mfa = this.take();
      if (mfa === NO_FRAME) return NO_FRAME;
      this.held = mfa;
      if (!this.masked) this.mask(true);
    }
    return this.heldStatic === NO_FRAME ? this.window.wordOf(this.held) : this.heldStatic;
  }

  keepStatic(find: (address: number) => number): void {
    this.findStatic = find;
  }

  /** // Hot path. */
  release(): void {
    if (COSTLY)
      assert(this.held !== NO_FRAME, 'fifo card consumer: only a frame that was received is released');
    if (this.heldStatic !== NO_FRAME) {
      this.heldStatic = NO_FRAME;
      this.held = NO_FRAME;
      return;
    }
    const slot = this.window.slotOf(this.held);
    this.held = NO_FRAME;
    if (this.preserving) this.preserving = false;
    else this.give(slot);
  }

  preserve(_record: number): number {
    const mfa = this.held;
    assert(mfa !== NO_FRAME, 'fifo card consumer: only a frame that was received is preserved');
    // A static frame is not kept for the host: it stays on the card.
    if (this.heldStatic !== NO_FRAME) return NO_FRAME;
    if (this.preserving) return mfa;
    this.preserving = true;
    // The host may post the frame again as soon as it knows, so its entry must leave the post list before.
    this.posted.show();
    this.setOwner(this.window.slotOf(mfa), HOSTS);
    this.counters[FRAMES_PRESERVED] += 1;
    return mfa;
  }

  /**
   * Frees the card's inbound frames after a reset. From the start they are on the free list by themselves.
   */
  supply(): void {
    for (let slot = 0; slot < this.window.frames; slot++) {
      if (this.owner[slot] === CARDS) this.give(slot);
    }
  }

  /** Empties both lists and takes every frame from the host, which can post no more those it has. */
  restart(holding: boolean): number {
    assert(
      !holding || this.held !== NO_FRAME,
      'fifo card consumer: a reset holds only a frame that was received',
    );
    this.free.cut();
    this.owner.fill(CARDS);
    if (holding) this.preserving = this.heldStatic === NO_FRAME;
    return this.posted.skip();
  }

  publish(): number {
    return this.publishTo(this.free.next);
  }

  get next(): number {
    return this.free.next;
  }

  publishTo(mark: number): number {
    const { free, words, hostWaitsWord } = this;
    if (COSTLY) this.checkOwners();
    this.posted.show();
    if (mark === free.shown) return 0;
    free.showTo(mark);
    if (Atomics.load(words, hostWaitsWord) === 0) return 1;
    return Atomics.exchange(words, hostWaitsWord, 0) === 1 ? 2 : 1;
  }

  arm(): boolean {
    this.mask(false);
    return this.held === NO_FRAME && this.posted.empty;
  }

  /** Frames on the inbound free list. */
  get freeFrames(): number {
    return this.free.waiting;
  }

  get broken(): boolean {
    return this.free.broken || this.posted.broken;
  }

  /** The next address of the inbound post list that is worth having. */
  private take(): number {
    const { posted, window, owner } = this;
    for (let tries = 0; tries < REFUSALS_PER_LOOK && !posted.empty; tries++) {
      const mfa = posted.take();
      let fault = window.fault(mfa);
      if (fault === 0) {
        const slot = window.slotOf(mfa);
        if (owner[slot] === HOSTS || (owner[slot] === PUSHED && this.free.taken(this.pushedAt[slot]))) {
          owner[slot] = CARDS;
          return mfa;
        }
        fault = MFA_NOT_OWNED;
      } else if (this.findStatic !== undefined) {
        this.heldStatic = this.findStatic(mfa);
        assert(
          this.heldStatic >= NO_FRAME && this.heldStatic < this.words.length,
          'fifo card consumer: a static frame lies in the region',
        );
        if (this.heldStatic !== NO_FRAME) return mfa;
      }
      posted.show();
      this.counters[MFA_OUT_OF_WINDOW + fault - 1] += 1;
    }
    return NO_FRAME;
  }

  /**
   * Puts a frame on the free list. The list is as long as there are frames, so it has room unless the host's
   * index lies.
   */
  private give(slot: number): void {
    this.pushedAt[slot] = this.free.next;
    this.setOwner(slot, PUSHED);
    const pushed = this.free.push(this.window.mfaOf(slot));
    if (COSTLY)
      assert(
        pushed || this.free.broken,
        'fifo card consumer: the free list has room for every inbound frame',
      );
  }

  /** Gives a frame of the card away. */
  private setOwner(slot: number, owner: number): void {
    if (COSTLY)
      assert(
        this.owner[slot] === CARDS,
        'fifo card consumer: only a frame of the card is freed or preserved',
      );
    this.owner[slot] = owner;
  }

  /**
   * Frames that the card may list as free are those it has pushed; those it has not are held, or wait for
   * `supply`.
   */
  private checkOwners(): void {
    const { free, owner } = this;
    assert(
      free.broken || countOwned(owner, PUSHED) >= ((free.next - free.shown) | 0),
      'fifo card consumer: every address to be shown is of a frame that was pushed',
    );
  }

  private mask(masked: boolean): void {
    this.masked = masked;
    Atomics.store(this.words, this.maskWord, masked ? 1 : 0);
  }
}
