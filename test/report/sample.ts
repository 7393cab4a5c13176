/** A small report with one row of each kind, for the tests of what is printed from it. */
import type { Repeat, Report, Result } from '../../src/record/result.ts';
import { BENCH_OPTIONS } from '../measure/options.ts';

const REPEAT: Repeat = {
  rate: 250_000,
  operations: 250_000,
  bytes: 32_000_000,
  elapsedNs: 1e9,
  latencyUs: null,
  hostCpuNs: 1e9,
  hostSpinNs: 4e8,
  iopCpuNs: 9e8,
  hostAllocatedBytes: 1000,
  iopHeapGrowthBytes: null,
  collections: 0,
  residentBytes: 1e8,
  ledger: { sendCopies: 500_000 },
};

const INIC: Result = {
  test: 'TCP_RR',
  stack: 'inic',
  api: 'socket',
  transport: 'ring',
  params: { connections: 1, size: 64, durationSeconds: 1, repeats: 5 },
  rate: { value: 250_000, unit: 'transactions/s', min: 240_000, max: 260_000 },
  latencyUs: { p50: 3.9, p90: 4.5, p99: 12.25, p999: 40, max: 1500, mean: 5 },
  ledger: {
    balanced: true,
    reconciliation: ['bytes sent = bytes queued: 16'],
    perTransaction: {
      sendCopies: 2,
      sendCopiesBytes: 128,
      receiveCopies: 2,
      receiveCopiesBytes: 128,
      transmitFetches: 2,
      transmitFetchesBytes: 128,
      doorbells: 0.004,
      inboundPosted: 2.5,
      outboundPosted: 2,
    },
    total: { sendCopies: 500_000, doorbells: 1000 },
  },
  cpu: { hostNsPerOp: 4000, hostSpinNsPerOp: 1600, iopNsPerOp: 3600 },
  memory: {
    hostAllocatedBytesPerOp: 0.004,
    iopHeapGrowthBytesPerOp: null,
    collections: 0,
    residentGrowthBytes: 200_000,
  },
  repeats: [REPEAT],
};

const KERNEL: Result = {
  ...INIC,
  stack: 'kernel',
  transport: null,
  rate: { value: 125_000, unit: 'transactions/s', min: 120_000, max: 130_000 },
  latencyUs: { p50: 7.9, p90: 8.5, p99: 22, p999: 90, max: 2500, mean: 5 },
  ledger: null,
  cpu: { hostNsPerOp: 8000, hostSpinNsPerOp: 0, iopNsPerOp: null },
};

const STREAM: Result = {
  ...KERNEL,
  test: 'TCP_STREAM',
  params: { connections: 4, size: 65_536, durationSeconds: 1, repeats: 5 },
  rate: { value: 5.3e9, unit: 'B/s', min: 5e9, max: 6e9 },
  latencyUs: null,
};

export const SAMPLE: Report = {
  manifest: {
    commandLine: ['inic', 'bench'],
    versions: { inic: '0.1.0', node: '20.20.2', v8: '11.3', uv: '1.46', system: 'Linux 6.1 x64' },
    machine: {
      processor: 'Example CPU',
      cores: 2,
      pinned: null,
      memoryBytes: 4e9,
      clockSource: 'tsc',
      loadAverageAtStart: 0.1,
    },
    configuration: { inic: null, inicMessage: null, kernel: {} },
    workload: { ...BENCH_OPTIONS, tests: ['TCP_RR', 'TCP_STREAM'], apis: ['socket'] },
    seed: null,
    repeats: 5,
    interval: { start: '2026-01-02T03:04:05.000Z', end: '2026-01-02T03:05:05.000Z' },
  },
  results: [INIC, KERNEL, STREAM],
  comparisons: [
    {
      test: 'TCP_RR',
      api: 'socket',
      params: { connections: 1, size: 64 },
      side: { stack: 'inic', transport: 'ring' },
      baseline: { stack: 'kernel', transport: null },
      rate: { median: 2, min: 1.85, max: 2.17 },
      hostCpu: { median: 0.5, min: 0.45, max: 0.55 },
    },
  ],
  failures: [
    {
      test: 'TCP_STREAM',
      api: 'socket',
      params: { connections: 4, size: 65_536 },
      side: { stack: 'inic', transport: 'ring' },
      error: 'send failed with ENOBUFS',
    },
  ],
  notes: ['one thing could not be measured'],
};
