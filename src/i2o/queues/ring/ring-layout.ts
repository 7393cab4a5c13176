/**
 * Where a ring's words lie. One ring carries frames one way, from its only producer to its only consumer; two make a
 * queue pair. This replaces I2O's four FIFOs of frame addresses: the frames stay in place and only indices move.
 *
 *   offset    0  tail       frames posted, counted from the start (producer writes)
 *           128  head       frames released (consumer writes)
 *           256  tailEvent  "notify me when tail passes this" (consumer writes)
 *           384  headEvent  "notify me when head passes this" (producer writes, when it ran out of frames)
 *           512  frames     capacity × 128 bytes
 *           ...  copies     capacity × 128 bytes, behind the outbound ring's frames only
 *
 * A frame of a ring cannot be preserved: it would hold up all behind it. So the card copies a message it could not deliver, and
 * copy n belongs to outbound frame n: written before the failure record there is published, read before that is released.
 *
 * Each word has a pair of cache lines to itself, since processors fetch lines in pairs. Indices run freely as int32; a
 * slot is `index & (capacity − 1)`. Empty is head = tail, full is tail − head = capacity: no slot is lost to tell them apart.
 */
import type { MemoryPlan } from '../../../dma/plan.ts';
import { FRAME_BYTES, FRAME_WORDS } from '../../frame.ts';

export const TAIL_OFFSET = 0;
export const HEAD_OFFSET = 128;
export const TAIL_EVENT_OFFSET = 256;
export const HEAD_EVENT_OFFSET = 384;
export const FRAMES_OFFSET = 512;

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

/** Where copies of undelivered requests lie, as word indices: of outbound frame 0, and of the copy that belongs to it. */
export interface RingCopies {
  readonly records: number;
  readonly copies: number;
  readonly frames: number;
}

/** @param offset address of the outbound ring. */
export function ringCopies(offset: number, capacity: number): RingCopies {
  const records = (offset + FRAMES_OFFSET) >> 2;
  return { records, copies: records + capacity * FRAME_WORDS, frames: capacity };
}
