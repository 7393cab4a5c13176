/**
 * Packets of the card's wire on their way to the trace: a ring of records in shared memory that the card's
 * thread fills and the host empties when it polls. The card never waits for it: what finds no room is counted
 * as lost.
 *
 *   offset    0  tail     records put in (card writes)
 *           128  head     records taken out (host writes)
 *           256  lost     packets that found no room (card writes)
 *           384  records  slots × recordBytes: time in nanoseconds (double), packet's length,
 *                         bytes kept, sent, 0, the bytes
 *
 * Times are the process's monotonic ones (time/clock.ts), so that both threads mean the same.
 */

import { assert } from '../assert/assert.ts';
import type { DmaEngine } from '../dma/engine.ts';
import type { MemoryPlan } from '../dma/plan.ts';
import type { Region } from '../dma/region.ts';
import { CAPTURE_COPIES } from '../ledger/counters.gen.ts';
import type { Clock } from '../time/clock.ts';
import type { FrameTap } from '../wire/contract.ts';

const HEAD_WORD = 32;
const LOST_WORD = 64;
const RECORDS_OFFSET = 384;
const RECORD_HEADER_BYTES = 24;

/** Records of a packet ring: what may gather between two looks of the host. */
const SLOTS = 4096;

checkSlots(SLOTS);

/** Where a packet ring lies, and what it keeps: the same for both threads. */
export interface PacketRing {
  readonly offset: number;
  readonly slots: number;
  /** Bytes kept of each packet. */
  readonly snapBytes: number;
}

/** @param snapBytes bytes kept of each packet, 1 to 65535. */
export function planPacketRing(plan: MemoryPlan, name: string, snapBytes: number): PacketRing {
  const bytes = RECORDS_OFFSET + SLOTS * recordBytes(snapBytes);
  return {
    offset: plan.reserve(name, bytes, `${SLOTS} packets' first ${snapBytes} bytes`),
    slots: SLOTS,
    snapBytes,
  };
}

/** Checked when the module is loaded: indices run freely and are cut to a record by a mask. */
export function checkSlots(slots: number): void {
  assert(slots > 0 && (slots & (slots - 1)) === 0, 'packet ring: the number of records is a power of two');
}

function recordBytes(snapBytes: number): number {
  return RECORD_HEADER_BYTES + ((snapBytes + 7) & ~7);
}

/** The card's end: put in by one thread, whichever pipes its taps are on. */
export class PacketWriter {
  private readonly region: Region;
  private readonly ring: PacketRing;
  private readonly clock: Clock;
  private readonly dma: DmaEngine;
  private readonly word: number;
  private tail = 0;

  constructor(region: Region, ring: PacketRing, clock: Clock, dma: DmaEngine) {
    this.region = region;
    this.ring = ring;
    this.clock = clock;
    this.dma = dma;
    this.word = ring.offset >> 2;
  }

  /** @returns a tap for a pipe. @param sent whether the card sends what passes there. */
  tap(sent: boolean): FrameTap {
    return { frame: (address, length) => this.put(sent ? 1 : 0, address, length) };
  }

  private put(sent: number, address: number, length: number): void {
    assert(length > 0, 'packet ring: a packet that is recorded has bytes');
    const { ring, word } = this;
    const { words, doubles } = this.region;
    if (((this.tail - Atomics.load(words, word + HEAD_WORD)) | 0) >= ring.slots) {
      words[word + LOST_WORD] = (words[word + LOST_WORD] + 1) | 0;
      return;
    }
    const kept = Math.min(length, ring.snapBytes);
    const at = ring.offset + RECORDS_OFFSET + (this.tail & (ring.slots - 1)) * recordBytes(ring.snapBytes);
    this.clock.update();
    doubles[at >> 3] = this.clock.nowNs + this.clock.originNs;
    words[(at >> 2) + 2] = length;
    words[(at >> 2) + 3] = kept;
    words[(at >> 2) + 4] = sent;
    this.dma.move(CAPTURE_COPIES, address, at + RECORD_HEADER_BYTES, kept);
    this.tail = (this.tail + 1) | 0;
    Atomics.store(words, word, this.tail);
  }
}

/**
 * Told each packet: its time, which way it went, where its first bytes are in the region, how many, and of
 * how many.
 */
export type PacketHandler = (
  monotonicNs: number,
  sent: boolean,
  offset: number,
  length: number,
  packetLength: number,
) => void;

/** The host's end. */
export class PacketReader {
  private readonly region: Region;
  private readonly ring: PacketRing;
  private readonly word: number;
  private head = 0;

  constructor(region: Region, ring: PacketRing) {
    this.region = region;
    this.ring = ring;
    this.word = ring.offset >> 2;
  }

  /** Packets that found no room so far. */
  get lost(): number {
    return Atomics.load(this.region.words, this.word + LOST_WORD) >>> 0;
  }

  /** Takes out what is there. What the card wrote is cut to what the ring can hold. */
  drain(handler: PacketHandler): void {
    const { ring, word } = this;
    const { words, doubles } = this.region;
    const there = (Atomics.load(words, word) - this.head) | 0;
    if (there <= 0) return;
    for (let i = Math.min(there, ring.slots); i > 0; i--) {
      const at = ring.offset + RECORDS_OFFSET + (this.head & (ring.slots - 1)) * recordBytes(ring.snapBytes);
      const kept = Math.min(words[(at >> 2) + 3] >>> 0, ring.snapBytes);
      const length = Math.max(words[(at >> 2) + 2] >>> 0, kept);
      handler(doubles[at >> 3], words[(at >> 2) + 4] === 1, at + RECORD_HEADER_BYTES, kept, length);
      this.head = (this.head + 1) | 0;
    }
    Atomics.store(words, word + HEAD_WORD, this.head);
  }
}
