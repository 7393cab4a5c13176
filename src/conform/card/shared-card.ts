/**
 * What a foreign card has done in the file that both sides map: how many frames it has sent and released, and
 * what it has written. It is found by looking, before and after the card's turn.
 */
import type { CardLayout } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import { ringCopies } from '../../i2o/queues/ring/ring-layout.ts';
import { SharedReceiver, SharedSender } from '../ends/shared-ends.ts';
import { StrayWrites } from '../ends/stray-writes.ts';
import type { Link } from '../link/link.ts';
import type { Window } from '../link/window.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_FRAME_OVERRUN } from '../pipe/pipe.gen.ts';

export class SharedCard {
  readonly inbound: SharedSender;
  readonly outbound: SharedReceiver;
  /** Frames that the card has sent, and released, as far as it was seen. */
  private sent = 0;
  private freed = 0;
  /** No frame waited when the card was last asked to tell of the next. */
  private asked = false;
  private told = false;
  private readonly window: Window;
  private readonly stray: StrayWrites;

  constructor(region: Region, layout: CardLayout, window: Window, changed: () => void) {
    this.inbound = new SharedSender(region, layout, changed);
    this.outbound = new SharedReceiver(region, layout, changed);
    this.window = window;
    this.stray = new StrayWrites(region.words, layout, 'host');
  }

  /** Says where the rings are. */
  static tell(link: Link, { inbound, outbound, outboundFrames }: CardLayout): void {
    link.shareMemory([inbound, outbound, ringCopies(outbound, outboundFrames).copies * 4]);
  }

  /** The card is about to have its turn: whatever is different afterwards, it has done. */
  before(): void {
    this.window.changes(() => {});
    this.told = false;
    this.asked = this.outbound.arm();
  }

  /** The card has interrupted. */
  announced(): void {
    this.told = true;
  }

  /** Frames that the card has sent by now and told nobody of, although the host had asked it to. */
  get unannounced(): number {
    return !this.told && this.asked ? this.outbound.waiting : 0;
  }

  /**
   * The card rests. @param wrote told of what it has written.
   * @returns how many frames it has sent, and released, since this was last asked. @throws PipeFault, as `check`.
   */
  after(wrote: (address: number, length: number) => void): { frames: number; releases: number } {
    const { inbound, outbound } = this;
    const sent = (outbound.next + outbound.waiting) | 0;
    const freed = (inbound.next - inbound.inUse) | 0;
    const frames = (sent - this.sent) | 0;
    const releases = (freed - this.freed) | 0;
    this.check();
    if (frames < 0 || releases < 0) throw badIndex();
    this.sent = sent;
    this.freed = freed;
    this.window.changes((address, bytes) => wrote(address, bytes.length));
    return { frames, releases };
  }

  /** @throws PipeFault for an index that cannot be, and for words of the rings that are not the card's. */
  check(): void {
    if (this.inbound.broken || this.outbound.broken) throw badIndex();
    this.stray.check(this.inbound.shown, this.outbound.shown);
  }

  /** The card has been reset: what was posted and not received is destroyed. */
  restarted(): void {
    this.inbound.restart();
    this.outbound.restart(false);
    this.sent = this.outbound.next;
    this.freed = (this.inbound.next - this.inbound.inUse) | 0;
    this.asked = false;
  }
}

function badIndex(): PipeFault {
  return new PipeFault(PIPE_FAULT_FRAME_OVERRUN, 'it wrote an index of a ring that cannot be');
}
