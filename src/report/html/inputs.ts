/** The files a report is made from: results of sweeps, and of the bench. */
import { closeSync, openSync, readSync } from 'node:fs';
import { readWhole } from '../../record/read-whole.ts';
import type { Report } from '../../record/result.ts';
import { FORMAT, ResultsError, readResults, type SweepResults } from '../../sweep/results.ts';

export type Input =
  | { readonly kind: 'sweep'; readonly file: string; readonly results: SweepResults }
  | { readonly kind: 'bench'; readonly file: string; readonly report: Report };

const START = `{"format":"${FORMAT}"`;

/** @throws ResultsError that names a file which is neither, is damaged, or cannot be read. */
export function readInput(file: string): Input {
  if (startOf(file) === START)
    return { kind: 'sweep', file, results: inOrder(readResults(file, isJournal(file))) };
  const report = readJson(file);
  if (!isReport(report)) {
    throw new ResultsError(`${file}: is no results file of a sweep, and none of the bench`);
  }
  return { kind: 'bench', file, report };
}

/** A sweep that was killed has left its points in the order in which they were done. */
function isJournal(file: string): boolean {
  return file.endsWith('.journal');
}

function inOrder({ head, lines, points }: SweepResults): SweepResults {
  return { head, lines, points: [...points].sort((a, b) => a.point - b.point) };
}

function startOf(file: string): string {
  return attempt(file, () => {
    const handle = openSync(file, 'r');
    try {
      const bytes = Buffer.alloc(START.length);
      return bytes.toString('latin1', 0, readSync(handle, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(handle);
    }
  });
}

function readJson(file: string): unknown {
  const text = attempt(file, () => readWhole(file));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function attempt<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new ResultsError(`cannot read ${file}`, { cause: error });
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Whether a value has all that a page takes from a report of the bench. */
function isReport(value: unknown): value is Report {
  if (!isMap(value)) return false;
  const { manifest, results, comparisons, failures, notes } = value;
  return (
    isManifest(manifest) &&
    isListOf(results, isResult) &&
    isListOf(comparisons, isComparison) &&
    isListOf(failures, (failure) => hasRow(failure) && isMap(failure['side']) && isText(failure['error'])) &&
    isListOf(notes, isText)
  );
}

function isManifest(value: unknown): boolean {
  if (!isMap(value)) return false;
  const { commandLine, versions, machine, workload, interval, repeats } = value;
  return (
    isListOf(commandLine, isText) &&
    isMap(versions) &&
    isMap(machine) &&
    isMap(workload) &&
    isMap(interval) &&
    isNumber(repeats)
  );
}

function isResult(value: unknown): boolean {
  if (!hasRow(value)) return false;
  const { rate, latencyUs, ledger, cpu } = value;
  return (
    isMap(rate) &&
    isText(rate['unit']) &&
    ['value', 'min', 'max'].every((name) => isNumber(rate[name])) &&
    (latencyUs === null || (isMap(latencyUs) && isNumber(latencyUs['p50']) && isNumber(latencyUs['p99']))) &&
    (ledger === null || (isMap(ledger) && isMap(ledger['perTransaction']))) &&
    isMap(cpu)
  );
}

function isComparison(value: unknown): boolean {
  if (!hasRow(value) || !isMap(value['side']) || !isMap(value['baseline'])) return false;
  const spreads = [value['rate'], value['hostCpu']];
  const isSpread = (spread: unknown): boolean =>
    isMap(spread) && ['median', 'min', 'max'].every((name) => isNumber(spread[name]));
  return spreads.every((spread) => spread === null || isSpread(spread));
}

function hasRow(value: unknown): value is Fields {
  if (!isMap(value)) return false;
  const { test, api, params } = value;
  return (
    isText(test) &&
    isText(api) &&
    isMap(params) &&
    isNumber(params['size']) &&
    isNumber(params['connections'])
  );
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, is: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(is);
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
