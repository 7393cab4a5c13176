/**
 * The sockets whose data waits in card memory for a receive bucket. Each wait counts once, from when the
 * first byte finds no bucket to when one does, however often the socket is served in vain meanwhile.
 */
import { assert } from '../../assert/assert.ts';
import { MEMORY_BUCKETS_STARVED } from '../../ledger/counters.gen.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { MeterClock } from '../../ledger/pool-meter.ts';
import type { WaitMeter } from '../../ledger/wait-meter.ts';

export class BucketWaits {
  private readonly meter: WaitMeter;
  private readonly counters: Float64Array;
  /** Per socket: 1 while it waits. */
  private readonly waiting: Uint8Array;

  /** @param clock the card's. */
  constructor(ledger: Ledger, clock: MeterClock, socketsMax: number) {
    this.meter = ledger.bucketWaits;
    this.meter.start(clock);
    this.counters = ledger.counters;
    this.waiting = new Uint8Array(socketsMax);
  }

  /** Data of a socket finds no bucket. */
  begin(socketId: number): void {
    assert(socketId >= 0 && socketId < this.waiting.length, 'bucket waits: a socket of this card waits');
    if (this.waiting[socketId] !== 0) return;
    this.waiting[socketId] = 1;
    this.counters[MEMORY_BUCKETS_STARVED] += 1;
    this.meter.begin();
  }

  /** A socket has a bucket, or nothing more to put in one. // Hot path: one load and one compare. */
  end(socketId: number): void {
    if (this.waiting[socketId] !== 0) this.endWait(socketId);
  }

  private endWait(socketId: number): void {
    this.waiting[socketId] = 0;
    this.meter.end();
  }

  /** The device is at rest, or reset: nothing waits. */
  clear(): void {
    for (let socketId = 0; socketId < this.waiting.length; socketId++) this.end(socketId);
  }
}
