/** A result of the bench says of an operation what its repeats say in all. */
import { describe, expect, it } from 'vitest';
import { resultOf } from '../../src/measure/results.ts';
import type { SideSummary } from '../../src/measure/side-protocol.ts';
import type { Repeat } from '../../src/record/result.ts';
import type { BenchOptions, Row } from '../../src/record/row.ts';

const row: Row = { test: 'TCP_RR', api: 'socket', load: { connections: 1, size: 64 }, sides: [] };
const side = { stack: 'inic', transport: 'ring' } as const;
const options = { durationSeconds: 2, repeats: 3 } as BenchOptions;
const summary: SideSummary = {
  latencyUs: null,
  configuration: {},
  reconciliation: { balanced: false, lines: ['bytes: 1 of 2'], rows: [] },
};

const repeat = (rate: number, part: Partial<Repeat> = {}): Repeat => ({
  rate,
  operations: 100,
  bytes: 6400,
  elapsedNs: 1e9,
  latencyUs: null,
  hostCpuNs: 5000,
  hostSpinNs: 1000,
  iopCpuNs: 3000,
  hostAllocatedBytes: 200,
  iopHeapGrowthBytes: 100,
  collections: 1,
  residentBytes: 1000,
  ledger: { doorbells: 2 },
  ...part,
});

const result = (...repeats: Repeat[]) => resultOf(row, { side, repeats, summary }, options);

describe('a result', () => {
  it('has the median rate with the lowest and highest, in its unit', () => {
    expect(result(repeat(3), repeat(1), repeat(2)).rate).toEqual({
      value: 2,
      unit: 'transactions/s',
      min: 1,
      max: 3,
    });
  });

  it('divides by the operations of each repeat', () => {
    const { cpu, memory } = result(repeat(1), repeat(1, { hostCpuNs: 9000 }), repeat(1, { operations: 50 }));
    expect(cpu).toEqual({ hostNsPerOp: 90, hostSpinNsPerOp: 10, iopNsPerOp: 30 });
    expect(memory.hostAllocatedBytesPerOp).toBe(2);
    expect(memory.collections).toBe(3);
  });

  it('does not know what one repeat could not tell', () => {
    const { cpu, memory } = result(repeat(1), repeat(1, { hostCpuNs: null, iopHeapGrowthBytes: null }));
    expect(cpu.hostNsPerOp).toBeNull();
    expect(cpu.iopNsPerOp).toBe(30);
    expect(memory.iopHeapGrowthBytesPerOp).toBeNull();
  });

  it('sums the ledger of all repeats and divides by all operations', () => {
    const { ledger } = result(repeat(1), repeat(1, { ledger: { doorbells: 1, interrupts: 4 } }));
    expect(ledger).toEqual({
      balanced: false,
      reconciliation: ['bytes: 1 of 2'],
      total: { doorbells: 3, interrupts: 4 },
      perTransaction: { doorbells: 3 / 200, interrupts: 4 / 200 },
    });
  });

  it('has no ledger without a card', () => {
    const measured = { side, repeats: [repeat(1)], summary: { ...summary, reconciliation: null } };
    expect(resultOf(row, measured, options).ledger).toBeNull();
  });

  it('tells the growth of resident memory from the first repeat to the last', () => {
    const { memory } = result(
      repeat(1),
      repeat(1, { residentBytes: 9000 }),
      repeat(1, { residentBytes: 1500 }),
    );
    expect(memory.residentGrowthBytes).toBe(500);
  });
});
