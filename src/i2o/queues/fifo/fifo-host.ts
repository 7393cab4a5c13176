/**
 * The host's ends of the FIFO transport: requests out by port 0x40, replies in by port 0x44 (fifo-port.ts). A frame read from
 * port 0x40 is the host's until it posts it, filled in or as a NOP; one read from port 0x44 until it is written back there.
 * Each end remembers which frames the host holds, and takes no others from the card.
 */
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
import { type FrameConsumer, type FrameProducer, NO_FRAME } from '../../transport.ts';
import { UTIL_NOP } from '../../utility.gen.ts';
import { type FifoLayout, firstInboundMfa } from './fifo-layout.ts';
import { type HostPort, OUTBOUND_POST_INTERRUPT, WRITE_RETRIED } from './fifo-port.ts';
import { FrameWindow, MFA_NOT_OWNED, REFUSALS_PER_LOOK } from './mfa.ts';

/** Whose a frame is, as far as the host knows. */
const CARDS = 0;
const HOSTS = 1;
/** An inbound frame the host has posted and not read again: only these can be preserved. */
const POSTED = 2;

export class FifoHostProducer implements FrameProducer {
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
  /** The frame held was preserved by the card: it goes back as a NOP at once, or written anew. */
  private adopted = false;
  /** A frame whose post found no room: the bus does nothing else until it went through. NO_FRAME: none. */
  private stalled = NO_FRAME;
  /** What `publish` answers next. */
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
    this.held = NO_FRAME;
    this.write(mfa);
  }

  /**
   * There is no other way to give a frame back than to post it as a NOP, and so it is done, but for one frame that is kept for
   * the next `acquire`: a send that is refused again and again would else keep host and card busy with nothing but NOPs.
   */
  cancel(): void {
    const mfa = this.held;
    this.held = NO_FRAME;
    if (this.stashed === 0 && !this.adopted) this.stash[this.stashed++] = mfa;
    else this.nop(mfa);
  }

  publish(): number {
    if (this.stalled !== NO_FRAME) this.retry();
    const wanted = this.wanted;
    this.wanted = 0;
    return wanted;
  }

  /** Reads ahead until there are `wanted`. Frames read ahead are acquired, and go back with `surrender`. // Hot path. */
  available(wanted: number): number {
    if (this.stalled !== NO_FRAME && !this.retry()) return 0;
    while (this.stashed < wanted) {
      const mfa = this.read();
      if (mfa === NO_FRAME) break;
      this.stash[this.stashed++] = mfa;
    }
    return this.stashed;
  }

  /** I2O has no interrupt for this; ours is a doorbell each way. */
  armForFree(wanted: number): boolean {
    for (;;) {
      this.port.askForFrame();
      if (this.available(wanted) >= wanted) return false;
      // Some came, but too few: the notification asked for is spent, so the next must be asked for.
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

  /** All frames are the card's until they are read anew. */
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

  /** The host cannot look into the free list, so it reads ahead what there is: what it has not got is in use. */
  get inUse(): number {
    const { frames } = this.window;
    return frames - this.available(frames) - (this.held === NO_FRAME ? 0 : 1);
  }

  get broken(): boolean {
    return this.port.broken;
  }

  /** READ 0x40, until there is a frame worth having. */
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

  /** Makes the bus access again. @returns whether it went through. */
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
    this.write(mfa);
  }

  private refuse(fault: number): number {
    this.counters[HOST_MFA_OUT_OF_WINDOW + fault - 1] += 1;
    return NO_FRAME;
  }
}

export class FifoHostConsumer implements FrameConsumer {
  private readonly counters: Float64Array;
  private readonly port: HostPort;
  private readonly window: FrameWindow;
  private readonly owner: Uint8Array;
  /** The frame being read; NO_FRAME when none is. */
  private held = NO_FRAME;
  /** Whether the interrupt is masked. The driver polls when it is not asleep, so at first it is. */
  private masked = true;
  private wanted = 0;

  constructor(layout: FifoLayout, port: HostPort, ledger: Ledger) {
    const { outbound, inboundFrames, outboundFrames } = layout;
    this.counters = ledger.counters;
    this.port = port;
    this.window = new FrameWindow(outbound, outboundFrames, 0, firstInboundMfa(layout), inboundFrames);
    this.owner = new Uint8Array(outboundFrames).fill(HOSTS);
    port.writeMask(OUTBOUND_POST_INTERRUPT);
  }

  /** READ 0x44, and again when that found nothing: early i960 said so when it was not true. // Hot path. */
  receive(): number {
    if (this.held === NO_FRAME) {
      let mfa = this.read();
      if (mfa === NO_FRAME) mfa = this.read();
      if (mfa === NO_FRAME) return NO_FRAME;
      this.held = mfa;
      if (!this.masked) this.mask(true);
    }
    return this.window.wordOf(this.held);
  }

  /** WRITE 0x44: the card may have the frame at once. // Hot path. */
  release(): void {
    const mfa = this.held;
    this.held = NO_FRAME;
    this.lend(mfa);
  }

  preserve(_record: number): number {
    return NO_FRAME;
  }

  /** Lends the card every frame it has not got, after OutboundInit (reference section 4.3, step 4). */
  supply(): void {
    for (let slot = 0; slot < this.window.frames; slot++) {
      const mfa = this.window.mfaOf(slot);
      if (this.owner[slot] === HOSTS && mfa !== this.held) this.lend(mfa);
    }
  }

  /** The post list reads empty, and the frames are the host's until it lends them again. */
  restart(): number {
    this.owner.fill(HOSTS);
    this.held = NO_FRAME;
    this.wanted = 0;
    this.mask(true);
    this.port.restart();
    return 0;
  }

  publish(): number {
    const wanted = this.wanted;
    this.wanted = 0;
    return wanted;
  }

  /** Unmasks the interrupt and looks at its level once more: it asks for nothing if there is something already. */
  arm(): boolean {
    if (this.held !== NO_FRAME) return false;
    if (this.masked) this.mask(false);
    return (this.port.readStatus() & OUTBOUND_POST_INTERRUPT) === 0;
  }

  get broken(): boolean {
    return this.port.broken;
  }

  private mask(masked: boolean): void {
    this.masked = masked;
    this.port.writeMask(masked ? OUTBOUND_POST_INTERRUPT : 0);
  }

  private lend(mfa: number): void {
    this.owner[this.window.slotOf(mfa)] = CARDS;
    const written = this.port.writeOutbound(mfa);
    if (written > this.wanted) this.wanted = written;
  }

  private read(): number {
    const { port, window, owner } = this;
    for (let tries = 0; tries < REFUSALS_PER_LOOK; tries++) {
      const mfa = port.readOutbound();
      if (mfa === NO_FRAME) return NO_FRAME;
      const fault = window.fault(mfa);
      if (fault === 0) {
        const slot = window.slotOf(mfa);
        if (owner[slot] === CARDS) {
          owner[slot] = HOSTS;
          return mfa;
        }
      }
      this.counters[HOST_MFA_OUT_OF_WINDOW + (fault === 0 ? MFA_NOT_OWNED : fault) - 1] += 1;
    }
    return NO_FRAME;
  }
}
