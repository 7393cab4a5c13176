/**
 * Inbound frames as the driver uses them, over whichever transport: acquired, written by one of this folder's
 * writers of requests, and posted. Every frame acquired is posted or given back before the next is acquired.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { Region } from '../../dma/region.ts';
import type { Doorbell } from '../../i2o/doorbell.ts';
import {
  checkRequestFrame,
  FRAME_WORDS,
  frameInitiator,
  frameTarget,
  getFailurePreservedFrame,
} from '../../i2o/frame.ts';
import { HOST_TID, IOP_TID, NO_TID } from '../../i2o/tids.ts';
import { type FrameProducer, NO_FRAME } from '../../i2o/transport.ts';
import { INBOUND_FULL, INBOUND_POSTED, MESSAGE_REQUESTS } from '../../ledger/counters.gen.ts';
import { INBOUND_METER, type Ledger } from '../../ledger/ledger.ts';
import type { PoolMeter } from '../../ledger/pool-meter.ts';
import { isWholeRequest } from './message-kind.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** A mask: in every 64th post the frames in use are counted, since that reads what the card writes. */
const METERED_POSTS = 63;

export class InboundFrames {
  readonly words: Int32Array;
  /**
   * Set when a request found no frame and was put off: whoever drives the requests goes on once there is one.
   */
  short = false;
  /** TID of the device that requests go to; NO_TID until bring-up has found it. */
  deviceTid: number = NO_TID;
  protected readonly producer: FrameProducer;
  protected readonly counters: Float64Array;
  private readonly doorbell: Doorbell;
  private readonly meter: PoolMeter;
  private held: number = NO_FRAME;
  private retired = false;

  constructor(region: Region, producer: FrameProducer, doorbell: Doorbell, ledger: Ledger) {
    this.words = region.words;
    this.producer = producer;
    this.doorbell = doorbell;
    this.counters = ledger.counters;
    this.meter = ledger.meter(INBOUND_METER);
  }

  /** Bring-up has found the device. @param tid what the card's table calls it. */
  useDevice(tid: number): void {
    assert(tid > HOST_TID && tid < NO_TID, 'inbound frames: a device is neither the executive nor the host');
    this.deviceTid = tid;
  }

  /** Takes a frame to write a request in. @returns its word index, or NO_FRAME. // Hot path. */
  acquire(): number {
    if (COSTLY) this.checkNoneHeld();
    const frame = this.producer.acquire();
    this.held = frame;
    if (frame === NO_FRAME) {
      this.counters[INBOUND_FULL] += 1;
      this.short = true;
      this.meter.refused();
      this.tellUse();
    } else if (this.meter.served()) this.tellUse();
    return frame;
  }

  private checkNoneHeld(): void {
    assert(this.held === NO_FRAME, 'inbound frames: the frame acquired before was posted or given back');
  }

  /** Gives the acquired frame back unused, which some transports can only do by posting it as a NOP. */
  cancel(): void {
    assert(this.held !== NO_FRAME, 'inbound frames: what is given back was acquired');
    this.held = NO_FRAME;
    this.producer.cancel();
    this.doorbell.publish(this.producer);
  }

  /**
   * A failure record may name the undelivered request's frame, which the card then keeps for the host. What
   * `adopt` finds must go back by `cancel`: as a NOP, which is the only way to have its credit again. Not
   * while a frame is acquired.
   * @param failure word index of the record's frame.
   * @returns word index of the request, to be read as memory that the card could write to; NO_FRAME when it
   *   is not kept.
   */
  adopt(failure: number): number {
    assert(this.held === NO_FRAME, 'inbound frames: no frame is held while a failed one is adopted');
    this.held = this.producer.adopt(getFailurePreservedFrame(this.words, failure));
    return this.held;
  }

  /**
   * The acquired frame holds a whole request: posts it, and rings the doorbell if the card asked for that. //
   * Hot path.
   */
  post(): void {
    const posted = this.counters[INBOUND_POSTED] + 1;
    this.counters[INBOUND_POSTED] = posted;
    this.counters[MESSAGE_REQUESTS] += 1;
    this.leave();
    this.producer.post();
    if ((posted & METERED_POSTS) === 0) this.tellUse();
    this.doorbell.publish(this.producer);
  }

  /** As `post`, but the frame is visible only with the next `publish`. // Hot path. */
  postUnpublished(): void {
    this.counters[INBOUND_POSTED] += 1;
    this.leave();
    this.producer.post();
  }

  /** Looks at how many frames are in use, which reads what the card writes. */
  tellUse(): void {
    this.meter.set(this.producer.inUse);
  }

  /** The frame acquired, or adopted, and not yet posted or given back; NO_FRAME when there is none. */
  get acquired(): number {
    return this.held;
  }

  /** The acquired frame is about to be posted. // Hot path. */
  protected leave(): void {
    const { held } = this;
    if (COSTLY) this.checkRequest(held);
    this.held = NO_FRAME;
  }

  /** Asserts all that the card will check of a request. */
  private checkRequest(frame: number): void {
    const { words } = this;
    assert(frame !== NO_FRAME, 'inbound frames: what is posted was acquired');
    const sizeWords = words[frame] >>> 16;
    assert(
      sizeWords >= 4 && sizeWords <= FRAME_WORDS,
      'inbound frames: a request has the size of a frame at most',
    );
    const target = frameTarget(words, frame);
    assert(
      checkRequestFrame(words, frame) === 0,
      'inbound frames: a request has the header that the card demands',
    );
    assert(frameInitiator(words, frame) === HOST_TID, 'inbound frames: a request comes from the host');
    assert(
      target === IOP_TID || (target === this.deviceTid && target !== NO_TID),
      'inbound frames: a request goes to the executive, or to the device that was found',
    );
    assert(isWholeRequest(words, frame), 'inbound frames: a request has the layout of its function');
  }

  /** Makes posted frames visible, and rings the doorbell if the card asked for that. */
  publish(): void {
    this.doorbell.publish(this.producer);
  }

  /**
   * The card has been reset: its queues are new, a frame that was acquired is forgotten, and the device is to
   * be found anew.
   */
  restart(): void {
    this.short = false;
    this.deviceTid = NO_TID;
    this.held = NO_FRAME;
    this.producer.restart();
  }

  /**
   * Gives back every frame that the transport has taken ahead of its use, before the card is left for good.
   */
  surrender(): void {
    if (this.retired) return;
    this.producer.surrender();
    this.doorbell.publish(this.producer);
  }

  /** After an assertion failed: what is in the transport's hands is not touched any more. */
  retire(): void {
    this.retired = true;
    this.short = false;
  }

  /** Frames that can be acquired now. */
  get framesFree(): number {
    return this.producer.available(1);
  }

  /** Frames that can be acquired now; looks at the shared index only when fewer than `wanted` seem free. */
  framesFreeFor(wanted: number): number {
    return this.producer.available(wanted);
  }

  /** Frames posted that the card has not released. */
  get framesInUse(): number {
    return this.producer.inUse;
  }

  /** Asks to be told when a frame is free. @returns true when still none is. */
  armForFrame(): boolean {
    return this.producer.armForFree(1);
  }
}
