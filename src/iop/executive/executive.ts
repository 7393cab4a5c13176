/**
 * The executive class of I2O 1.5, TID 0: it brings the card up, names its devices, quiesces and resets them.
 * From the processor it gets requests, and a turn whenever the IOP is `busy`. The host gets replies, tables
 * in the control area, and events.
 *
 * States: RESET → OutboundInit → HOLD → SysTabSet → READY → SysEnable → OPERATIONAL. SysQuiesce leads back to
 * READY, IopClear to HOLD, IopReset to RESET. A module that throws makes the IOP FAILED; one that cannot even
 * be reset then makes it FAULTED. Which message is legal in which state is told by check/executive-states.ts.
 */
import { assert } from '../../assert/assert.ts';
import {
  checkExecutiveRequest,
  DETAILED_STATUS_INAPPROPRIATE_FUNCTION,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_SUCCESS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  DETAILED_STATUS_UNSUPPORTED_FUNCTION,
  EXEC_BIOS_INFO_SET,
  EXEC_BOOT_DEVICE_SET,
  EXEC_CONFIG_VALIDATE,
  EXEC_DDM_DESTROY,
  EXEC_DDM_ENABLE,
  EXEC_DDM_QUIESCE,
  EXEC_DDM_RESET,
  EXEC_DDM_SUSPEND,
  EXEC_HRT_GET,
  EXEC_IOP_CLEAR,
  EXEC_IOP_RESET,
  EXEC_LCT_NOTIFY,
  EXEC_OUTBOUND_INIT,
  EXEC_PATH_ENABLE,
  EXEC_PATH_QUIESCE,
  EXEC_PATH_RESET,
  EXEC_STATIC_MF_CREATE,
  EXEC_STATIC_MF_RELEASE,
  EXEC_STATUS_GET,
  EXEC_SYS_ENABLE,
  EXEC_SYS_MODIFY,
  EXEC_SYS_QUIESCE,
  EXEC_SYS_TAB_SET,
  EXECUTIVE_EVENT_DDM_AVAILABILITY,
  EXECUTIVE_EVENT_RESOURCE_LIMIT,
  IOP_STATE_FAILED,
  IOP_STATE_FAULTED,
  IOP_STATE_HOLD,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_READY,
  POLLED_STATUS_FAILED,
  POLLED_STATUS_REJECTED,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';
import {
  DEVICE_STATE_CHANGE_FAILED,
  DEVICE_STATE_CHANGE_NORMAL,
  DEVICE_STATE_CHANGE_SUSPENDED,
  GENERIC_EVENT_STATE_CHANGE,
} from '../../i2o/utility.gen.ts';
import { INBOUND_REFUSED } from '../../ledger/counters.gen.ts';
import { isLegal } from '../check/executive-states.ts';
import { REPLY_RESERVE } from '../reply/outbound.ts';
import type { ExecutiveParts } from './executive-parts.ts';
import { LCT_NOTIFIES_MAX } from './lct-notify.ts';

/** Data of a ResourceLimit event: it is outbound frames that are short. */
const LIMIT_OUTBOUND = 4;
/** Data of a DdmAvailability event: the code of a module, or of the executive, failed. */
const AVAILABILITY_CODE = 4;

/**
 * IopClear ends the table notifications and a validation, and is answered itself, all by the frames kept for
 * one request.
 */
export function checkReplyReserve(notifies: number, reserve: number): void {
  assert(notifies + 2 <= reserve, 'executive: what IopClear answers at once fits the reserve of one request');
}

export class Executive {
  private readonly parts: ExecutiveParts;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  /** The host has been told, or is being told, that it leaves the card no outbound frames. */
  private limitTold = false;
  /** The device whose events go first in the next turn. */
  private eventsFirst = 0;

  constructor(parts: ExecutiveParts) {
    this.parts = parts;
    this.words = parts.outbound.words;
    this.counters = parts.ledger.counters;
    checkReplyReserve(LCT_NOTIFIES_MAX, REPLY_RESERVE);
    assert(parts.executive.aborter === undefined, 'executive: a card has one executive');
    parts.executive.aborter = (match) => parts.lctNotify.abort(match) + parts.configValidate.abort(match);
  }

  /**
   * One request to TID 0 that is no utility message. Its header has been checked.
   * @param frame word index. @param sizeWords words that the message has.
   */
  request(frame: number, functionCode: number, sizeWords: number): void {
    assert(sizeWords <= FRAME_WORDS, 'executive: a request whose header was checked fits a frame');
    const { outbound, iop } = this.parts;
    const fault = checkExecutiveRequest(this.words, frame, sizeWords);
    if (functionCode === EXEC_OUTBOUND_INIT && fault === DETAILED_STATUS_INVALID_PARAMETER) {
      // It is known where the status word is, so a host that polls it need not wait for its timeout.
      this.parts.polled.refuseOutboundInit(frame, POLLED_STATUS_FAILED);
    }
    if (!iop.canReply && (fault !== 0 || !isLegal(functionCode, iop.state))) {
      // There is no outbound queue yet to answer by.
      this.counters[INBOUND_REFUSED] += 1;
    } else if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) {
      this.refuse(frame, fault);
    } else if (!isLegal(functionCode, iop.state)) {
      // This comes before the check of its fields: a message that may not be sent now is refused for that,
      // whatever it holds.
      this.illegal(frame, functionCode);
    } else if (fault !== 0) {
      outbound.refused(frame, fault);
    } else {
      this.serve(frame, functionCode, sizeWords);
    }
  }

  /** Sends what waited for a frame or for a change. @returns items worked on. */
  poll(): number {
    const { iop, lctNotify, configValidate } = this.parts;
    const done = this.sendEvents() + lctNotify.poll() + configValidate.poll() + this.parts.utility.poll();
    if (this.limitTold && this.outboundPlenty()) this.limitTold = false;
    iop.busy =
      this.limitTold ||
      this.eventsWait() ||
      lctNotify.due ||
      configValidate.open ||
      this.parts.utility.waiting;
    return done;
  }

  /** A reply found no frame in this turn. */
  outboundShort(): void {
    assert(this.parts.outbound.short, 'executive: a shortage is told of when there is one');
    if (this.limitTold) return;
    this.limitTold = true;
    this.parts.iop.busy = true;
    this.parts.executive.events.raise(EXECUTIVE_EVENT_RESOURCE_LIMIT, LIMIT_OUTBOUND);
  }

  /**
   * A module or the executive itself threw. From now on nothing is taken but what can bring the card back.
   */
  fail(): void {
    const { iop, executive } = this.parts;
    if (iop.failed) return;
    this.enter(iop.canReply ? IOP_STATE_FAILED : IOP_STATE_FAULTED, DEVICE_STATE_CHANGE_FAILED);
    executive.events.raise(EXECUTIVE_EVENT_DDM_AVAILABILITY, AVAILABILITY_CODE);
    assert(
      this.parts.devices.every(({ state }) => !state.runs),
      'executive: no module of a card that failed runs',
    );
  }

  /** Whether a quarter of the outbound frames is free, so that the next shortage counts as another one. */
  private outboundPlenty(): boolean {
    const quarter = this.parts.outboundFrames >> 2;
    return this.parts.outbound.producer.available(quarter) >= quarter;
  }

  private serve(frame: number, functionCode: number, sizeWords: number): void {
    const { parts } = this;
    assert(isLegal(functionCode, parts.iop.state), 'executive: a message is served only where it is legal');
    switch (functionCode) {
      case EXEC_STATUS_GET:
        parts.polled.statusGet(frame);
        break;
      case EXEC_OUTBOUND_INIT:
        parts.polled.outboundInit(frame, sizeWords);
        break;
      case EXEC_IOP_RESET:
        this.limitTold = false;
        parts.polled.reset(frame);
        break;
      case EXEC_IOP_CLEAR:
        this.clear(frame);
        break;
      case EXEC_SYS_TAB_SET:
      case EXEC_SYS_MODIFY:
        parts.system.set(frame, functionCode, sizeWords);
        break;
      case EXEC_SYS_ENABLE:
        this.enter(IOP_STATE_OPERATIONAL, DEVICE_STATE_CHANGE_NORMAL);
        this.done(frame);
        break;
      case EXEC_SYS_QUIESCE:
        this.quiesceDevices();
        this.enter(IOP_STATE_READY, DEVICE_STATE_CHANGE_SUSPENDED);
        this.done(frame);
        break;
      case EXEC_LCT_NOTIFY:
        parts.lctNotify.request(frame, sizeWords);
        break;
      case EXEC_HRT_GET:
        parts.system.hrtGet(frame, sizeWords);
        break;
      case EXEC_CONFIG_VALIDATE:
        parts.configValidate.start(frame);
        parts.iop.busy = true;
        break;
      case EXEC_BIOS_INFO_SET:
      case EXEC_BOOT_DEVICE_SET:
      case EXEC_DDM_SUSPEND:
      case EXEC_DDM_DESTROY:
      case EXEC_DDM_QUIESCE:
      case EXEC_DDM_ENABLE:
      case EXEC_DDM_RESET:
      case EXEC_PATH_QUIESCE:
      case EXEC_PATH_ENABLE:
      case EXEC_PATH_RESET:
        parts.deviceRequests.request(frame, functionCode);
        break;
      case EXEC_STATIC_MF_CREATE:
      case EXEC_STATIC_MF_RELEASE:
        parts.system.staticFrame(frame, functionCode, sizeWords);
        break;
      default:
        this.refuse(frame, DETAILED_STATUS_UNSUPPORTED_FUNCTION);
    }
  }

  /** IopClear: every open request ends; the tables and the outbound queue stay. */
  private clear(frame: number): void {
    const { lctNotify, configValidate } = this.parts;
    this.quiesceDevices();
    lctNotify.clear();
    configValidate.clear();
    assert(!lctNotify.open && !configValidate.open, 'executive: IopClear leaves no request open');
    this.enter(IOP_STATE_HOLD, DEVICE_STATE_CHANGE_SUSPENDED);
    this.done(frame);
  }

  /** The requests of every module end. */
  private quiesceDevices(): void {
    for (const { module, state } of this.parts.devices) if (state.runs) module.quiesce();
    assert(!this.parts.outbound.taken, 'executive: a module that was quiesced leaves no reply half filled');
  }

  /**
   * The devices take turns in going first, so that none always takes the last frames.
   * @returns events sent.
   */
  private sendEvents(): number {
    const { executive, devices } = this.parts;
    this.eventsFirst = (this.eventsFirst + 1) % devices.length;
    let sent = executive.events.send();
    for (let i = 0; i < devices.length; i++) {
      sent += devices[(this.eventsFirst + i) % devices.length].events.send();
    }
    return sent;
  }

  private eventsWait(): boolean {
    const { executive, devices } = this.parts;
    return executive.events.waiting > 0 || devices.some(({ events }) => events.waiting > 0);
  }

  /**
   * Goes to a state, and raises StateChange.
   * @param change data of that event, a DEVICE_STATE_CHANGE_ number.
   */
  private enter(state: number, change: number): void {
    const { iop, executive } = this.parts;
    const changed = iop.state !== state;
    iop.enter(state);
    if (changed) executive.events.raise(GENERIC_EVENT_STATE_CHANGE, change);
  }

  private done(frame: number): void {
    this.parts.outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }

  /** The refusal of a message that is answered in polled memory goes there as well. */
  private illegal(frame: number, functionCode: number): void {
    if (functionCode === EXEC_OUTBOUND_INIT) {
      this.counters[INBOUND_REFUSED] += 1;
      this.parts.polled.refuseOutboundInit(frame, POLLED_STATUS_REJECTED);
    } else {
      this.refuse(frame, DETAILED_STATUS_INAPPROPRIATE_FUNCTION);
    }
  }

  private refuse(frame: number, detailedStatus: number): void {
    assert(detailedStatus !== DETAILED_STATUS_SUCCESS, 'executive: a message is refused for a reason');
    this.counters[INBOUND_REFUSED] += 1;
    this.parts.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }
}
