/**
 * Where a stretch of memory that a message names lies, by the areas in a trace's head. Addresses count from
 * the region's start.
 */
import type { PoolArea } from '../dma/pool-area.ts';
import type { TraceMemory } from '../trace/sink.ts';

/** Whether all of it lies in an area. */
export function isInArea(area: PoolArea, address: number, length: number): boolean {
  const { offset, count, bufferBytes } = area;
  return address >= offset && address + length <= offset + count * bufferBytes;
}

/** Whether all of it lies in the part of the region that the executive may write for the host. */
export function isInControl({ control }: TraceMemory, address: number, length: number): boolean {
  return address >= control.offset && address + length <= control.offset + control.byteLength;
}

/** Whether all of it lies in the pool of transmit buffers, or in that of receive buckets. */
export function isInPools({ transmit, receive }: TraceMemory, address: number, length: number): boolean {
  return isInArea(transmit, address, length) || isInArea(receive, address, length);
}

/** Whether any of it lies in a message frame, of either direction. */
export function touchesFrames({ inbound, outbound }: TraceMemory, address: number, length: number): boolean {
  return [inbound, outbound].some(
    ({ firstWord, count, strideWords }) =>
      address < (firstWord + count * strideWords) * 4 && address + length > firstWord * 4,
  );
}
