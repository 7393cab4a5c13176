/**
 * A one-way wire within one thread. A device's transmit half puts frames in (`reserve`, `commit`), the same
 * or another device's receive half takes them out (`receive`, `release`). Frames lie in slots of the region,
 * so that nothing is copied between. What a wire can do to a frame says config.ts.
 *
 * Two ways through: a perfect pipe is a ring of slot numbers and never looks at the clock; any other pipe
 * keeps its frames in flight by time of arrival (flight.ts). Free slots are a stack: the slot used last,
 * still in the processor's cache, is used next, so that request and response touch one slot however many
 * there are.
 */

import { assert, COSTLY_ASSERTIONS } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { Region } from '../dma/region.ts';
import { WIRE_ARRIVED, WIRE_CUT, WIRE_DUPLICATED, WIRE_OVERFLOW, WIRE_SENT } from '../ledger/counters.gen.ts';
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

/** Told of what one end of a pipe did and the other may have been waiting for. */
export interface PipeListener {
  /** A frame has been put in; `arrivalNs` is when the next one arrives at the far end. */
  committed(arrivalNs: number): void;
  /** There is as much room again as the sender asked for with `awaitRoom`. */
  roomMade(): void;
}

/** When a frame leaves: its sender may be ahead of the clock by the work that it has done in its turn. */
export interface Departures {
  /** @returns clock nanoseconds, not before the clock's own. */
  leaveNs(): number;
}

export class Pipe implements WireSource, WireSink, FlightSlots {
  receivedLength = 0;

  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly offset: number;
  private readonly slotBytes: number;
  private readonly perfect: boolean;
  private readonly counters: Float64Array;
  private readonly dma: DmaEngine;
  private readonly clock: Clock;
  private readonly departures: Departures | undefined;
  private readonly carrier: Carrier | undefined;

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
  /** Free slots the sender waits for; 0: it does not. */
  private roomWanted = 0;

  private sentTap: FrameTap | null = null;
  private arrivedTap: FrameTap | null = null;
  private listener: PipeListener | null = null;
  private readonly flight: Flight;

  /**
   * @param offset what `planPipe` returned for `config.queueFrames` slots of `config.slotBytes`.
   * @param ledger where the wire's frames are counted: the link's own. @param dma moves copies of frames, for
   *   the same ledger.
   * @param departures when frames leave; absent: when they are committed.
   * @param carrier whether the link is whole; absent: for ever.
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
    departures?: Departures,
    carrier?: Carrier,
  ) {
    checkPipeConfig(config);
    const slots = config.queueFrames;
    this.bytes = region.bytes;
    this.view = region.view;
    this.offset = offset;
    this.slotBytes = config.slotBytes;
    this.perfect = isPerfect(config) && departures === undefined;
    this.departures = departures;
    this.carrier = carrier;
    this.counters = ledger.counters;
    this.dma = dma;
    this.clock = clock;
    this.freeSlots = new Int32Array(slots);
    for (let i = 0; i < slots; i++) this.freeSlots[i] = slots - 1 - i;
    this.freeCount = slots;
    this.lengths = new Int32Array(slots);
    const ringSize = 1 << (32 - Math.clz32(slots - 1));
    this.ring = new Int32Array(this.perfect ? ringSize : 1);
    this.mask = ringSize - 1;
    this.flight = new Flight(config, this.perfect ? 1 : slots, this, random, ledger.counters, carrier);
  }

  /** Shows every frame that is put in to `tap`, before anything can happen to it; null for none. */
  tapSent(tap: FrameTap | null): void {
    this.sentTap = tap;
  }

  /** Shows every frame that is taken out to `tap`, when it is released; null for none. */
  tapArrived(tap: FrameTap | null): void {
    this.arrivedTap = tap;
  }

  /** Tells `listener` from now on: for ends that belong to two agents of an event queue. */
  listen(listener: PipeListener): void {
    this.listener = listener;
  }

  get room(): number {
    return this.freeCount;
  }

  awaitRoom(frames: number): void {
    this.roomWanted = frames;
  }

  /** // Hot path. */
  reserve(length: number): number {
    if (COSTLY) this.checkLength(length);
    if (this.freeCount === 0) {
      this.counters[WIRE_OVERFLOW] += 1;
      return -1;
    }
    return this.addressOf(this.freeSlots[this.freeCount - 1]);
  }

  /** // Hot path. */
  commit(length: number): void {
    if (COSTLY) this.checkReserved();
    const slot = this.freeSlots[--this.freeCount];
    this.lengths[slot] = length;
    this.counters[WIRE_SENT] += 1;
    if (this.sentTap !== null) this.sentTap.frame(this.addressOf(slot), length);
    if (this.perfect && this.carrier?.cut === true) {
      // What takes no time is lost when it is sent, or not at all.
      this.counters[WIRE_CUT] += 1;
      this.freeSlots[this.freeCount++] = slot;
    } else if (this.perfect) {
      this.ring[this.tail & this.mask] = slot;
      this.tail = (this.tail + 1) | 0;
    } else {
      this.launch(slot, length);
    }
    if (COSTLY) this.checkSlots();
    if (this.listener !== null) this.listener.committed(this.nextArrivalNs());
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
        slot = this.flight.land(this.clock);
        if (slot < 0) return -1;
      }
      this.received = slot;
      this.receivedLength = this.lengths[slot];
    }
    return this.addressOf(slot);
  }

  /** // Hot path. */
  release(): void {
    const slot = this.received;
    if (COSTLY) this.checkReceived();
    this.counters[WIRE_ARRIVED] += 1;
    if (this.arrivedTap !== null) this.arrivedTap.frame(this.addressOf(slot), this.receivedLength);
    this.received = -1;
    this.freeSlots[this.freeCount++] = slot;
    if (COSTLY) this.checkSlots();
    if (this.roomWanted > 0) this.makeRoom();
  }

  /** When the frame that is being received arrived, for whoever looks on; 0 of a perfect pipe. */
  get receivedNs(): number {
    return this.perfect || this.received < 0 ? 0 : this.flight.landedNs(this.received);
  }

  /** A perfect pipe's frame has arrived when it was sent: 0 says so without a double to box. */
  nextArrivalNs(): number {
    if (this.received >= 0) return 0;
    if (this.perfect) return this.head === this.tail ? NEVER : 0;
    return this.flight.count === 0 ? NEVER : this.flight.nextNs();
  }

  /** The copy is counted as the link's: no side of a card has moved this payload. */
  duplicate(slot: number): number {
    if (this.freeCount === 0) return -1;
    const copy = this.freeSlots[--this.freeCount];
    this.lengths[copy] = this.lengths[slot];
    this.dma.move(WIRE_DUPLICATED, this.addressOf(slot), this.addressOf(copy), this.lengths[slot]);
    return copy;
  }

  lose(slot: number): void {
    this.freeSlots[this.freeCount++] = slot;
    if (this.roomWanted > 0) this.makeRoom();
  }

  mark(slot: number): boolean {
    return markFrame(this.view, this.addressOf(slot), this.lengths[slot]);
  }

  flip(slot: number, bit: number): void {
    this.bytes[this.addressOf(slot) + (bit >> 3)] ^= 1 << (bit & 7);
  }

  /** Puts a frame on a wire that takes time or does damage; the slot of one that is lost is free again. */
  private launch(slot: number, length: number): void {
    const { flight } = this;
    flight.readyNs[0] = this.departures === undefined ? this.clock.nowNs : this.departures.leaveNs();
    if (!flight.launch(slot, length)) this.freeSlots[this.freeCount++] = slot;
  }

  /** Tells the sender, who waits for room, once there is as much as it wants. */
  private makeRoom(): void {
    if (this.freeCount < this.roomWanted) return;
    this.roomWanted = 0;
    if (this.listener !== null) this.listener.roomMade();
  }

  private checkLength(length: number): void {
    assert(length > 0 && length <= this.slotBytes - FRAME_OFFSET, 'pipe: a frame fits its slot');
  }

  private checkReserved(): void {
    assert(this.freeCount > 0, 'pipe: a frame is committed only where one was reserved');
  }

  private checkReceived(): void {
    assert(this.received >= 0, 'pipe: a slot is released only after it was received');
  }

  /** A slot that is lost narrows the wire for ever, and one that is twice there mixes two frames. */
  private checkSlots(): void {
    const onWire = this.perfect ? (this.tail - this.head) | 0 : this.flight.count;
    const held = this.freeCount + onWire + (this.received >= 0 ? 1 : 0);
    assert(held === this.freeSlots.length, 'pipe: every slot is free, on the wire or received');
  }

  private addressOf(slot: number): number {
    return (this.offset + Math.imul(slot, this.slotBytes) + FRAME_OFFSET) | 0;
  }
}
