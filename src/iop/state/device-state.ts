/**
 * Whether one device runs, and whether it takes its class's messages. Two things decide that: the IOP's
 * state, which `IopState` sets here, and the device's own condition, which its `DeviceTarget` sets. The
 * processor reads the booleans for every frame.
 */
import { assert } from '../../assert/assert.ts';

export class DeviceState {
  /** The IOP is OPERATIONAL and the device is in the table: its module gets its turns. */
  runs = false;
  /**
   * The device runs, nobody has suspended it or closed its path, and no other initiator keeps the host out of
   * it.
   */
  ready = false;
  private operational = false;
  private present = true;
  private enabled = true;
  private hostKeptOut = 0;

  /** The IOP has become OPERATIONAL, or has left that state. */
  setOperational(operational: boolean): void {
    this.operational = operational;
    this.settle();
  }

  /**
   * What the device itself says of its condition.
   * @param present it has not been destroyed. @param enabled it is not suspended, and the path to it is open.
   */
  setCondition(present: boolean, enabled: boolean): void {
    assert(present || !enabled, 'device state: a device that is not in the table is not enabled');
    this.present = present;
    this.enabled = enabled;
    this.settle();
  }

  /** Another initiator keeps the host out. @param status why, a DETAILED_STATUS_ number; 0: nobody does. */
  setHostKeptOut(status: number): void {
    assert((status & ~0xffff) === 0, 'device state: the host is kept out by a detailed status');
    this.hostKeptOut = status;
    this.settle();
  }

  /**
   * Why the device takes no message of the host although it works; 0 when it takes them, or does not work.
   */
  get keptOut(): number {
    return this.runs && this.enabled ? this.hostKeptOut : 0;
  }

  private settle(): void {
    this.runs = this.operational && this.present;
    this.ready = this.runs && this.enabled && this.hostKeptOut === 0;
  }
}
