/**
 * The executive class, TID 0: brings the card up, names its devices, quiesces and resets them (I2O 1.5; reference section 4).
 * From the processor: requests, and a turn when the IOP is `busy`. To the host: replies, tables in the control area, events.
 *
 * States: RESET → OutboundInit → HOLD → SysTabSet → READY → SysEnable → OPERATIONAL; SysQuiesce back to READY, IopClear to
 * HOLD, IopReset to RESET; a module that throws makes it FAILED, one that cannot even be reset then FAULTED. What is legal in
 * which state is a table here; the reference infers it from drivers' order.
 */

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
import {
  DEVICE_STATE_CHANGE_FAILED,
  DEVICE_STATE_CHANGE_NORMAL,
  DEVICE_STATE_CHANGE_SUSPENDED,
  GENERIC_EVENT_STATE_CHANGE,
} from '../../i2o/utility.gen.ts';
import { INBOUND_REFUSED } from '../../ledger/counters.gen.ts';
import { isLegal } from '../check/executive-states.ts';
import type { ExecutiveParts } from './executive-parts.ts';

/** Data of a ResourceLimit event: outbound frames. */
const LIMIT_OUTBOUND = 4;
/** Data of a DdmAvailability event: its code failed. */
const AVAILABILITY_CODE = 4;

export class Executive {
  private readonly parts: ExecutiveParts;
  private readonly words: Int32Array;
  private readonly counters: Float64Array;
  /** The host was told, or is being told, that it leaves the card no outbound frames. */
  private limitTold = false;
  /** The device whose events go first in the next turn. */
  private eventsFirst = 0;

  constructor(parts: ExecutiveParts) {
    this.parts = parts;
    this.words = parts.outbound.words;
    this.counters = parts.ledger.counters;
    parts.executive.aborter = (match) => parts.lctNotify.abort(match) + parts.configValidate.abort(match);
  }

  /** One request to TID 0 that is no utility message; its header has been checked. */
  request(frame: number, functionCode: number, sizeWords: number): void {
    const { outbound, iop } = this.parts;
    const fault = checkExecutiveRequest(this.words, frame, sizeWords);
    if (functionCode === EXEC_OUTBOUND_INIT && fault === DETAILED_STATUS_INVALID_PARAMETER) {
      // Where the status word is, is known: a host that polls it is not left to its timeout.
      this.parts.polled.refuseOutboundInit(frame, POLLED_STATUS_FAILED);
    }
    if (!iop.canReply && (fault !== 0 || !isLegal(functionCode, iop.state))) {
      // There is no outbound queue to answer by.
      this.counters[INBOUND_REFUSED] += 1;
    } else if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) {
      this.refuse(frame, fault);
    } else if (!isLegal(functionCode, iop.state)) {
      // Before its fields: a message that may not be sent now is refused for that, whatever it holds.
      this.illegal(frame, functionCode);
    } else if (fault !== 0) {
      outbound.refused(frame, fault);
    } else {
      this.serve(frame, functionCode, sizeWords);
    }
  }

  /** What waits for a frame or a change. @returns items done. */
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
    if (this.limitTold) return;
    this.limitTold = true;
    this.parts.iop.busy = true;
    this.parts.executive.events.raise(EXECUTIVE_EVENT_RESOURCE_LIMIT, LIMIT_OUTBOUND);
  }

  /** A module or the executive itself threw: nothing is taken but what can bring the card back. */
  fail(): void {
    const { iop, executive } = this.parts;
    if (iop.failed) return;
    this.enter(iop.canReply ? IOP_STATE_FAILED : IOP_STATE_FAULTED, DEVICE_STATE_CHANGE_FAILED);
    executive.events.raise(EXECUTIVE_EVENT_DDM_AVAILABILITY, AVAILABILITY_CODE);
  }

  /** A quarter of the outbound frames is free: the next shortage is another one. */
  private outboundPlenty(): boolean {
    const quarter = this.parts.outboundFrames >> 2;
    return this.parts.outbound.producer.available(quarter) >= quarter;
  }

  private serve(frame: number, functionCode: number, sizeWords: number): void {
    const { parts } = this;
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

  /** IopClear: every open request ends, the tables and the outbound queue stay. */
  private clear(frame: number): void {
    const { lctNotify, configValidate } = this.parts;
    this.quiesceDevices();
    lctNotify.clear();
    configValidate.clear();
    this.enter(IOP_STATE_HOLD, DEVICE_STATE_CHANGE_SUSPENDED);
    this.done(frame);
  }

  private quiesceDevices(): void {
    for (const { module, state } of this.parts.devices) if (state.runs) module.quiesce();
  }

  /** Each device is the first in its turn, so that none takes the frames of all others. @returns events sent. */
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

  /** Goes to a state, and tells who asked for it. @param change data of the event, a DEVICE_STATE_CHANGE_ number. */
  private enter(state: number, change: number): void {
    const { iop, executive } = this.parts;
    const changed = iop.state !== state;
    iop.enter(state);
    if (changed) executive.events.raise(GENERIC_EVENT_STATE_CHANGE, change);
  }

  private done(frame: number): void {
    this.parts.outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }

  /** Of the messages answered in polled memory, the refusal goes there too. */
  private illegal(frame: number, functionCode: number): void {
    if (functionCode === EXEC_OUTBOUND_INIT) {
      this.counters[INBOUND_REFUSED] += 1;
      this.parts.polled.refuseOutboundInit(frame, POLLED_STATUS_REJECTED);
    } else {
      this.refuse(frame, DETAILED_STATUS_INAPPROPRIATE_FUNCTION);
    }
  }

  private refuse(frame: number, detailedStatus: number): void {
    this.counters[INBOUND_REFUSED] += 1;
    this.parts.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }
}
