/**
 * The bench. Each side of a row gets a process of its own. All are warmed up, then their repeats run in
 * turns, and each repeat of one side is compared with the repeat of the other that ran next to it. The side
 * that goes first changes with every repeat. If a row has more than two sides, each is compared with the
 * first.
 */

import { KOFFI_MISSING, loadLibc } from '../linux/libc.ts';
import { beginManifest, endManifest, type ManifestStart, packageVersion } from '../record/manifest.ts';
import type {
  Comparison,
  Counters,
  Failure,
  LedgerResult,
  Repeat,
  Report,
  Result,
} from '../record/result.ts';
import { type BenchOptions, type Row, rateUnit, type Side, sameSide, sideName } from '../record/row.ts';
import { ratioOf, spreadOf } from '../record/statistics.ts';
import { planRows } from './plan.ts';
import { SideClient } from './side-client.ts';
import type { SideSummary, SideTrace } from './side-protocol.ts';
import { traceFile } from './trace-files.ts';

/** Called before each run with how many steps are done of how many, and with what runs next. */
export type Progress = (done: number, total: number, label: string) => void;

const WARMUP_PART_SECONDS = 0.1;
const WARMUP_OPERATIONS = 5000;
/** A side is warm when a part of its warm-up reaches less than this times the best part before it. */
const WARMUP_GAIN = 1.05;

interface Measured {
  readonly side: Side;
  readonly repeats: readonly Repeat[];
  readonly summary: SideSummary;
}

interface RowOutcome {
  readonly measured: readonly Measured[];
  readonly failures: readonly Failure[];
}

export async function runBench(
  options: BenchOptions,
  commandLine: readonly string[],
  progress: Progress,
): Promise<Report> {
  const begun = beginManifest(options, commandLine);
  const kernelCalls = loadLibc() !== undefined;
  const rows = planRows(options, kernelCalls);
  const notes = notesOn(begun, options, kernelCalls);
  const steps = new Steps(rows, options, progress);
  const results: Result[] = [];
  const comparisons: Comparison[] = [];
  const failures: Failure[] = [];
  const cards: { inic: object | null; inicMessage: object | null } = { inic: null, inicMessage: null };
  for (const row of rows) {
    const outcome = await measureRow(row, options, steps, (side) =>
      traceOf(options, rows, row, side, commandLine),
    );
    failures.push(...outcome.failures);
    results.push(...outcome.measured.map((measured) => resultOf(row, measured, options)));
    comparisons.push(...comparisonsOf(row, outcome.measured));
    const card = outcome.measured.find(({ summary }) => summary.configuration !== null)?.summary
      .configuration;
    if (row.api === 'message') cards.inicMessage ??= card ?? null;
    else cards.inic ??= card ?? null;
  }
  return { manifest: endManifest(begun, cards), results, comparisons, failures, notes };
}

/** What a reader must know of this machine to understand the results. */
function notesOn(begun: ManifestStart, options: BenchOptions, kernelCalls: boolean): string[] {
  const notes: string[] = [];
  if (!kernelCalls && options.apis.includes('socket') && options.stacks.includes('kernel'))
    notes.push(KOFFI_MISSING);
  const { cores, loadAverageAtStart } = begun.machine;
  if (cores < 2)
    notes.push('this machine has one core: program and card share it, and every wait of theirs is a switch');
  // The card needs a core beside the program's, so other processes slow it down more than they do the kernel.
  if (loadAverageAtStart > cores - 1.5) {
    notes.push(
      'this machine was busy when the run began: ' +
        `load average ${loadAverageAtStart.toFixed(2)} on ${cores} cores`,
    );
  }
  return notes;
}

/** Counts the steps that are done, for the progress display. */
class Steps {
  private done = 0;
  private readonly total: number;
  private readonly progress: Progress;

  constructor(rows: readonly Row[], options: BenchOptions, progress: Progress) {
    this.total = rows.reduce((sum, row) => sum + row.sides.length * (options.repeats + 1), 0);
    this.progress = progress;
  }

  next(row: Row, side: Side): void {
    this.progress(this.done, this.total, `${row.test} ${row.api}, ${sideName(side)}`);
    this.done += 1;
  }

  skip(count: number): void {
    this.done += count;
  }
}

/** How a side's frames are recorded; undefined where no trace is wanted or the side has no frames. */
function traceOf(
  options: BenchOptions,
  rows: readonly Row[],
  row: Row,
  side: Side,
  command: readonly string[],
): SideTrace | undefined {
  const path = options.trace === undefined ? undefined : traceFile(options.trace, rows, row, side);
  return path === undefined ? undefined : { path, product: `inic ${packageVersion()}`, command };
}

async function measureRow(
  row: Row,
  options: BenchOptions,
  steps: Steps,
  traceFor: (side: Side) => SideTrace | undefined,
): Promise<RowOutcome> {
  const runs = row.sides.map((side) => ({ side, client: new SideClient(), repeats: [] as Repeat[] }));
  const alive = new Set(runs);
  const failures: Failure[] = [];
  const attempt = async (run: (typeof runs)[number], action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      alive.delete(run);
      run.client.kill();
      failures.push(failureOf(row, run.side, error));
      steps.skip(options.repeats - run.repeats.length);
    }
  };
  for (const run of runs) {
    const { test, api, load } = row;
    await attempt(run, async () => {
      steps.next(row, run.side);
      const trace = traceFor(run.side);
      await run.client.open({ test, api, load, side: run.side, ...(trace && { trace }) });
      await warmUp(run.client, options.warmupSeconds);
    });
  }
  for (let i = 0; i < options.repeats; i++) {
    for (const run of i % 2 === 0 ? runs : runs.toReversed()) {
      if (!alive.has(run)) continue;
      await attempt(run, async () => {
        steps.next(row, run.side);
        run.repeats.push(await run.client.run(options.durationSeconds * 1e9, false));
      });
    }
  }
  const measured: Measured[] = [];
  for (const run of runs) {
    if (!alive.has(run)) continue;
    await attempt(run, async () => {
      measured.push({ side: run.side, repeats: run.repeats, summary: await run.client.close() });
    });
  }
  return { measured, failures };
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

function failureOf(row: Row, side: Side, error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { test: row.test, api: row.api, params: row.load, side, error: message };
}

export function resultOf(row: Row, measured: Measured, options: BenchOptions): Result {
  const { repeats, side, summary } = measured;
  const rate = spreadOf(repeats.map((repeat) => repeat.rate));
  const perOp = (pick: (repeat: Repeat) => number | null): number | null => {
    const values = repeats.map((repeat) => {
      const value = pick(repeat);
      return value === null || repeat.operations === 0 ? null : value / repeat.operations;
    });
    const known = values.filter((value) => value !== null);
    return known.length < values.length ? null : spreadOf(known).median;
  };
  return {
    test: row.test,
    stack: side.stack,
    api: row.api,
    transport: side.transport,
    params: { ...row.load, durationSeconds: options.durationSeconds, repeats: options.repeats },
    rate: { value: rate.median, unit: rateUnit(row.test), min: rate.min, max: rate.max },
    latencyUs: summary.latencyUs,
    ledger: ledgerOf(repeats, summary),
    cpu: {
      hostNsPerOp: perOp((repeat) => repeat.hostCpuNs),
      hostSpinNsPerOp: perOp((repeat) => repeat.hostSpinNs) ?? 0,
      iopNsPerOp: perOp((repeat) => repeat.iopCpuNs),
    },
    memory: {
      hostAllocatedBytesPerOp: perOp((repeat) => repeat.hostAllocatedBytes) ?? 0,
      iopHeapGrowthBytesPerOp: perOp((repeat) => repeat.iopHeapGrowthBytes),
      collections: repeats.reduce((sum, repeat) => sum + repeat.collections, 0),
      residentGrowthBytes: (repeats.at(-1)?.residentBytes ?? 0) - (repeats[0]?.residentBytes ?? 0),
    },
    repeats,
  };
}

/** Sums of the counters over all repeats, and the same for each transaction. */
function ledgerOf(repeats: readonly Repeat[], summary: SideSummary): LedgerResult | null {
  if (summary.reconciliation === null) return null;
  const total: Record<string, number> = {};
  for (const repeat of repeats) {
    for (const [name, value] of Object.entries(repeat.ledger ?? {})) total[name] = (total[name] ?? 0) + value;
  }
  const operations = repeats.reduce((sum, repeat) => sum + repeat.operations, 0);
  const perTransaction: Counters = Object.fromEntries(
    Object.entries(total).map(([name, value]) => [name, operations === 0 ? 0 : value / operations]),
  );
  const { balanced, lines } = summary.reconciliation;
  return { balanced, reconciliation: lines, perTransaction, total };
}

/** Compares the row's first side with each of the others; nothing if the first was not measured. */
function comparisonsOf(row: Row, measured: readonly Measured[]): Comparison[] {
  const [first, ...others] = measured;
  if (first === undefined || !sameSide(first.side, row.sides[0])) return [];
  return others.map((other) => compare(row, first, other));
}

function compare(row: Row, measured: Measured, baseline: Measured): Comparison {
  const cpu = ({ repeats }: Measured): number[] =>
    repeats.map((repeat) => (repeat.hostCpuNs ?? 0) / Math.max(repeat.operations, 1));
  const rates = ({ repeats }: Measured): number[] => repeats.map((repeat) => repeat.rate);
  return {
    test: row.test,
    api: row.api,
    params: row.load,
    side: measured.side,
    baseline: baseline.side,
    rate: ratioOf(rates(measured), rates(baseline)) ?? null,
    hostCpu: ratioOf(cpu(measured), cpu(baseline)) ?? null,
  };
}
