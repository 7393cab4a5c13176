/**
 * What a TID is to the utility layer: the IOP itself, or a device. Events, parameter groups, users, what can be aborted.
 */
import {
  EXECUTIVE_CLASS_ID,
  EXECUTIVE_CLASS_VERSION,
  EXECUTIVE_EVENT_DDM_AVAILABILITY,
  EXECUTIVE_EVENT_MODIFIED_LCT,
  EXECUTIVE_EVENT_RESOURCE_LIMIT,
  EXECUTIVE_EVENT_XCT_CHANGE,
} from '../../i2o/executive.gen.ts';
import { FIRST_DEVICE_TID, HOST_TID, IOP_TID } from '../../i2o/tids.ts';
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

/** Generic events the IOP raises for every device. */
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

export interface Target {
  readonly tid: number;
  readonly classId: number;
  readonly classVersion: number;
  /** Everything it may raise. */
  readonly eventCapabilities: number;
  readonly events: TargetEvents;
  /** Groups of its own and the generic ones. */
  groups: readonly ParameterGroup[];
  /** Users, lock and reservation; the IOP itself has none. */
  readonly claims: Claims | undefined;
  /** UtilAbort. @returns requests ended. */
  abort(match: AbortMatch): number;
}

/** TID 0. */
export class ExecutiveTarget implements Target {
  readonly tid = IOP_TID;
  readonly classId = EXECUTIVE_CLASS_ID;
  readonly classVersion = EXECUTIVE_CLASS_VERSION;
  readonly eventCapabilities = EXECUTIVE_EVENTS;
  readonly events: TargetEvents;
  readonly claims = undefined;
  groups: readonly ParameterGroup[] = [];
  /** Ends what the executive has open. */
  aborter: ((match: AbortMatch) => number) | undefined;

  constructor(events: TargetEvents) {
    this.events = events;
  }

  abort(match: AbortMatch): number {
    return this.aborter === undefined ? 0 : this.aborter(match);
  }
}

const ENABLED = 0;
const SUSPENDED = 1;
const DESTROYED = 2;

/** One device, with the module behind it. Its state, and its path's, outlive SysQuiesce and IopClear, not IopReset. */
export class DeviceTarget implements Target {
  readonly tid: number;
  readonly module: Module;
  /** Whether it runs and takes messages, as the processor reads it. */
  readonly state: DeviceState;
  readonly events: TargetEvents;
  readonly claims: Claims = new Claims();
  groups: readonly ParameterGroup[] = [];
  /** Change indicator of the table when its entry last changed. */
  changedAt = 1;
  biosInfo = 0;
  private readonly iop: IopState;
  private condition = ENABLED;
  private pathOpen = true;

  /** @param device number of the device, from 0. */
  constructor(device: number, module: Module, events: TargetEvents, iop: IopState) {
    this.tid = FIRST_DEVICE_TID + device;
    this.module = module;
    this.state = iop.devices[device];
    this.events = events;
    this.iop = iop;
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

  get present(): boolean {
    return this.condition !== DESTROYED;
  }

  abort(match: AbortMatch): number {
    // Only the host can have asked the module for anything.
    return match.initiatorTid === HOST_TID ? this.module.abort(match) : 0;
  }

  /** Takes no more requests. @param end also end those it has. */
  suspend(end: boolean): void {
    if (end) this.module.quiesce();
    this.turn(SUSPENDED, DEVICE_STATE_CHANGE_SUSPENDED);
  }

  enable(): void {
    this.turn(ENABLED, DEVICE_STATE_CHANGE_NORMAL);
  }

  /** Ends every request and starts again. */
  restart(): void {
    this.module.quiesce();
    this.enable();
    this.events.raise(GENERIC_EVENT_DEVICE_RESET, 0);
  }

  /** The path from the host to the device is closed or opened; the device itself stays as it is. @param end its requests. */
  setPath(open: boolean, end: boolean): void {
    if (end) this.module.quiesce();
    this.pathOpen = open;
    this.settle();
  }

  /** A claim, a lock or a reservation came or went: the host may be kept out, or in again. */
  usersChanged(): void {
    this.state.setHostKeptOut(this.claims.keepsOut(HOST_TID));
  }

  /** Takes the device out of the table, for good until the IOP is reset. */
  destroy(): void {
    this.module.quiesce();
    this.claims.reset();
    this.usersChanged();
    this.turn(DESTROYED, DEVICE_STATE_CHANGE_NOT_AVAILABLE);
  }

  /** Its entry of the table has changed. */
  entryChanged(): void {
    this.changedAt = this.iop.tableChanged();
  }

  /** As built: the IOP was reset. */
  rebuild(): void {
    this.claims.reset();
    this.usersChanged();
    this.events.reset();
    this.biosInfo = 0;
    this.condition = ENABLED;
    this.pathOpen = true;
    this.settle();
  }

  private turn(condition: number, change: number): void {
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
