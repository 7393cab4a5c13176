/**
 * The card's sending end of the FIFO transport: it takes the frames that the host has lent from the outbound
 * free list, and posts replies by the outbound post list. The card's processor moves its own indices in local
 * memory, several entries at a time; only the frames it writes for the host cross the bus.
 *
 * This end remembers the index at which it posted every frame. An address that the host gives back is taken
 * only if the host had read that entry before. So a frame that is freed twice or was never posted is refused,
 * and no list holds a frame twice.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import type { Region } from '../../../dma/region.ts';
import { FIFO_ERROR_INTERRUPTS, MFA_OUT_OF_WINDOW } from '../../../ledger/counters.gen.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { type MarkedProducer, NO_FRAME } from '../../transport.ts';
import { FifoHead, FifoTail } from './fifo.ts';
import * as at from './fifo-layout.ts';
import { OUTBOUND_POST_INTERRUPT } from './fifo-port.ts';
import { CARDS, countOwned, HOSTS, PUSHED } from './frame-owners.ts';
import { FrameWindow, MFA_NOT_OWNED } from './mfa.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Outbound frames pulled from the free list at a time. */
const PULL_MAX = 64;

export class FifoCardProducer implements MarkedProducer {
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
  /** Addresses pulled from the free list and not used yet. */
  private readonly stash: Int32Array;
  private stashed = 0;
  /** The address acquired and neither posted nor cancelled; NO_FRAME when there is none. */
  private held = NO_FRAME;
  /** Frames posted and not pulled again since. */
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
    if (COSTLY) this.checkPost(mfa);
    const slot = this.window.slotOf(mfa);
    this.held = NO_FRAME;
    this.pushedAt[slot] = this.posted.next;
    this.owner[slot] = PUSHED;
    this.out += 1;
    const pushed = this.posted.push(mfa);
    if (COSTLY)
      assert(
        pushed || this.posted.broken,
        'fifo card producer: the post list has room for every outbound frame',
      );
  }

  cancel(): void {
    const mfa = this.held;
    assert(mfa !== NO_FRAME, 'fifo card producer: only a frame that was acquired is cancelled');
    this.held = NO_FRAME;
    this.keep(mfa);
  }

  /**
   * Moves the head of the outbound post list. The interrupt is a level, up while the list is not empty and
   * the mask is clear: 2 when it goes up now, 1 when it was up before or stays down. A host that clears the
   * mask looks at the level itself.
   */
  publish(): number {
    return this.publishTo(this.posted.next);
  }

  get next(): number {
    return this.posted.next;
  }

  publishTo(mark: number): number {
    const { posted } = this;
    if (COSTLY) this.checkOwners();
    const before = posted.shown;
    if (mark === before) return 0;
    posted.showTo(mark);
    if ((Atomics.load(this.words, this.maskWord) & OUTBOUND_POST_INTERRUPT) !== 0) return 1;
    // The level was up before if the host has not taken an earlier entry: then it was told, or looked as it
    // cleared the mask.
    return posted.taken((before - 1) | 0) && !posted.taken(before) ? 2 : 1;
  }

  /** // Hot path. */
  available(wanted: number): number {
    if (this.stashed < wanted) this.pull();
    return this.stashed;
  }

  /**
   * I2O has an interrupt only for the overrun of this list. That the host rings when it lends a frame is
   * ours.
   */
  armForFree(wanted: number): boolean {
    const { words, cardWaitsWord } = this;
    assert(
      wanted > 0 && wanted <= this.window.frames,
      'fifo card producer: it waits for no more frames than there are',
    );
    for (;;) {
      Atomics.store(words, cardWaitsWord, 1);
      if (this.available(wanted) >= wanted) return false;
      if (Atomics.load(words, cardWaitsWord) === 1) return true;
    }
  }

  /** Nothing to adopt: a reply that cannot be delivered is not preserved. */
  adopt(_address: number): number {
    return NO_FRAME;
  }

  /** Nothing to give back: an outbound frame goes back by being posted, and the host does not ask for it. */
  surrender(): void {}

  /** Empties both lists and leaves every frame to the host, which lends them again. */
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
    const { frames } = this.window;
    const lent = frames - this.free.waiting - this.stashed - (this.held === NO_FRAME ? 0 : 1);
    // The host lends its frames only once the card is ready, and until then none of them is in use.
    return Math.min(this.out, lent);
  }

  get broken(): boolean {
    return this.free.broken || this.posted.broken;
  }

  /** Puts a frame of the card on the stash. */
  private keep(mfa: number): void {
    if (COSTLY)
      assert(
        this.stashed < this.stash.length,
        'fifo card producer: the stash has room for every outbound frame',
      );
    this.stash[this.stashed++] = mfa;
  }

  private checkPost(mfa: number): void {
    assert(mfa !== NO_FRAME, 'fifo card producer: only a frame that was acquired is posted');
    assert(
      this.owner[this.window.slotOf(mfa)] === CARDS,
      'fifo card producer: only a frame that the host has lent is posted',
    );
  }

  private checkOwners(): void {
    const { owner, stashed, held, out } = this;
    assert(
      countOwned(owner, CARDS) === stashed + (held === NO_FRAME ? 0 : 1),
      'fifo card producer: every frame that the host has lent is on the stash or acquired',
    );
    assert(
      countOwned(owner, PUSHED) === out,
      'fifo card producer: every frame that is out was posted and not pulled again',
    );
  }

  /** Takes from the outbound free list what is worth having. */
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
          this.keep(mfa);
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
