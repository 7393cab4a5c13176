/** Points of a plan measured as they are asked for, each at most once, and kept as a sweep keeps its own. */
import { availableParallelism } from 'node:os';
import { machineFacts } from '../record/manifest.ts';
import type { Engine } from '../sweep/engine.ts';
import { pointCount, type SweepPlan } from '../sweep/plan.ts';
import type { PointResult } from '../sweep/point.ts';
import { headOf, Journal, type SweepHead, writeResults } from '../sweep/results.ts';
import { PointPool } from '../sweep/schedule.ts';
import { earlierLines } from '../sweep/sweep.ts';
import { wallClock } from '../time/clock.ts';

export interface PointsOptions {
  readonly commandLine?: readonly string[];
  /** Points at once; one for each core. Of the threads that measure where no `engine` is said. */
  readonly workers?: number;
  /** Makes what measures points of the plan that is searched, this many at most, until it is closed. */
  readonly engine?: (plan: SweepPlan, points: number) => Promise<Engine>;
  /** Where their results go, as those of a sweep of which not every point was measured. */
  readonly out?: string | undefined;
  /** Takes what an earlier run, or a sweep of the same plan, has left there. */
  readonly resume?: boolean;
  /** Told, once, why `out` cannot be written any more; the search goes on. Absent: it is thrown. */
  readonly unwritten?: (error: unknown) => void;
  /** Ends it early; what is done is kept. */
  readonly signal?: AbortSignal;
  /** Told of each point that is done. */
  readonly progress?: (measured: number) => void;
}

/** It was ended early. */
export class Interrupted extends Error {}

export class Points {
  /** How many were measured this time. */
  measured = 0;
  private readonly plan: SweepPlan;
  private readonly options: PointsOptions;
  private readonly facts: Omit<Parameters<typeof headOf>[1], 'engine' | 'workers'>;
  private readonly lines: Map<number, string>;
  private readonly results = new Map<number, PointResult>();
  /** Undefined where none is wanted, or it cannot be written any more. */
  private journal: Journal | undefined;
  private told = false;
  /** Made when there is something to measure. */
  private engine: Engine | undefined;
  private readonly signal: AbortSignal;

  /** @throws ResultsError for a file that is foreign, damaged, or cannot be written. */
  constructor(plan: SweepPlan, options: PointsOptions) {
    const { out, commandLine = [] } = options;
    this.plan = plan;
    this.options = options;
    this.signal = options.signal ?? new AbortController().signal;
    this.facts = { ...machineFacts(commandLine), start: wallClock() };
    this.lines = new Map(out === undefined ? [] : earlierLines(out, plan, options.resume === true));
    this.journal = out === undefined ? undefined : new Journal(out, this.head(), this.lines);
  }

  /** Points that were asked for, whoever has measured them. */
  get used(): number {
    return this.results.size;
  }

  get inGrid(): number {
    return pointCount(this.plan);
  }

  /** Whether any two seeds of what was asked for have different results. */
  get differBySeed(): boolean {
    const first = new Map<number, string>();
    return [...this.results.values()].some((result) => {
      const { point, settings: _settings, ...measured } = result;
      const text = JSON.stringify(measured);
      const combination = Math.floor(point / this.plan.seeds.length);
      const before = first.get(combination) ?? text;
      first.set(combination, text);
      return before !== text;
    });
  }

  /**
   * @param combinations of the plan's grid, without seeds. @returns of each its results, a seed each.
   * @throws Interrupted when it was ended early, ResultsError when the journal cannot be written.
   */
  async resultsOf(combinations: readonly number[]): Promise<PointResult[][]> {
    const { seeds } = this.plan;
    const wanted = combinations.map((at) => seeds.map((_, i) => at * seeds.length + i));
    const missing = wanted.flat().filter((point) => !this.lines.has(point));
    if (missing.length > 0) {
      this.engine ??= await this.open();
      await this.engine.run(missing, (point, line) => {
        this.lines.set(point, line);
        this.measured += 1;
        this.options.progress?.(this.measured);
        this.keep(line);
      });
    }
    if (this.signal.aborted) throw new Interrupted('ended early');
    return wanted.map((points) => points.map((point) => this.resultOf(point)));
  }

  private async open(): Promise<Engine> {
    const { engine, workers = availableParallelism() } = this.options;
    if (engine === undefined) return new PointPool(this.plan, workers, this.signal);
    return engine(this.plan, this.inGrid);
  }

  /** Who has measured is known once somebody has. */
  private head(): SweepHead {
    const { name = 'piscina', workers = 0 } = this.engine ?? {};
    return headOf(this.plan, { ...this.facts, engine: name, workers });
  }

  private resultOf(point: number): PointResult {
    const known = this.results.get(point);
    if (known !== undefined) return known;
    const result = JSON.parse(this.lines.get(point) ?? '') as PointResult;
    this.results.set(point, result);
    return result;
  }

  /** Ends the threads, and writes what is done. */
  async close(): Promise<void> {
    await this.engine?.close();
    const { out } = this.options;
    try {
      if (out !== undefined) writeResults(out, this.head(), this.lines);
      this.journal?.remove();
    } catch (error) {
      this.journal?.close();
      this.cannotWrite(error);
    }
  }

  private keep(line: string): void {
    try {
      this.journal?.add(line);
    } catch (error) {
      this.journal?.close();
      this.journal = undefined;
      this.cannotWrite(error);
    }
  }

  private cannotWrite(error: unknown): void {
    const { unwritten } = this.options;
    if (unwritten === undefined) throw error;
    if (!this.told) unwritten(error);
    this.told = true;
  }
}
