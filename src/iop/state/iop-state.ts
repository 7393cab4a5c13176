/**
 * What the IOP is: its state (reference section 4.2), its numbers, its tables' change indicator. Shared by everything that
 * serves executive and utility messages; the processor reads the booleans every turn.
 */
import {
  INIT_CODE_NONE,
  IOP_STATE_FAILED,
  IOP_STATE_FAULTED,
  IOP_STATE_INITIALIZING,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_RESET,
} from '../../i2o/executive.gen.ts';
import { DeviceState } from './device-state.ts';

/** Words of the system table kept on the card: head and two entries. */
export const SYSTEM_TABLE_WORDS = 4 + 2 * 8;

export class IopState {
  /** The outbound queue is initialised: replies can be sent. */
  canReply = false;
  /** INITIALIZING: nothing is taken, and no inbound frame is free until the next turn. */
  starting = false;
  /** The executive has something to do by itself: events, tables wanted, a request in progress. */
  busy = false;
  iopId = 0;
  hostUnitId = 0;
  segmentNumber = 0;
  initCode: number = INIT_CODE_NONE;
  /** Counts changes of the logical configuration table; never 0, which asks for an answer at once. */
  changeIndicator = 1;
  bootTid = 0;
  privateMemoryBytes = 0;
  privateMemoryBase = 0;
  privateIoBytes = 0;
  privateIoBase = 0;
  /** The system table as last set, entries that do not fit left out. */
  readonly systemTable = new Int32Array(SYSTEM_TABLE_WORDS);
  /** What each device may do in this state, by device number: device i has the TID FIRST_DEVICE_TID + i. */
  readonly devices: readonly DeviceState[];
  private current: number = IOP_STATE_RESET;

  constructor(deviceCount: number) {
    this.devices = Array.from({ length: deviceCount }, () => new DeviceState());
  }

  /** An IOP_STATE_ number. */
  get state(): number {
    return this.current;
  }

  enter(state: number): void {
    this.current = state;
    this.starting = state === IOP_STATE_INITIALIZING;
    this.canReply = !this.starting && state !== IOP_STATE_RESET && state !== IOP_STATE_FAULTED;
    for (const device of this.devices) device.setOperational(state === IOP_STATE_OPERATIONAL);
  }

  /** Something in the logical configuration table has changed. @returns the indicator from now on. */
  tableChanged(): number {
    this.changeIndicator = (this.changeIndicator + 1) | 0 || 1;
    this.busy = true;
    return this.changeIndicator;
  }

  get failed(): boolean {
    return this.current === IOP_STATE_FAILED || this.current === IOP_STATE_FAULTED;
  }
}
