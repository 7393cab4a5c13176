/**
 * The bench: its rows one after the other, each with the neighbours it is to have, and after each of them a
 * report of all that is done. If a row has more than one side, each is compared with the row's baseline.
 */

import { KOFFI_MISSING, loadLibc } from '../linux/libc.ts';
import { beginManifest, endManifest, type ManifestStart, packageVersion } from '../record/manifest.ts';
import type { Comparison, Failure, Report, Result } from '../record/result.ts';
import type { BenchOptions, Row, Side } from '../record/row.ts';
import { MachineClock } from '../time/clock.ts';
import { Neighbours } from './neighbours.ts';
import { apisOf, planRows } from './plan.ts';
import { comparisonsOf, resultOf } from './results.ts';
import { measureRow, type RowOutcome } from './row-run.ts';
import { type Progress, Schedule } from './schedule.ts';
import type { SideTrace } from './side-protocol.ts';
import { traceFile } from './trace-files.ts';

export interface BenchHooks {
  /** Told how far it is. */
  readonly progress: Progress;
  /** Told all that is done after each row, the last one too. */
  readonly rowDone?: (report: Report) => void;
  /** Ends the bench at once: the row under way is dropped, and those done are reported. */
  readonly signal?: AbortSignal;
}

export async function runBench(
  options: BenchOptions,
  commandLine: readonly string[],
  hooks: BenchHooks,
): Promise<Report> {
  const { signal = new AbortController().signal } = hooks;
  const begun = beginManifest(options, commandLine);
  const kernelCalls = loadLibc() !== undefined;
  const rows = planRows(options, kernelCalls);
  const schedule = new Schedule(new MachineClock(), rows, options, hooks.progress);
  const books = new ReportBooks(begun, options, rows.length, notesOn(begun, options, kernelCalls));
  const neighbours = new Neighbours();
  const traceFor = (row: Row, side: Side): SideTrace | undefined =>
    traceOf(options, rows, row, side, commandLine);
  try {
    for (const row of rows) {
      const outcome = await beside(neighbours, row, () =>
        measureRow(row, { options, schedule, traceFor, signal }),
      );
      if (signal.aborted) break;
      books.enter(row, outcome);
      hooks.rowDone?.(books.report());
    }
  } finally {
    neighbours.stop();
  }
  return books.report();
}

/** Has a row measured beside the neighbours it is to have. */
async function beside(
  neighbours: Neighbours,
  row: Row,
  measure: () => Promise<RowOutcome>,
): Promise<RowOutcome> {
  try {
    await neighbours.set(row.load.neighbours ?? 0);
    const outcome = await measure();
    neighbours.check();
    return outcome;
  } catch (error) {
    neighbours.stop();
    const { test, api, load, sides } = row;
    const message = error instanceof Error ? error.message : String(error);
    return {
      measured: [],
      failures: sides.map((side) => ({ test, api, params: load, side, error: message })),
    };
  }
}

/** What is known so far, in the form in which it is reported. */
class ReportBooks {
  private readonly begun: ManifestStart;
  private readonly options: BenchOptions;
  private readonly planned: number;
  private readonly notes: readonly string[];
  private readonly results: Result[] = [];
  private readonly comparisons: Comparison[] = [];
  private readonly failures: Failure[] = [];
  private readonly cards: { inic: object | null; inicMessage: object | null } = {
    inic: null,
    inicMessage: null,
  };
  private done = 0;

  constructor(begun: ManifestStart, options: BenchOptions, planned: number, notes: readonly string[]) {
    this.begun = begun;
    this.options = options;
    this.planned = planned;
    this.notes = notes;
  }

  enter(row: Row, { measured, failures }: RowOutcome): void {
    this.failures.push(...failures);
    this.results.push(...measured.map((one) => resultOf(row, one, this.options)));
    this.comparisons.push(...comparisonsOf(row, measured));
    this.done += 1;
    const card = measured.find(({ summary }) => summary.configuration !== null)?.summary.configuration;
    if (row.api === 'message') this.cards.inicMessage ??= card ?? null;
    else this.cards.inic ??= card ?? null;
  }

  report(): Report {
    const { done, planned } = this;
    const missing = done < planned ? [`interrupted: ${done} of ${planned} rows are done`] : [];
    return {
      manifest: endManifest(this.begun, { ...this.cards }),
      results: [...this.results],
      comparisons: [...this.comparisons],
      failures: [...this.failures],
      notes: [...this.notes, ...missing],
      rows: { done, planned },
    };
  }
}

/** What a reader must know of this machine to understand the results. */
function notesOn(begun: ManifestStart, options: BenchOptions, kernelCalls: boolean): string[] {
  const notes: string[] = [];
  if (!kernelCalls && options.apis.includes('socket') && options.stacks.includes('kernel'))
    notes.push(KOFFI_MISSING);
  const { cores, loadAverageAtStart } = begun.machine;
  if (cores < 2)
    notes.push('this machine has one core: program and card share it, and every wait of theirs is a switch');
  // A card in a thread needs a core beside the program's, so others slow it down more than the kernel.
  if (loadAverageAtStart > cores - 1.5) {
    notes.push(
      'this machine was busy when the run began: ' +
        `load average ${loadAverageAtStart.toFixed(2)} on ${cores} cores`,
    );
  }
  const skipped = options.tests.filter((test) => !apisOf(test).includes('net'));
  const sockets = skipped.filter((test) => apisOf(test).includes('socket'));
  if (options.workload === undefined && sockets.length > 0 && options.apis.includes('net')) {
    notes.push(`${sockets.join(' and ')} by socket calls alone: node:dgram over loopback is the kernel's`);
  }
  return notes;
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
