/**
 * How much fits a frame: what the limits of every list in this folder are held against when the driver is
 * loaded.
 */
import { assert } from '../../assert/assert.ts';
import { FRAME_WORDS } from '../../i2o/frame.ts';

/**
 * Whether a list of `count` elements is the longest that fits a frame behind a message's `headWords` words.
 */
export function fillsFrame(headWords: number, elementWords: number, count: number): boolean {
  assert(elementWords > 0, 'frame budget: an element has at least a word');
  const endWords = headWords + elementWords * count;
  return count > 0 && endWords <= FRAME_WORDS && endWords + elementWords > FRAME_WORDS;
}
