/**
 * The card's ends of the two rings in a file that a foreign host maps as well. Frames are copied between them
 * and the queues of our own card, so that what passes is seen there.
 */
import type { MemoryPlan } from '../../dma/plan.ts';
import type { Region } from '../../dma/region.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import { RingConsumer, RingProducer } from '../../i2o/queues/ring/ring.ts';
import { planRing, ringCopies } from '../../i2o/queues/ring/ring-layout.ts';
import { NO_FRAME } from '../../i2o/transport.ts';
import { StrayWrites } from '../ends/stray-writes.ts';
import { PipeFault } from '../pipe/fault.ts';
import { PIPE_FAULT_FRAME_OVERRUN } from '../pipe/pipe.gen.ts';

/** Where the rings lie, and how many frames they have. */
export interface SharedRings {
  readonly inbound: number;
  readonly inboundFrames: number;
  readonly outbound: number;
  readonly outboundFrames: number;
}

export function planSharedRings(
  plan: MemoryPlan,
  inboundFrames: number,
  outboundFrames: number,
): SharedRings {
  const inbound = planRing(plan, 'requests', inboundFrames);
  const outbound = planRing(plan, 'replies', outboundFrames, undefined, true);
  return { inbound, inboundFrames, outbound, outboundFrames };
}

export class SharedHost {
  /** As the Memory message has them. */
  readonly offsets: readonly number[];
  private readonly requests: RingConsumer;
  private readonly replies: RingProducer;
  private readonly words: Int32Array;
  private asked = false;
  private told = false;
  private readonly stray: StrayWrites;
  /** The indices that were published last: released requests, and posted replies. */
  private released = 0;
  private posted = 0;

  constructor(region: Region, { inbound, inboundFrames, outbound, outboundFrames }: SharedRings) {
    this.words = region.words;
    this.requests = new RingConsumer(region, inbound, inboundFrames);
    this.replies = new RingProducer(region, outbound, outboundFrames);
    this.stray = new StrayWrites(region.words, { inbound, outbound }, 'card');
    this.offsets = [inbound, outbound, ringCopies(outbound, outboundFrames).copies * 4];
  }

  /** Asks to be told of the next request. @returns whether there is none: it may be rested. */
  arm(): boolean {
    this.told = false;
    this.asked = this.requests.arm();
    return this.asked;
  }

  /** The host has rung. */
  announced(): void {
    this.told = true;
  }

  /** Requests that the host has posted by now and told nobody of, although it was asked to. */
  get unannounced(): number {
    return this.asked && !this.told ? this.requests.waiting : 0;
  }

  /**
   * Takes what the host has posted. @param copy takes a request by its word index; false: it has no room.
   * @returns how many it took. @throws PipeFault for an index that cannot be.
   */
  take(copy: (frame: number) => boolean): number {
    let count = 0;
    for (let frame = this.requests.receive(); frame !== NO_FRAME; frame = this.requests.receive()) {
      if (!copy(frame)) break;
      this.requests.release();
      count += 1;
    }
    if (this.requests.broken || this.replies.broken)
      throw new PipeFault(PIPE_FAULT_FRAME_OVERRUN, 'it wrote an index of a ring that cannot be');
    if (count > 0) this.check();
    return count;
  }

  /** Puts a reply where the host sees it with the next `publish`. @returns false where no frame is free. */
  put(reply: Int32Array): boolean {
    const frame = this.replies.acquire();
    if (frame === NO_FRAME) return false;
    this.words.set(reply.subarray(0, FRAME_WORDS), frame);
    this.replies.post();
    return true;
  }

  get hasRoom(): boolean {
    return this.replies.available(1) > 0;
  }

  /** Shows what was put and released. @returns whether the host has asked to be told of it. */
  publish(): boolean {
    const replies = this.replies.publish();
    const requests = this.requests.publish();
    this.posted = this.replies.next;
    this.released = this.requests.next;
    return requests === 2 || replies === 2;
  }

  /** @throws PipeFault for words of the rings that are not the host's. */
  check(): void {
    this.stray.check(this.released, this.posted);
  }

  /** Frames of the card's that the host has not given back. */
  get kept(): number {
    return this.replies.inUse;
  }

  /** The card has been reset: what was posted and not received is destroyed. */
  restart(): void {
    this.requests.restart(false);
    this.replies.restart();
    this.released = this.requests.next;
    this.posted = this.replies.next;
  }
}
