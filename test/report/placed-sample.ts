/** A small report of a row on three sides, one of whose runs collapsed. */
import type { Comparison, Report, Result } from '../../src/record/result.ts';
import type { Side } from '../../src/record/row.ts';
import { SAMPLE } from './sample.ts';

const [CARD, KERNEL] = SAMPLE.results;
const PARAMS = { connections: 32, size: 64 };
export const THREAD_SIDE: Side = { stack: 'inic', transport: 'ring', placement: 'thread' };
export const INLINE_SIDE: Side = { ...THREAD_SIDE, placement: 'inline' };
const KERNEL_SIDE: Side = { stack: 'kernel', transport: null };

function result(from: Result, side: Side, rates: readonly number[], collapsed: number[]): Result {
  const sorted = [...rates].sort((a, b) => a - b);
  return {
    ...from,
    ...side,
    api: 'net',
    params: { ...PARAMS, durationSeconds: 1, repeats: rates.length },
    rate: { value: sorted[1], unit: 'transactions/s', min: sorted[0], max: sorted[2] },
    collapsed,
    cpu: { ...from.cpu, allNsPerOp: 7100 },
    repeats: rates.map((rate) => ({ ...from.repeats[0], rate, processCpuNs: 1e9 })),
  };
}

function compared(side: Side, baseline: Side, median: number): Comparison {
  const rate = { median, min: median - 0.1, max: median + 0.1 };
  return { test: 'TCP_RR', api: 'net', params: PARAMS, side, baseline, rate, hostCpu: null, allCpu: rate };
}

export const PLACED: Report = {
  ...SAMPLE,
  results: [
    result(CARD, THREAD_SIDE, [260_000, 12_000, 265_000], [2]),
    result(CARD, INLINE_SIDE, [217_000, 210_000, 220_000], []),
    result(KERNEL, KERNEL_SIDE, [143_000, 140_000, 150_000], []),
  ],
  comparisons: [
    compared(THREAD_SIDE, KERNEL_SIDE, 1.8),
    compared(INLINE_SIDE, KERNEL_SIDE, 1.5),
    compared(INLINE_SIDE, THREAD_SIDE, 0.8),
  ],
  failures: [],
  notes: [],
  rows: { done: 1, planned: 1 },
};
