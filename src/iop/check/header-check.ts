/** The one check of a request's header, words 0 and 1, before anybody looks at the rest. */
import {
  FAILURE_CODE_FRAME_TOO_LARGE,
  FAILURE_CODE_FRAME_TOO_SMALL,
  FAILURE_CODE_INVALID_INITIATOR_ID,
  FAILURE_CODE_INVALID_MESSAGE_FLAGS,
  FAILURE_CODE_INVALID_OFFSET,
  FAILURE_CODE_INVALID_VERSION,
} from '../../i2o/executive.gen.ts';
import { FLAG_MULTIPLE, FRAME_WORDS, HEADER_WORDS, VERSION_1_5 } from '../../i2o/frame.ts';
import { deviceOf, HOST_TID, MANAGER_TID } from '../../i2o/tids.ts';
import { UTIL_NOP } from '../../i2o/utility.gen.ts';

/** Functions from here on are a class's own; below are the utility messages. */
export const FIRST_CLASS_FUNCTION = 0x20;

/**
 * Hot path: for every request. Words are given, not read, since the host can change them at any time. MULTIPLE is the device
 * class's to judge, and refused elsewhere; 64-bit contexts are refused, as the status block says.
 * @param deviceCount devices the card has: their TIDs follow one another.
 * @returns 0, or the FailureCode (reference section 3.4).
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

function mayHaveFlags(flags: number, word1: number, deviceCount: number): boolean {
  const device = deviceOf(word1 & 0xfff, deviceCount);
  return flags === FLAG_MULTIPLE && device >= 0 && word1 >>> 24 >= FIRST_CLASS_FUNCTION;
}

/** A second initiator sends utility messages, and no others. */
function isSecond(word1: number): boolean {
  return ((word1 >>> 12) & 0xfff) === MANAGER_TID && word1 >>> 24 < FIRST_CLASS_FUNCTION;
}
