/**
 * The one way in which large sends could take receive buffers, as far as we can tell: their acknowledgements
 * come in a burst while the sending call holds the socket, and wait in its backlog, each in the buffer that
 * it was received into. An assumption, to be tried and not believed.
 */
import type { ReceiveAllocator } from '../../host/memory/receive-allocator.ts';
import { DEVICE_TSO_SEGMENTS } from '../../ledger/counters.gen.ts';
import type { Agent } from '../../time/agent.ts';
import type { Clock } from '../../time/clock.ts';

/** How often it looks, and how long an acknowledgement waits. */
const TICK_NS = 100_000;
const HOLD_NS = 30_000_000;
/** Segments for each acknowledgement (RFC 9293, section 3.8.6.3). */
const SEGMENTS_PER_ACK = 2;
/** Buffers that wait at most. */
export const BACKLOG_SLOTS = 4096;

export class AckBacklog implements Agent {
  readonly name = 'backlog';
  private readonly buffers: ReceiveAllocator;
  private readonly clock: Clock;
  private readonly counters: Float64Array;
  private readonly firstSlot: number;
  private seen = 0;
  private nextNs = 0;
  /** A ring of buffers by age; whether each slot has one, and until when it is held. */
  private oldest = 0;
  private count = 0;
  private readonly held: Uint8Array = new Uint8Array(BACKLOG_SLOTS);
  private readonly untilNs: Float64Array = new Float64Array(BACKLOG_SLOTS);

  /** @param firstSlot of its own slots, BACKLOG_SLOTS in all. @param counters of the host. */
  constructor(buffers: ReceiveAllocator, firstSlot: number, counters: Float64Array, clock: Clock) {
    this.buffers = buffers;
    this.firstSlot = firstSlot;
    this.counters = counters;
    this.clock = clock;
  }

  poll(): number {
    const { nowNs } = this.clock;
    if (nowNs < this.nextNs) return 0;
    this.nextNs = nowNs + TICK_NS;
    while (this.count > 0 && this.untilNs[this.oldest] <= nowNs) this.drop();
    for (
      ;
      this.counters[DEVICE_TSO_SEGMENTS] - this.seen >= SEGMENTS_PER_ACK;
      this.seen += SEGMENTS_PER_ACK
    ) {
      if (this.count < BACKLOG_SLOTS) this.keep(nowNs + HOLD_NS);
    }
    return 0;
  }

  arm(): boolean {
    return true;
  }

  nextDeadlineNs(): number {
    return this.nextNs;
  }

  private keep(untilNs: number): void {
    const place = (this.oldest + this.count) % BACKLOG_SLOTS;
    this.held[place] = this.buffers.take(this.firstSlot + place) ? 1 : 0;
    this.untilNs[place] = untilNs;
    this.count += 1;
  }

  private drop(): void {
    const place = this.oldest;
    if (this.held[place] === 1) this.buffers.give(this.firstSlot + place);
    this.oldest = (place + 1) % BACKLOG_SLOTS;
    this.count -= 1;
  }
}
