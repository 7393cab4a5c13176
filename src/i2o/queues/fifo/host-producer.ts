/**
 * The host's sending end of the FIFO transport: requests go out by port 0x40 (fifo-port.ts). A frame read
 * from that port is the host's until the host posts it there, filled in or as a NOP. This end remembers which
 * frames the host holds, and refuses an address from the card that names one of them.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import type { Region } from '../../../dma/region.ts';
import {
  FRAMES_ADOPTED,
  HOST_MFA_OUT_OF_WINDOW,
  INBOUND_POSTED,
  NOPS,
} from '../../../ledger/counters.gen.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { HEADER_WORDS, writeHeader } from '../../frame.ts';
import { HOST_TID, IOP_TID } from '../../tids.ts';
import { type MarkedProducer, NO_FRAME } from '../../transport.ts';
import { UTIL_NOP } from '../../utility.gen.ts';
import { type FifoLayout, firstInboundMfa } from './fifo-layout.ts';
import { type HostPort, WRITE_RETRIED } from './fifo-port.ts';
import { CARDS, countOwned, HOSTS, POSTED } from './frame-owners.ts';
import { FrameWindow, MFA_NOT_OWNED, REFUSALS_PER_LOOK } from './mfa.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class FifoHostProducer implements MarkedProducer {
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  private readonly port: HostPort;
  private readonly window: FrameWindow;
  private readonly owner: Uint8Array;
  /** Frames read ahead of their use. */
  private readonly stash: Int32Array;
  private stashed = 0;
  /** The frame acquired; NO_FRAME when none is. */
  private held = NO_FRAME;
  /**
   * The card had preserved the frame held. `cancel` gives it back as a NOP at once, and `post` as it was
   * written anew.
   */
  private adopted = false;
  /**
   * The address whose post found no room, NO_FRAME for none. The bus makes no other access until that one has
   * gone through.
   */
  private stalled = NO_FRAME;
  /** What `publish` answers next: 0, 1 or 2. */
  private wanted = 0;

  constructor(region: Region, layout: FifoLayout, port: HostPort, ledger: Ledger) {
    const { unit, outbound, inboundFrames, outboundFrames } = layout;
    this.words = region.words;
    this.counters = ledger.counters;
    this.port = port;
    this.window = new FrameWindow(firstInboundMfa(layout), inboundFrames, unit, outbound, outboundFrames);
    this.owner = new Uint8Array(inboundFrames);
    this.stash = new Int32Array(inboundFrames);
  }

  /** READ 0x40, unless a frame was read ahead. // Hot path. */
  acquire(): number {
    if (this.held === NO_FRAME) {
      if (this.stalled !== NO_FRAME && !this.retry()) return NO_FRAME;
      this.held = this.stashed > 0 ? this.stash[--this.stashed] : this.read();
      if (this.held === NO_FRAME) return NO_FRAME;
    }
    return this.window.wordOf(this.held);
  }

  /** WRITE 0x40: visible to the card at once. // Hot path. */
  post(): void {
    const mfa = this.held;
    if (COSTLY) this.checkPost(mfa);
    this.held = NO_FRAME;
    this.write(mfa);
  }

  /**
   * A frame can only be given back by posting it as a NOP, and that is what happens, but for one frame that
   * is kept for the next `acquire`. Otherwise a send that is refused again and again would keep host and card
   * busy with nothing but NOPs.
   */
  cancel(): void {
    const mfa = this.held;
    assert(mfa !== NO_FRAME, 'fifo host producer: only a frame that was acquired or adopted is cancelled');
    this.held = NO_FRAME;
    if (this.stashed === 0 && !this.adopted) this.keep(mfa);
    else this.nop(mfa);
  }

  publish(): number {
    if (this.stalled !== NO_FRAME) this.retry();
    const wanted = this.wanted;
    this.wanted = 0;
    if (COSTLY) this.checkOwners();
    return wanted;
  }

  keepBack(): void {
    const { next, shown } = this.port.inboundPost;
    assert(next === shown, 'fifo host producer: no write is on its way before writes are kept back');
    this.port.showsAtOnce = false;
  }

  get next(): number {
    return this.port.inboundPost.next;
  }

  publishTo(mark: number): number {
    return this.port.showInbound(mark);
  }

  /** Reads frames ahead until there are `wanted`. Those not used go back with `surrender`. // Hot path. */
  available(wanted: number): number {
    if (this.stalled !== NO_FRAME && !this.retry()) return 0;
    while (this.stashed < wanted) {
      const mfa = this.read();
      if (mfa === NO_FRAME) break;
      this.keep(mfa);
    }
    return this.stashed;
  }

  /** I2O has no interrupt for a free inbound frame. Ours is a doorbell each way. */
  armForFree(wanted: number): boolean {
    assert(
      wanted > 0 && wanted <= this.window.frames,
      'fifo host producer: it waits for no more frames than there are',
    );
    for (;;) {
      this.port.askForFrame();
      if (this.available(wanted) >= wanted) return false;
      // Some frames came, but too few. They may have used up the notification: then ask again.
      if (this.port.asksForFrame()) return true;
    }
  }

  adopt(address: number): number {
    const { window, owner } = this;
    if (this.held !== NO_FRAME || (this.stalled !== NO_FRAME && !this.retry())) return NO_FRAME;
    const fault = window.fault(address);
    if (fault !== 0) return this.refuse(fault);
    const slot = window.slotOf(address);
    if (owner[slot] !== POSTED) return this.refuse(MFA_NOT_OWNED);
    owner[slot] = HOSTS;
    this.held = address;
    this.adopted = true;
    this.counters[FRAMES_ADOPTED] += 1;
    return window.wordOf(address);
  }

  surrender(): void {
    if (this.held !== NO_FRAME) this.nop(this.held);
    this.held = NO_FRAME;
    while (this.stashed > 0) this.nop(this.stash[--this.stashed]);
  }

  /** Forgets every frame: all are the card's until the host reads them anew. */
  restart(): number {
    this.owner.fill(CARDS);
    this.stashed = 0;
    this.held = NO_FRAME;
    this.stalled = NO_FRAME;
    this.adopted = false;
    this.wanted = 0;
    this.port.restart();
    return 0;
  }

  /** Those that are neither on the free list nor the host's. No access of the bus could tell the former. */
  get inUse(): number {
    const { frames } = this.window;
    return frames - this.port.freeInbound - this.stashed - (this.held === NO_FRAME ? 0 : 1);
  }

  get broken(): boolean {
    return this.port.broken;
  }

  /** Puts a frame of the host on the stash. */
  private keep(mfa: number): void {
    if (COSTLY)
      assert(
        this.stashed < this.stash.length,
        'fifo host producer: the stash has room for every inbound frame',
      );
    this.stash[this.stashed++] = mfa;
  }

  private checkPost(mfa: number): void {
    assert(mfa !== NO_FRAME, 'fifo host producer: only a frame that was acquired is posted');
    assert(
      this.owner[this.window.slotOf(mfa)] === HOSTS,
      'fifo host producer: only a frame that was read from the port is posted',
    );
  }

  private checkOwners(): void {
    const { owner, stashed, held } = this;
    assert(
      countOwned(owner, HOSTS) === stashed + (held === NO_FRAME ? 0 : 1),
      'fifo host producer: every frame of the host is on the stash or held',
    );
    assert(
      this.stalled === NO_FRAME || owner[this.window.slotOf(this.stalled)] === POSTED,
      'fifo host producer: an access that is made again posts a frame that was posted',
    );
  }

  /** READ 0x40 until there is a frame worth having. */
  private read(): number {
    const { port, window, owner } = this;
    for (let tries = 0; tries < REFUSALS_PER_LOOK; tries++) {
      const mfa = port.readInbound();
      if (mfa === NO_FRAME) return NO_FRAME;
      const fault = window.fault(mfa);
      if (fault === 0) {
        const slot = window.slotOf(mfa);
        if (owner[slot] !== HOSTS) {
          owner[slot] = HOSTS;
          return mfa;
        }
      }
      this.refuse(fault === 0 ? MFA_NOT_OWNED : fault);
    }
    return NO_FRAME;
  }

  private write(mfa: number): void {
    this.owner[this.window.slotOf(mfa)] = POSTED;
    this.adopted = false;
    const written = this.port.writeInbound(mfa);
    if (written === WRITE_RETRIED) this.stalled = mfa;
    else if (written > this.wanted) this.wanted = written;
  }

  /** Makes the stalled bus access again. @returns whether it went through. */
  private retry(): boolean {
    const mfa = this.stalled;
    this.stalled = NO_FRAME;
    this.write(mfa);
    return this.stalled === NO_FRAME;
  }

  private nop(mfa: number): void {
    writeHeader(this.words, this.window.wordOf(mfa), 0, 0, HEADER_WORDS, IOP_TID, HOST_TID, UTIL_NOP, 0, 0);
    this.counters[NOPS] += 1;
    this.counters[INBOUND_POSTED] += 1;
    this.checkPost(mfa);
    this.write(mfa);
  }

  private refuse(fault: number): number {
    this.counters[HOST_MFA_OUT_OF_WINDOW + fault - 1] += 1;
    return NO_FRAME;
  }
}
