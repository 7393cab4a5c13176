/**
 * Where I2O's messaging unit lies in memory (reference sections 2.1 to 2.3). Four FIFOs hold message frame addresses, MFAs;
 * the frames themselves stay where they are. "Head" is the producer's index and "tail" the consumer's, as the hardware
 * manuals have it; the ring's words for them are the other way round.
 *
 *   offset    0  inbound free head      (card)     128  inbound free tail      (host, by reading port 0x40)
 *           256  inbound post head      (host, by writing port 0x40)
 *                                                  384  inbound post tail      (card)
 *           512  outbound post head     (card)     640  outbound post tail     (host, by reading port 0x44)
 *           768  outbound free head     (host, by writing port 0x44)
 *                                                  896  outbound free tail     (card)
 *          1024  outbound interrupt mask, 0x34     (host)
 *          1152  inbound interrupt mask, 0x28      (card; set by whoever delivers the interrupt)
 *          1280  the host waits for an inbound frame; 1408 the card waits for an outbound frame
 *          1536  overruns of the outbound free list
 *          1664  inbound free floor, 1792 outbound post floor: entries before it a reset has destroyed    (card)
 *          2048  inbound free, inbound post, outbound post, outbound free: 4 × size × 4 bytes, one behind the other
 *           ...  inbound frames, 128 bytes each
 *
 * An inbound frame lies in the card's memory: its MFA is its offset in this unit, the card's window. An outbound frame lies in
 * the host's: its MFA is its address. The outbound frames are planned behind the unit, so no number is good both ways.
 *
 * Each index has a pair of cache lines to itself. Ours, not the hardware's: indices run freely as int32, so full and empty
 * differ by a subtraction where the hardware remembers who moved last; sizes are the smallest power of two that holds the
 * frames, not 4 K to 64 K; there is no prefetch register, whose only visible effect, the level of the interrupt, is kept;
 * where a reset would rewrite the indices, the card, which cannot move the host's, says by a floor what is gone;
 * and the two words by which a side waits for a free frame stand for doorbell bits (0x20, 0x2C), which I2O left to others.
 */
import type { MemoryPlan } from '../../../dma/plan.ts';
import { FRAME_BYTES } from '../../frame.ts';

export const INBOUND_FREE_HEAD = 0;
export const INBOUND_FREE_TAIL = 128;
export const INBOUND_POST_HEAD = 256;
export const INBOUND_POST_TAIL = 384;
export const OUTBOUND_POST_HEAD = 512;
export const OUTBOUND_POST_TAIL = 640;
export const OUTBOUND_FREE_HEAD = 768;
export const OUTBOUND_FREE_TAIL = 896;
export const OUTBOUND_MASK = 1024;
export const INBOUND_MASK = 1152;
export const HOST_WAITS = 1280;
export const CARD_WAITS = 1408;
export const OVERRUNS = 1536;
export const INBOUND_FREE_FLOOR = 1664;
export const OUTBOUND_POST_FLOOR = 1792;
const QUEUES = 2048;

/** Positions of the four FIFOs in memory. */
export const INBOUND_FREE = 0;
export const INBOUND_POST = 1;
export const OUTBOUND_POST = 2;
export const OUTBOUND_FREE = 3;

/** The window's start is aligned like a page, as a card's is. */
const UNIT_ALIGNMENT = 4096;
const FRAMES_MAX = 65536;

/** What one messaging unit is made of. */
export interface FifoLayout {
  /** Address of the unit, and of the first outbound frame. */
  readonly unit: number;
  readonly outbound: number;
  readonly inboundFrames: number;
  readonly outboundFrames: number;
}

export interface FrameCounts {
  readonly inboundFrames: number;
  readonly outboundFrames: number;
}

/** Entries of each of the four FIFOs. @throws RangeError when a count is not 2 to 65536. */
export function fifoSize({ inboundFrames, outboundFrames }: FrameCounts): number {
  for (const frames of [inboundFrames, outboundFrames]) {
    if (!Number.isInteger(frames) || frames < 2 || frames > FRAMES_MAX) {
      throw new RangeError(`"frames" expected 2 to ${FRAMES_MAX}, got ${frames}`);
    }
  }
  let size = 2;
  while (size < inboundFrames || size < outboundFrames) size *= 2;
  return size;
}

/** Word index of a FIFO's first entry. @param queue INBOUND_FREE to OUTBOUND_FREE. */
export function queueWord(layout: FifoLayout, queue: number): number {
  return (layout.unit + QUEUES + queue * fifoSize(layout) * 4) >> 2;
}

/** MFA of inbound frame 0: the first byte behind the FIFOs, on a pair of cache lines. */
export function firstInboundMfa(counts: FrameCounts): number {
  return QUEUES + Math.ceil((4 * 4 * fifoSize(counts)) / FRAME_BYTES) * FRAME_BYTES;
}

/** Plans a unit with its inbound frames. @returns its address. */
export function planUnit(plan: MemoryPlan, name: string, counts: FrameCounts): number {
  return plan.reserve(
    name,
    firstInboundMfa(counts) + counts.inboundFrames * FRAME_BYTES,
    `four FIFOs of ${fifoSize(counts)} addresses, and ${counts.inboundFrames} inbound frames`,
    UNIT_ALIGNMENT,
  );
}

/** Plans the outbound frames, after the unit. @returns the first one's address. */
export function planOutboundFrames(plan: MemoryPlan, name: string, counts: FrameCounts): number {
  const frames = counts.outboundFrames;
  return plan.reserve(name, frames * FRAME_BYTES, `${frames} outbound frames, the host's to lend`);
}
