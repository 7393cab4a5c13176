/** All that the experiment has measured: each arm with each seed, some in full size, and the two storms. */
import type { ArmName } from './arms.ts';
import type { EngineStorm } from './engine-storm.ts';
import type { ArmRun } from './run-arm.ts';

/** What of the old host is there in its storm. */
export type OldHostName = 'all' | 'noOffload' | 'noCollapse' | 'counted' | 'warn' | 'check';

/** Of a thousand lives: how many ended in a panic; and all that was said or done in its place. */
export interface OldHostLives {
  readonly panics: number;
  readonly warnings: number;
  readonly recounts: number;
  readonly merges: number;
}

export interface Runs {
  /** By arm, one for each seed. */
  readonly arms: Readonly<Record<ArmName, readonly ArmRun[]>>;
  /** Of full size, of the first seed; of the worlds that were asked for. */
  readonly full: Readonly<Partial<Record<ArmName, ArmRun>>>;
  readonly oldHost: Readonly<Record<OldHostName, readonly OldHostLives[]>>;
  readonly engine: readonly EngineStorm[];
}

/** Mean over an arm's seeds. */
export function meanOf(runs: readonly ArmRun[], of: (run: ArmRun) => number): number {
  return runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
}

/** Requests of the measured part that were not answered within it, of a hundred. */
export function unansweredPercent({ answeredPerS, arrivedPerS }: ArmRun): number {
  return Math.max(0, 1 - answeredPerS / arrivedPerS) * 100;
}

/** Answers a second that the server's processor would come to with nothing else in its way. */
export function processorCeiling({ arm, protocolUs }: ArmRun, workUs: number = arm.workUs): number {
  return (arm.cores * 1e6) / (workUs + protocolUs);
}
