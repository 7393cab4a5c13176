/** A report as comma-separated values (RFC 4180): a line for each side of each row. */
import { comparisonOf } from '../record/baseline.ts';
import { csvCell } from '../record/csv.ts';
import type { Report, Result } from '../record/result.ts';
import { sideName } from '../record/row.ts';

type Value = string | number | boolean | null | undefined;

const COLUMNS: readonly (readonly [string, (result: Result, report: Report) => Value])[] = [
  ['test', ({ params, test }) => params.program ?? test],
  ['api', ({ api }) => api],
  ['size_bytes', ({ params }) => params.size],
  ['response_bytes', ({ params }) => params.response],
  ['connections', ({ params }) => params.connections],
  ['neighbours', ({ params }) => params.neighbours ?? 0],
  ['side', (result) => sideName(result)],
  ['stack', ({ stack }) => stack],
  ['transport', ({ transport }) => transport],
  ['placement', ({ placement }) => placement],
  ['rate', ({ rate }) => rate.value],
  ['unit', ({ rate }) => rate.unit],
  ['rate_min', ({ rate }) => rate.min],
  ['rate_max', ({ rate }) => rate.max],
  ['runs', ({ repeats }) => repeats.length],
  ['runs_collapsed', ({ collapsed }) => collapsed?.length],
  ['interval_percent', ({ interval }) => interval?.reachedPercent],
  ['interval_reached', ({ interval }) => interval?.reached],
  ['baseline', (result, report) => baselineName(result, report)],
  ['ratio', (result, report) => comparisonOf(result, report)?.rate?.median],
  ['ratio_low', (result, report) => comparisonOf(result, report)?.rate?.min],
  ['ratio_high', (result, report) => comparisonOf(result, report)?.rate?.max],
  ['p50_us', ({ latencyUs }) => latencyUs?.p50],
  ['p99_us', ({ latencyUs }) => latencyUs?.p99],
  ['cpu_ns_per_op', ({ cpu }) => cpu.allNsPerOp],
  ['program_cpu_ns_per_op', ({ cpu }) => cpu.hostNsPerOp],
  ['card_cpu_ns_per_op', ({ cpu }) => cpu.iopNsPerOp],
  ['ledger_balanced', ({ ledger }) => ledger?.balanced],
];

/** @returns a line of names, then a line for each result. What is not known is empty. */
export function reportCsv(report: Report): string {
  const lines = report.results.map((result) =>
    COLUMNS.map(([, value]) => csvCell(value(result, report))).join(','),
  );
  return [COLUMNS.map(([name]) => name).join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

function baselineName(result: Result, report: Report): string | undefined {
  const comparison = comparisonOf(result, report);
  return comparison && sideName(comparison.baseline);
}
