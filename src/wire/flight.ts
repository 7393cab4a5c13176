/**
 * Frames in flight on a wire that takes time or does damage: when each arrives, and what happens to it on the
 * way. A pipe within one thread and a cable between two threads (cable.ts) keep their frames in it; netem(8)
 * has the same notions.
 *
 * Draws are made in a fixed order, each only where its impairment is on: loss, marking, reordering, jitter,
 * duplication, corruption. So the same seed damages the same frames.
 */
import {
  WIRE_CORRUPTED,
  WIRE_CUT,
  WIRE_DROPPED,
  WIRE_MARKED,
  WIRE_REORDERED,
} from '../ledger/counters.gen.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { ArrivalHeap } from './arrival-heap.ts';
import type { Carrier, CutFlight } from './carrier.ts';
import type { PipeConfig } from './config.ts';

/** IEEE 802.3: preamble 8, FCS 4, gap 12 bytes; and a frame is padded to 60 bytes before the FCS. */
export const ETHERNET_OVERHEAD_BYTES = 24;
const ETHERNET_FRAME_BYTES_MIN = 60;

/** Bytes that a frame of so many occupies a wire for. */
export function wireBytes(length: number): number {
  return Math.max(length, ETHERNET_FRAME_BYTES_MIN) + ETHERNET_OVERHEAD_BYTES;
}

/** A chance as a number to compare 32 random bits with. */
function thresholdOf(probability: number): number {
  return Math.round(probability * 0x1_0000_0000);
}

/** The slots in which a wire's frames lie. */
export interface FlightSlots {
  /** Puts an undamaged copy of a slot's frame into a free slot. @returns that slot; -1 when none is free. */
  duplicate(slot: number): number;
  /** Flips one bit of a slot's frame. @param bit counted from the frame's first. */
  flip(slot: number, bit: number): void;
  /** Marks a slot's frame (`congestion-mark.ts`). @returns whether it could be marked, and was not yet. */
  mark(slot: number): boolean;
  /** A slot's frame does not arrive: it is free again. */
  lose(slot: number): void;
}

export class Flight implements CutFlight {
  private readonly heap: ArrivalHeap;
  private readonly slots: FlightSlots;
  private readonly counters: Float64Array;
  private readonly random: Random;
  private readonly carrier: Carrier | undefined;
  /** By slot, where the link may be down: when its frame was sent, and 1 where a call has cut it off. */
  private readonly sentNs: Float64Array;
  private readonly lost: Uint8Array;
  /**
   * When the sender's end is free again, and when the latest frame sent in order arrives; clock nanoseconds.
   */
  private readonly times = new Float64Array(2);
  /**
   * When the sender has a frame ready, in clock nanoseconds. Whoever launches one writes it before, since V8
   * would box it as an argument.
   */
  readonly readyNs: Float64Array = new Float64Array(1);
  private readonly nsPerByte: number;
  private readonly delayNs: number;
  private readonly jitterNs: number;
  private readonly reorderDelayNs: number;
  private readonly lossThreshold: number;
  private readonly markThreshold: number;
  private readonly markAfterNs: number;
  private readonly duplicateThreshold: number;
  private readonly corruptThreshold: number;
  private readonly reorderThreshold: number;

  /**
   * @param slotCount slot numbers are below it; 1 is enough for a wire whose frames are never put in.
   * @param carrier whether the link is whole; absent: for ever.
   */
  constructor(
    config: PipeConfig,
    slotCount: number,
    slots: FlightSlots,
    random: Random,
    counters: Float64Array,
    carrier?: Carrier,
  ) {
    const places = carrier === undefined ? 0 : slotCount;
    this.carrier = carrier;
    this.sentNs = new Float64Array(places);
    this.lost = new Uint8Array(places);
    carrier?.join(this);
    this.heap = new ArrivalHeap(slotCount);
    this.slots = slots;
    this.counters = counters;
    this.random = random;
    this.nsPerByte = config.rateBitsPerSecond === 0 ? 0 : 8e9 / config.rateBitsPerSecond;
    this.delayNs = config.delayNs;
    this.jitterNs = config.jitterNs;
    this.reorderDelayNs = config.reorderDelayNs;
    this.lossThreshold = thresholdOf(config.lossProbability);
    this.markThreshold = thresholdOf(config.markProbability);
    this.markAfterNs = config.markAfterNs;
    this.duplicateThreshold = thresholdOf(config.duplicateProbability);
    this.corruptThreshold = thresholdOf(config.corruptProbability);
    this.reorderThreshold = thresholdOf(config.reorderProbability);
  }

  /**
   * Puts a frame on the wire that its sender had ready at `readyNs`.
   * @returns false when the frame was lost, and the slot is the caller's again.
   */
  launch(slot: number, length: number): boolean {
    const { counters, times, heap } = this;
    const sentNs = this.readyNs[0];
    const beganNs = Math.max(sentNs, times[0]);
    if (this.carrier !== undefined) this.note(slot, beganNs, this.carrier.cut);
    times[0] = beganNs + wireBytes(length) * this.nsPerByte;
    if (this.draw(this.lossThreshold)) {
      counters[WIRE_DROPPED] += 1;
      return false;
    }
    const waitedNs = beganNs - sentNs;
    if (this.draw(this.markThreshold) || (this.markAfterNs > 0 && waitedNs > this.markAfterNs))
      this.tag(slot);
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
    heap.dueNs[slot] = dueNs;
    heap.push(slot);
    if (this.draw(this.duplicateThreshold)) this.double(slot);
    if (this.draw(this.corruptThreshold)) {
      counters[WIRE_CORRUPTED] += 1;
      this.slots.flip(slot, this.random.below(length * 8));
    }
    return true;
  }

  /**
   * @param clock read here, since V8 would box a time as an argument, and most looks find no frame.
   * @returns the slot of the frame that has arrived by now and comes first, no longer in flight; -1 when
   * none has.
   */
  land(clock: Clock): number {
    const { nowNs } = clock;
    for (
      let slot = this.heap.first();
      slot >= 0 && this.heap.dueNs[slot] <= nowNs;
      slot = this.heap.first()
    ) {
      this.heap.pop();
      if (this.carrier === undefined || !this.isCut(slot, this.carrier)) return slot;
      this.counters[WIRE_CUT] += 1;
      this.slots.lose(slot);
    }
    return -1;
  }

  /** When the next frame arrives, in clock nanoseconds; only where `count` is not 0. */
  nextNs(): number {
    return this.heap.dueNs[this.heap.first()];
  }

  /** When a frame that has landed had arrived: good until its slot is used again. */
  landedNs(slot: number): number {
    return this.heap.dueNs[slot];
  }

  /** Frames in flight. */
  get count(): number {
    return this.heap.count;
  }

  /** See `CutFlight`: what has arrived, and was not taken yet, has arrived. */
  cut(nowNs: number): void {
    const { heap, lost } = this;
    for (let i = 0; i < heap.count; i++) {
      const slot = heap.at(i);
      if (heap.dueNs[slot] > nowNs) lost[slot] = 1;
    }
  }

  private tag(slot: number): void {
    if (this.slots.mark(slot)) this.counters[WIRE_MARKED] += 1;
  }

  private note(slot: number, sentNs: number, cut: boolean): void {
    this.sentNs[slot] = sentNs;
    this.lost[slot] = cut ? 1 : 0;
  }

  private isCut(slot: number, carrier: Carrier): boolean {
    return this.lost[slot] === 1 || carrier.isDescribedDown(this.sentNs[slot], this.heap.dueNs[slot]);
  }

  /** A copy follows right behind its frame. */
  private double(slot: number): void {
    const copy = this.slots.duplicate(slot);
    if (copy < 0) return;
    this.heap.dueNs[copy] = this.heap.dueNs[slot];
    if (this.carrier !== undefined) this.note(copy, this.sentNs[slot], this.lost[slot] === 1);
    this.heap.push(copy);
  }

  /** A threshold of 0 draws nothing. */
  private draw(threshold: number): boolean {
    return threshold > 0 && this.random.nextInt32() >>> 0 < threshold;
  }
}
