/** The messages between the bench and the process of a side: one command at a time, one answer to each. */

import type { Reconciliation } from '../ledger/reconcile.ts';
import type { LatencySummary } from '../record/latency.ts';
import type { Repeat } from '../record/result.ts';
import type { Api, Load, Side, Test } from '../record/row.ts';

export interface SidePlan {
  readonly test: Test;
  readonly api: Api;
  readonly load: Load;
  readonly side: Side;
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
  | { readonly type: 'closed'; readonly summary: SideSummary }
  | { readonly type: 'failed'; readonly error: string };

/** What a side reports when it is closed. */
export interface SideSummary {
  /** Over all repeats. */
  readonly latencyUs: LatencySummary | null;
  readonly configuration: object | null;
  readonly reconciliation: Reconciliation | null;
}
