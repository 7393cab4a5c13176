/**
 * What the bench measures, as data. `report/` prints the same objects as a table, as JSON and as CSV, so that
 * they cannot differ. What is optional is absent from results of versions that did not have it. Processor
 * times are nanoseconds for each operation. An operation is a transaction, a request or a frame; of a stream,
 * one write of `size` bytes.
 */

import type { LatencySummary } from './latency.ts';
import type { Manifest } from './manifest.ts';
import type { Api, Load, Placement, Side, StackName, TestName, Transport } from './row.ts';
import type { Spread } from './statistics.ts';

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
   * Processor time of the program's thread, and an estimate of the part that went into polls that found
   * nothing.
   */
  readonly hostCpuNs: number | null;
  readonly hostSpinNs: number;
  readonly iopCpuNs: number | null;
  /** Processor time of all threads of the side's process, the collector's and the compiler's too. */
  readonly processCpuNs?: number;
  /** Datagrams that did not arrive; absent where none can be lost. */
  readonly lost?: number;
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
  readonly test: TestName;
  readonly stack: StackName;
  readonly api: Api;
  readonly transport: Transport | null;
  readonly placement?: Placement;
  /** `repeats` is how many runs were asked for, or with an interval how many there were. */
  readonly params: Load & { readonly durationSeconds: number; readonly repeats: number };
  /** The median of the repeats, and the lowest and highest. */
  readonly rate: {
    readonly value: number;
    readonly unit: string;
    readonly min: number;
    readonly max: number;
  };
  /** Runs, counted from 1, that fell below half of that median. */
  readonly collapsed?: readonly number[];
  /** The mean's confidence interval; absent where none was asked for. */
  readonly interval?: IntervalResult;
  readonly latencyUs: LatencySummary | null;
  readonly ledger: LedgerResult | null;
  readonly cpu: {
    /** Of all threads of the side's process. */
    readonly allNsPerOp?: number;
    readonly hostNsPerOp: number | null;
    readonly hostSpinNsPerOp: number;
    readonly iopNsPerOp: number | null;
  };
  readonly memory: {
    readonly hostAllocatedBytesPerOp: number;
    readonly iopHeapGrowthBytesPerOp: number | null;
    readonly collections: number;
    /** How much resident memory grew from the end of the first repeat to that of the last. */
    readonly residentGrowthBytes: number;
  };
  readonly repeats: readonly Repeat[];
}

export interface IntervalResult {
  readonly confidence: 95 | 99;
  /** Whole widths in percent of the mean: asked for, and what there was in the end. */
  readonly widthPercent: number;
  readonly reachedPercent: number | null;
  readonly reached: boolean;
}

/** A side of a row compared with another of it; ratios are the side's over the baseline's. */
export interface Comparison {
  readonly test: TestName;
  readonly api: Api;
  readonly params: Load;
  readonly side: Side;
  readonly baseline: Side;
  readonly rate: Spread | null;
  /** Of the program's thread. */
  readonly hostCpu: Spread | null;
  /** Of all threads. */
  readonly allCpu?: Spread | null;
}

export interface Failure {
  readonly test: TestName;
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
  /** What was asked for but could not be measured on this machine, one line each. */
  readonly notes: readonly string[];
  /** Rows that are in here, and rows that were to be; they differ where the bench was interrupted. */
  readonly rows?: { readonly done: number; readonly planned: number };
}
