/** The one check of a request's header, words 0 and 1, before anything looks at the rest of the message. */
import { assert } from '../../assert/assert.ts';
import {
  EXECUTIVE_FUNCTION_NAMES,
  FAILURE_CODE_FRAME_TOO_LARGE,
  FAILURE_CODE_FRAME_TOO_SMALL,
  FAILURE_CODE_INVALID_INITIATOR_ID,
  FAILURE_CODE_INVALID_MESSAGE_FLAGS,
  FAILURE_CODE_INVALID_OFFSET,
  FAILURE_CODE_INVALID_VERSION,
} from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, FRAME_WORDS, HEADER_WORDS, VERSION_1_5 } from '../../i2o/frame.ts';
import { deviceOf, HOST_TID, MANAGER_TID } from '../../i2o/tids.ts';
import { UTIL_NOP, UTILITY_FUNCTION_NAMES } from '../../i2o/utility.gen.ts';

/**
 * Functions from this one on are a class's own. Those below are the utility messages, which every target
 * takes.
 */
export const FIRST_CLASS_FUNCTION = 0x20;

/**
 * Hot path: called for every request. The words are given, not read, because the host can change them at any
 * time. The flag MULTIPLE is left to the device's class to judge, and refused elsewhere. 64-bit contexts are
 * refused: the status block says that the card has none.
 * @param deviceCount devices the card has: their TIDs follow one another.
 * @returns 0, or the FAILURE_CODE_ number of a transport-failure frame.
 */
export function headerFailure(word0: number, word1: number, deviceCount: number): number {
  const sizeWords = word0 >>> 16;
  const sglOffset = (word0 >>> 4) & 15;
  if ((word0 & 7) !== VERSION_1_5) return FAILURE_CODE_INVALID_VERSION;
  if ((word0 & 0xff00) !== 0 && !mayHaveFlags((word0 >>> 8) & 0xff, word1, deviceCount)) {
    return FAILURE_CODE_INVALID_MESSAGE_FLAGS;
  }
  if (sizeWords <= HEADER_WORDS && (sizeWords < HEADER_WORDS || word1 >>> 24 !== UTIL_NOP)) {
    return FAILURE_CODE_FRAME_TOO_SMALL;
  }
  if (sizeWords > FRAME_WORDS) return FAILURE_CODE_FRAME_TOO_LARGE;
  if (sglOffset !== 0 && (sglOffset < HEADER_WORDS || sglOffset >= sizeWords)) {
    return FAILURE_CODE_INVALID_OFFSET;
  }
  if (((word1 >>> 12) & 0xfff) !== HOST_TID && !isSecond(word1)) return FAILURE_CODE_INVALID_INITIATOR_ID;
  return 0;
}

/** Whether the flags are those of a batch, and the message one of a device's own. */
function mayHaveFlags(flags: number, word1: number, deviceCount: number): boolean {
  const device = deviceOf(word1 & 0xfff, deviceCount);
  return flags === FLAG_MULTIPLE && device >= 0 && word1 >>> 24 >= FIRST_CLASS_FUNCTION;
}

/** Whether the message comes from the second initiator, which may send utility messages and no others. */
function isSecond(word1: number): boolean {
  return ((word1 >>> 12) & 0xfff) === MANAGER_TID && word1 >>> 24 < FIRST_CLASS_FUNCTION;
}

/**
 * The processor tells utility messages from a class's by their functions alone, so the two must lie apart.
 */
export function checkFunctionRanges(utility: readonly number[], classes: readonly number[]): void {
  assert(
    utility.every((code) => code < FIRST_CLASS_FUNCTION),
    'header check: utility functions lie below those of a class',
  );
  assert(
    classes.every((code) => code >= FIRST_CLASS_FUNCTION && code <= 0xff),
    'header check: functions of a class are bytes above the utility ones',
  );
}

checkFunctionRanges(
  Object.keys(UTILITY_FUNCTION_NAMES).map(Number),
  Object.keys(EXECUTIVE_FUNCTION_NAMES).map(Number),
);
