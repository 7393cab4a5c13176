/** Finds in a report what a result is compared with. */
import type { Comparison, Report, Result } from './result.ts';
import { baselineOf, rowKey, sameSide } from './row.ts';

/** @returns a result's comparison with its row's baseline; undefined for the baseline, or without one. */
export function comparisonOf(result: Result, report: Report): Comparison | undefined {
  const key = rowKey(result, result.params);
  const row = report.results.filter((other) => rowKey(other, other.params) === key);
  const baseline = baselineOf(row);
  if (baseline === undefined || sameSide(result, baseline)) return undefined;
  return report.comparisons.find(
    (other) =>
      rowKey(other, other.params) === key &&
      sameSide(other.side, result) &&
      sameSide(other.baseline, baseline),
  );
}
