/** From the runs of a row's sides to what is reported of them. */
import { collapsedRuns } from '../record/collapse.ts';
import type { Comparison, Counters, IntervalResult, LedgerResult, Repeat, Result } from '../record/result.ts';
import {
  type BenchOptions,
  baselineOf,
  type IntervalRule,
  type Row,
  rateUnit,
  type Side,
  sameSide,
} from '../record/row.ts';
import { meanInterval, ratioOf, spreadOf } from '../record/statistics.ts';
import type { SideSummary } from './side-protocol.ts';

/** A side that was measured to its end. */
export interface Measured {
  readonly side: Side;
  readonly repeats: readonly Repeat[];
  readonly summary: SideSummary;
}

export function resultOf(row: Row, measured: Measured, options: BenchOptions): Result {
  const { repeats, side, summary } = measured;
  const rates = repeats.map((repeat) => repeat.rate);
  const rate = spreadOf(rates);
  const all = perOp(repeats, (repeat) => repeat.processCpuNs ?? null);
  return {
    test: row.test,
    stack: side.stack,
    api: row.api,
    transport: side.transport,
    ...(side.placement && { placement: side.placement }),
    params: { ...row.load, durationSeconds: options.durationSeconds, repeats: repeats.length },
    rate: { value: rate.median, unit: rateUnit(row.test), min: rate.min, max: rate.max },
    collapsed: collapsedRuns(rates).map((place) => place + 1),
    ...(options.interval && { interval: intervalOf(rates, options.interval) }),
    latencyUs: summary.latencyUs,
    ledger: ledgerOf(repeats, summary),
    cpu: {
      ...(all === null ? {} : { allNsPerOp: all }),
      hostNsPerOp: perOp(repeats, (repeat) => repeat.hostCpuNs),
      hostSpinNsPerOp: perOp(repeats, (repeat) => repeat.hostSpinNs) ?? 0,
      iopNsPerOp: perOp(repeats, (repeat) => repeat.iopCpuNs),
    },
    memory: {
      hostAllocatedBytesPerOp: perOp(repeats, (repeat) => repeat.hostAllocatedBytes) ?? 0,
      iopHeapGrowthBytesPerOp: perOp(repeats, (repeat) => repeat.iopHeapGrowthBytes),
      collections: repeats.reduce((sum, repeat) => sum + repeat.collections, 0),
      residentGrowthBytes: (repeats.at(-1)?.residentBytes ?? 0) - (repeats[0]?.residentBytes ?? 0),
    },
    repeats,
  };
}

/** The median of the runs; null where one of them does not tell. */
function perOp(repeats: readonly Repeat[], pick: (repeat: Repeat) => number | null): number | null {
  const values = repeats.map((repeat) => {
    const value = pick(repeat);
    return value === null || repeat.operations === 0 ? null : value / repeat.operations;
  });
  const known = values.filter((value) => value !== null);
  return known.length < values.length ? null : spreadOf(known).median;
}

/** How wide the interval of the mean rate is, and whether that is narrow enough. */
export function intervalOf(rates: readonly number[], rule: IntervalRule): IntervalResult {
  const { mean, half } = meanInterval(rates, rule.confidence);
  const reachedPercent = half === undefined ? null : (200 * half) / mean;
  const reached = reachedPercent !== null && reachedPercent <= rule.widthPercent;
  return { ...rule, reachedPercent, reached };
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

/**
 * Compares each side of a row with the row's baseline, and a card inline with the same one in a thread: that
 * is the price, or the gain, of the thread boundary itself. What was not measured is not compared.
 */
export function comparisonsOf(row: Row, measured: readonly Measured[]): Comparison[] {
  const first = baselineOf(row.sides);
  const find = (side: Side | undefined): Measured | undefined =>
    measured.find((other) => side !== undefined && sameSide(other.side, side));
  return measured.flatMap((one) => {
    const { side } = one;
    const baselines = [first];
    if (side.placement === 'inline') baselines.push({ ...side, placement: 'thread' });
    const known = baselines.map(find).filter((other) => other !== undefined && other !== one);
    return [...new Set(known)].map((other) => compare(row, one, other as Measured));
  });
}

function compare(row: Row, measured: Measured, baseline: Measured): Comparison {
  const cpu = ({ repeats }: Measured): number[] =>
    repeats.map((repeat) => (repeat.hostCpuNs ?? 0) / Math.max(repeat.operations, 1));
  const allCpu = ({ repeats }: Measured): number[] =>
    repeats.map((repeat) => (repeat.processCpuNs ?? 0) / Math.max(repeat.operations, 1));
  const rates = ({ repeats }: Measured): number[] => repeats.map((repeat) => repeat.rate);
  return {
    test: row.test,
    api: row.api,
    params: row.load,
    side: measured.side,
    baseline: baseline.side,
    rate: ratioOf(rates(measured), rates(baseline)) ?? null,
    hostCpu: ratioOf(cpu(measured), cpu(baseline)) ?? null,
    allCpu: ratioOf(allCpu(measured), allCpu(baseline)) ?? null,
  };
}
