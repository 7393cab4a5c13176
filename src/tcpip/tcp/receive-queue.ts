/**
 * The receive queues: payload stays in the packet slot it arrived in until it is taken. Per slot: where its
 * payload starts, how long it is, its sequence number, and the next slot of the queue. A connection has two
 * queues: in order, and late (out of order, sorted, without overlaps).
 *
 * Card memory is bounded: when slots run short, small segments that stay queued are put together in the room
 * behind the last one (a copy, counted as a collapse), late segments are thrown away (the peer must keep them
 * until acknowledged: RFC 9293 §3.10.7.4 asks to queue them only as SHLD-31), and at last even in-order ones,
 * so that acknowledgements and other connections' data still find a slot.
 */
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import { CARD_COLLAPSE_COPIES, RECEIVE_PLACEMENTS, TCP_PACKETS_PRUNED } from '../../ledger/counters.gen.ts';
import type { Tcb } from './tcb.ts';

export class ReceiveQueue {
  readonly address: Int32Array;
  readonly length: Int32Array;
  readonly seq: Int32Array;
  readonly next: Int32Array;
  private readonly packets: PacketPool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  /**
   * Below this many free slots memory is short; at this many, only a connection with nothing queued gets one
   * more.
   */
  private readonly low: number;
  private readonly reserve: number;
  private readonly floor: number;
  /** Slots one connection may hold before it is treated as if memory were short. */
  private readonly share: number;

  constructor(packets: PacketPool, dma: DmaEngine, counters: Float64Array) {
    this.packets = packets;
    this.dma = dma;
    this.counters = counters;
    this.address = new Int32Array(packets.count);
    this.length = new Int32Array(packets.count);
    this.seq = new Int32Array(packets.count);
    this.next = new Int32Array(packets.count);
    this.low = packets.count >> 2;
    this.reserve = Math.min(64, Math.max(4, packets.count >> 3));
    this.floor = Math.min(8, Math.max(2, packets.count >> 5));
    this.share = Math.max(2, packets.count >> 1);
  }

  /** Whether slots run short for this connection. // Hot path. */
  isShort(tcb: Tcb): boolean {
    return this.packets.available < this.low || tcb.received.slotsHeld >= this.share;
  }

  /**
   * Whether one more slot may be kept for in-order data. Late segments of this connection are given up first.
   */
  hasRoom(tcb: Tcb): boolean {
    const { available } = this.packets;
    if (available > this.reserve && tcb.received.slotsHeld < this.share) return true;
    if (tcb.received.lateHead >= 0) {
      this.pruneLate(tcb);
      if (this.packets.available > this.reserve && tcb.received.slotsHeld < this.share) return true;
    }
    return tcb.received.head < 0 && this.packets.available > this.floor;
  }

  /** Whether a slot may be kept for data out of order. */
  hasRoomLate(tcb: Tcb, lateMax: number): boolean {
    return tcb.received.lateCount < lateMax && !this.isShort(tcb);
  }

  /** Appends in-order payload and keeps its slot. // Hot path. */
  append(tcb: Tcb, packet: number, address: number, length: number): void {
    this.address[packet] = address;
    this.length[packet] = length;
    this.next[packet] = -1;
    if (tcb.received.tail < 0) tcb.received.head = packet;
    else this.next[tcb.received.tail] = packet;
    tcb.received.tail = packet;
    tcb.received.queuedBytes = (tcb.received.queuedBytes + length) | 0;
    tcb.received.slotsHeld += 1;
  }

  /** Copies in-order payload behind the last one queued. @returns false when it does not fit there. */
  collapse(tcb: Tcb, address: number, length: number): boolean {
    const tail = tcb.received.tail;
    if (tail < 0) return false;
    const end = this.address[tail] + this.length[tail];
    if (end + length > this.packets.addressOf(tail) + this.packets.slotBytes) return false;
    this.dma.move(CARD_COLLAPSE_COPIES, address, end, length);
    this.length[tail] += length;
    tcb.received.queuedBytes = (tcb.received.queuedBytes + length) | 0;
    return true;
  }

  /**
   * Moves up to `lengthMax` in-order bytes to `destination` and frees the slots they leave. @returns bytes.
   * // Hot path.
   */
  take(tcb: Tcb, destination: number, lengthMax: number): number {
    let taken = 0;
    while (taken < lengthMax && tcb.received.head >= 0) {
      const head = tcb.received.head;
      const there = this.length[head];
      const wanted = lengthMax - taken;
      if (there > wanted) {
        this.dma.move(RECEIVE_PLACEMENTS, this.address[head], destination + taken, wanted);
        this.address[head] += wanted;
        this.length[head] = there - wanted;
        taken = lengthMax;
        break;
      }
      this.dma.move(RECEIVE_PLACEMENTS, this.address[head], destination + taken, there);
      taken += there;
      this.dropHead(tcb);
    }
    tcb.received.queuedBytes = (tcb.received.queuedBytes - taken) | 0;
    return taken;
  }

  /**
   * Queues late payload. What overlaps with payload already there is cut off: what came first stays (RFC 9293
   * lets either).
   * @returns true when the slot is kept.
   */
  insertLate(tcb: Tcb, packet: number, seq: number, address: number, length: number): boolean {
    let previous = -1;
    let following = tcb.received.lateHead;
    const tail = tcb.received.lateTail;
    if (tail >= 0 && ((seq - this.seq[tail]) | 0) >= 0) {
      previous = tail;
      following = -1;
    } else {
      while (following >= 0 && ((seq - this.seq[following]) | 0) >= 0) {
        previous = following;
        following = this.next[following];
      }
    }
    let start = seq;
    let from = address;
    let left = length;
    if (previous >= 0) {
      const overlap = (this.seq[previous] + this.length[previous] - start) | 0;
      if (overlap > 0) {
        if (overlap >= left) return false;
        start = (start + overlap) | 0;
        from += overlap;
        left -= overlap;
      }
    }
    // Followers wholly covered give way; one partly covered shortens the newcomer.
    while (following >= 0) {
      const distance = (this.seq[following] - start) | 0;
      if (distance >= left) break;
      if (distance + this.length[following] > left) {
        left = distance;
        break;
      }
      following = this.removeLate(tcb, previous, following);
    }
    if (left <= 0) return false;
    this.seq[packet] = start;
    this.address[packet] = from;
    this.length[packet] = left;
    this.next[packet] = following;
    if (previous < 0) tcb.received.lateHead = packet;
    else this.next[previous] = packet;
    if (following < 0) tcb.received.lateTail = packet;
    tcb.received.lateCount += 1;
    tcb.received.slotsHeld += 1;
    return true;
  }

  /** Moves late payload that `rcvNxt` has reached to the in-order queue. @returns new in-order bytes. */
  promoteLate(tcb: Tcb): number {
    let promoted = 0;
    while (tcb.received.lateHead >= 0) {
      const packet = tcb.received.lateHead;
      const passed = (tcb.rcvNxt - this.seq[packet]) | 0;
      if (passed < 0) break;
      const left = this.length[packet] - passed;
      tcb.received.lateHead = this.next[packet];
      if (tcb.received.lateHead < 0) tcb.received.lateTail = -1;
      tcb.received.lateCount -= 1;
      tcb.received.slotsHeld -= 1;
      if (left <= 0) {
        this.packets.free(packet);
        continue;
      }
      const address = this.address[packet] + passed;
      if (this.isShort(tcb) && this.collapse(tcb, address, left)) this.packets.free(packet);
      else this.append(tcb, packet, address, left);
      tcb.rcvNxt = (tcb.rcvNxt + left) | 0;
      promoted += left;
    }
    return promoted;
  }

  /** Frees every late slot. */
  pruneLate(tcb: Tcb): void {
    this.counters[TCP_PACKETS_PRUNED] += tcb.received.lateCount;
    this.dropLate(tcb);
  }

  dropLate(tcb: Tcb): void {
    while (tcb.received.lateHead >= 0)
      tcb.received.lateHead = this.removeLate(tcb, -1, tcb.received.lateHead);
  }

  /** Frees everything queued in order. @returns its bytes. */
  dropAll(tcb: Tcb): number {
    const unread = tcb.received.queuedBytes;
    while (tcb.received.head >= 0) this.dropHead(tcb);
    tcb.received.queuedBytes = 0;
    return unread;
  }

  private dropHead(tcb: Tcb): void {
    const packet = tcb.received.head;
    tcb.received.head = this.next[packet];
    if (tcb.received.head < 0) tcb.received.tail = -1;
    tcb.received.slotsHeld -= 1;
    this.packets.free(packet);
  }

  /** @returns the slot that follows. */
  private removeLate(tcb: Tcb, previous: number, packet: number): number {
    const following = this.next[packet];
    if (previous < 0) tcb.received.lateHead = following;
    else this.next[previous] = following;
    if (following < 0) tcb.received.lateTail = previous;
    tcb.received.lateCount -= 1;
    tcb.received.slotsHeld -= 1;
    this.packets.free(packet);
    return following;
  }
}
