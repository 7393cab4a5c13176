/** The experiments there are, each loaded when it is asked for. */
import type { Experiment } from './claims/experiment.ts';

interface Listed {
  readonly name: string;
  /** For the list: what it is about, in a line. */
  readonly about: string;
  readonly load: () => Promise<Experiment>;
}

export const EXPERIMENTS: readonly Listed[] = [];

export const EXPERIMENT_NAMES = EXPERIMENTS.map(({ name }) => name);
