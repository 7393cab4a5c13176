/**
 * I2O 1.5's utility messages, which every TID takes. They are served here for the IOP and for the devices
 * alike, out of what their `Target` offers. From the processor come requests with functions 0x00 to 0x1F; the
 * host gets replies. Three replies have a field of their own where others have the status. What is wrong with
 * these requests is told by a transport-failure frame, which is ours.
 */
import { assert } from '../../assert/assert.ts';
import {
  DETAILED_STATUS_INVALID_OFFSET,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_INVALID_REQUEST,
  DETAILED_STATUS_MESSAGE_TOO_SMALL,
  DETAILED_STATUS_NO_SUCH_PAGE,
  DETAILED_STATUS_REPLY_BUFFER_FULL,
  DETAILED_STATUS_SUCCESS,
  DETAILED_STATUS_UNKNOWN_FUNCTION,
  DETAILED_STATUS_UNSUPPORTED_FUNCTION,
  EXECUTIVE_EVENT_MODIFIED_LCT,
  FAILURE_CODE_FRAME_TOO_SMALL,
  FAILURE_CODE_INVALID_INITIATOR_ID,
  FAILURE_CODE_INVALID_OFFSET,
  FAILURE_CODE_UNKNOWN_FAILURE,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_ERROR_PARTIAL,
  REQUEST_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import {
  frameInitiator,
  frameInitiatorContext,
  frameTarget,
  frameTransactionContext,
  SEVERITY_FORMAT_ERROR,
} from '../../i2o/frame.ts';
import { HOST_TID, NO_TID } from '../../i2o/tids.ts';
import {
  checkUtilityRequest,
  GENERIC_EVENT_LOCK_RELEASE,
  getUtilAbortAbortType,
  getUtilAbortContextToAbort,
  getUtilAbortFunctionToAbort,
  getUtilClaimClaimFlags,
  getUtilClaimClaimType,
  getUtilConfigDialogPage,
  getUtilEventAckEventData,
  getUtilEventAckEventIndicator,
  getUtilEventRegisterEventMask,
  UTIL_ABORT,
  UTIL_CLAIM,
  UTIL_CLAIM_RELEASE,
  UTIL_CONFIG_DIALOG,
  UTIL_CONFIG_DIALOG_SGL_WORD,
  UTIL_DEVICE_RELEASE,
  UTIL_DEVICE_RESERVE,
  UTIL_EVENT_ACK,
  UTIL_EVENT_REGISTER,
  UTIL_LOCK,
  UTIL_LOCK_RELEASE,
  UTIL_NOP,
  UTIL_PARAMS_GET,
  UTIL_PARAMS_GET_SGL_WORD,
  UTIL_PARAMS_SET,
  UTIL_REPLY_FAULT_NOTIFY,
  writeUtilAbortReply,
  writeUtilEventAckReply,
} from '../../i2o/utility.gen.ts';
import { INBOUND_REFUSED, REPLY_FAULTS } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { FIRST_CLASS_FUNCTION } from '../check/header-check.ts';
import { type ControlLists, RESULT_BYTES_MAX } from '../lists/control-lists.ts';
import { AbortMatch } from '../module/abort-match.ts';
import { Parameters, RESULT_BYTES_MIN } from '../parameters/parameters.ts';
import type { Outbound } from '../reply/outbound.ts';
import { PendingRequest } from '../reply/pending-request.ts';
import type { IopState } from '../state/iop-state.ts';
import { DeviceTarget, type ExecutiveTarget, type Target } from '../target/target.ts';
import { configPage } from './config-page.ts';

export interface UtilityParts {
  readonly ledger: Ledger;
  readonly outbound: Outbound;
  readonly iop: IopState;
  readonly executive: ExecutiveTarget;
  readonly lists: ControlLists;
}

export class UtilityRequests {
  private readonly parts: UtilityParts;
  private readonly words: Int32Array;
  private readonly outbound: Outbound;
  private readonly lists: ControlLists;
  private readonly counters: Float64Array;
  private readonly parameters: Parameters;
  private readonly match = new AbortMatch();
  /** An abort whose own answer waits, because the requests it ended took all frames. */
  private readonly aborting = new PendingRequest();
  private aborted = 0;

  constructor(parts: UtilityParts) {
    this.parts = parts;
    this.words = parts.outbound.words;
    this.outbound = parts.outbound;
    this.lists = parts.lists;
    this.counters = parts.ledger.counters;
    this.parameters = new Parameters(parts.lists);
  }

  /** One utility message. Its header has been checked. Four outbound frames (REPLY_RESERVE) are free. */
  request(frame: number, functionCode: number, sizeWords: number, target: Target): void {
    assert(functionCode < FIRST_CLASS_FUNCTION, "utility: a message of a class is its module's");
    if (functionCode === UTIL_NOP) return;
    const fault = checkUtilityRequest(this.words, frame, sizeWords);
    if (fault !== 0) this.refuseFault(frame, functionCode, fault);
    else this.serve(frame, functionCode, sizeWords, target);
  }

  /** Sends the answer of an abort that found no frame before. @returns 1 if it could be sent. */
  poll(): number {
    if (!this.aborting.open || !this.outbound.hasFrame()) return 0;
    this.answerAbort();
    return 1;
  }

  /** Whether `poll` has something to do. */
  get waiting(): boolean {
    return this.aborting.open;
  }

  /** IopReset: an abort that waits is forgotten, and not answered. */
  reset(): void {
    this.aborting.open = false;
  }

  private serve(frame: number, functionCode: number, sizeWords: number, target: Target): void {
    switch (functionCode) {
      case UTIL_ABORT:
        this.abort(frame, target);
        break;
      case UTIL_PARAMS_GET:
      case UTIL_PARAMS_SET:
        this.params(frame, functionCode === UTIL_PARAMS_SET, sizeWords, target);
        break;
      case UTIL_CONFIG_DIALOG:
        this.configDialog(frame, sizeWords, target);
        break;
      case UTIL_EVENT_REGISTER:
        this.eventRegister(frame, target);
        break;
      case UTIL_EVENT_ACK:
        this.eventAck(frame, target);
        break;
      case UTIL_REPLY_FAULT_NOTIFY:
        this.counters[REPLY_FAULTS] += 1;
        break;
      default:
        if (target instanceof DeviceTarget) this.use(frame, functionCode, target);
        else this.refuse(frame, DETAILED_STATUS_UNSUPPORTED_FUNCTION);
    }
  }

  /** The messages about the users of a device. */
  private use(frame: number, functionCode: number, device: DeviceTarget): void {
    const { words } = this;
    const { claims } = device;
    // The words of UtilClaim and UtilClaimRelease are alike.
    const flags = getUtilClaimClaimFlags(words, frame);
    const type = getUtilClaimClaimType(words, frame);
    const initiator = frameInitiator(words, frame);
    const userBefore = claims.userTid;
    const flagsBefore = claims.deviceFlags;
    const wasLocked = claims.lockedBy !== NO_TID;
    let status: number = DETAILED_STATUS_UNSUPPORTED_FUNCTION;
    switch (functionCode) {
      case UTIL_CLAIM:
        status = claims.claim(initiator, type, flags);
        break;
      case UTIL_CLAIM_RELEASE:
        status = claims.release(initiator, type, flags);
        break;
      case UTIL_DEVICE_RESERVE:
        status = claims.reserve(initiator);
        break;
      case UTIL_DEVICE_RELEASE:
        status = claims.unreserve(initiator);
        break;
      case UTIL_LOCK:
        status = claims.lock(initiator);
        break;
      case UTIL_LOCK_RELEASE:
        status = claims.unlock(initiator);
        break;
    }
    if (status !== DETAILED_STATUS_SUCCESS) {
      this.refuse(frame, status);
      return;
    }
    this.outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
    device.usersChanged();
    assert(
      !device.state.ready || claims.keepsOut(HOST_TID) === 0,
      'utility: a device takes no message of a host that is kept out',
    );
    if (wasLocked && claims.lockedBy === NO_TID) device.events.raise(GENERIC_EVENT_LOCK_RELEASE, 0);
    if (claims.userTid !== userBefore || claims.deviceFlags !== flagsBefore) {
      device.entryChanged();
      this.parts.executive.events.raise(EXECUTIVE_EVENT_MODIFIED_LCT, device.tid);
    }
  }

  private abort(frame: number, target: Target): void {
    const { words, match, aborting, outbound } = this;
    if (aborting.open) this.answerAbort();
    match.set(
      getUtilAbortAbortType(words, frame),
      getUtilAbortFunctionToAbort(words, frame),
      getUtilAbortContextToAbort(words, frame),
      frameInitiator(words, frame),
    );
    aborting.hold(words, frame);
    this.aborted = target.abort(match);
    assert(!outbound.taken, 'utility: an abort leaves no reply half filled');
    if (outbound.hasFrame()) this.answerAbort();
    else this.parts.iop.busy = true;
  }

  private answerAbort(): void {
    const { aborting, outbound } = this;
    assert(aborting.open, 'utility: an abort is answered once');
    aborting.open = false;
    writeUtilAbortReply(
      this.words,
      outbound.acquire(),
      aborting.target,
      aborting.initiator,
      aborting.initiatorContext,
      aborting.transactionContext,
      this.aborted,
    );
    outbound.post();
  }

  private params(frame: number, set: boolean, sizeWords: number, target: Target): void {
    const { lists, outbound } = this;
    const keptOut = set ? (target.claims?.keepsOut(frameInitiator(this.words, frame)) ?? 0) : 0;
    if (keptOut !== 0) {
      this.refuse(frame, keptOut);
      return;
    }
    const fault = lists.open(frame, UTIL_PARAMS_GET_SGL_WORD, sizeWords);
    const room = Math.min(lists.place.byteLength, RESULT_BYTES_MAX);
    if (fault !== 0) {
      outbound.transactionError(frame, fault, lists.errorOffset, 0);
    } else if (lists.requestBytes < 4) {
      outbound.transactionError(frame, DETAILED_STATUS_INVALID_PARAMETER, UTIL_PARAMS_GET_SGL_WORD * 4, 0);
    } else if (room < RESULT_BYTES_MIN) {
      this.refuse(frame, DETAILED_STATUS_REPLY_BUFFER_FULL);
    } else {
      const whole = this.parameters.run(set, target, room & ~3);
      const written = lists.answer(lists.place, this.parameters.resultBytes);
      assert(
        written === this.parameters.resultBytes,
        'utility: the results have the room that the host gave',
      );
      const status = whole ? REQUEST_STATUS_SUCCESS : REQUEST_STATUS_ERROR_PARTIAL;
      outbound.status(frame, status, whole ? DETAILED_STATUS_SUCCESS : DETAILED_STATUS_REPLY_BUFFER_FULL);
    }
  }

  /** One page of HTML, ended by a zero byte. It takes no answers: what can be set is set by UtilParamsSet. */
  private configDialog(frame: number, sizeWords: number, target: Target): void {
    const { lists, outbound } = this;
    const fault = lists.open(frame, UTIL_CONFIG_DIALOG_SGL_WORD, sizeWords);
    if (fault !== 0) {
      outbound.transactionError(frame, fault, lists.errorOffset, 0);
    } else if (getUtilConfigDialogPage(this.words, frame) !== 0) {
      this.refuse(frame, DETAILED_STATUS_NO_SUCH_PAGE);
    } else if (lists.requestBytes > 0) {
      this.refuse(frame, DETAILED_STATUS_INVALID_REQUEST);
    } else {
      const byteLength = configPage(lists.result, target);
      const written = lists.answer(lists.place, byteLength);
      if (written === byteLength) outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
      else outbound.status(frame, REQUEST_STATUS_ERROR_PARTIAL, DETAILED_STATUS_REPLY_BUFFER_FULL);
    }
  }

  /** A target has one registration, the host's: a second initiator cannot register. */
  private eventRegister(frame: number, target: Target): void {
    if (frameInitiator(this.words, frame) === HOST_TID) {
      target.events.register(frame, getUtilEventRegisterEventMask(this.words, frame));
    } else {
      this.outbound.failure(frame, FAILURE_CODE_INVALID_INITIATOR_ID, SEVERITY_FORMAT_ERROR);
    }
  }

  private eventAck(frame: number, target: Target): void {
    const { words, outbound } = this;
    const indicator = getUtilEventAckEventIndicator(words, frame);
    target.events.acknowledge(indicator);
    writeUtilEventAckReply(
      words,
      outbound.acquire(),
      frameTarget(words, frame),
      frameInitiator(words, frame),
      frameInitiatorContext(words, frame),
      frameTransactionContext(words, frame),
      indicator,
      getUtilEventAckEventData(words, frame),
    );
    outbound.post();
  }

  private refuse(frame: number, detailedStatus: number): void {
    assert(detailedStatus !== DETAILED_STATUS_SUCCESS, 'utility: a message is refused for a reason');
    this.counters[INBOUND_REFUSED] += 1;
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, detailedStatus);
  }

  /** The generated check found a fault. */
  private refuseFault(frame: number, functionCode: number, fault: number): void {
    if (fault === DETAILED_STATUS_UNKNOWN_FUNCTION) this.refuse(frame, fault);
    else if (functionCode === UTIL_REPLY_FAULT_NOTIFY) this.counters[INBOUND_REFUSED] += 1;
    else if (isOverlaid(functionCode)) this.outbound.failure(frame, failureOf(fault), SEVERITY_FORMAT_ERROR);
    else this.outbound.refused(frame, fault);
  }
}

/** Whether the reply's word 4 is something else than a status. */
function isOverlaid(functionCode: number): boolean {
  return (
    functionCode === UTIL_ABORT || functionCode === UTIL_EVENT_REGISTER || functionCode === UTIL_EVENT_ACK
  );
}

/** The FAILURE_CODE_ number that says what a DETAILED_STATUS_ number would. */
function failureOf(fault: number): number {
  if (fault === DETAILED_STATUS_MESSAGE_TOO_SMALL) return FAILURE_CODE_FRAME_TOO_SMALL;
  return fault === DETAILED_STATUS_INVALID_OFFSET
    ? FAILURE_CODE_INVALID_OFFSET
    : FAILURE_CODE_UNKNOWN_FAILURE;
}
