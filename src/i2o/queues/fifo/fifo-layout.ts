/**
 * Where the messaging unit of I2O 1.5 lies in memory. (Linux drives one in drivers/message/i2o/iop.c, and
 * include/linux/i2o.h names its registers.) Four FIFOs hold message frame addresses, MFAs; the frames
 * themselves stay where they are. "Head" is the producer's index and "tail" the consumer's, as the hardware
 * manuals have it; the ring transport uses the two words the other way round.
 *
 *   offset    0  inbound free head      (card)     128  inbound free tail      (host, by reading port 0x40)
 *           256  inbound post head      (host, by writing port 0x40)
 *                                                  384  inbound post tail      (card)
 *           512  outbound post head     (card)     640  outbound post tail     (host, by reading port 0x44)
 *           768  outbound free head     (host, by writing port 0x44)
 *                                                  896  outbound free tail     (card)
 *          1024  outbound interrupt mask, 0x34     (host)
 *          1152  inbound interrupt mask, 0x28      (card; the host sets it when it delivers the interrupt)
 *          1280  the host waits for an inbound frame; 1408 the card waits for an outbound frame
 *          1536  overruns of the outbound free list
 *          1664  inbound free floor; 1792 outbound post floor: a reset has destroyed what lies below (card)
 *          2048  inbound free, inbound post, outbound post, outbound free: size × 4 bytes each, in this order
 *           ...  inbound frames, 128 bytes each
 *
 * An inbound frame lies in the card's memory: its MFA is its offset in this unit, the card's window. An
 * outbound frame lies in the host's memory: its MFA is its address. The outbound frames are planned behind
 * the unit, so that no number is a good address both ways.
 *
 * Each index has a pair of cache lines to itself. In five things this model differs from the hardware:
 * - Indices run freely as int32, so a subtraction tells full from empty; the hardware remembers who moved
 *   last.
 * - A FIFO has the smallest power of two of entries that holds the frames, not 4 K to 64 K.
 * - There is no prefetch register. Its only visible effect, the level of the interrupt, is kept.
 * - A reset of the hardware rewrites all indices. Here the card cannot move the host's, so a floor says
 *   what
 *   is gone.
 * - Each side waits for a free frame by a word of its own, which stands for a doorbell bit (0x20, 0x2C):
 *   I2O
 *   leaves the use of those bits to others.
 */
import { assert } from '../../../assert/assert.ts';
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
const LINE_PAIR_BYTES = 128;

/**
 * @param offsets of the unit's words, in the order in which they lie.
 * @param queues offset of the FIFOs behind them.
 */
export function checkUnitLayout(offsets: readonly number[], queues: number, alignment: number): void {
  for (let i = 0; i < offsets.length; i++) {
    assert(
      offsets[i] === i * LINE_PAIR_BYTES,
      'fifo layout: each word of the unit has a pair of cache lines',
    );
  }
  assert(
    queues >= offsets.length * LINE_PAIR_BYTES,
    'fifo layout: the FIFOs lie behind the words of the unit',
  );
  assert(
    queues % FRAME_BYTES === 0 && alignment % FRAME_BYTES === 0,
    'fifo layout: inbound frames are aligned like outbound ones',
  );
}

checkUnitLayout(
  [
    INBOUND_FREE_HEAD,
    INBOUND_FREE_TAIL,
    INBOUND_POST_HEAD,
    INBOUND_POST_TAIL,
    OUTBOUND_POST_HEAD,
    OUTBOUND_POST_TAIL,
    OUTBOUND_FREE_HEAD,
    OUTBOUND_FREE_TAIL,
    OUTBOUND_MASK,
    INBOUND_MASK,
    HOST_WAITS,
    CARD_WAITS,
    OVERRUNS,
    INBOUND_FREE_FLOOR,
    OUTBOUND_POST_FLOOR,
  ],
  QUEUES,
  UNIT_ALIGNMENT,
);

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
  assert(queue >= INBOUND_FREE && queue <= OUTBOUND_FREE, 'fifo layout: there are four FIFOs');
  assert(layout.unit > 0 && layout.unit % UNIT_ALIGNMENT === 0, 'fifo layout: the unit begins on a page');
  return (layout.unit + QUEUES + queue * fifoSize(layout) * 4) >> 2;
}

/** MFA of inbound frame 0: the first pair of cache lines behind the FIFOs. */
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

/**
 * Plans the outbound frames, which must lie behind the unit: call it after `planUnit`.
 * @returns the first one's address.
 */
export function planOutboundFrames(plan: MemoryPlan, name: string, counts: FrameCounts): number {
  const frames = counts.outboundFrames;
  return plan.reserve(name, frames * FRAME_BYTES, `${frames} outbound frames, the host's to lend`);
}
