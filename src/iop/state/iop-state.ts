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

/** Words of the system table kept on the card: head and two entries. */
export const SYSTEM_TABLE_WORDS = 4 + 2 * 8;

export class IopState {
  /** The device takes its class's messages: OPERATIONAL, nobody has suspended it, and nobody keeps the host out. */
  deviceReady = false;
  /** The device's module gets its turns. */
  deviceRuns = false;
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
  private current: number = IOP_STATE_RESET;
  private deviceEnabled = true;
  private hostKeptOut = 0;
  private devicePresent = true;

  /** An IOP_STATE_ number. */
  get state(): number {
    return this.current;
  }

  enter(state: number): void {
    this.current = state;
    this.starting = state === IOP_STATE_INITIALIZING;
    this.canReply = !this.starting && state !== IOP_STATE_RESET && state !== IOP_STATE_FAULTED;
    this.settle();
  }

  /** Whether the device may run at all, and whether it takes messages, as far as the device itself is concerned. */
  setDevice(present: boolean, enabled: boolean): void {
    this.devicePresent = present;
    this.deviceEnabled = enabled;
    this.settle();
  }

  /** Another initiator keeps the host out of the device. @param status why, a DETAILED_STATUS_ number; 0: nobody does. */
  setHostKeptOut(status: number): void {
    this.hostKeptOut = status;
    this.settle();
  }

  /** Why the device takes no message of the host although it works; 0: it does not work, or takes them. */
  get keptOut(): number {
    return this.deviceRuns && this.deviceEnabled ? this.hostKeptOut : 0;
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

  private settle(): void {
    this.deviceRuns = this.current === IOP_STATE_OPERATIONAL && this.devicePresent;
    this.deviceReady = this.deviceRuns && this.deviceEnabled && this.hostKeptOut === 0;
  }
}
