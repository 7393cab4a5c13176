/**
 * The I/O processor: takes inbound frames, checks their headers once, hands them to the executive or to the device module,
 * gives the module its turn, then publishes what came of it. Runs in a worker thread or inline; it cannot tell which.
 */
import {
  FAILURE_CODE_FRAME_TOO_LARGE,
  FAILURE_CODE_FRAME_TOO_SMALL,
  FAILURE_CODE_INVALID_INITIATOR_ID,
  FAILURE_CODE_INVALID_MESSAGE_FLAGS,
  FAILURE_CODE_INVALID_OFFSET,
  FAILURE_CODE_INVALID_TARGET_ID,
  FAILURE_CODE_INVALID_VERSION,
  FAILURE_CODE_STATE_ERROR,
} from '../i2o/executive.gen.ts';
import { FRAME_WORDS, SEVERITY_FORMAT_ERROR, SEVERITY_PATH_STATE, VERSION_1_5 } from '../i2o/frame.ts';
import type { Interrupt } from '../i2o/interrupt.ts';
import { DEVICE_TID, HOST_TID, IOP_TID } from '../i2o/tids.ts';
import { type FrameConsumer, NO_FRAME } from '../i2o/transport.ts';
import { UTIL_NOP } from '../i2o/utility.gen.ts';
import { INBOUND_RELEASED, IOP_IDLE_POLLS, IOP_POLLS } from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { type Agent, NEVER } from '../time/agent.ts';
import type { Executive } from './executive.ts';
import type { Module } from './module.ts';
import type { Outbound } from './outbound.ts';

/** Requests taken in one turn, so that the device and the timers get theirs. */
const REQUESTS_PER_TURN = 64;
/** Outbound frames that must be free before a request is taken: the most one request answers with at once. */
export const REPLY_RESERVE = 4;

export class IoProcessor implements Agent {
  readonly name = 'iop';
  private readonly words: Int32Array;
  private readonly inbound: FrameConsumer;
  private readonly outbound: Outbound;
  private readonly interrupt: Interrupt;
  private readonly executive: Executive;
  private readonly module: Module;
  private readonly counters: Float64Array;

  constructor(
    words: Int32Array,
    inbound: FrameConsumer,
    outbound: Outbound,
    interrupt: Interrupt,
    executive: Executive,
    module: Module,
    ledger: Ledger,
  ) {
    this.words = words;
    this.inbound = inbound;
    this.outbound = outbound;
    this.interrupt = interrupt;
    this.executive = executive;
    this.module = module;
    this.counters = ledger.counters;
  }

  /** // Hot path: one turn of the run loop. */
  poll(): number {
    const counters = this.counters;
    counters[IOP_POLLS] += 1;
    this.outbound.short = false;
    let work = this.takeRequests();
    if (this.executive.operational) work += this.module.poll();
    this.interrupt.publish(this.outbound.ring);
    this.interrupt.poll();
    if (work === 0) counters[IOP_IDLE_POLLS] += 1;
    return work;
  }

  /**
   * Requests wait only if the outbound ring is nearly full, replies only if it is full; then the host rings when it has
   * released a frame. A reply that found none in the last turn may have one by now.
   */
  arm(): boolean {
    const { ring, short } = this.outbound;
    const none = this.inbound.arm();
    if (short) return ring.armForFree(1);
    return none || ring.armForFree(REPLY_RESERVE);
  }

  nextDeadlineNs(): number {
    // Before the card is OPERATIONAL the module gets no turn, so its deadlines would only come again and again.
    const device = this.executive.operational ? this.module.nextDeadlineNs() : NEVER;
    const interrupt = this.interrupt.nextDeadlineNs();
    return Math.min(device, interrupt);
  }

  private takeRequests(): number {
    const inbound = this.inbound;
    let taken = 0;
    while (taken < REQUESTS_PER_TURN) {
      const frame = inbound.receive();
      if (frame === NO_FRAME || this.mustWait()) break;
      this.dispatch(frame);
      inbound.release();
      taken += 1;
    }
    if (taken > 0) {
      this.counters[INBOUND_RELEASED] += taken;
      this.interrupt.publishReleases(inbound);
    }
    return taken;
  }

  /** Whether a request must wait because there may be no frame to answer it in. // Hot path. */
  private mustWait(): boolean {
    return this.executive.replies && this.outbound.ring.available(REPLY_RESERVE) < REPLY_RESERVE;
  }

  /** Checks the header and finds the target. Each word is read once: the host can change it at any time. */
  private dispatch(frame: number): void {
    const word0 = this.words[frame]!;
    const word1 = this.words[frame + 1]!;
    const sizeWords = word0 >>> 16;
    const functionCode = word1 >>> 24;
    const failure = headerFailure(word0, word1);
    if (failure !== 0) {
      this.outbound.failure(frame, failure, SEVERITY_FORMAT_ERROR);
      return;
    }
    if (functionCode === UTIL_NOP) return;
    const target = word1 & 0xfff;
    if (target === DEVICE_TID) {
      if (this.executive.operational) this.module.request(frame, functionCode, sizeWords);
      else this.outbound.failure(frame, FAILURE_CODE_STATE_ERROR, SEVERITY_PATH_STATE);
    } else if (target === IOP_TID) {
      this.executive.request(frame, functionCode, sizeWords);
    } else {
      this.outbound.failure(frame, FAILURE_CODE_INVALID_TARGET_ID, SEVERITY_FORMAT_ERROR);
    }
  }
}

/** Checks words 0 and 1 of a request. @returns 0, or the FailureCode (reference section 3.4). */
function headerFailure(word0: number, word1: number): number {
  const sizeWords = word0 >>> 16;
  if ((word0 & 0x7) !== VERSION_1_5) return FAILURE_CODE_INVALID_VERSION;
  if ((word0 & 0xff00) !== 0) return FAILURE_CODE_INVALID_MESSAGE_FLAGS;
  if (sizeWords < 3 || (sizeWords < 4 && word1 >>> 24 !== UTIL_NOP)) return FAILURE_CODE_FRAME_TOO_SMALL;
  if (sizeWords > FRAME_WORDS) return FAILURE_CODE_FRAME_TOO_LARGE;
  if (((word0 >>> 4) & 0xf) > sizeWords) return FAILURE_CODE_INVALID_OFFSET;
  if (((word1 >>> 12) & 0xfff) !== HOST_TID) return FAILURE_CODE_INVALID_INITIATOR_ID;
  return 0;
}
