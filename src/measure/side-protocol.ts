/** The messages between the bench and the process of a side: one command at a time, one answer to each. */

import type { Reconciliation } from '../ledger/reconcile.ts';
import type { LatencySummary } from '../record/latency.ts';
import type { Repeat } from '../record/result.ts';
import type { Api, Load, Pinning, Side, TestName } from '../record/row.ts';
import type { SettingValue } from '../world/config/setting-paths.ts';

export interface SidePlan {
  readonly test: TestName;
  readonly api: Api;
  readonly load: Load;
  readonly side: Side;
  /** Whether its threads are bound to cores; absent: where there are two. */
  readonly pin?: Pinning;
  /** Of what the card draws; absent: the wire's is 1, the stack's drawn. */
  readonly seed?: number;
  /** Settings of the card by their paths; absent: none is set. */
  readonly settings?: Readonly<Record<string, SettingValue>>;
  /** The user's own program, as a full path. */
  readonly workload?: string;
  /** Where the card's frames are recorded; absent: they are not. */
  readonly trace?: SideTrace;
}

export interface SideTrace {
  readonly path: string;
  /** What the trace's head says of its origin. */
  readonly product: string;
  readonly command: readonly string[];
}

export type Command =
  | { readonly type: 'open'; readonly plan: SidePlan }
  /** A warm-up run is answered like any other, but its latencies are not kept. */
  | { readonly type: 'run'; readonly durationNs: number; readonly warmup: boolean }
  | { readonly type: 'close' };

export type Answer =
  | { readonly type: 'opened' }
  | { readonly type: 'ran'; readonly repeat: Repeat }
  | { readonly type: 'closed'; readonly summary: SideSummary };

/** What a side reports when it is closed. */
export interface SideSummary {
  /** Over all repeats. */
  readonly latencyUs: LatencySummary | null;
  readonly configuration: object | null;
  readonly reconciliation: Reconciliation | null;
  /** Why its trace is not whole; empty or absent where it is, or none was recorded. */
  readonly traceFailure?: string;
}
