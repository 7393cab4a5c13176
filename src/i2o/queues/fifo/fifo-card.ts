/**
 * The card's ends of the FIFO transport. The card's processor moves its own indices of the four FIFOs, in local memory, several
 * entries at a time; only the frames it writes for the host cross the bus. What the host's port accesses do to the other indices
 * is in fifo-port.ts.
 *
 * Each end remembers where every frame is, by the index at which it was pushed: an address the host sends is taken only if the
 * host had read it before. So a frame posted twice, freed twice or never given out is refused, and no list ever holds one twice.
 */
import type { Region } from '../../../dma/region.ts';
import { FIFO_ERROR_INTERRUPTS, FRAMES_PRESERVED, MFA_OUT_OF_WINDOW } from '../../../ledger/counters.gen.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../transport.ts';
import { FifoHead, FifoTail } from './fifo.ts';
import * as at from './fifo-layout.ts';
import { OUTBOUND_POST_INTERRUPT } from './fifo-port.ts';
import { FrameWindow, MFA_NOT_OWNED, REFUSALS_PER_LOOK } from './mfa.ts';

/** Whose a frame is. */
const CARDS = 0;
/** Pushed for the host, at the index noted; the host's from when it has taken that entry. */
const PUSHED = 1;
/** The host's without an entry to take: preserved inbound frames, and outbound frames not lent yet. */
const HOSTS = 2;

/** Outbound frames pulled at a time. */
const PULL_MAX = 64;

export class FifoCardConsumer implements FrameConsumer {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly free: FifoHead;
  private readonly posted: FifoTail;
  private readonly window: FrameWindow;
  private readonly owner: Uint8Array;
  private readonly pushedAt: Int32Array;
  private readonly maskWord: number;
  private readonly hostWaitsWord: number;
  private held = NO_FRAME;
  private preserving = false;
  /** Word index of the static frame held; NO_FRAME when the frame held is none. */
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
    // A static frame stays where it is.
    if (this.heldStatic !== NO_FRAME) return NO_FRAME;
    if (mfa === NO_FRAME || this.preserving) return mfa;
    this.preserving = true;
    // The host may post it again as soon as it knows: its entry must have left the post list by then.
    this.posted.show();
    this.owner[this.window.slotOf(mfa)] = HOSTS;
    this.counters[FRAMES_PRESERVED] += 1;
    return mfa;
  }

  /** The card's own frames are on their free list from the start; after a reset, from now on. */
  supply(): void {
    for (let slot = 0; slot < this.window.frames; slot++) {
      if (this.owner[slot] === CARDS) this.give(slot);
    }
  }

  /** Both lists are empty, and no frame is the host's: what it has it can post no more. */
  restart(holding: boolean): number {
    this.free.cut();
    this.owner.fill(CARDS);
    if (holding) this.preserving = this.heldStatic === NO_FRAME;
    return this.posted.skip();
  }

  publish(): number {
    const { free, words, hostWaitsWord } = this;
    this.posted.show();
    if (free.next === free.shown) return 0;
    free.show();
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
        if (this.heldStatic !== NO_FRAME) return mfa;
      }
      posted.show();
      this.counters[MFA_OUT_OF_WINDOW + fault - 1] += 1;
    }
    return NO_FRAME;
  }

  /** Puts a frame on the free list. A list as long as there are frames has room, unless the host's index is a lie. */
  private give(slot: number): void {
    this.pushedAt[slot] = this.free.next;
    this.owner[slot] = PUSHED;
    this.free.push(this.window.mfaOf(slot));
  }

  private mask(masked: boolean): void {
    this.masked = masked;
    Atomics.store(this.words, this.maskWord, masked ? 1 : 0);
  }
}

export class FifoCardProducer implements FrameProducer {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly free: FifoTail;
  private readonly posted: FifoHead;
  private readonly window: FrameWindow;
  private readonly owner: Uint8Array;
  private readonly pushedAt: Int32Array;
  private readonly maskWord: number;
  private readonly cardWaitsWord: number;
  private readonly overrunsWord: number;
  private overrunsSeen = 0;
  /** Frames pulled from the free list. */
  private readonly stash: Int32Array;
  private stashed = 0;
  private held = NO_FRAME;
  /** Frames posted that were not pulled again. */
  private out = 0;

  constructor(region: Region, layout: at.FifoLayout, ledger: Ledger) {
    const { unit, outbound, inboundFrames, outboundFrames } = layout;
    const size = at.fifoSize(layout);
    this.words = region.words;
    this.counters = ledger.counters;
    this.free = new FifoTail(
      region,
      at.queueWord(layout, at.OUTBOUND_FREE),
      size,
      unit + at.OUTBOUND_FREE_HEAD,
      unit + at.OUTBOUND_FREE_TAIL,
    );
    this.posted = new FifoHead(
      region,
      at.queueWord(layout, at.OUTBOUND_POST),
      size,
      unit + at.OUTBOUND_POST_HEAD,
      unit + at.OUTBOUND_POST_TAIL,
      unit + at.OUTBOUND_POST_FLOOR,
    );
    this.window = new FrameWindow(outbound, outboundFrames, 0, at.firstInboundMfa(layout), inboundFrames);
    this.owner = new Uint8Array(outboundFrames).fill(HOSTS);
    this.pushedAt = new Int32Array(outboundFrames);
    this.stash = new Int32Array(outboundFrames);
    this.maskWord = (unit + at.OUTBOUND_MASK) >> 2;
    this.cardWaitsWord = (unit + at.CARD_WAITS) >> 2;
    this.overrunsWord = (unit + at.OVERRUNS) >> 2;
  }

  /** // Hot path. */
  acquire(): number {
    if (this.held === NO_FRAME) {
      if (this.stashed === 0) this.pull();
      if (this.stashed === 0) return NO_FRAME;
      this.held = this.stash[--this.stashed];
    }
    return this.window.wordOf(this.held);
  }

  /** // Hot path. */
  post(): void {
    const mfa = this.held;
    const slot = this.window.slotOf(mfa);
    this.held = NO_FRAME;
    this.pushedAt[slot] = this.posted.next;
    this.owner[slot] = PUSHED;
    this.out += 1;
    this.posted.push(mfa);
  }

  cancel(): void {
    this.stash[this.stashed++] = this.held;
    this.held = NO_FRAME;
  }

  /**
   * Moves the head of the outbound post list. The interrupt is a level, up while the list is not empty and the mask is clear:
   * 2 when it goes up now, 1 when it was up before or stays down. A host that clears the mask looks at the level itself.
   */
  publish(): number {
    const { posted } = this;
    const before = posted.shown;
    if (posted.next === before) return 0;
    posted.show();
    if ((Atomics.load(this.words, this.maskWord) & OUTBOUND_POST_INTERRUPT) !== 0) return 1;
    // Up before if the host has left an entry of earlier, in which case it was told, or looked when it cleared the mask.
    return posted.taken((before - 1) | 0) && !posted.taken(before) ? 2 : 1;
  }

  /** // Hot path. */
  available(wanted: number): number {
    if (this.stashed < wanted) this.pull();
    return this.stashed;
  }

  /** I2O has no interrupt for this, only for the list's overrun; ours is a doorbell. */
  armForFree(wanted: number): boolean {
    const { words, cardWaitsWord } = this;
    for (;;) {
      Atomics.store(words, cardWaitsWord, 1);
      if (this.available(wanted) >= wanted) return false;
      if (Atomics.load(words, cardWaitsWord) === 1) return true;
    }
  }

  /** Replies are not preserved. */
  adopt(_address: number): number {
    return NO_FRAME;
  }

  /** The card's frames go back by being posted; the host does not ask for them. */
  surrender(): void {}

  /** Both lists are empty, and every frame is the host's, to be lent again. */
  restart(destroyed?: (frame: number) => void): number {
    const { window } = this;
    this.free.skip();
    this.owner.fill(HOSTS);
    this.stashed = 0;
    this.held = NO_FRAME;
    this.out = 0;
    return this.posted.cut((mfa) => destroyed?.(window.wordOf(mfa)));
  }

  get inUse(): number {
    return this.out - this.free.waiting;
  }

  get broken(): boolean {
    return this.free.broken || this.posted.broken;
  }

  /** Takes what the outbound free list has, as far as it is worth having. */
  private pull(): void {
    const { free, window, owner } = this;
    if (free.empty) return;
    for (let pulled = 0; pulled < PULL_MAX && !free.empty; pulled++) {
      const mfa = free.take();
      let fault = window.fault(mfa);
      if (fault === 0) {
        const slot = window.slotOf(mfa);
        const pushed = owner[slot] === PUSHED && this.posted.taken(this.pushedAt[slot]);
        if (pushed || owner[slot] === HOSTS) {
          if (pushed) this.out -= 1;
          owner[slot] = CARDS;
          this.stash[this.stashed++] = mfa;
          continue;
        }
        fault = MFA_NOT_OWNED;
      }
      this.counters[MFA_OUT_OF_WINDOW + fault - 1] += 1;
    }
    free.show();
    this.seeOverruns();
  }

  private seeOverruns(): void {
    const overruns = Atomics.load(this.words, this.overrunsWord);
    if (overruns === this.overrunsSeen) return;
    this.overrunsSeen = overruns;
    this.counters[FIFO_ERROR_INTERRUPTS] += 1;
  }
}
