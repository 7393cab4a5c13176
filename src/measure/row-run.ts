/**
 * Measures one row. Each side gets a process of its own; all are warmed up, then their repeats run in turns,
 * and the side that goes first changes with every repeat. A side that fails leaves the others going.
 */
import type { Failure, Repeat } from '../record/result.ts';
import { type BenchOptions, type Row, type Side, sideName } from '../record/row.ts';
import { intervalOf, type Measured } from './results.ts';
import type { Schedule } from './schedule.ts';
import { SideClient } from './side-client.ts';
import type { SideTrace } from './side-protocol.ts';

const WARMUP_PART_SECONDS = 0.1;
const WARMUP_OPERATIONS = 5000;
/** A side is warm when a part of its warm-up reaches less than this times the best part before it. */
const WARMUP_GAIN = 1.05;

export interface RowOutcome {
  readonly measured: readonly Measured[];
  readonly failures: readonly Failure[];
}

export interface RowParts {
  readonly options: BenchOptions;
  readonly schedule: Schedule;
  /** How a side's frames are recorded; undefined where they are not. */
  readonly traceFor: (row: Row, side: Side) => SideTrace | undefined;
  /** Ends the row at once, with its processes. */
  readonly signal: AbortSignal;
}

interface Run {
  readonly side: Side;
  readonly client: SideClient;
  readonly repeats: Repeat[];
}

/** @returns what was measured, and which sides failed; neither when the signal has ended it. */
export async function measureRow(row: Row, parts: RowParts): Promise<RowOutcome> {
  const measurement = new RowRun(row, parts);
  const end = (): void => measurement.kill();
  parts.signal.addEventListener('abort', end);
  try {
    return await measurement.measure();
  } finally {
    parts.signal.removeEventListener('abort', end);
    measurement.kill();
  }
}

class RowRun {
  private readonly row: Row;
  private readonly parts: RowParts;
  private readonly runs: readonly Run[];
  private readonly alive: Set<Run>;
  private readonly failures: Failure[] = [];

  constructor(row: Row, parts: RowParts) {
    this.row = row;
    this.parts = parts;
    this.runs = row.sides.map((side) => ({ side, client: new SideClient(), repeats: [] }));
    this.alive = new Set(this.runs);
  }

  kill(): void {
    for (const { client } of this.runs) client.kill();
  }

  async measure(): Promise<RowOutcome> {
    const { row, parts, runs } = this;
    for (const run of runs) await this.attempt(run, () => this.open(run));
    const { repeats, repeatsMax } = parts.options;
    for (let i = 0; i < repeatsMax && !this.enough(i); i++) {
      for (const run of i % 2 === 0 ? runs : runs.toReversed()) {
        await this.attempt(run, async () => {
          parts.schedule.run(label(row, run.side), i >= repeats);
          run.repeats.push(await run.client.run(parts.options.durationSeconds * 1e9, false));
        });
      }
    }
    const measured: Measured[] = [];
    for (const run of runs) {
      await this.attempt(run, async () => {
        const summary = await run.client.close();
        measured.push({ side: run.side, repeats: run.repeats, summary });
        const { traceFailure = '' } = summary;
        if (traceFailure !== '') this.fail(run, `its trace is not whole: ${traceFailure}`);
      });
    }
    return { measured, failures: this.failures };
  }

  /** Whether there have been runs enough: as many as were asked for, or every side's interval is narrow. */
  private enough(done: number): boolean {
    const { repeats, interval } = this.parts.options;
    if (this.alive.size === 0) return true;
    if (done < repeats || interval === undefined) return false;
    return [...this.alive].every((run) => intervalOf(ratesOf(run), interval).reached);
  }

  private async open(run: Run): Promise<void> {
    const { row, parts } = this;
    const { options, schedule, traceFor } = parts;
    const { test, api, load } = row;
    schedule.opening(label(row, run.side));
    const trace = traceFor(row, run.side);
    const { pin, seed, settings, workload } = options;
    await run.client.open({
      test,
      api,
      load,
      side: run.side,
      pin,
      settings,
      ...(seed !== undefined && { seed }),
      ...(workload !== undefined && { workload }),
      ...(trace && { trace }),
    });
    await warmUp(run.client, options.warmupSeconds);
  }

  private async attempt(run: Run, action: () => Promise<void>): Promise<void> {
    if (!this.alive.has(run) || this.parts.signal.aborted) return;
    try {
      await action();
    } catch (error) {
      this.alive.delete(run);
      run.client.kill();
      if (this.parts.signal.aborted) return;
      this.fail(run, error instanceof Error ? error.message : String(error));
      this.parts.schedule.skip(this.parts.options.repeats - run.repeats.length);
    }
  }

  private fail({ side }: Run, error: string): void {
    const { test, api, load } = this.row;
    this.failures.push({ test, api, params: load, side, error });
  }
}

function ratesOf({ repeats }: Run): number[] {
  return repeats.map(({ rate }) => rate);
}

function label({ test, api, load }: Row, side: Side): string {
  const beside = load.neighbours === undefined ? '' : ` beside ${load.neighbours}`;
  return `${load.program ?? test} ${api}${beside}, ${sideName(side)}`;
}

/**
 * Warms a side up until it is compiled and steady: until it has done enough operations for the compiler to
 * optimise them, and a part of the warm-up is hardly faster than the best before it; or until the time is up.
 */
async function warmUp(client: SideClient, secondsMax: number): Promise<void> {
  let operations = 0;
  let best = 0;
  for (let spent = 0; spent < secondsMax; spent += WARMUP_PART_SECONDS) {
    const part = await client.run(Math.min(WARMUP_PART_SECONDS, secondsMax) * 1e9, true);
    operations += part.operations;
    if (operations >= WARMUP_OPERATIONS && part.rate < best * WARMUP_GAIN) return;
    best = Math.max(best, part.rate);
  }
}
