/** Runs each arm with each seed, once. */
import type { Progress } from '../claims/experiment.ts';
import type { Arm } from './arms.ts';
import { type Outcome, runScene, type Scene } from './scene.ts';

/** A figure of an outcome, by name. */
export type Figure = 'failures' | 'discards' | 'lost' | 'retransmits' | 'goodput' | 'stallNs' | 'timeouts';

export class Laboratory {
  private readonly base: Scene;
  private readonly seeds: readonly number[];
  private readonly known = new Map<string, readonly Outcome[]>();

  constructor(base: Scene, seeds: readonly number[]) {
    this.base = base;
    this.seeds = seeds;
  }

  /** Runs what has not been run yet. */
  runAll(arms: readonly Arm[], progress: Progress): void {
    for (const [done, arm] of arms.entries()) {
      this.outcomes(arm);
      progress(done + 1, arms.length);
    }
  }

  /** An outcome for each seed. */
  outcomes({ change }: Arm): readonly Outcome[] {
    const scene = { ...this.base, ...change };
    const key = JSON.stringify(Object.entries(scene).sort(([a], [b]) => (a < b ? -1 : 1)));
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const outcomes = this.seeds.map((seed) => runScene(scene, seed));
    this.known.set(key, outcomes);
    return outcomes;
  }

  /** A figure of each seed. */
  values(arm: Arm, figure: Figure): number[] {
    return this.outcomes(arm).map((outcome) => outcome[figure]);
  }
}
