/**
 * The I/O processor. In each turn it takes inbound frames, checks their headers once and hands them to the
 * executive or to a device's module; then it gives each module its turn, and publishes the replies. It runs
 * in a worker thread or inline, and cannot tell which.
 */
import { AssertionFailure, assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import {
  FAILURE_CODE_INVALID_MESSAGE_FLAGS,
  FAILURE_CODE_INVALID_TARGET_ID,
  FAILURE_CODE_SERVICE_SUSPENDED,
  FAILURE_CODE_STATE_ERROR,
  IOP_STATE_RESET,
} from '../../i2o/executive.gen.ts';
import {
  FLAG_STATIC,
  FRAME_WORDS,
  SEVERITY_FORMAT_ERROR,
  SEVERITY_PATH_ERROR,
  SEVERITY_PATH_STATE,
} from '../../i2o/frame.ts';
import type { Interrupt } from '../../i2o/interrupt.ts';
import { deviceOf, FIRST_DEVICE_TID, IOP_TID } from '../../i2o/tids.ts';
import { type FrameConsumer, NO_FRAME } from '../../i2o/transport.ts';
import { UTIL_NOP } from '../../i2o/utility.gen.ts';
import {
  INBOUND_REFUSED,
  INBOUND_RELEASED,
  IOP_IDLE_POLLS,
  IOP_POLLS,
  IOP_RESTS,
} from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Agent } from '../../time/agent.ts';
import { FIRST_CLASS_FUNCTION, headerFailure } from '../check/header-check.ts';
import type { Executive } from '../executive/executive.ts';
import type { ExecutiveParts } from '../executive/executive-parts.ts';
import { STATIC_POST_FRAME_WORD, STATIC_POST_WORDS } from '../executive/static-frames.ts';
import type { Module } from '../module/module.ts';
import { type Outbound, REPLY_RESERVE } from '../reply/outbound.ts';
import type { DeviceState } from '../state/device-state.ts';
import type { IopState } from '../state/iop-state.ts';
import type { DeviceTarget } from '../target/target.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Requests taken in one turn at most, so that the modules and their timers get their turns. */
const REQUESTS_PER_TURN = 64;

/** FLAG_STATIC as it lies in word 0. No other flag may be set beside it. */
const STATIC_WORD0 = FLAG_STATIC << 8;
const FLAGS_WORD0 = 0xff00;
/** Byte and bit of InitiatorAddress: what is wrong with a message whose sender is kept out. */
const INITIATOR_BYTE = 5;
const INITIATOR_BIT = 4;

export class IoProcessor implements Agent {
  readonly name = 'iop';
  private readonly words: Int32Array;
  private readonly inbound: FrameConsumer;
  private readonly outbound: Outbound;
  private readonly interrupt: Interrupt;
  private readonly executive: Executive;
  private readonly parts: ExecutiveParts;
  private readonly iop: IopState;
  /** Module i is behind the device with the TID FIRST_DEVICE_TID + i, and device i says whether it runs. */
  private readonly modules: readonly Module[];
  private readonly devices: readonly DeviceState[];
  /** The module that goes first in the next turn. */
  private first = 0;
  private readonly counters: Float64Array;
  private readonly onFault: ((error: unknown) => void) | undefined;
  /** An inbound frame has been received and not released yet. */
  private holding = false;
  /** 1 when the last turn found something, else 0. */
  private found = 0;

  /**
   * @param onFault told of what a module or the executive threw; the IOP then is FAILED and goes on. Without
   * it, and of a FAILED IOP, whatever is thrown leaves `poll`, and the card ends; a failed assertion always
   * does.
   */
  constructor(
    inbound: FrameConsumer,
    interrupt: Interrupt,
    executive: Executive,
    parts: ExecutiveParts,
    ledger: Ledger,
    onFault?: (error: unknown) => void,
  ) {
    this.words = parts.outbound.words;
    this.inbound = inbound;
    this.outbound = parts.outbound;
    this.interrupt = interrupt;
    this.executive = executive;
    this.parts = parts;
    this.iop = parts.iop;
    this.modules = parts.devices.map(({ module }) => module);
    this.devices = parts.iop.devices;
    this.counters = ledger.counters;
    this.onFault = onFault;
    parts.outbound.preserver = inbound;
    assert(this.modules.length === this.devices.length, 'processor: each device has one module');
  }

  /** One turn of the run loop. */
  poll(): number {
    if (this.onFault === undefined) return this.turn();
    try {
      return this.turn();
    } catch (error) {
      // A bug of the card's own code leaves nothing that a reset could trust: the card stops, FAULTED, and
      // names it.
      if (error instanceof AssertionFailure) throw error;
      // What throws again although no module gets a turn any more would throw for ever.
      if (this.iop.failed) throw error;
      this.recover();
      this.onFault(error);
      return 1;
    }
  }

  /**
   * Asks to be woken. Requests wait only while the outbound queue is nearly full, replies only while it is
   * full. In both cases the host is asked to ring when it has released a frame. A reply that found no frame
   * in the last turn may find one by now.
   * @returns false when there is something to do at once.
   */
  arm(): boolean {
    const { producer, short } = this.outbound;
    assert(!this.holding && !this.outbound.taken, 'processor: it sleeps with no frame in its hands');
    if (this.iop.starting) return false;
    this.outbound.tellUse();
    const none = this.inbound.arm();
    if (short) return producer.armForFree(1);
    return none || (this.iop.canReply && producer.armForFree(REPLY_RESERVE));
  }

  nextDeadlineNs(): number {
    // Before the card is OPERATIONAL a module gets no turn, so that its deadlines would only come again and
    // again.
    const { modules, devices } = this;
    let deadlineNs = this.interrupt.nextDeadlineNs();
    for (let i = 0; i < modules.length; i++) {
      if (devices[i].runs) deadlineNs = Math.min(deadlineNs, modules[i].nextDeadlineNs());
    }
    if (COSTLY) checkDeadline(deadlineNs);
    return deadlineNs;
  }

  /** // Hot path. */
  private turn(): number {
    const { counters, iop, outbound } = this;
    counters[IOP_POLLS] += 1;
    outbound.short = false;
    if (iop.starting) this.start();
    let work = this.takeRequests();
    work += this.pollModules();
    if (iop.busy) work += this.executive.poll();
    if (COSTLY) this.checkTurnEnd(work);
    if (outbound.short) this.executive.outboundShort();
    this.interrupt.publish(outbound.producer);
    this.interrupt.poll();
    if (work > 0) {
      this.found = 1;
      return work;
    }
    counters[IOP_IDLE_POLLS] += 1;
    counters[IOP_RESTS] += this.found;
    this.found = 0;
    return 0;
  }

  private checkTurnEnd(work: number): void {
    assert(work >= 0, 'processor: modules say how much they have worked on');
    assert(!this.outbound.taken, 'processor: no reply is half filled at the end of a turn');
  }

  /**
   * Gives each module its turn. They take turns in going first: what frames the host has just released would
   * else always go to the same one. @returns items worked on.
   */
  private pollModules(): number {
    const { modules, devices, first } = this;
    if (COSTLY) this.checkFirst();
    // Fast path: most cards have one module.
    if (modules.length === 1) return devices[0].runs ? modules[0].poll() : 0;
    let work = 0;
    let at = first;
    do {
      if (devices[at].runs) work += modules[at].poll();
      at = at + 1 === modules.length ? 0 : at + 1;
    } while (at !== first);
    this.first = first + 1 === modules.length ? 0 : first + 1;
    return work;
  }

  private checkFirst(): void {
    const { first, modules } = this;
    assert(first >= 0 && first < modules.length, 'processor: the module that goes first is one of them');
  }

  /**
   * The IOP was reset in the last turn. Now it gives the host its inbound frames back, and takes messages
   * again.
   */
  private start(): void {
    assert(this.iop.starting, 'processor: frames are given back only after a reset');
    this.inbound.supply();
    this.iop.enter(IOP_STATE_RESET);
    this.interrupt.publishReleases(this.inbound);
  }

  private takeRequests(): number {
    const { inbound, outbound, iop } = this;
    let taken = 0;
    if (COSTLY) this.checkReleased();
    while (taken < REQUESTS_PER_TURN) {
      const frame = inbound.receive();
      if (frame === NO_FRAME) break;
      // Without an outbound queue nothing is answered by way of it, so that no request need wait for it.
      if (iop.canReply) {
        if (outbound.producer.available(REPLY_RESERVE) < REPLY_RESERVE) break;
      } else if (iop.starting) break;
      this.holding = true;
      this.dispatch(frame);
      inbound.release();
      this.holding = false;
      taken += 1;
    }
    if (taken > 0) {
      this.counters[INBOUND_RELEASED] += taken;
      this.interrupt.publishReleases(inbound);
    }
    return taken;
  }

  private checkReleased(): void {
    assert(!this.holding, 'processor: the request of the last turn was released');
  }

  /**
   * Checks the header and finds the target. Each word is read once, because the host can change it at any
   * time.
   */
  private dispatch(frame: number): void {
    const word0 = this.words[frame];
    const word1 = this.words[frame + 1];
    // Fast path: the devices' own messages are nearly all traffic.
    const device = (word1 & 0xfff) - FIRST_DEVICE_TID;
    const { devices } = this;
    if (
      device >= 0 &&
      device < devices.length &&
      devices[device].ready &&
      word1 >>> 24 >= FIRST_CLASS_FUNCTION
    ) {
      const failure = headerFailure(word0, word1, devices.length);
      if (failure === 0) {
        this.modules[device].request(frame, word1 >>> 24, word0 >>> 16);
        return;
      }
    }
    if ((word0 & FLAGS_WORD0) === STATIC_WORD0) this.dispatchStatic(frame, word0, word1);
    else this.deliver(frame, word0, word1);
  }

  /** The frame names a static frame by its address. That one is delivered as if it had been posted itself. */
  private dispatchStatic(frame: number, word0: number, word1: number): void {
    const { outbound, words } = this;
    const kept = this.parts.staticFrames.find(words[frame + STATIC_POST_FRAME_WORD]);
    const whole =
      headerFailure(word0 & ~FLAGS_WORD0, word1, this.devices.length) === 0 &&
      word0 >>> 16 === STATIC_POST_WORDS;
    // The frame that names it repeats its word 1, so that a failure record says whose request could not be
    // delivered.
    if (!whole || kept < 0 || words[kept + 1] !== word1) {
      this.fail(frame, FAILURE_CODE_INVALID_MESSAGE_FLAGS, SEVERITY_FORMAT_ERROR);
      return;
    }
    // The frame that names it is free at once, and the static one is not the transport's to preserve.
    assert(kept + FRAME_WORDS <= words.length, 'processor: a static frame lies in the region');
    outbound.preserver = undefined;
    this.deliver(kept, words[kept], words[kept + 1]);
    outbound.preserver = this.inbound;
  }

  private deliver(frame: number, word0: number, word1: number): void {
    const { iop, parts } = this;
    const sizeWords = word0 >>> 16;
    const functionCode = word1 >>> 24;
    const target = word1 & 0xfff;
    const failure = headerFailure(word0, word1, this.devices.length);
    if (failure !== 0) {
      this.fail(frame, failure, SEVERITY_FORMAT_ERROR);
    } else if (functionCode === UTIL_NOP) {
      return;
    } else if (target === IOP_TID) {
      if (functionCode >= FIRST_CLASS_FUNCTION) this.executive.request(frame, functionCode, sizeWords);
      else if (iop.canReply && !iop.failed) {
        parts.utility.request(frame, functionCode, sizeWords, parts.executive);
      } else this.fail(frame, FAILURE_CODE_STATE_ERROR, SEVERITY_PATH_STATE);
    } else {
      const device = deviceOf(target, this.devices.length);
      if (device < 0) this.fail(frame, FAILURE_CODE_INVALID_TARGET_ID, SEVERITY_FORMAT_ERROR);
      else this.deliverToDevice(frame, functionCode, sizeWords, parts.devices[device]);
    }
  }

  private deliverToDevice(
    frame: number,
    functionCode: number,
    sizeWords: number,
    device: DeviceTarget,
  ): void {
    const { state } = device;
    if (!device.present) {
      this.fail(frame, FAILURE_CODE_INVALID_TARGET_ID, SEVERITY_PATH_ERROR);
    } else if (!state.runs) {
      this.fail(frame, FAILURE_CODE_STATE_ERROR, SEVERITY_PATH_STATE);
    } else if (functionCode < FIRST_CLASS_FUNCTION) {
      this.parts.utility.request(frame, functionCode, sizeWords, device);
    } else if (state.ready) {
      device.module.request(frame, functionCode, sizeWords);
    } else if (state.keptOut !== 0) {
      this.counters[INBOUND_REFUSED] += 1;
      this.outbound.transactionError(frame, state.keptOut, INITIATOR_BYTE, INITIATOR_BIT);
    } else {
      this.fail(frame, FAILURE_CODE_SERVICE_SUSPENDED, SEVERITY_PATH_STATE);
    }
  }

  /**
   * Answers a message that cannot be delivered. Before OutboundInit there is no way to, and it is only
   * counted.
   */
  private fail(frame: number, failureCode: number, severity: number): void {
    if (this.iop.canReply) this.outbound.failure(frame, failureCode, severity);
    else this.counters[INBOUND_REFUSED] += 1;
  }

  /** Something threw in the middle of a turn. The frames it held are given back, and the IOP is FAILED. */
  private recover(): void {
    this.outbound.cancel();
    this.outbound.preserver = this.inbound;
    if (this.holding) {
      this.inbound.release();
      this.counters[INBOUND_RELEASED] += 1;
      this.holding = false;
    }
    this.executive.fail();
    this.interrupt.publishReleases(this.inbound);
    this.interrupt.publish(this.outbound.producer);
  }
}

function checkDeadline(deadlineNs: number): void {
  assert(!Number.isNaN(deadlineNs), 'processor: a deadline is a time');
}
