/** A sweep's findings in words and as a table. */
import type { MeanInterval } from '../record/statistics.ts';
import { type Combination, combinationsOf, KNEE_SHARE, type Knee, kneesOf } from '../sweep/findings.ts';
import type { SweepPlan } from '../sweep/plan.ts';
import type { SweepResults } from '../sweep/results.ts';
import { workloadOf } from '../workloads/programs.ts';

/** More rows than a screen or two are for a file. */
const ROWS_MAX = 64;

export function sweepTable(results: SweepResults): string {
  const { head, points } = results;
  const { plan } = head;
  const combinations = combinationsOf(results);
  const failed = points.filter(({ ok }) => !ok).length;
  const mayLose = combinations.some(({ lostPercent }) => lostPercent !== undefined);
  const rows = combinations
    .slice(0, ROWS_MAX)
    .map((combination) => cellsOf(combination, head.varies, mayLose));
  const streams = workloadOf(plan.workload?.['workload'])?.operation === 'datagram';
  const rates = [streams ? 'arrived/s' : 'operations/s', ...(mayLose ? ['sent/s', 'lost %'] : []), 'MB/s'];
  const columns = [...head.varies, ...rates, 'p50 µs', 'p99 µs', 'waiting µs', 'dry %', ''];
  const lines = [
    `${plan.title}: ${points.length} of ${head.points} points, costs ${costsOf(plan)}, ` +
      `${plan.operations} operations each, ${plan.seeds.length} seed${plan.seeds.length === 1 ? '' : 's'}`,
    '',
    ...aligned([columns, ...rows]),
  ];
  if (combinations.length > ROWS_MAX) lines.push(`and ${combinations.length - ROWS_MAX} rows more`);
  if (rows.some((cells) => cells.some((cell) => cell.includes('±'))))
    lines.push('', '± : half of the 95 % confidence interval over the seeds');
  const knees = kneesOf(results).map(kneeText);
  if (knees.length > 0) lines.push('', ...knees);
  const missing = head.points - points.length;
  if (knees.length > 0 && missing > 0)
    lines.push(`So far: ${missing === 1 ? '1 point is' : `${missing} points are`} not measured yet.`);
  if (failed > 0) lines.push('', `${failed} of ${points.length} points failed`);
  return `${lines.join('\n')}\n`;
}

/** The profile's name, or that a plan tries several. */
export function costsOf({ costs, vary }: SweepPlan): string {
  return 'costs' in vary ? 'as varied' : `of ${costs}`;
}

function cellsOf(combination: Combination, varies: readonly string[], mayLose: boolean): string[] {
  const { sentPerS, lostPercent } = combination;
  const { settings, ratePerS, bytesPerS, p50Us, p99Us, waitingUs, dryPercent, failed, error } = combination;
  return [
    ...varies.map((path) => String(settings[path])),
    interval(ratePerS, 0),
    ...(mayLose ? [interval(sentPerS, 0), interval(lostPercent, 2)] : []),
    bytesPerS === undefined ? '-' : number(bytesPerS.mean / 1e6, 2),
    interval(p50Us, 1),
    interval(p99Us, 1),
    interval(waitingUs, 1),
    dryPercent === undefined ? '-' : number(dryPercent.mean, 1),
    failed === 0 ? '' : `${failed} failed: ${error}`,
  ];
}

/** One sentence of what was found. */
function kneeText({ path, others, value, ratePerS, bestPerS, last, fallsAt, between }: Knee): string {
  const where = Object.entries(others).map(([key, setting]) => `${key}=${setting}`);
  const share = Math.round((100 * ratePerS) / bestPerS);
  const sentence =
    `The knee of ${path}${where.length === 0 ? '' : ` with ${where.join(', ')}`} is ${value}: ` +
    `${number(ratePerS, 0)} operations/s, ${share} % of the best.${betweenText(between)}`;
  if (last) return `${sentence} It is the largest value tried, so a larger one may do better.`;
  if (fallsAt !== undefined) return `${sentence} From ${fallsAt} on there are larger values that do worse.`;
  return `${sentence} Every larger value does at least ${100 * KNEE_SHARE} % of it too.`;
}

/** Nothing, where the seeds leave no doubt. */
function betweenText([least, most]: Knee['between']): string {
  if (least === most) return '';
  return ` By the seeds it may be as small as ${least} or as large as ${most}, each with 95 % confidence.`;
}

function interval(value: MeanInterval | undefined, digits: number): string {
  if (value === undefined) return '-';
  const { mean, half } = value;
  return half === undefined ? number(mean, digits) : `${number(mean, digits)} ± ${number(half, digits)}`;
}

export function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Every column but the last to the right. */
export function aligned(rows: readonly string[][]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}
