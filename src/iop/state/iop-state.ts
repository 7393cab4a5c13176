/**
 * What the IOP is: its state (I2O 1.5's IOP states), the numbers the host gave it, its tables' change
 * indicator. Shared by all that serves executive and utility messages. The processor reads the booleans in
 * every turn.
 */
import { assert } from '../../assert/assert.ts';
import {
  INIT_CODE_NONE,
  IOP_STATE_FAILED,
  IOP_STATE_FAULTED,
  IOP_STATE_HOLD,
  IOP_STATE_INITIALIZING,
  IOP_STATE_OPERATIONAL,
  IOP_STATE_READY,
  IOP_STATE_RESET,
  SYS_TAB_ENTRY_WORDS,
  SYS_TAB_HEADER_WORDS,
} from '../../i2o/executive.gen.ts';
import { DeviceState } from './device-state.ts';

/** Words of the system table that are kept on the card: its head and two entries. */
export const SYSTEM_TABLE_WORDS: number = SYS_TAB_HEADER_WORDS + 2 * SYS_TAB_ENTRY_WORDS;

/** The states in which replies can be sent and the IOP has not failed. */
const UP: readonly number[] = [IOP_STATE_HOLD, IOP_STATE_READY, IOP_STATE_OPERATIONAL];

/**
 * The states that may come before each. From FAULTED there is no way out; IopReset leads from any other to
 * INITIALIZING.
 */
const BEFORE: ReadonlyMap<number, readonly number[]> = new Map([
  [IOP_STATE_INITIALIZING, [IOP_STATE_RESET, ...UP, IOP_STATE_FAILED]],
  [IOP_STATE_RESET, [IOP_STATE_INITIALIZING]],
  [IOP_STATE_HOLD, [IOP_STATE_RESET, ...UP]],
  [IOP_STATE_READY, UP],
  [IOP_STATE_OPERATIONAL, [IOP_STATE_READY, IOP_STATE_OPERATIONAL]],
  [IOP_STATE_FAILED, UP],
  [IOP_STATE_FAULTED, [IOP_STATE_INITIALIZING, IOP_STATE_RESET, ...UP, IOP_STATE_FAILED]],
]);

export class IopState {
  /** The outbound queue has been initialised: replies can be sent. */
  canReply = false;
  /** INITIALIZING: no message is taken, and no inbound frame is free, until the next turn. */
  starting = false;
  /**
   * The executive has something to do by itself: an event or a table waits to be sent, or a request is in
   * progress.
   */
  busy = false;
  iopId = 0;
  hostUnitId = 0;
  segmentNumber = 0;
  initCode: number = INIT_CODE_NONE;
  /**
   * Counts the changes of the logical configuration table. It is never 0, by which a host asks for an answer
   * at once.
   */
  changeIndicator = 1;
  bootTid = 0;
  privateMemoryBytes = 0;
  privateMemoryBase = 0;
  privateIoBytes = 0;
  privateIoBase = 0;
  /** The system table as it was last set. Entries that do not fit are left out. */
  readonly systemTable = new Int32Array(SYSTEM_TABLE_WORDS);
  /** What each device may do in this state, by device number: device i has the TID FIRST_DEVICE_TID + i. */
  readonly devices: readonly DeviceState[];
  private current: number = IOP_STATE_RESET;

  constructor(deviceCount: number) {
    assert(deviceCount > 0, 'iop state: an IOP has a device');
    this.devices = Array.from({ length: deviceCount }, () => new DeviceState());
  }

  /** An IOP_STATE_ number. */
  get state(): number {
    return this.current;
  }

  /** Goes to another state, or stays in the same. @param state an IOP_STATE_ number. */
  enter(state: number): void {
    assert(
      BEFORE.get(state)?.includes(this.current) === true,
      'iop state: it enters only a state that may follow',
    );
    this.current = state;
    this.starting = state === IOP_STATE_INITIALIZING;
    this.canReply = !this.starting && state !== IOP_STATE_RESET && state !== IOP_STATE_FAULTED;
    for (const device of this.devices) device.setOperational(state === IOP_STATE_OPERATIONAL);
  }

  /** Something in the logical configuration table has changed. @returns the change indicator from now on. */
  tableChanged(): number {
    this.changeIndicator = (this.changeIndicator + 1) | 0 || 1;
    this.busy = true;
    return this.changeIndicator;
  }

  /** A module or the executive threw: nothing runs but what can bring the card back, or nothing at all. */
  get failed(): boolean {
    return this.current === IOP_STATE_FAILED || this.current === IOP_STATE_FAULTED;
  }
}
