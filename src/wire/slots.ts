/** Where frames lie while they are on a wire: slots of the region, one frame each. */
import type { MemoryPlan } from '../dma/plan.ts';

/**
 * Frames start two bytes into a slot, so that what follows the 14-byte Ethernet header is aligned to 4 bytes.
 */
export const FRAME_OFFSET = 2;
const ETHERNET_HEADER_BYTES = 14;
const LINE_BYTES = 64;

/** Bytes a slot needs for the largest frame of an MTU. */
export function wireSlotBytes(mtu: number): number {
  return Math.ceil((FRAME_OFFSET + ETHERNET_HEADER_BYTES + mtu) / LINE_BYTES) * LINE_BYTES;
}

/** Plans a wire's slots. @param slots the wire's `queueFrames`. @returns their address. */
export function planPipe(plan: MemoryPlan, name: string, slots: number, slotBytes: number): number {
  return plan.reserve(name, slots * slotBytes, `${slots} frames of ${slotBytes} bytes on the wire`);
}
