/**
 * The host's receiving end of the FIFO transport: replies come in by port 0x44 (fifo-port.ts). A frame read
 * from that port is the host's until it is written back there. This end remembers which frames the host
 * holds, and refuses an address from the card that names one of them.
 */
import { assert, COSTLY_ASSERTIONS } from '../../../assert/assert.ts';
import { HOST_MFA_OUT_OF_WINDOW } from '../../../ledger/counters.gen.ts';
import type { Ledger } from '../../../ledger/ledger.ts';
import { type MarkedConsumer, NO_FRAME } from '../../transport.ts';
import { type FifoLayout, firstInboundMfa } from './fifo-layout.ts';
import { type HostPort, OUTBOUND_POST_INTERRUPT } from './fifo-port.ts';
import { CARDS, HOSTS } from './frame-owners.ts';
import { FrameWindow, MFA_NOT_OWNED, REFUSALS_PER_LOOK } from './mfa.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class FifoHostConsumer implements MarkedConsumer {
  private readonly counters: Float64Array;
  private readonly port: HostPort;
  private readonly window: FrameWindow;
  private readonly owner: Uint8Array;
  /** The frame being read; NO_FRAME when none is. */
  private held = NO_FRAME;
  /** Whether the interrupt is masked. It is at first, since the driver polls while it is awake. */
  private masked = true;
  /** What `publish` answers next: 0, 1 or 2. */
  private wanted = 0;

  constructor(layout: FifoLayout, port: HostPort, ledger: Ledger) {
    const { outbound, inboundFrames, outboundFrames } = layout;
    this.counters = ledger.counters;
    this.port = port;
    this.window = new FrameWindow(outbound, outboundFrames, 0, firstInboundMfa(layout), inboundFrames);
    this.owner = new Uint8Array(outboundFrames).fill(HOSTS);
    port.writeMask(OUTBOUND_POST_INTERRUPT);
  }

  /**
   * READ 0x44, and once more when that found nothing: early i960 processors said so when it was not true. //
   * Hot path.
   */
  receive(): number {
    if (this.held === NO_FRAME) {
      let mfa = this.read();
      if (mfa === NO_FRAME) mfa = this.read();
      if (mfa === NO_FRAME) return NO_FRAME;
      this.held = mfa;
      if (!this.masked) this.mask(true);
    }
    if (COSTLY) this.checkHeld();
    return this.window.wordOf(this.held);
  }

  /** WRITE 0x44: the card may have the frame at once. // Hot path. */
  release(): void {
    const mfa = this.held;
    if (COSTLY) assert(mfa !== NO_FRAME, 'fifo host consumer: only a frame that was received is released');
    this.held = NO_FRAME;
    this.lend(mfa);
  }

  /** The host preserves nothing: a reply is never undeliverable. */
  preserve(_record: number): number {
    return NO_FRAME;
  }

  /** Lends the card every frame that it has not got. Called once OutboundInit has been answered. */
  supply(spacing = 1): void {
    assert(spacing > 0, 'fifo host consumer: a frame takes the room of one at least');
    for (let slot = 0; slot + spacing <= this.window.frames; slot += spacing) {
      const mfa = this.window.mfaOf(slot);
      if (this.owner[slot] === HOSTS && mfa !== this.held) this.lend(mfa);
    }
  }

  /** Takes every frame back until `supply` lends it again. The reset has emptied the post list. */
  restart(holding: boolean): number {
    assert(!holding, 'fifo host consumer: no reply is held over a reset');
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

  keepBack(): void {
    this.port.showsAtOnce = false;
  }

  get next(): number {
    return this.port.outboundFree.next;
  }

  publishTo(mark: number): number {
    return this.port.showOutbound(mark);
  }

  /**
   * Unmasks the interrupt, then looks at its level once more: when a reply is there already, no interrupt is
   * waited for.
   */
  arm(): boolean {
    if (this.held !== NO_FRAME) return false;
    if (this.masked) this.mask(false);
    return (this.port.readStatus() & OUTBOUND_POST_INTERRUPT) === 0;
  }

  get broken(): boolean {
    return this.port.broken;
  }

  private checkHeld(): void {
    assert(
      this.owner[this.window.slotOf(this.held)] === HOSTS,
      'fifo host consumer: a reply is read while its frame is the host’s',
    );
  }

  private mask(masked: boolean): void {
    this.masked = masked;
    this.port.writeMask(masked ? OUTBOUND_POST_INTERRUPT : 0);
  }

  private lend(mfa: number): void {
    const slot = this.window.slotOf(mfa);
    if (COSTLY) assert(this.owner[slot] === HOSTS, 'fifo host consumer: only a frame of the host is lent');
    this.owner[slot] = CARDS;
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
