/**
 * How long a bench will take: what is planned, and what the steps so far have taken. A warm-up ends when its
 * side gets no faster, so only those before it say how long the next one may be.
 */
import type { BenchOptions, Row } from '../record/row.ts';
import type { Clock } from '../time/clock.ts';

/** Told how many seconds are done of how many, and what runs next. */
export type Progress = (doneSeconds: number, totalSeconds: number, label: string) => void;

/** Opening a side, with the process it gets, before any has been opened. */
const OPEN_SECONDS = 0.3;
/** What a run takes beside its duration. */
const BESIDE_SECONDS = 0.03;

export class Schedule {
  private readonly clock: Clock;
  private readonly options: BenchOptions;
  private readonly progress: Progress;
  private readonly startNs: number;
  private openings: number;
  private runs: number;
  private opened = 0;
  private openedSeconds = 0;
  private stepNs = 0;
  private step: 'none' | 'opening' | 'run' = 'none';

  constructor(clock: Clock, rows: readonly Row[], options: BenchOptions, progress: Progress) {
    this.clock = clock;
    this.options = options;
    this.progress = progress;
    clock.update();
    this.startNs = clock.nowNs;
    this.openings = rows.reduce((sum, row) => sum + row.sides.length, 0);
    this.runs = this.openings * options.repeats;
  }

  /** A side is opened and warmed up next. */
  opening(label: string): void {
    this.end();
    this.step = 'opening';
    this.tell(label);
  }

  /** A run is next. @param further whether it is beyond those that were planned. */
  run(label: string, further: boolean): void {
    this.end();
    if (further) this.runs += 1;
    this.step = 'run';
    this.tell(label);
  }

  /** A side has failed: so many of its runs will not be. */
  skip(runs: number): void {
    this.end();
    this.runs = Math.max(0, this.runs - runs);
  }

  private end(): void {
    this.clock.update();
    if (this.step === 'opening') {
      this.openings -= 1;
      this.opened += 1;
      this.openedSeconds += (this.clock.nowNs - this.stepNs) / 1e9;
    } else if (this.step === 'run') this.runs -= 1;
    this.step = 'none';
    this.stepNs = this.clock.nowNs;
  }

  private tell(label: string): void {
    const { options, opened } = this;
    const guess = OPEN_SECONDS + options.warmupSeconds / 2;
    // The guess counts as one more of them, so that a single quick warm-up does not decide.
    const opening = (this.openedSeconds + guess) / (opened + 1);
    const left = this.openings * opening + this.runs * (options.durationSeconds + BESIDE_SECONDS);
    const done = (this.clock.nowNs - this.startNs) / 1e9;
    this.progress(done, done + left, label);
  }
}
