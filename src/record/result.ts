/**
 * What the bench measures, as data. `report/` prints the same objects as a table and as JSON, so the two
 * cannot differ. Processor times are nanoseconds for each operation. An operation is a transaction, a request
 * or a frame; of TCP_STREAM, one write of `size` bytes.
 */

import type { LatencySummary } from './latency.ts';
import type { Manifest } from './manifest.ts';
import type { Api, Load, Side, StackName, Test, Transport } from './row.ts';
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
    /** How much resident memory grew from the end of the first repeat to that of the last. */
    readonly residentGrowthBytes: number;
  };
  readonly repeats: readonly Repeat[];
}

/** The first side of a row compared with one of the others; ratios are the first's over the other's. */
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
  /** What was asked for but could not be measured on this machine, one line each. */
  readonly notes: readonly string[];
}
