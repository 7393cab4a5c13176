/** A bare host over the pipe: frames as they are given, to a foreign card. */
import { Doorbell } from '../../i2o/doorbell.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import type { CardOverrides } from '../../world/config/settings.ts';
import type { Link } from '../link/link.ts';
import type { BareHost } from './bare-host.ts';
import { ForeignCard, type ForeignDevice } from './foreign-card.ts';

export class ForeignBare implements BareHost {
  readonly card: ForeignCard;
  private readonly doorbell: Doorbell;

  constructor(link: Link, name: string, device: ForeignDevice, overrides: CardOverrides) {
    this.card = new ForeignCard(link, name, device, overrides);
    this.doorbell = new Doorbell(this.card.ledger, this.card.waker);
  }

  get region() {
    return this.card.region;
  }

  get memory() {
    return this.card.plan.memory;
  }

  get copies(): boolean {
    return this.card.config.transport === 'ring';
  }

  get clock() {
    return this.card.clock;
  }

  post(fill: (words: Int32Array, frame: number) => void): boolean {
    const { inbound, region } = this.card;
    const frame = inbound.acquire();
    if (frame === NO_FRAME) return false;
    region.words.fill(0, frame, frame + FRAME_WORDS);
    fill(region.words, frame);
    inbound.post();
    this.publish();
    return true;
  }

  /** Writes a frame, which the card is told of by the next `announce`. @returns false where none is free. */
  write(frame: Int32Array): boolean {
    const { inbound, region } = this.card;
    const at = inbound.acquire();
    if (at === NO_FRAME) return false;
    region.words.fill(0, at, at + FRAME_WORDS);
    region.words.set(frame, at);
    inbound.post();
    return true;
  }

  announce(): void {
    this.publish();
  }

  run(): Int32Array[] {
    const { card } = this;
    const { inbound, outbound, region } = card;
    const replies: Int32Array[] = [];
    let worked = 0;
    do {
      worked = card.poll();
      const short = outbound.waiting * 2 >= card.plan.memory.layout.outboundFrames;
      for (let frame = outbound.receive(); frame !== NO_FRAME; frame = outbound.receive()) {
        replies.push(region.words.slice(frame, frame + FRAME_WORDS));
        outbound.release();
      }
      // A card that had frames left, and has no request, has nothing to do for those that come back.
      if (outbound.publish() === 0 || (!short && inbound.inUse === 0)) card.quiet();
    } while (worked > 0 && card.nextDeadlineNs() <= card.clock.nowNs);
    return replies;
  }

  supply(): void {
    this.card.outbound.supply();
  }

  recycle(address: number): number {
    const { inbound } = this.card;
    const frame = inbound.adopt(address);
    if (frame !== NO_FRAME) {
      inbound.cancel();
      this.publish();
    }
    return frame;
  }

  framesLost(): string {
    const { inUse } = this.card.inbound;
    return inUse === 0 ? '' : `${inUse} inbound frames`;
  }

  private publish(): void {
    this.doorbell.publish(this.card.inbound);
  }
}
