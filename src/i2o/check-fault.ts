/**
 * Where the generated checks leave which part of a request is wrong. The transaction-error reply of I2O 1.5
 * says it by its fields ErrorOffset and BitOffset. Each thread has one; read it before the next check.
 */
import { assert } from '../assert/assert.ts';
import { FRAME_BYTES } from './frame-size.ts';

export const checkFault = new Int32Array(2);
/** Byte of the message, ErrorOffset. */
export const FAULT_BYTE = 0;
/** Bit in that byte, BitOffset. */
export const FAULT_BIT = 1;

/** Notes where the fault is. @returns `detailedStatus`, so that a check can return the call. */
export function faultAt(detailedStatus: number, byte: number, bit: number): number {
  assert(detailedStatus !== 0, 'check fault: a fault has a status');
  assert(
    byte >= 0 && byte < FRAME_BYTES && bit >= 0 && bit < 8,
    'check fault: a fault lies at a bit of the message',
  );
  checkFault[FAULT_BYTE] = byte;
  checkFault[FAULT_BIT] = bit;
  return detailedStatus;
}
