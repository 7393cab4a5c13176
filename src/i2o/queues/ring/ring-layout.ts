/**
 * Where the words of a ring lie. One ring carries frames one way, from its only producer to its only
 * consumer; two rings make a queue pair. This transport is ours: it replaces I2O's four FIFOs of frame
 * addresses. The frames stay in place and only indices move.
 *
 *   offset    0  tail       frames posted, counted from the start (producer writes)
 *           128  head       frames released (consumer writes)
 *           256  tailEvent  "notify me when tail passes this" (consumer writes)
 *           384  headEvent  "notify me when head passes this" (producer writes, when it ran out of frames)
 *           512  frames     capacity × 128 bytes
 *           ...  copies     capacity × 128 bytes, behind the outbound ring's frames only
 *
 * A frame of a ring cannot be preserved, since it would hold up all the frames behind it. So the card copies
 * a message that it could not deliver. Copy n belongs to outbound frame n, which holds the failure record:
 * the card writes the copy before it publishes the record, and the host reads the copy before it releases the
 * record.
 *
 * Each word has a pair of cache lines to itself, since processors fetch lines in pairs. Indices run freely as
 * int32; a slot is `index & (capacity − 1)`. A ring is empty when head = tail and full when tail − head =
 * capacity, so no slot is lost to tell the two apart.
 */
import { assert } from '../../../assert/assert.ts';
import type { MemoryPlan } from '../../../dma/plan.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../frame.ts';

export const TAIL_OFFSET = 0;
export const HEAD_OFFSET = 128;
export const TAIL_EVENT_OFFSET = 256;
export const HEAD_EVENT_OFFSET = 384;
export const FRAMES_OFFSET = 512;
const LINE_PAIR_BYTES = 128;

/** @param offsets of the four words and of the frames, in the order in which they lie. */
export function checkRingLayout(offsets: readonly number[]): void {
  for (let i = 0; i < offsets.length; i++) {
    assert(
      offsets[i] === i * LINE_PAIR_BYTES,
      'ring layout: each index, and the first frame, begins a pair of cache lines',
    );
  }
}

checkRingLayout([TAIL_OFFSET, HEAD_OFFSET, TAIL_EVENT_OFFSET, HEAD_EVENT_OFFSET, FRAMES_OFFSET]);

/** Bytes of a ring. @param capacity frames, a power of two from 2 to 65536. */
export function ringBytes(capacity: number): number {
  checkCapacity(capacity);
  return FRAMES_OFFSET + capacity * FRAME_BYTES;
}

/** @throws RangeError when the capacity is no power of two from 2 to 65536. */
export function checkCapacity(capacity: number): void {
  if (!Number.isInteger(capacity) || capacity < 2 || capacity > 65536 || (capacity & (capacity - 1)) !== 0) {
    throw new RangeError(`"frames" expected a power of two from 2 to 65536, got ${capacity}`);
  }
}

/** Plans a ring. @returns its address. */
export function planRing(
  plan: MemoryPlan,
  name: string,
  capacity: number,
  _sizes?: unknown,
  outbound = false,
): number {
  const copies = outbound ? ', and room for as many undelivered requests' : '';
  return plan.reserve(
    name,
    ringBytes(capacity) + (outbound ? capacity * FRAME_BYTES : 0),
    `${capacity} frames of ${FRAME_BYTES} bytes and four indices${copies}`,
  );
}

/** Where the copies of undelivered requests lie. */
export interface RingCopies {
  /** Word index of outbound frame 0, which may hold a failure record. */
  readonly records: number;
  /** Word index of the copy that belongs to outbound frame 0; the others follow, FRAME_WORDS apart. */
  readonly copies: number;
  /** Outbound frames, and so copies. */
  readonly frames: number;
}

/** @param offset address of the outbound ring. @param capacity its frames. */
export function ringCopies(offset: number, capacity: number): RingCopies {
  assert(
    offset % LINE_PAIR_BYTES === 0 && capacity >= 2,
    'ring layout: the copies are those of a planned ring',
  );
  const records = (offset + FRAMES_OFFSET) >> 2;
  return { records, copies: records + capacity * FRAME_WORDS, frames: capacity };
}
