/**
 * What the bench measures, as data. `report/` prints the same objects as a table and as JSON, so the two
 * cannot differ. Processor times are nanoseconds and per operation; an operation is a transaction, a request
 * or a frame, and for TCP_STREAM one write of `size` bytes.
 */

import type { Load, Test } from '../workloads/workload.ts';
import type { LatencySummary } from './latency.ts';
import type { Manifest } from './manifest.ts';
import type { Spread } from './statistics.ts';

export type StackName = 'inic' | 'kernel';
/**
 * How the message layer's frames travel; the kernel has no message layer. `port` and `msgpack` are there to be measured
 * against: the same messages as objects by `postMessage`, cloned by structure or encoded by `@msgpack/msgpack`.
 */
export const TRANSPORTS = ['ring', 'fifo', 'port', 'msgpack'] as const;
export type Transport = (typeof TRANSPORTS)[number];
/** `message`: the message layer alone, no sockets. */
export type Api = 'net' | 'socket' | 'message';

/** One test in one shape, on one or more sides. */
export interface Row {
  readonly test: Test;
  readonly api: Api;
  readonly load: Load;
  readonly sides: readonly Side[];
}

export interface Side {
  readonly stack: StackName;
  readonly transport: Transport | null;
}

/** Counter values by name, zeros left out. */
export type Counters = Readonly<Record<string, number>>;

/** One run of one side. */
export interface Repeat {
  readonly rate: number;
  readonly operations: number;
  readonly bytes: number;
  readonly elapsedNs: number;
  readonly latencyUs: LatencySummary | null;
  /**
   * Processor time of the program's thread; of it, an estimate of what went into polls that found nothing.
   */
  readonly hostCpuNs: number | null;
  readonly hostSpinNs: number;
  readonly iopCpuNs: number | null;
  readonly hostAllocatedBytes: number;
  readonly iopHeapGrowthBytes: number | null;
  readonly collections: number;
  readonly residentBytes: number;
  /** What the ledger counted in this run; null where there is none. */
  readonly ledger: Counters | null;
}

export interface LedgerResult {
  /** Whether the books balanced when the side was closed, warm-up included. */
  readonly balanced: boolean;
  readonly reconciliation: readonly string[];
  readonly perTransaction: Counters;
  readonly total: Counters;
}

export interface Result {
  readonly test: Test;
  readonly stack: StackName;
  readonly api: Api;
  readonly transport: Transport | null;
  readonly params: Load & { readonly durationSeconds: number; readonly repeats: number };
  /** The median of the repeats, and the lowest and highest. */
  readonly rate: {
    readonly value: number;
    readonly unit: string;
    readonly min: number;
    readonly max: number;
  };
  readonly latencyUs: LatencySummary | null;
  readonly ledger: LedgerResult | null;
  readonly cpu: {
    readonly hostNsPerOp: number | null;
    readonly hostSpinNsPerOp: number;
    readonly iopNsPerOp: number | null;
  };
  readonly memory: {
    readonly hostAllocatedBytesPerOp: number;
    readonly iopHeapGrowthBytesPerOp: number | null;
    readonly collections: number;
    /** From the first repeat's end to the last's. */
    readonly residentGrowthBytes: number;
  };
  readonly repeats: readonly Repeat[];
}

/** The first side of a row over one of the others. */
export interface Comparison {
  readonly test: Test;
  readonly api: Api;
  readonly params: Load;
  readonly side: Side;
  readonly baseline: Side;
  readonly rate: Spread | null;
  readonly hostCpu: Spread | null;
}

export interface Failure {
  readonly test: Test;
  readonly api: Api;
  readonly params: Load;
  readonly side: Side;
  readonly error: string;
}

export interface Report {
  readonly manifest: Manifest;
  readonly results: readonly Result[];
  readonly comparisons: readonly Comparison[];
  readonly failures: readonly Failure[];
  /** What was asked for and could not be measured here, one line each. */
  readonly notes: readonly string[];
}

/** What a test's rate counts. */
export function rateUnit(test: Test): string {
  switch (test) {
    case 'TCP_STREAM':
      return 'B/s';
    case 'HTTP':
      return 'requests/s';
    case 'MSG_STREAM':
      return 'frames/s';
    case 'MSG_RR':
      return 'round trips/s';
    default:
      return 'transactions/s';
  }
}

/** Whether messages travel by `postMessage`, without a card. */
export function usesPostMessage(side: Side): boolean {
  return side.transport === 'port' || side.transport === 'msgpack';
}

export function sameSide(a: Side, b: Side): boolean {
  return a.stack === b.stack && a.transport === b.transport;
}

export function sideName({ stack, transport }: Side): string {
  if (transport === 'port') return 'postMessage';
  return transport === null || transport === 'ring' ? stack : transport;
}
