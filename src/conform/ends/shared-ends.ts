/**
 * The host's ends of the two rings in a file that a card maps as well. They tell whoever gives the card its
 * turns that there is something for it.
 */
import type { CardLayout } from '../../dma/card-layout.ts';
import type { Region } from '../../dma/region.ts';
import { RingConsumer, RingProducer } from '../../i2o/queues/ring/ring.ts';
import { ringCopies } from '../../i2o/queues/ring/ring-layout.ts';

export class SharedSender extends RingProducer {
  private readonly changed: () => void;
  /** The index that was published last, which nobody else may write. */
  shown = 0;

  constructor(region: Region, layout: CardLayout, changed: () => void) {
    const { inbound, inboundFrames, outbound, outboundFrames } = layout;
    super(region, inbound, inboundFrames, ringCopies(outbound, outboundFrames));
    this.changed = changed;
  }

  override publishTo(next: number): number {
    const published = super.publishTo(next);
    this.shown = next;
    if (published > 0) this.changed();
    return published;
  }
}

export class SharedReceiver extends RingConsumer {
  private readonly changed: () => void;
  /** The index that was published last, which nobody else may write. */
  shown = 0;

  constructor(region: Region, layout: CardLayout, changed: () => void) {
    super(region, layout.outbound, layout.outboundFrames);
    this.changed = changed;
  }

  override publishTo(next: number): number {
    const published = super.publishTo(next);
    this.shown = next;
    if (published > 0) this.changed();
    return published;
  }
}
