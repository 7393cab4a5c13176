/**
 * A one-way wire. A device's transmit half puts frames in (`reserve`, `commit`), the same or another device's
 * receive half takes them out (`receive`, `release`). Frames lie in slots of the region, so that nothing is
 * copied between. All calls come from one thread. See config.ts for what a wire can do to a frame; netem(8)
 * has the same notions.
 *
 * Two ways through: a perfect pipe is a ring of slot numbers and never looks at the clock; any other pipe
 * keeps its frames in a heap by time of arrival. Free slots are a stack: the slot used last, still in the
 * processor's cache, is used next, so that request and response touch one slot however many there are.
 */
import type { DmaEngine } from '../dma/engine.ts';
import type { MemoryPlan } from '../dma/plan.ts';
import type { Region } from '../dma/region.ts';
import {
  WIRE_CORRUPTED,
  WIRE_DROPPED,
  WIRE_DUPLICATED,
  WIRE_OVERFLOW,
  WIRE_REORDERED,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { ArrivalHeap } from './arrival-heap.ts';
import { checkPipeConfig, isPerfect, type PipeConfig } from './config.ts';
import type { WireSink, WireSource } from './contract.ts';

/**
 * Frames start two bytes into a slot, so that what follows the 14-byte Ethernet header is aligned to 4 bytes.
 */
export const FRAME_OFFSET = 2;
const ETHERNET_HEADER_BYTES = 14;
const LINE_BYTES = 64;
/** IEEE 802.3: preamble 8, FCS 4, gap 12 bytes; and a frame is padded to 60 bytes before the FCS. */
const ETHERNET_OVERHEAD_BYTES = 24;
const ETHERNET_FRAME_BYTES_MIN = 60;

/** Sees each frame go by; must not change it. */
export interface FrameTap {
  frame(address: number, length: number): void;
}

/** Bytes a slot needs for the largest frame of an MTU. */
export function wireSlotBytes(mtu: number): number {
  return Math.ceil((FRAME_OFFSET + ETHERNET_HEADER_BYTES + mtu) / LINE_BYTES) * LINE_BYTES;
}

/** Plans a pipe's slots. @param slots the pipe's `queueFrames`. @returns their address. */
export function planPipe(plan: MemoryPlan, name: string, slots: number, slotBytes: number): number {
  return plan.reserve(name, slots * slotBytes, `${slots} frames of ${slotBytes} bytes on the wire`);
}

/** A chance as a number to compare 32 random bits with. */
function thresholdOf(probability: number): number {
  return Math.round(probability * 0x1_0000_0000);
}

export class Pipe implements WireSource, WireSink {
  receivedLength = 0;

  private readonly bytes: Uint8Array;
  private readonly offset: number;
  private readonly slotBytes: number;
  private readonly perfect: boolean;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly clock: Clock;
  private readonly random: Random;

  private readonly freeSlots: Int32Array;
  private freeCount: number;
  /** Bytes of the frame in each slot. */
  private readonly lengths: Int32Array;
  /** A perfect pipe's frames: slot numbers, oldest at `head`. Free-running indices. */
  private readonly ring: Int32Array;
  private readonly mask: number;
  private head = 0;
  private tail = 0;
  /** The slot that `receive` gave out, -1 for none. */
  private received = -1;

  private sentTap: FrameTap | null = null;
  private arrivedTap: FrameTap | null = null;

  private readonly heap: ArrivalHeap;
  /**
   * When the sender's end is free again, and when the latest frame sent in order arrives; clock nanoseconds.
   */
  private readonly times = new Float64Array(2);
  private readonly nsPerByte: number;
  private readonly delayNs: number;
  private readonly jitterNs: number;
  private readonly reorderDelayNs: number;
  private readonly lossThreshold: number;
  private readonly duplicateThreshold: number;
  private readonly corruptThreshold: number;
  private readonly reorderThreshold: number;

  /**
   * @param offset what `planPipe` returned for `config.queueFrames` slots of `config.slotBytes`.
   * @throws RangeError for a configuration out of range.
   */
  constructor(
    region: Region,
    offset: number,
    config: PipeConfig,
    clock: Clock,
    random: Random,
    ledger: Ledger,
    dma: DmaEngine,
  ) {
    checkPipeConfig(config);
    const slots = config.queueFrames;
    this.bytes = region.bytes;
    this.offset = offset;
    this.slotBytes = config.slotBytes;
    this.perfect = isPerfect(config);
    this.counters = ledger.counters;
    this.dma = dma;
    this.clock = clock;
    this.random = random;
    this.freeSlots = new Int32Array(slots);
    for (let i = 0; i < slots; i++) this.freeSlots[i] = slots - 1 - i;
    this.freeCount = slots;
    this.lengths = new Int32Array(slots);
    const ringSize = 1 << (32 - Math.clz32(slots - 1));
    this.ring = new Int32Array(this.perfect ? ringSize : 1);
    this.mask = ringSize - 1;
    this.heap = new ArrivalHeap(this.perfect ? 1 : slots);
    this.nsPerByte = config.rateBitsPerSecond === 0 ? 0 : 8e9 / config.rateBitsPerSecond;
    this.delayNs = config.delayNs;
    this.jitterNs = config.jitterNs;
    this.reorderDelayNs = config.reorderDelayNs;
    this.lossThreshold = thresholdOf(config.lossProbability);
    this.duplicateThreshold = thresholdOf(config.duplicateProbability);
    this.corruptThreshold = thresholdOf(config.corruptProbability);
    this.reorderThreshold = thresholdOf(config.reorderProbability);
  }

  /** Shows every frame that is put in to `tap`, before anything can happen to it; null for none. */
  tapSent(tap: FrameTap | null): void {
    this.sentTap = tap;
  }

  /** Shows every frame that is taken out to `tap`, when it is released; null for none. */
  tapArrived(tap: FrameTap | null): void {
    this.arrivedTap = tap;
  }

  get room(): number {
    return this.freeCount;
  }

  /** // Hot path. @throws when the frame is larger than a slot, which is a bug of the device. */
  reserve(length: number): number {
    if (length > this.slotBytes - FRAME_OFFSET || length <= 0) {
      throw new Error(`a frame of ${length} bytes does not fit a wire slot of ${this.slotBytes}`);
    }
    if (this.freeCount === 0) {
      this.counters[WIRE_OVERFLOW] += 1;
      return -1;
    }
    return this.addressOf(this.freeSlots[this.freeCount - 1]);
  }

  /** // Hot path. */
  commit(length: number): void {
    const slot = this.freeSlots[this.freeCount - 1];
    this.lengths[slot] = length;
    if (this.sentTap !== null) this.sentTap.frame(this.addressOf(slot), length);
    if (this.perfect) {
      this.freeCount--;
      this.ring[this.tail & this.mask] = slot;
      this.tail = (this.tail + 1) | 0;
      return;
    }
    this.launch(slot, length);
  }

  /** // Hot path. Returns the same frame until it is released. */
  receive(): number {
    let slot = this.received;
    if (slot < 0) {
      if (this.perfect) {
        if (this.head === this.tail) return -1;
        slot = this.ring[this.head & this.mask];
        this.head = (this.head + 1) | 0;
      } else {
        slot = this.heap.first();
        if (slot < 0 || this.heap.dueNs[slot] > this.clock.nowNs) return -1;
        this.heap.pop();
      }
      this.received = slot;
      this.receivedLength = this.lengths[slot];
    }
    return this.addressOf(slot);
  }

  /** // Hot path. */
  release(): void {
    const slot = this.received;
    if (slot < 0) throw new Error('a wire slot was released that was not received');
    if (this.arrivedTap !== null) this.arrivedTap.frame(this.addressOf(slot), this.lengths[slot]);
    this.received = -1;
    this.freeSlots[this.freeCount++] = slot;
  }

  /** A perfect pipe's frame has arrived when it was sent: 0 says so without a double to box. */
  nextArrivalNs(): number {
    if (this.received >= 0) return 0;
    if (this.perfect) return this.head === this.tail ? NEVER : 0;
    const slot = this.heap.first();
    return slot < 0 ? NEVER : this.heap.dueNs[slot];
  }

  private addressOf(slot: number): number {
    return (this.offset + Math.imul(slot, this.slotBytes) + FRAME_OFFSET) | 0;
  }

  /**
   * Puts a frame on a wire that takes time or does damage. Draws are made in a fixed order, each only when
   * its impairment is on: loss, reordering, jitter, duplication, corruption.
   */
  private launch(slot: number, length: number): void {
    const counters = this.counters;
    const times = this.times;
    const onWireBytes = Math.max(length, ETHERNET_FRAME_BYTES_MIN) + ETHERNET_OVERHEAD_BYTES;
    times[0] = Math.max(this.clock.nowNs, times[0]) + onWireBytes * this.nsPerByte;
    if (this.draw(this.lossThreshold)) {
      counters[WIRE_DROPPED] += 1;
      return;
    }
    let dueNs = times[0] + this.delayNs;
    const held = this.draw(this.reorderThreshold);
    if (this.jitterNs > 0) dueNs += this.random.nextFloat() * this.jitterNs;
    if (held) {
      counters[WIRE_REORDERED] += 1;
      dueNs += this.reorderDelayNs;
    } else {
      dueNs = Math.max(dueNs, times[1]);
      times[1] = dueNs;
    }
    this.freeCount--;
    this.heap.dueNs[slot] = dueNs;
    this.heap.push(slot);
    if (this.draw(this.duplicateThreshold) && this.freeCount > 0) this.duplicate(slot, length);
    if (this.draw(this.corruptThreshold)) {
      counters[WIRE_CORRUPTED] += 1;
      const bit = this.random.below(length * 8);
      this.bytes[this.addressOf(slot) + (bit >> 3)] ^= 1 << (bit & 7);
    }
  }

  /** Sends a copy right behind the frame. Counted as the wire's: no side of the card moved this payload. */
  private duplicate(slot: number, length: number): void {
    const copy = this.freeSlots[--this.freeCount];
    this.dma.move(WIRE_DUPLICATED, this.addressOf(slot), this.addressOf(copy), length);
    this.lengths[copy] = length;
    this.heap.dueNs[copy] = this.heap.dueNs[slot];
    this.heap.push(copy);
  }

  /** A threshold of 0 draws nothing. */
  private draw(threshold: number): boolean {
    return threshold > 0 && this.random.nextInt32() >>> 0 < threshold;
  }
}
