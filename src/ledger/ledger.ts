/**
 * The ledger: counters in shared memory, one block a side, so that each counter has one writer and needs no
 * atomics. spec/counters.yaml says what each one counts, and `counters.gen.ts` is made from it.
 */
import { assert } from '../assert/assert.ts';
import { COUNTER_COUNT, countersByName } from './counters.gen.ts';
import { METER_FIELDS, PoolMeter } from './pool-meter.ts';
import { WAIT_FIELDS, WaitMeter } from './wait-meter.ts';

/** Memory a ledger's blocks lie in: a region, or anything else with a buffer. */
export interface LedgerMemory {
  readonly memory: { readonly buffer: ArrayBufferLike };
}

/** Pools whose use the host tells, and those whose use the card tells, by their number in its block. */
export const TRANSMIT_METER = 0;
export const SLOTS_METER = 1;
export const INBOUND_METER = 2;
export const RECEIVE_METER = 0;
export const PACKETS_METER = 1;
export const OUTBOUND_METER = 2;
const METERS = 3;

const COUNTER_BYTES = COUNTER_COUNT * 8;

/** Bytes of one side's block: counters, and behind them the meters of its pools and of one kind of waits. */
export const LEDGER_BYTES: number = COUNTER_BYTES + (METERS * METER_FIELDS + WAIT_FIELDS) * 8;

export class Ledger {
  /** Add to these in place: `ledger.counters[DOORBELLS] += 1`. */
  readonly counters: Float64Array;
  /** Sockets whose data waits for a receive bucket: the card tells of them. */
  readonly bucketWaits: WaitMeter;
  private readonly meters: readonly PoolMeter[];

  /** @param offset the block's address in the region, a multiple of 8. */
  constructor(holder: LedgerMemory, offset: number) {
    assert(
      offset >= 0 && offset % 8 === 0 && offset + LEDGER_BYTES <= holder.memory.buffer.byteLength,
      'ledger: its block lies in the memory, on a double word',
    );
    const { buffer } = holder.memory;
    this.counters = new Float64Array(buffer, offset, COUNTER_COUNT);
    this.meters = Array.from({ length: METERS }, (_, i) => {
      const at = offset + COUNTER_BYTES + i * METER_FIELDS * 8;
      return new PoolMeter(new Float64Array(buffer, at, METER_FIELDS));
    });
    const waitsAt = offset + COUNTER_BYTES + METERS * METER_FIELDS * 8;
    this.bucketWaits = new WaitMeter(new Float64Array(buffer, waitsAt, WAIT_FIELDS));
  }

  /** The meter of a pool. @param meter a number that ends in _METER. */
  meter(meter: number): PoolMeter {
    return this.meters[meter];
  }

  /** A copy of all counters, by name. Not for hot paths. */
  snapshot(): Record<string, number> {
    return countersByName(this.counters);
  }
}
