/**
 * What a TID is to the utility layer: the IOP itself, or a device. A target has events, parameter groups,
 * users, and requests that can be aborted.
 */
import { assert } from '../../assert/assert.ts';
import {
  EXECUTIVE_CLASS_ID,
  EXECUTIVE_CLASS_VERSION,
  EXECUTIVE_EVENT_DDM_AVAILABILITY,
  EXECUTIVE_EVENT_MODIFIED_LCT,
  EXECUTIVE_EVENT_RESOURCE_LIMIT,
  EXECUTIVE_EVENT_XCT_CHANGE,
} from '../../i2o/executive.gen.ts';
import { FIRST_DEVICE_TID, HOST_TID, IOP_TID, NO_TID } from '../../i2o/tids.ts';
import {
  DEVICE_STATE_CHANGE_NORMAL,
  DEVICE_STATE_CHANGE_NOT_AVAILABLE,
  DEVICE_STATE_CHANGE_SUSPENDED,
  GENERIC_EVENT_DEVICE_RESET,
  GENERIC_EVENT_EVENT_MASK_MODIFIED,
  GENERIC_EVENT_FIELD_MODIFIED,
  GENERIC_EVENT_LOCK_RELEASE,
  GENERIC_EVENT_STATE_CHANGE,
} from '../../i2o/utility.gen.ts';
import type { AbortMatch } from '../module/abort-match.ts';
import type { Module } from '../module/module.ts';
import type { ParameterGroup } from '../module/parameter-group.ts';
import type { DeviceState } from '../state/device-state.ts';
import type { IopState } from '../state/iop-state.ts';
import { Claims } from './claims.ts';
import type { TargetEvents } from './events.ts';

/** Generic events that the IOP raises for every device. */
const DEVICE_EVENTS =
  GENERIC_EVENT_STATE_CHANGE |
  GENERIC_EVENT_DEVICE_RESET |
  GENERIC_EVENT_EVENT_MASK_MODIFIED |
  GENERIC_EVENT_FIELD_MODIFIED |
  GENERIC_EVENT_LOCK_RELEASE;
const EXECUTIVE_EVENTS =
  EXECUTIVE_EVENT_RESOURCE_LIMIT |
  EXECUTIVE_EVENT_XCT_CHANGE |
  EXECUTIVE_EVENT_MODIFIED_LCT |
  EXECUTIVE_EVENT_DDM_AVAILABILITY |
  GENERIC_EVENT_STATE_CHANGE |
  GENERIC_EVENT_EVENT_MASK_MODIFIED |
  GENERIC_EVENT_FIELD_MODIFIED;

/** What the utility messages need of a TID. */
export interface Target {
  readonly tid: number;
  readonly classId: number;
  readonly classVersion: number;
  /** All events that it may raise. */
  readonly eventCapabilities: number;
  readonly events: TargetEvents;
  /** Its own parameter groups, and the generic ones. */
  groups: readonly ParameterGroup[];
  /** Users, lock and reservation; undefined for the IOP itself, which cannot be claimed. */
  readonly claims: Claims | undefined;
  /** UtilAbort. @returns requests ended. */
  abort(match: AbortMatch): number;
}

/** TID 0: the IOP itself. */
export class ExecutiveTarget implements Target {
  readonly tid = IOP_TID;
  readonly classId = EXECUTIVE_CLASS_ID;
  readonly classVersion = EXECUTIVE_CLASS_VERSION;
  readonly eventCapabilities = EXECUTIVE_EVENTS;
  readonly events: TargetEvents;
  readonly claims = undefined;
  groups: readonly ParameterGroup[] = [];
  /** Ends what the executive has open; the executive says how. @returns requests ended. */
  aborter: ((match: AbortMatch) => number) | undefined;

  constructor(events: TargetEvents) {
    this.events = events;
    events.limitTo(this.eventCapabilities);
  }

  abort(match: AbortMatch): number {
    assert(this.aborter !== undefined, 'executive target: the executive can end what it has open');
    return this.aborter(match);
  }
}

const ENABLED = 0;
const SUSPENDED = 1;
const DESTROYED = 2;

/**
 * One device, with the module behind it. Whether it, or the path to it, is suspended outlives SysQuiesce and
 * IopClear; an IopReset makes it as it was built.
 */
export class DeviceTarget implements Target {
  readonly tid: number;
  readonly module: Module;
  /** Whether it runs and takes messages, as the processor reads it. */
  readonly state: DeviceState;
  readonly events: TargetEvents;
  readonly claims: Claims = new Claims();
  groups: readonly ParameterGroup[] = [];
  /** The table's change indicator when this device's entry last changed. */
  changedAt = 1;
  biosInfo = 0;
  private readonly iop: IopState;
  private condition = ENABLED;
  private pathOpen = true;

  /** @param device number of the device, from 0. */
  constructor(device: number, module: Module, events: TargetEvents, iop: IopState) {
    this.tid = FIRST_DEVICE_TID + device;
    const { classId, classVersion } = module;
    assert(this.tid < NO_TID, 'device target: a TID that names a device is not the one for nobody');
    assert(
      classId >>> 12 === 0 && classVersion >>> 4 === 0,
      'device target: a class has 12 bits, its version 4',
    );
    assert(iop.devices[device] !== undefined, 'device target: a device has a state of its own');
    this.module = module;
    this.state = iop.devices[device];
    this.events = events;
    this.iop = iop;
    events.limitTo(this.eventCapabilities);
    module.attachEvents(events, this.tid);
  }

  get classId(): number {
    return this.module.classId;
  }

  get classVersion(): number {
    return this.module.classVersion;
  }

  get eventCapabilities(): number {
    return this.module.eventCapabilities | DEVICE_EVENTS;
  }

  /** It is in the logical configuration table. */
  get present(): boolean {
    return this.condition !== DESTROYED;
  }

  abort(match: AbortMatch): number {
    // Only the host can have asked the module for anything.
    if (match.initiatorTid !== HOST_TID) return 0;
    const ended = this.module.abort(match);
    assert(ended >= 0, 'device target: a module says how many requests it ended');
    return ended;
  }

  /** Takes no more requests. @param end whether those it has end as well. */
  suspend(end: boolean): void {
    if (end) this.module.quiesce();
    this.turn(SUSPENDED, DEVICE_STATE_CHANGE_SUSPENDED);
  }

  enable(): void {
    this.turn(ENABLED, DEVICE_STATE_CHANGE_NORMAL);
  }

  /** Ends every request it has, takes new ones, and raises DeviceReset. */
  restart(): void {
    this.module.quiesce();
    this.enable();
    this.events.raise(GENERIC_EVENT_DEVICE_RESET, 0);
  }

  /**
   * The path from the host to the device is closed or opened; the device itself stays as it is.
   * @param end whether the requests it has end.
   */
  setPath(open: boolean, end: boolean): void {
    assert(this.present, 'device target: only of a device in the table is the path closed or opened');
    if (end) this.module.quiesce();
    this.pathOpen = open;
    this.settle();
  }

  /** A claim, a lock or a reservation came or went: the host may be kept out now, or no longer. */
  usersChanged(): void {
    this.state.setHostKeptOut(this.claims.keepsOut(HOST_TID));
  }

  /** Takes the device out of the table, for good until the IOP is reset. */
  destroy(): void {
    this.module.quiesce();
    this.claims.reset();
    assert(this.claims.users === 0, 'device target: a device that is destroyed has no users');
    this.usersChanged();
    this.turn(DESTROYED, DEVICE_STATE_CHANGE_NOT_AVAILABLE);
  }

  /** Its entry of the logical configuration table has changed. */
  entryChanged(): void {
    const before = this.changedAt;
    this.changedAt = this.iop.tableChanged();
    assert(this.changedAt !== before, 'device target: an entry that changes has a new indicator');
  }

  /** The IOP was reset: the device is as it was built. */
  rebuild(): void {
    this.claims.reset();
    this.usersChanged();
    this.events.reset();
    this.biosInfo = 0;
    this.condition = ENABLED;
    this.pathOpen = true;
    this.settle();
  }

  /** @param change data of the StateChange event, a DEVICE_STATE_CHANGE_ number. */
  private turn(condition: number, change: number): void {
    assert(
      this.present,
      'device target: nothing but a reset of the IOP brings a device back that was destroyed',
    );
    const changed = condition !== this.condition;
    this.condition = condition;
    this.settle();
    if (changed) this.events.raise(GENERIC_EVENT_STATE_CHANGE, change);
  }

  private settle(): void {
    const { condition } = this;
    this.state.setCondition(condition !== DESTROYED, condition === ENABLED && this.pathOpen);
  }
}
