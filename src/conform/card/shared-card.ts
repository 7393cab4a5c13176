/**
 * What a foreign card has done in the file that both sides map: how many frames it has sent and released, and
 * what it has written. It is found by looking, before and after the card's turn.
 */
import type { CardLayout } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import { ringCopies } from '../../i2o/queues/ring/ring-layout.ts';
import { SharedReceiver, SharedSender } from '../ends/shared-ends.ts';
import type { Link } from '../link/link.ts';
import type { Window } from '../link/window.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_FRAME_OVERRUN } from '../pipe/pipe.gen.ts';

export class SharedCard {
  readonly inbound: SharedSender;
  readonly outbound: SharedReceiver;
  /** Frames that wait for the host, and that the host has away, before the card's turn. */
  private waited = 0;
  private away = 0;
  private told = false;
  private readonly window: Window;

  constructor(region: Region, layout: CardLayout, window: Window, changed: () => void) {
    this.inbound = new SharedSender(region, layout, changed);
    this.outbound = new SharedReceiver(region, layout, changed);
    this.window = window;
  }

  /** Says where the rings are. */
  static tell(link: Link, { inbound, outbound, outboundFrames }: CardLayout): void {
    link.shareMemory([inbound, outbound, ringCopies(outbound, outboundFrames).copies * 4]);
  }

  /** The card is about to have its turn: whatever is different afterwards, it has done. */
  before(): void {
    this.window.changes(() => {});
    this.outbound.arm();
    this.waited = this.outbound.waiting;
    this.away = this.inbound.inUse;
    this.told = false;
  }

  /** The card has interrupted. */
  announced(): void {
    this.told = true;
  }

  /** Frames that the card has sent by now and told nobody of, although the host had asked it to. */
  get unannounced(): number {
    const { waiting } = this.outbound;
    return !this.told && this.waited === 0 ? waiting : 0;
  }

  /**
   * The card rests. @param wrote told of what it has written.
   * @throws PipeFault for an index that cannot be.
   */
  after(wrote: (address: number, length: number) => void): { frames: number; releases: number } {
    const { inbound, outbound } = this;
    const frames = outbound.waiting - this.waited;
    const releases = this.away - inbound.inUse;
    if (inbound.broken || outbound.broken || frames < 0 || releases < 0)
      throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, 'it wrote an index of a ring that cannot be');
    this.window.changes((address, bytes) => wrote(address, bytes.length));
    return { frames, releases };
  }

  /** The card has been reset: what was posted and not received is destroyed. */
  restarted(): void {
    this.inbound.restart();
    this.outbound.restart(false);
    this.waited = 0;
    this.away = 0;
  }
}
