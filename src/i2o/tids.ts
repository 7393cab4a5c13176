/** Target identifiers: 12-bit addresses of what a frame comes from or goes to (reference section 4.6). */
export const IOP_TID = 0x000; // the IOP's executive
export const HOST_TID = 0x001;
/**
 * A second driver or a manager on the same host, which may send utility messages and no others: it can claim, lock, reserve,
 * read and write parameters. That it has this number, and how little it may, is ours; our driver never uses it.
 */
export const MANAGER_TID = 0x002;
/** TID of a card's first device. Device i of a card has this TID plus i: that devices are numbered so is ours. */
export const FIRST_DEVICE_TID = 0x010;
/** The device that our driver speaks to: the socket module, or the echo module, is a card's first. */
export const DEVICE_TID: number = FIRST_DEVICE_TID;
/** Class of our socket device. No socket class was published; 0x0A0 is unassigned in every header seen. */
export const SOCKET_CLASS_ID = 0x0a0;
/** Class of the echo device: ours too. */
export const ECHO_CLASS_ID = 0x0a1;
/** OrganizationID in private messages and tables: ours. */
export const ORGANIZATION_ID = 0x1d1c;
/** Nobody: the user of a device that is not claimed. */
export const NO_TID = 0xfff;

/** @returns number of the device with a TID; -1 when a card with so many devices has none with it. */
export function deviceOf(tid: number, deviceCount: number): number {
  const device = tid - FIRST_DEVICE_TID;
  return device >= 0 && device < deviceCount ? device : -1;
}
