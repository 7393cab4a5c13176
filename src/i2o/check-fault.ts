/**
 * Where the generated checks leave which part of a request is wrong, for a transaction-error reply (reference section 1.3).
 * One a thread; read it before the next check.
 */
export const checkFault = new Int32Array(2);
/** Byte of the message, ErrorOffset. */
export const FAULT_BYTE = 0;
/** Bit in that byte, BitOffset. */
export const FAULT_BIT = 1;

/** Notes where the fault is. @returns `detailedStatus`. */
export function faultAt(detailedStatus: number, byte: number, bit: number): number {
  checkFault[FAULT_BYTE] = byte;
  checkFault[FAULT_BIT] = bit;
  return detailedStatus;
}
