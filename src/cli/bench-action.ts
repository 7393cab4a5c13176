/** What `inic bench` does: measures, and prints and writes what is done however it ends. */

import { constants } from 'node:os';
import { runBench } from '../measure/bench.ts';
import type { Report } from '../record/result.ts';
import type { Test } from '../record/row.ts';
import { reportCsv } from '../report/csv.ts';
import { enumerated } from '../report/enumerated.ts';
import { reportJson } from '../report/json.ts';
import { COLOURED, DEFAULT_WIDTH, failureLine, PLAIN, reportTable } from '../report/table.ts';
import { benchOptions, type Flags } from './bench-options.ts';
import { UserError } from './errors.ts';
import { BENCH_RESULT, BENCH_TABLE, type FileKind, FRAME_TRACE } from './file-kinds.ts';
import { type Progress, progressBar } from './progress.ts';
import { ResultFile } from './result-file.ts';
import { lineWidth, showsColours } from './terminal.ts';
import { checkApart, checkReplaceable } from './writable.ts';

export const QUICK_REPORT = 'inic-report.json';
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

interface Output {
  readonly path: string;
  readonly file: ResultFile;
  readonly text: (report: Report) => string;
}

export async function bench(tests: Test[], flags: Flags, said: (option: string) => boolean): Promise<void> {
  const options = benchOptions(tests, flags, said);
  const outputs = outputsOf(flags);
  if (flags.trace !== undefined) checkReplaceable(flags.trace, FRAME_TRACE);
  const interruption = new Interruption();
  const bar = progressBar('{bar} {percentage}%  {left} left  {label}', 24, testLines());
  const hooks = {
    progress: bar.progress,
    signal: interruption.signal,
    rowDone: (report: Report): void => {
      for (const { file, text } of outputs) file.keep(text(report));
    },
  };
  const report = await runBench(options, ['inic', ...process.argv.slice(2)], hooks).finally(bar.stop);
  interruption.over();
  if (report.rows?.planned === 0) {
    throw new UserError(report.notes[0] ?? 'nothing to measure: these tests need another --stack or --api');
  }
  show(report, outputs);
  const unbalanced = report.results.some((result) => result.ledger?.balanced === false);
  if (report.failures.length > 0 || unbalanced) process.exitCode = 1;
  if (interruption.exitCode !== undefined) process.exitCode = interruption.exitCode;
}

/** Files are checked before anything is measured. */
function outputsOf(flags: Flags): Output[] {
  const json = flags.json ?? (flags.quick === true ? QUICK_REPORT : undefined);
  checkApart(['--json', json], ['--csv', flags.csv]);
  checkApart(['--json', json], ['--trace', flags.trace]);
  checkApart(['--csv', flags.csv], ['--trace', flags.trace]);
  const outputs: Output[] = [];
  if (json !== undefined) outputs.push(outputTo(json, BENCH_RESULT, reportJson));
  if (flags.csv !== undefined) outputs.push(outputTo(flags.csv, BENCH_TABLE, reportCsv));
  return outputs;
}

function outputTo(path: string, kind: FileKind, text: Output['text']): Output {
  checkReplaceable(path, kind);
  return { path, file: new ResultFile(path), text };
}

/**
 * The table first: it is there even where a file cannot be written any more. Where nothing could be measured
 * there is no table, and what kept it from that are errors.
 */
function show(report: Report, outputs: readonly Output[]): void {
  if (report.results.length === 0 && report.failures.length > 0) {
    for (const failure of report.failures) process.stderr.write(`inic: ${failureLine(failure)}\n`);
  } else {
    const style = showsColours(process.stdout) ? COLOURED : PLAIN;
    process.stdout.write(reportTable(report, style, lineWidth(process.stdout, DEFAULT_WIDTH)));
  }
  if (outputs.length === 0) return;
  for (const { file, text } of outputs) file.finish(text(report));
  process.stdout.write(`\nwritten to ${enumerated(outputs.map(({ path }) => path))}\n`);
}

/** Ctrl-C ends the measurement and not the report; a second one ends everything. */
class Interruption {
  exitCode: number | undefined;
  private readonly controller = new AbortController();
  private readonly listeners = SIGNALS.map((signal) => {
    const listener = (): void => this.interrupted(128 + constants.signals[signal]);
    process.on(signal, listener);
    return [signal, listener] as const;
  });

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The measurement has ended: from now on signals have their usual effect. */
  over(): void {
    for (const [signal, listener] of this.listeners) process.off(signal, listener);
  }

  private interrupted(exitCode: number): void {
    if (this.exitCode !== undefined) process.exit(exitCode);
    this.exitCode = exitCode;
    this.controller.abort();
  }
}

/** Elsewhere than on a terminal a line for each test. */
function testLines(): Progress {
  let last = '';
  return (done, total, label = '') => {
    const name = label.split(',', 1)[0];
    if (name === last) return;
    last = name;
    process.stderr.write(`${String(Math.floor((100 * done) / total)).padStart(3)} %  ${name}\n`);
  };
}
