/**
 * The receive queues: payload stays in its packet slot until it is taken. Per slot: where it starts, how long
 * it is, its number, the next slot. A connection has two queues: in order, and late (sorted, no overlaps).
 *
 * Card memory is bounded: when slots run short, small segments that stay queued are put together behind the
 * last (a copy, counted as a collapse), late ones are thrown away (SHLD-31), and at last even those in order.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { DmaEngine } from '../../dma/engine.ts';
import type { PacketPool } from '../../dma/packets.ts';
import {
  CARD_COLLAPSE_COPIES,
  PEEK_COPIES,
  RECEIVE_COPIES,
  RECEIVE_PLACEMENTS,
  TCP_PACKETS_PRUNED,
} from '../../ledger/counters.gen.ts';
import { after, before } from '../seq.ts';
import type { Tcb } from './tcb.ts';

const COSTLY = COSTLY_ASSERTIONS;

export class ReceiveQueue {
  readonly address: Int32Array;
  readonly length: Int32Array;
  readonly seq: Int32Array;
  readonly next: Int32Array;
  /**
   * The first stretch of the latest segment's bytes that the late queue held already, as `insertLate` and
   * `promoteLate` found it; equal where there was none.
   */
  overlapStart = 0;
  overlapEnd = 0;
  private readonly packets: PacketPool;
  private readonly dma: DmaEngine;
  private readonly counters: Float64Array;
  /** With fewer free slots than this, memory is short. */
  private readonly low: number;
  /** With at most this many free, only a connection with nothing queued gets one more, down to `floor`. */
  private readonly reserve: number;
  private readonly floor: number;
  /** Slots that one connection may hold before it is treated as if memory were short. */
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

  /** Bytes that one connection's share of the slots holds, in segments of so many. */
  shareBytes(segmentBytes: number): number {
    return this.share * segmentBytes;
  }

  /** Whether one more slot may be kept for in-order data; late segments of this connection go first. */
  hasRoom(tcb: Tcb): boolean {
    const { received } = tcb;
    if (this.packets.available > this.reserve && received.slotsHeld < this.share) return true;
    if (received.lateHead >= 0) {
      this.pruneLate(tcb);
      if (this.packets.available > this.reserve && received.slotsHeld < this.share) return true;
    }
    return received.head < 0 && this.packets.available > this.floor;
  }

  /** Whether a slot may be kept for data out of order. */
  hasRoomLate(tcb: Tcb, lateMax: number): boolean {
    return tcb.received.lateCount < lateMax && !this.isShort(tcb);
  }

  /** Appends in-order payload and keeps its slot. // Hot path. */
  append(tcb: Tcb, packet: number, address: number, length: number): void {
    const { received } = tcb;
    if (COSTLY) checkAppended(packet, received.tail, length);
    this.address[packet] = address;
    this.length[packet] = length;
    this.next[packet] = -1;
    if (received.tail < 0) received.head = packet;
    else this.next[received.tail] = packet;
    received.tail = packet;
    received.queuedBytes = (received.queuedBytes + length) | 0;
    received.slotsHeld += 1;
  }

  /** Copies in-order payload behind the last one queued. @returns false when it does not fit there. */
  collapse(tcb: Tcb, address: number, length: number): boolean {
    const { received } = tcb;
    const { tail } = received;
    if (tail < 0 || !this.packets.joins) return false;
    const end = this.address[tail] + this.length[tail];
    if (end + length > this.packets.addressOf(tail) + this.packets.slotBytes) return false;
    this.dma.move(CARD_COLLAPSE_COPIES, address, end, length);
    this.length[tail] += length;
    received.queuedBytes = (received.queuedBytes + length) | 0;
    return true;
  }

  /**
   * Moves up to `lengthMax` in-order bytes to `destination` and frees the slots that they leave.
   * @returns bytes. // Hot path.
   */
  take(tcb: Tcb, destination: number, lengthMax: number): number {
    const { received } = tcb;
    let taken = 0;
    for (let { head } = received; head >= 0 && taken < lengthMax; head = received.head) {
      const count = Math.min(this.length[head], lengthMax - taken);
      this.dma.move(RECEIVE_PLACEMENTS, this.address[head], destination + taken, count);
      this.took(tcb, head, count);
      taken += count;
    }
    return taken;
  }

  /** The same to a program's memory, by its processor. // Hot path. */
  takeTo(tcb: Tcb, bytes: Uint8Array, offset: number, lengthMax: number): number {
    const { received } = tcb;
    let taken = 0;
    for (let { head } = received; head >= 0 && taken < lengthMax; head = received.head) {
      const count = Math.min(this.length[head], lengthMax - taken);
      this.dma.copyOut(RECEIVE_COPIES, this.address[head], bytes, offset + taken, count);
      this.took(tcb, head, count);
      taken += count;
    }
    return taken;
  }

  /** The same, and they stay where they are. */
  peekTo(tcb: Tcb, bytes: Uint8Array, offset: number, lengthMax: number): number {
    if (COSTLY) assert(lengthMax <= bytes.length - offset, 'receive queue: what is copied has room');
    let done = 0;
    for (let slot = tcb.received.head; slot >= 0 && done < lengthMax; slot = this.next[slot]) {
      const count = Math.min(this.length[slot], lengthMax - done);
      this.dma.copyOut(PEEK_COPIES, this.address[slot], bytes, offset + done, count);
      done += count;
    }
    return done;
  }

  /** So many of the oldest slot's bytes have been moved. */
  private took(tcb: Tcb, head: number, count: number): void {
    const { received } = tcb;
    if (COSTLY)
      assert(count > 0 && count <= this.length[head], 'receive queue: what is moved is in its slot');
    received.queuedBytes = (received.queuedBytes - count) | 0;
    if (COSTLY) assert(received.queuedBytes >= 0, 'receive queue: no more is taken than was queued');
    if (count === this.length[head]) {
      this.dropHead(tcb);
      return;
    }
    this.address[head] += count;
    this.length[head] -= count;
  }

  /**
   * Queues late payload. What overlaps with payload already there is cut off: what came first stays (RFC 9293
   * lets either). What that is, `overlapStart` and `overlapEnd` say.
   * @returns true when the slot is kept.
   */
  insertLate(tcb: Tcb, packet: number, seq: number, address: number, length: number): boolean {
    const { received } = tcb;
    assert(length > 0, 'receive queue: a slot is kept for at least one late byte');
    assert(after(seq, tcb.rcvNxt), 'receive queue: late payload lies behind a hole');
    let previous = -1;
    let following = received.lateHead;
    const tail = received.lateTail;
    if (tail >= 0 && !before(seq, this.seq[tail])) {
      previous = tail;
      following = -1;
    } else {
      while (following >= 0 && !before(seq, this.seq[following])) {
        previous = following;
        following = this.next[following];
      }
    }
    const start = previous < 0 ? seq : this.startBehind(previous, seq);
    const cut = (start - seq) | 0;
    let left = length - cut;
    this.overlapStart = seq;
    this.overlapEnd = left <= 0 ? (seq + length) | 0 : start;
    if (left <= 0) return false;
    // Followers wholly covered give way; one partly covered shortens the newcomer.
    while (following >= 0) {
      const distance = (this.seq[following] - start) | 0;
      if (distance >= left) break;
      this.overlaps(this.seq[following], Math.min(left - distance, this.length[following]));
      if (distance + this.length[following] > left) {
        left = distance;
        break;
      }
      following = this.removeLate(tcb, previous, following);
    }
    if (left <= 0) {
      this.overlapStart = seq;
      this.overlapEnd = (seq + length) | 0;
      return false;
    }
    this.seq[packet] = start;
    this.address[packet] = address + cut;
    this.length[packet] = left;
    this.next[packet] = following;
    if (previous < 0) received.lateHead = packet;
    else this.next[previous] = packet;
    if (following < 0) received.lateTail = packet;
    received.lateCount += 1;
    received.slotsHeld += 1;
    return true;
  }

  /** The slot with which the block of the late queue begins that holds `seq`; -1: none does. */
  blockOf(tcb: Tcb, seq: number): number {
    let first = tcb.received.lateHead;
    while (first >= 0 && !before(seq, this.seq[first])) {
      if (before(seq, this.blockEnd(first))) return first;
      first = this.blockAfter(first);
    }
    return -1;
  }

  /** The end of what follows without a gap on a late slot. */
  blockEnd(packet: number): number {
    const last = this.blockLast(packet);
    return (this.seq[last] + this.length[last]) | 0;
  }

  /** The first late slot behind what follows without a gap on another; -1: none. */
  blockAfter(packet: number): number {
    return this.next[this.blockLast(packet)];
  }

  /** The last of the late slots that follow on one without a gap: itself, where none does. */
  private blockLast(packet: number): number {
    let last = packet;
    for (;;) {
      const at = this.next[last];
      if (at < 0 || this.seq[at] !== ((this.seq[last] + this.length[last]) | 0)) return last;
      last = at;
    }
  }

  /** Moves late payload that `rcvNxt` has reached to the in-order queue. @returns new in-order bytes. */
  promoteLate(tcb: Tcb): number {
    const { received } = tcb;
    const arrivedEnd = tcb.rcvNxt;
    let promoted = 0;
    this.overlapStart = arrivedEnd;
    this.overlapEnd = arrivedEnd;
    while (received.lateHead >= 0) {
      const packet = received.lateHead;
      const passed = (tcb.rcvNxt - this.seq[packet]) | 0;
      if (passed < 0) break;
      const left = this.length[packet] - passed;
      const held = (arrivedEnd - this.seq[packet]) | 0;
      if (held > 0) this.overlaps(this.seq[packet], Math.min(held, this.length[packet]));
      received.lateHead = this.next[packet];
      if (received.lateHead < 0) received.lateTail = -1;
      received.lateCount -= 1;
      received.slotsHeld -= 1;
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

  /** Throws the late segments away for want of memory: the peer sends them again. */
  pruneLate(tcb: Tcb): void {
    this.counters[TCP_PACKETS_PRUNED] += tcb.received.lateCount;
    this.dropLate(tcb);
  }

  /** Frees every late slot. */
  dropLate(tcb: Tcb): void {
    const { received } = tcb;
    while (received.lateHead >= 0) received.lateHead = this.removeLate(tcb, -1, received.lateHead);
    assert(received.lateCount === 0, 'receive queue: no late slot is counted once all are dropped');
  }

  /** Frees everything queued in order. @returns its bytes. */
  dropAll(tcb: Tcb): number {
    const { received } = tcb;
    const unread = received.queuedBytes;
    while (received.head >= 0) this.dropHead(tcb);
    received.queuedBytes = 0;
    return unread;
  }

  /** `length` bytes from `seq` on were here: they begin the first stretch of such bytes, or prolong it. */
  private overlaps(seq: number, length: number): void {
    assert(length > 0, 'receive queue: bytes that come twice are at least one');
    if (this.overlapStart === this.overlapEnd) this.overlapStart = seq;
    else if (seq !== this.overlapEnd) return;
    this.overlapEnd = (seq + length) | 0;
  }

  private dropHead(tcb: Tcb): void {
    const { received } = tcb;
    const packet = received.head;
    received.head = this.next[packet];
    if (received.head < 0) received.tail = -1;
    received.slotsHeld -= 1;
    if (COSTLY)
      assert(received.slotsHeld >= received.lateCount, 'receive queue: a slot that is dropped was counted');
    this.packets.free(packet);
  }

  /** Where late payload of `seq` begins that does not overlap with its predecessor. */
  private startBehind(previous: number, seq: number): number {
    const end = (this.seq[previous] + this.length[previous]) | 0;
    return after(end, seq) ? end : seq;
  }

  /** @returns the slot that follows. */
  private removeLate(tcb: Tcb, previous: number, packet: number): number {
    const { received } = tcb;
    const following = this.next[packet];
    if (previous < 0) received.lateHead = following;
    else this.next[previous] = following;
    if (following < 0) received.lateTail = previous;
    received.lateCount -= 1;
    received.slotsHeld -= 1;
    this.packets.free(packet);
    return following;
  }

  /**
   * One connection's two lists against its sequence numbers and counts. Costs a walk over both.
   * @param marks one byte a packet slot: 1 where a list holds it; undefined: not to be marked.
   */
  check(tcb: Tcb, marks?: Uint8Array): void {
    const { received } = tcb;
    let slots = 0;
    let bytes = 0;
    let last = -1;
    for (let packet = received.head; packet >= 0; packet = this.next[packet]) {
      if (marks) this.mark(marks, packet);
      bytes += this.length[packet];
      slots += 1;
      last = packet;
    }
    assert(last === received.tail, 'receive queue: the tail is the last slot in order');
    assert(
      bytes === received.queuedBytes,
      'receive queue: the slots in order hold the bytes that are counted',
    );
    slots += this.checkLate(tcb, marks);
    assert(slots === received.slotsHeld, 'receive queue: as many slots are linked as are counted');
  }

  /** @returns late slots. */
  private checkLate(tcb: Tcb, marks: Uint8Array | undefined): number {
    const { received } = tcb;
    let count = 0;
    let last = -1;
    let end = tcb.rcvNxt;
    for (let packet = received.lateHead; packet >= 0; packet = this.next[packet]) {
      if (marks) this.mark(marks, packet);
      assert(
        last < 0 ? after(this.seq[packet], end) : !before(this.seq[packet], end),
        'receive queue: late slots are sorted, without overlaps, and behind a hole',
      );
      end = (this.seq[packet] + this.length[packet]) | 0;
      count += 1;
      last = packet;
    }
    assert(last === received.lateTail, 'receive queue: the late tail is the last late slot');
    assert(count === received.lateCount, 'receive queue: as many late slots are linked as are counted');
    assert(last < 0 || !after(end, tcb.rcvAdv), 'receive queue: nothing is kept beyond the window offered');
    return count;
  }

  private mark(marks: Uint8Array, packet: number): void {
    assert(marks[packet] === 0, 'receive queue: a packet slot is in one list');
    marks[packet] = 1;
  }
}

function checkAppended(packet: number, tail: number, length: number): void {
  assert(length > 0, 'receive queue: a slot is kept for at least one byte in order');
  assert(packet !== tail, 'receive queue: a slot is appended once');
}
