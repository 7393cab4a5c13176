/**
 * The ledger: counters in shared memory, one block a side, so that each counter has one writer and needs no
 * atomics. spec/counters.yaml says what each one counts, and `counters.gen.ts` is made from it.
 */
import { assert } from '../assert/assert.ts';
import { COUNTER_COUNT, COUNTER_NAMES } from './counters.gen.ts';

/** Memory a ledger's blocks lie in: a region, or anything else with a buffer. */
export interface LedgerMemory {
  readonly memory: { readonly buffer: SharedArrayBuffer };
}

/** Bytes of one side's block. */
export const LEDGER_BYTES: number = COUNTER_COUNT * 8;

export class Ledger {
  /** Add to these in place: `ledger.counters[DOORBELLS] += 1`. */
  readonly counters: Float64Array;

  /** @param offset the block's address in the region, a multiple of 8. */
  constructor(holder: LedgerMemory, offset: number) {
    assert(
      offset >= 0 && offset % 8 === 0 && offset + LEDGER_BYTES <= holder.memory.buffer.byteLength,
      'ledger: its block lies in the memory, on a double word',
    );
    this.counters = new Float64Array(holder.memory.buffer, offset, COUNTER_COUNT);
  }

  /** A copy of all counters, by name. Not for hot paths. */
  snapshot(): Record<string, number> {
    const values: Record<string, number> = {};
    for (let i = 0; i < COUNTER_COUNT; i++) values[COUNTER_NAMES[i]] = this.counters[i];
    return values;
  }
}
