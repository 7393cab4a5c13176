/**
 * A pool's memory: `count` buffers of `bufferBytes` bytes each, from the address `offset` on. Both sides know
 * where it lies, and by messages they agree on who owns each buffer.
 */
import type { MemoryPlan } from './plan.ts';

export interface PoolArea {
  readonly offset: number;
  readonly count: number;
  readonly bufferBytes: number;
}

/** Buffers of one pool at most: a slot for each socket that there can be, and one more. */
const BUFFERS_MAX = (1 << 20) + 1;

/** Plans a pool. @throws RangeError when a number is out of its range. */
export function planPool(plan: MemoryPlan, name: string, count: number, bufferBytes: number): PoolArea {
  if (!Number.isInteger(count) || count < 1 || count > BUFFERS_MAX) {
    throw new RangeError(`"${name} buffers" expected 1 to ${BUFFERS_MAX}, got ${count}`);
  }
  if (!Number.isInteger(bufferBytes) || bufferBytes < 64 || bufferBytes > 1 << 20 || bufferBytes % 64 !== 0) {
    throw new RangeError(
      `"${name} buffer size" expected a multiple of 64 from 64 to 1048576, got ${bufferBytes}`,
    );
  }
  const offset = plan.reserve(name, count * bufferBytes, `${count} buffers of ${bufferBytes} bytes`);
  return { offset, count, bufferBytes };
}

/** The number of the buffer that starts at an address; -1 when none does. */
export function bufferAt(area: PoolArea, address: number): number {
  const distance = address - area.offset;
  if (distance < 0 || distance % area.bufferBytes !== 0) return -1;
  const index = distance / area.bufferBytes;
  return index < area.count ? index : -1;
}
