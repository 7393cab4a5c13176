/**
 * The host's side of transmit memory: buffers for payload, and the slots of card memory for immediate data,
 * which the host counts although it never touches them. A context is the number of a buffer, or the count of
 * buffers plus the number of a slot.
 *
 * A context is in one place at a time: free in the pool; taken, while the driver or the program fills it; or
 * lent to the card, from the post of its frame until the card has answered the context.
 */
import { assert, COSTLY_ASSERTIONS } from '../../assert/assert.ts';
import type { PoolArea } from '../../dma/pool-area.ts';
import {
  MEMORY_TRANSMIT_DRY,
  MEMORY_TRANSMIT_RETURNED,
  MEMORY_TRANSMIT_TAKEN,
} from '../../ledger/counters.gen.ts';
import { type Ledger, SLOTS_METER, TRANSMIT_METER } from '../../ledger/ledger.ts';
import type { MeterClock, PoolMeter } from '../../ledger/pool-meter.ts';
import type { HostSocket } from './host-socket.ts';
import type { SocketTable } from './socket-table.ts';
import { TransmitShares } from './transmit-shares.ts';

const COSTLY = COSTLY_ASSERTIONS;

/** Where a context is when it has no socket's tag, that is, when it is not lent. */
const FREE = -1;
const TAKEN = -2;

export class TransmitPool {
  readonly bufferBytes: number;
  private readonly area: PoolArea;
  private readonly slotBytes: number;
  /** Who may have one of few free buffers. */
  readonly shares: TransmitShares;
  /** With more free buffers than this, and more than it has, any socket gets one. */
  private readonly plenty: number;
  /** Slots that only a socket with nothing in use may take: one for every socket there can be. */
  private readonly slotReserve: number;
  private readonly counters: Float64Array;
  private readonly meter: PoolMeter;
  private readonly slotMeter: PoolMeter;
  /** Free buffers; the one that came back last, which is likely still in a cache, is used next. */
  private readonly free: Int32Array;
  private freeCount: number;
  private readonly freeSlots: Int32Array;
  private freeSlotCount: number;
  /**
   * Per context: FREE, TAKEN, or the tag of the socket whose bytes the card has; and how many bytes these
   * are.
   */
  private readonly tagOf: Int32Array;
  private readonly lengthOf: Int32Array;
  /** Per buffer: the tag of the socket for which it is offered to a program; -1: it is not. */
  private readonly offeredTo: Int32Array;

  /**
   * @param reserve buffers that only a socket with none in use may take, so that a few busy sockets cannot
   *   starve others; 0: first come, first served.
   * @param socketsMax sockets there can be: so many slots are kept for those with nothing in use; half of
   *   the slots, where there are fewer than that.
   */
  constructor(area: PoolArea, immediate: PoolArea, reserve: number, socketsMax: number, ledger: Ledger) {
    this.area = area;
    this.bufferBytes = area.bufferBytes;
    this.slotBytes = immediate.bufferBytes;
    this.shares = new TransmitShares(reserve, area.count);
    this.plenty = this.shares.plenty;
    this.slotReserve = immediate.count > socketsMax ? socketsMax : immediate.count >> 1;
    this.counters = ledger.counters;
    this.meter = ledger.meter(TRANSMIT_METER);
    this.slotMeter = ledger.meter(SLOTS_METER);
    this.free = countdown(area.count, 0);
    this.freeCount = area.count;
    this.freeSlots = countdown(immediate.count, area.count);
    this.freeSlotCount = immediate.count;
    this.tagOf = new Int32Array(area.count + immediate.count).fill(FREE);
    this.lengthOf = new Int32Array(area.count + immediate.count);
    this.offeredTo = new Int32Array(area.count).fill(-1);
  }

  /** Free buffers. */
  get available(): number {
    return this.freeCount;
  }

  /** Free buffers that nobody has been promised. */
  get unpromised(): number {
    return this.freeCount - this.shares.promised;
  }

  /** Buffers there are, free or not. */
  get buffers(): number {
    return this.area.count;
  }

  /** Buffers and slots there are. */
  get count(): number {
    return this.tagOf.length;
  }

  /** Buffers and slots that are taken or lent. */
  get inUse(): number {
    return this.count - this.freeCount - this.freeSlotCount;
  }

  /** Whether a context is a slot's, for immediate data. */
  isSlot(context: number): boolean {
    return context >= this.area.count;
  }

  /**
   * Takes a buffer to fill with a stream's bytes. // Hot path.
   * @returns its context, or -1 when none is free for this socket.
   */
  takeFor(socket: HostSocket): number {
    const { freeCount } = this;
    if (
      (freeCount <= this.plenty || freeCount <= socket.sendingContexts) &&
      !this.shares.takes(socket, freeCount)
    ) {
      this.refused();
      return -1;
    }
    return this.takeNext();
  }

  /**
   * Offers a buffer to a program, to fill in place. Until it is sent or given back it counts as the socket's,
   * like those that the card has: a program that only collects buffers leaves the reserve to others.
   * @returns its context, or -1 when none is free for this socket.
   */
  offer(socket: HostSocket): number {
    const free = this.freeCount;
    const many = free <= this.shares.reserve || socket.offeredBuffers >= free;
    if (free <= this.plenty && socket.offeredBuffers > 0 && many) {
      this.refused();
      return -1;
    }
    const context = this.takeFor(socket);
    if (context < 0) return -1;
    assert(this.offeredTo[context] < 0, 'transmit pool: a buffer is offered to one program at a time');
    this.offeredTo[context] = socket.tag;
    socket.offeredBuffers += 1;
    return context;
  }

  /** An offered buffer is sent, or comes back: it counts no more for its socket, if that is still there. */
  endOffer(context: number, table: SocketTable): void {
    const socket = table.tagged(this.offeredTo[context]);
    this.offeredTo[context] = -1;
    if (socket !== undefined) socket.offeredBuffers -= 1;
  }

  /**
   * Whether a stream's send would find a buffer, or a slot of the reserve if the socket has nothing in use.
   */
  serves(socket: HostSocket): boolean {
    if (this.shares.allows(socket, this.freeCount)) return true;
    return socket.sendingContexts === 0 && this.slotReserve > 0 && this.freeSlotCount > 0;
  }

  /**
   * From how many free buffers on `serves` would say yes, as far as only their number decides: while fewer
   * are free, there is no use in asking again before something of the socket's own has come back.
   */
  freeNeeded(socket: HostSocket): number {
    if (socket.sendingContexts === 0 && this.slotReserve > 0) return 0;
    return this.shares.freeNeeded(socket);
  }

  /**
   * Takes a buffer of a datagram's: it comes back soon, when the device has fetched it. // Hot path.
   * @param first the socket has none in use, so that it may take from the reserve.
   * @returns its context, or -1 when none is free for it.
   */
  take(first: boolean): number {
    if (this.freeCount === 0 || (!first && this.freeCount <= this.shares.reserve)) {
      this.refused();
      return -1;
    }
    return this.takeNext();
  }

  private takeNext(): number {
    this.counters[MEMORY_TRANSMIT_TAKEN] += 1;
    const context = this.free[--this.freeCount];
    if (COSTLY) this.checkFree(context);
    this.tagOf[context] = TAKEN;
    this.meter.took();
    return context;
  }

  /** No buffer is free for whoever asks. However often that is said, it is counted once until one is had. */
  private refused(): void {
    if (this.meter.refused()) this.counters[MEMORY_TRANSMIT_DRY] += 1;
  }

  /** Starts the meters of the pool. @param clock the driver's. */
  startMeters(clock: MeterClock): void {
    assert(this.inUse === 0, 'transmit pool: its use is measured from when nothing is in use');
    this.meter.start(clock, this.area.count, 0);
    this.slotMeter.start(clock, this.freeSlots.length, 0);
  }

  /** Whether `count` buffers can be taken one after the other. @param first as of `take`, for all of them. */
  canTake(count: number, first: boolean): boolean {
    assert(count > 0, 'transmit pool: whoever asks wants at least one buffer');
    if (this.freeCount - count >= (first ? 0 : this.shares.reserve)) return true;
    this.refused();
    return false;
  }

  /**
   * Takes a slot for immediate data. // Hot path.
   * @param first the socket has nothing in use, so that it may take from the reserve.
   * @returns its context, or -1 when none is free for it.
   */
  takeSlot(first: boolean): number {
    if (this.freeSlotCount <= this.slotReserve && (!first || this.freeSlotCount === 0)) {
      this.slotMeter.refused();
      return -1;
    }
    this.counters[MEMORY_TRANSMIT_TAKEN] += 1;
    const context = this.freeSlots[--this.freeSlotCount];
    if (COSTLY) this.checkFree(context);
    this.tagOf[context] = TAKEN;
    this.slotMeter.took();
    return context;
  }

  private checkFree(context: number): void {
    const free = this.tagOf[context] === FREE;
    assert(free || this.isSlot(context), 'transmit pool: a buffer that is taken was free');
    assert(free, 'transmit pool: a slot that is taken was free');
  }

  /** Region address of a buffer. // Hot path. */
  addressOf(context: number): number {
    if (COSTLY) this.checkBuffer(context);
    return this.area.offset + context * this.area.bufferBytes;
  }

  private checkBuffer(context: number): void {
    assert(context >= 0 && context < this.area.count, 'transmit pool: only a buffer has an address');
  }

  /** A context that was taken goes to the card, with `length` bytes of a socket's. // Hot path. */
  lend(context: number, socket: HostSocket, length: number): void {
    if (COSTLY) this.checkLend(context, length);
    this.tagOf[context] = socket.tag;
    this.lengthOf[context] = length;
    socket.sent(length);
    if (context >= this.area.count) socket.sendingSlots += 1;
  }

  /**
   * A buffer that was lent, and whose frame is not posted yet, gets `length` bytes more.
   * @returns where they go.
   */
  extend(context: number, socket: HostSocket, length: number): number {
    const used = this.lengthOf[context];
    assert(this.lent(context) && !this.isSlot(context), 'transmit pool: what is extended is a buffer lent');
    assert(used + length <= this.bufferBytes, 'transmit pool: what is extended has room for more');
    this.lengthOf[context] = used + length;
    socket.sendingBytes += length;
    socket.givenBytes = (socket.givenBytes + length) | 0;
    return this.addressOf(context) + used;
  }

  private checkLend(context: number, length: number): void {
    assert(this.tagOf[context] === TAKEN, 'transmit pool: what is lent to the card was taken');
    const room = this.isSlot(context) ? this.slotBytes : this.bufferBytes;
    assert(length > 0 && length <= room, 'transmit pool: what is lent has bytes, and no more than fit');
  }

  /** Whether the card has the context: a card that answers any other has not been lent it. // Hot path. */
  lent(context: number): boolean {
    return context >= 0 && context < this.tagOf.length && this.tagOf[context] >= 0;
  }

  /** Whether a buffer has been taken and not yet lent, as a buffer offered to the program to fill. */
  taken(context: number): boolean {
    return context >= 0 && context < this.area.count && this.tagOf[context] === TAKEN;
  }

  /** Tag of the socket whose bytes a lent context holds. // Hot path. */
  tagOfContext(context: number): number {
    if (COSTLY) this.checkHasSocket(context);
    return this.tagOf[context];
  }

  /** How many bytes a lent context holds. // Hot path. */
  lengthOfContext(context: number): number {
    if (COSTLY) this.checkHoldsBytes(context);
    return this.lengthOf[context];
  }

  private checkHasSocket(context: number): void {
    assert(this.tagOf[context] >= 0, 'transmit pool: only what is lent has a socket');
  }

  private checkHoldsBytes(context: number): void {
    assert(this.tagOf[context] >= 0, 'transmit pool: only what is lent holds bytes');
  }

  /** A context that was taken or lent is free again. // Hot path. */
  give(context: number): void {
    if (COSTLY) this.checkGive(context);
    this.counters[MEMORY_TRANSMIT_RETURNED] += 1;
    this.tagOf[context] = FREE;
    if (context < this.area.count) {
      this.free[this.freeCount++] = context;
      this.meter.gave();
    } else {
      this.freeSlots[this.freeSlotCount++] = context;
      this.slotMeter.gave();
    }
  }

  private checkGive(context: number): void {
    assert(this.tagOf[context] !== FREE, 'transmit pool: a buffer that comes back was taken or lent');
    if (this.isSlot(context)) {
      const { length } = this.freeSlots;
      assert(this.freeSlotCount < length, 'transmit pool: no more slots are free than there are');
    } else {
      assert(this.freeCount < this.area.count, 'transmit pool: no more buffers are free than there are');
    }
  }

  /**
   * The card is gone, or was reset: everything lent is free again. What the program fills stays the
   * program's.
   */
  reclaim(): void {
    this.shares.promised = 0;
    for (let context = 0; context < this.count; context++) {
      if (this.lent(context)) this.give(context);
    }
    if (COSTLY) this.check();
  }

  /**
   * After an assertion failed: frees what was lent and makes the free lists anew from where each context is.
   */
  rebuild(): void {
    this.shares.promised = 0;
    this.freeCount = 0;
    this.freeSlotCount = 0;
    for (let context = this.count - 1; context >= 0; context--) {
      if (this.tagOf[context] >= 0) {
        this.counters[MEMORY_TRANSMIT_RETURNED] += 1;
        this.tagOf[context] = FREE;
      }
      if (this.tagOf[context] !== FREE) continue;
      if (context < this.area.count) this.free[this.freeCount++] = context;
      else this.freeSlots[this.freeSlotCount++] = context;
    }
    this.meter.set(this.area.count - this.freeCount);
    this.slotMeter.set(this.freeSlots.length - this.freeSlotCount);
  }

  /** Asserts that each context is in one place. Takes time in proportion to their number. */
  check(): void {
    let held = 0;
    for (let context = 0; context < this.count; context++) held += this.tagOf[context] === FREE ? 0 : 1;
    assert(held === this.inUse, 'transmit pool: each context is free, taken or lent');
    const told = this.meter.inUse + this.slotMeter.inUse;
    assert(told === held, 'transmit pool: its meters know how many contexts are in use');
    for (let i = 0; i < this.freeCount; i++) {
      assert(this.tagOf[this.free[i]] === FREE, 'transmit pool: the free list names free buffers');
    }
  }
}

/** `count` numbers from `from` on, in the order in which the lowest is taken first. */
function countdown(count: number, from: number): Int32Array {
  const numbers = new Int32Array(count);
  for (let i = 0; i < count; i++) numbers[i] = from + count - 1 - i;
  return numbers;
}
