/** All runs of the experiment, each measured once however many claims and tables ask for it. */
import type { Progress } from '../claims/experiment.ts';
import { measureRun, type Reading, type Run } from './world.ts';

/** What is measured, about, with the presets: for the progress alone. */
const TOTAL = 146;

export class Runs {
  private readonly base: Run;
  private readonly progress: Progress;
  private readonly known = new Map<string, Reading>();
  private done = 0;

  constructor(base: Run, progress: Progress) {
    this.base = base;
    this.progress = progress;
  }

  /** The base with something changed. */
  of(change: Partial<Run>): Reading {
    const run = { ...this.base, ...change };
    // A number without end is no JSON.
    const key = JSON.stringify(run, (_, value) => (value === Number.POSITIVE_INFINITY ? 'endless' : value));
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const reading = measureRun(run);
    this.known.set(key, reading);
    return this.step(reading);
  }

  /** Something has been measured. */
  step<T>(figure: T): T {
    this.done += 1;
    this.progress(Math.min(this.done, TOTAL), TOTAL);
    return figure;
  }

  /** By how many percent of it the host's time for a byte shrinks. */
  saved(from: Partial<Run>, to: Partial<Run>): number {
    const before = this.of(from).hostNsPerByte;
    return (100 * (before - this.of(to).hostNsPerByte)) / before;
  }
}
