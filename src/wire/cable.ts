/**
 * A one-way wire between two threads. Its source lives in the sender's thread, its sink in the receiver's;
 * between them lie two rings of slot numbers in the region, each written by one side: frames sent, and slots
 * given back. Frames lie in slots, as in a pipe, and the sink does to them what the wire does: rate, delay
 * and damage (flight.ts).
 *
 * Neither half wakes the other by itself: a `CableListener` does, since only the world knows how the other
 * thread rests. Publishing is one atomic store, so whoever looks at the ring after it was woken sees the
 * frame.
 */

import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { MemoryPlan } from '../dma/plan.ts';
import type { Region } from '../dma/region.ts';
import {
  WIRE_ARRIVED,
  WIRE_DUPLICATED,
  WIRE_OVERFLOW,
  WIRE_REFUSED,
  WIRE_SENT,
  WIRE_SLOTS_REFUSED,
} from '../ledger/counters.gen.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { NEVER } from '../time/agent.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import type { Carrier } from './carrier.ts';
import { checkPipeConfig, isPerfect, type PipeConfig } from './config.ts';
import { markFrame } from './congestion-mark.ts';
import type { FrameTap, WireSink, WireSource } from './contract.ts';
import { Flight, type FlightSlots } from './flight.ts';
import { FRAME_OFFSET } from './slots.ts';

/** The module's own copy, which V8 folds into hot functions: see `COSTLY_ASSERTIONS`. */
const COSTLY = COSTLY_ASSERTIONS;

/** Word offsets from a cable's address; each index is on a pair of cache lines of its own. */
const SENT_TAIL = 0;
const FREED_TAIL = 32;
const ROOM_WANTED = 64;
const RINGS = 96;
/** Words of an entry of the ring of frames: slot, length, and when it was sent (a double). */
const ENTRY_WORDS = 4;

/** Told what the other thread may be waiting for. */
export interface CableListener {
  /** The source has put a frame in; or the sink has made the room the source waits for. */
  changed(): void;
}

/**
 * A cable's slots: those of the queue, and as many for copies where frames may be doubled, which the sink
 * owns.
 */
function slotCount(config: PipeConfig): number {
  return config.queueFrames * (config.duplicateProbability > 0 ? 2 : 1);
}

function ringSize(config: PipeConfig): number {
  return 2 ** Math.ceil(Math.log2(slotCount(config)));
}

/** Plans both rings and the slots. @returns their address. */
export function planCable(plan: MemoryPlan, name: string, config: PipeConfig): number {
  const rings = 4 * (RINGS + ringSize(config) * (ENTRY_WORDS + 1));
  const slots = slotCount(config);
  const reason = `${slots} frames of ${config.slotBytes} bytes between two threads`;
  return plan.reserve(name, Math.ceil(rings / 128) * 128 + slots * config.slotBytes, reason);
}

/** Where a cable's parts lie, the same for both halves. */
class CableMemory {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly word: number;
  readonly mask: number;
  private readonly freedWord: number;
  private readonly slots: number;
  private readonly slotBytes: number;

  constructor(region: Region, offset: number, config: PipeConfig) {
    checkPipeConfig(config);
    const size = ringSize(config);
    this.words = region.words;
    this.doubles = region.doubles;
    this.word = offset >> 2;
    this.mask = size - 1;
    this.freedWord = this.word + RINGS + size * ENTRY_WORDS;
    this.slots = offset + Math.ceil((4 * (RINGS + size * (ENTRY_WORDS + 1))) / 128) * 128;
    this.slotBytes = config.slotBytes;
  }

  /** Word index of the entry at a free-running index. */
  entry(index: number): number {
    return this.word + RINGS + (index & this.mask) * ENTRY_WORDS;
  }

  freed(index: number): number {
    return this.freedWord + (index & this.mask);
  }

  frame(slot: number): number {
    return (this.slots + Math.imul(slot, this.slotBytes) + FRAME_OFFSET) | 0;
  }

  /** The longest frame that fits. */
  get frameBytesMax(): number {
    return this.slotBytes - FRAME_OFFSET;
  }
}

export class CableSource implements WireSource {
  private readonly memory: CableMemory;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly listener: CableListener;
  private readonly freeSlots: Int32Array;
  private freeCount: number;
  /** Slots that have been sent and have not come back: 1, else 0. */
  private readonly out: Uint8Array;
  /** Entries of the ring of freed slots that named none of these. */
  private refused = 0;
  private sentTail = 0;
  private freedHead = 0;
  private tap: FrameTap | null = null;

  /** @param ledger of this direction of the link: overflow is counted here, all else by the sink. */
  constructor(
    region: Region,
    offset: number,
    config: PipeConfig,
    clock: Clock,
    ledger: Ledger,
    listener: CableListener,
  ) {
    this.memory = new CableMemory(region, offset, config);
    this.counters = ledger.counters;
    this.clock = clock;
    this.listener = listener;
    const slots = config.queueFrames;
    this.freeSlots = new Int32Array(slots);
    this.out = new Uint8Array(slots);
    for (let i = 0; i < slots; i++) this.freeSlots[i] = slots - 1 - i;
    this.freeCount = slots;
  }

  /** Shows every frame that is put in to `tap`, before anything can happen to it; null for none. */
  tapSent(tap: FrameTap | null): void {
    this.tap = tap;
  }

  get room(): number {
    this.reclaim();
    return this.freeCount;
  }

  awaitRoom(frames: number): void {
    const { words, word } = this.memory;
    Atomics.store(words, word + ROOM_WANTED, frames);
  }

  /** // Hot path. */
  reserve(length: number): number {
    assert(length > 0 && length <= this.memory.frameBytesMax, 'cable: a frame fits its slot');
    if (this.freeCount === 0) this.reclaim();
    if (this.freeCount === 0) {
      this.counters[WIRE_OVERFLOW] += 1;
      return -1;
    }
    return this.memory.frame(this.freeSlots[this.freeCount - 1]);
  }

  /** // Hot path. */
  commit(length: number): void {
    assert(this.freeCount > 0, 'cable: a frame is committed only where one was reserved');
    const { memory, clock } = this;
    const slot = this.freeSlots[--this.freeCount];
    this.out[slot] = 1;
    this.counters[WIRE_SENT] += 1;
    if (this.tap !== null) this.tap.frame(memory.frame(slot), length);
    const entry = memory.entry(this.sentTail);
    memory.words[entry] = slot;
    memory.words[entry + 1] = length;
    memory.doubles[(entry + 2) >> 1] = clock.nowNs + clock.originNs;
    this.sentTail = (this.sentTail + 1) | 0;
    Atomics.store(memory.words, memory.word + SENT_TAIL, this.sentTail);
    this.listener.changed();
  }

  /** Takes the slots back that the sink has given. */
  private reclaim(): void {
    const { memory } = this;
    const tail = Atomics.load(memory.words, memory.word + FREED_TAIL);
    while (this.freedHead !== tail) {
      const slot = memory.words[memory.freed(this.freedHead)];
      this.freedHead = (this.freedHead + 1) | 0;
      // The other thread wrote it: a slot that is not out on the cable is refused.
      if (slot >= 0 && slot < this.out.length && this.out[slot] === 1) {
        this.out[slot] = 0;
        this.freeSlots[this.freeCount++] = slot;
      } else {
        this.refused += 1;
        this.counters[WIRE_SLOTS_REFUSED] += 1;
      }
    }
    if (!COSTLY) return;
    const sent = (this.sentTail - this.freedHead) | 0;
    assert(
      this.freeCount + sent + this.refused === this.freeSlots.length,
      'cable: every slot of the queue is free at the source or was sent',
    );
  }
}

export class CableSink implements WireSink, FlightSlots {
  receivedLength = 0;
  private readonly memory: CableMemory;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly counters: Float64Array;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly listener: CableListener;
  private readonly perfect: boolean;
  private readonly flight: Flight;
  private readonly lengths: Int32Array;
  /** Slots of the queue that are in flight or received: 1, else 0. */
  private readonly held: Uint8Array;
  /** Frames of the other thread that were refused. */
  private refused = 0;
  /** Slots for copies, which never belong to the source: those from `queueFrames` on. */
  private readonly copies: Int32Array;
  private copyCount: number;
  private readonly queueFrames: number;
  private sentHead = 0;
  private freedTail = 0;
  private received = -1;
  private tap: FrameTap | null = null;

  /**
   * @param ledger of this direction of the link. @param dma moves copies of frames, for the same ledger.
   * @param carrier whether the link is whole; absent: for ever.
   */
  constructor(
    region: Region,
    offset: number,
    config: PipeConfig,
    clock: Clock,
    random: Random,
    ledger: Ledger,
    dma: DmaEngine,
    listener: CableListener,
    carrier?: Carrier,
  ) {
    const slots = slotCount(config);
    this.memory = new CableMemory(region, offset, config);
    this.bytes = region.bytes;
    this.view = region.view;
    this.counters = ledger.counters;
    this.clock = clock;
    this.dma = dma;
    this.listener = listener;
    this.perfect = isPerfect(config);
    this.flight = new Flight(config, this.perfect ? 1 : slots, this, random, ledger.counters, carrier);
    this.lengths = new Int32Array(slots);
    this.held = new Uint8Array(config.queueFrames);
    this.queueFrames = config.queueFrames;
    this.copyCount = slots - config.queueFrames;
    this.copies = new Int32Array(this.copyCount);
    for (let i = 0; i < this.copyCount; i++) this.copies[i] = config.queueFrames + i;
  }

  /** Shows every frame that is taken out to `tap`, when it is released; null for none. */
  tapArrived(tap: FrameTap | null): void {
    this.tap = tap;
  }

  /** // Hot path. Returns the same frame until it is released. */
  receive(): number {
    if (this.received < 0) {
      const slot = this.perfect ? this.take() : this.land();
      if (slot < 0) return -1;
      this.received = slot;
      this.receivedLength = this.lengths[slot];
    }
    return this.memory.frame(this.received);
  }

  /** // Hot path. */
  release(): void {
    const slot = this.received;
    assert(slot >= 0, 'cable: a slot is released only after it was received');
    this.counters[WIRE_ARRIVED] += 1;
    if (this.tap !== null) this.tap.frame(this.memory.frame(slot), this.lengths[slot]);
    this.received = -1;
    this.give(slot);
    if (COSTLY) this.checkSlots();
  }

  nextArrivalNs(): number {
    if (this.received >= 0) return 0;
    if (this.perfect) return this.sentHead === this.sentTail() ? NEVER : 0;
    this.absorb();
    return this.flight.count === 0 ? NEVER : this.flight.nextNs();
  }

  duplicate(slot: number): number {
    if (this.copyCount === 0) return -1;
    const copy = this.copies[--this.copyCount];
    this.lengths[copy] = this.lengths[slot];
    this.dma.move(WIRE_DUPLICATED, this.memory.frame(slot), this.memory.frame(copy), this.lengths[slot]);
    return copy;
  }

  lose(slot: number): void {
    this.give(slot);
  }

  mark(slot: number): boolean {
    return markFrame(this.view, this.memory.frame(slot), this.lengths[slot]);
  }

  flip(slot: number, bit: number): void {
    this.bytes[this.memory.frame(slot) + (bit >> 3)] ^= 1 << (bit & 7);
  }

  private sentTail(): number {
    return Atomics.load(this.memory.words, this.memory.word + SENT_TAIL);
  }

  /** The next frame of a perfect cable; -1 for none. */
  private take(): number {
    const { memory } = this;
    while (this.sentHead !== this.sentTail()) {
      const entry = memory.entry(this.sentHead);
      const slot = memory.words[entry];
      const length = memory.words[entry + 1];
      this.sentHead = (this.sentHead + 1) | 0;
      // The other thread wrote both: a frame in a slot it had not, or that leaves its slot, is refused.
      if (slot >= 0 && slot < this.queueFrames && this.held[slot] === 0 && length > 0) {
        if (length <= memory.frameBytesMax) {
          this.held[slot] = 1;
          this.lengths[slot] = length;
          return slot;
        }
      }
      this.refused += 1;
      this.counters[WIRE_REFUSED] += 1;
    }
    return -1;
  }

  private land(): number {
    this.absorb();
    return this.flight.land(this.clock);
  }

  /** Puts what was sent in flight, from when it was sent. */
  private absorb(): void {
    const { memory, clock } = this;
    for (const tail = this.sentTail(); this.sentHead !== tail; ) {
      const sentNs = memory.doubles[(memory.entry(this.sentHead) + 2) >> 1] - clock.originNs;
      const slot = this.take();
      if (slot < 0) return;
      this.flight.readyNs[0] = Number.isFinite(sentNs) ? sentNs : clock.nowNs;
      if (!this.flight.launch(slot, this.lengths[slot])) this.give(slot);
    }
  }

  /**
   * What the sink has taken from the ring, and the copies it has made, are with the flight or with the
   * receiver.
   */
  private checkSlots(): void {
    const taken = (this.sentHead - this.freedTail - this.refused) | 0;
    const copied = this.copies.length - this.copyCount;
    const held = this.flight.count + (this.received >= 0 ? 1 : 0);
    assert(taken + copied === held, 'cable: every slot taken is in flight, received, or given back');
  }

  /** Gives a slot back to the source, or keeps it for copies; and wakes a source that waits for room. */
  private give(slot: number): void {
    if (slot >= this.queueFrames) {
      this.copies[this.copyCount++] = slot;
      return;
    }
    const { memory } = this;
    this.held[slot] = 0;
    memory.words[memory.freed(this.freedTail)] = slot;
    this.freedTail = (this.freedTail + 1) | 0;
    Atomics.store(memory.words, memory.word + FREED_TAIL, this.freedTail);
    if (Atomics.load(memory.words, memory.word + ROOM_WANTED) === 0) return;
    Atomics.store(memory.words, memory.word + ROOM_WANTED, 0);
    this.listener.changed();
  }
}
