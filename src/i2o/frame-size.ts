/**
 * The one size of every frame of ours, both ways, and what every writer of a message holds to. It is a file
 * of its own because the generated codecs and the lists need it, and frame.ts imports those.
 */
import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';

const COSTLY = COSTLY_ASSERTIONS;

export const FRAME_BYTES = 128;
export const FRAME_WORDS = 32;

export function checkFrameSize(frameBytes: number, frameWords: number): void {
  assert(
    frameBytes >= 64 && frameBytes % 64 === 0 && frameWords * 4 === frameBytes,
    'frame size: it is a multiple of 64 bytes, the same in words',
  );
}

checkFrameSize(FRAME_BYTES, FRAME_WORDS);

/**
 * What holds of every message of ours that a generated writer writes. // Hot path.
 * @param frame word index, not NO_FRAME. @param sizeWords of the whole message. @param leastWords of its
 *   fixed part.
 */
export function checkMessage(frame: number, sizeWords: number, leastWords: number): void {
  if (COSTLY) checkSize(frame, sizeWords, leastWords);
}

function checkSize(frame: number, sizeWords: number, leastWords: number): void {
  assert(frame >= 0, 'frame size: a message is written into a frame that was acquired');
  assert(
    sizeWords >= leastWords && sizeWords <= FRAME_WORDS,
    'frame size: a message has all its fields and ends within its frame',
  );
}
