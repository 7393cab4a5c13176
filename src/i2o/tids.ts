/**
 * Target identifiers (TIDs): 12-bit addresses of what a frame comes from or goes to. I2O 1.5 fixes 0 for the
 * IOP and 1 for the host (ADAPTER_TID and HOST_TID in Linux include/linux/i2o.h); the card's executive hands
 * out the others.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import { TID_FIRST_DEVICE, TID_HOST, TID_IOP, TID_MANAGER, TID_NONE } from './frame.gen.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** The IOP's executive. */
export const IOP_TID: number = TID_IOP;
export const HOST_TID: number = TID_HOST;
/**
 * A second driver or a manager on the same host. It may send utility messages and no others: it can claim,
 * lock, reserve, read and write parameters. The number, and how little it may do, are ours; our driver never
 * uses it.
 */
export const MANAGER_TID: number = TID_MANAGER;
/**
 * TID of a card's first device. Device i of a card has this TID plus i: that devices are numbered so is ours.
 */
export const FIRST_DEVICE_TID: number = TID_FIRST_DEVICE;
/** The device of a card that has one alone; a trace that lists no devices is of such a card. */
export const DEVICE_TID: number = FIRST_DEVICE_TID;
/** Class of our socket device. No socket class was published; 0x0A0 is unassigned in every header seen. */
export const SOCKET_CLASS_ID = 0x0a0;
/** Class of the echo device: ours too. */
export const ECHO_CLASS_ID = 0x0a2;
/** OrganizationID in private messages and tables: ours. */
export const ORGANIZATION_ID = 0x1d1c;
/** Stands for nobody, as the user of a device that is not claimed. */
export const NO_TID: number = TID_NONE;

/** @returns number of the device with a TID; -1 when a card with so many devices has none with it. */
export function deviceOf(tid: number, deviceCount: number): number {
  if (COSTLY) checkDeviceCount(deviceCount);
  const device = tid - FIRST_DEVICE_TID;
  return device >= 0 && device < deviceCount ? device : -1;
}

function checkDeviceCount(deviceCount: number): void {
  assert(
    deviceCount >= 0 && FIRST_DEVICE_TID + deviceCount <= NO_TID,
    'tids: every device of a card has a number of twelve bits',
  );
}

export function checkTids(tids: readonly number[]): void {
  assert(
    tids.every((tid, i) => tids.indexOf(tid) === i),
    'tids: no two targets have one number',
  );
  assert(
    tids.every((tid) => (tid & ~0xfff) === 0),
    'tids: a target has a number of twelve bits',
  );
}

checkTids([IOP_TID, HOST_TID, MANAGER_TID, DEVICE_TID, NO_TID]);
