/**
 * Whether measured pools meet a target: each clause is held against the bound of the mean over the seeds
 * which the true mean does not pass in 95 of 100 such measurements. Where every clause holds with that
 * confidence, so do all of them together (an intersection-union test: Berger, "Multiparameter hypothesis
 * testing and acceptance sampling", Technometrics 24(4), 1982).
 */
import { type MeanBounds, meanBounds } from '../record/statistics.ts';
import type { MeasuredPoint, PointResult } from '../sweep/point.ts';
import { dryShare } from './dry.ts';
import type { Clause, Metric } from './target.ts';

/** How one clause is met. */
export interface Held {
  readonly clause: Clause;
  /** The mean over the seeds, in the unit of its metric. */
  readonly mean: number;
  /** What is held against the bound: the value, or its ratio to the best, seed by seed. */
  readonly compared: MeanBounds;
  readonly meets: boolean;
  /** The mean meets it, but its confidence does not reach that far. */
  readonly open: boolean;
  /** By what part of the bound it misses it, its uncertainty included; 0 where it is met. */
  readonly missedBy: number;
}

export interface Verdict {
  readonly meets: boolean;
  readonly held: readonly Held[];
  /** The largest of what clauses miss. */
  readonly missedBy: number;
  /** Why there are no figures: a seed that failed. */
  readonly error: string | undefined;
}

/** @param own and `best` have a result for each seed, in one order. @param memoryBytes what pools take. */
export function verdictOf(
  clauses: readonly Clause[],
  own: readonly PointResult[],
  best: readonly PointResult[],
  memoryBytes: number,
): Verdict {
  const error = firstError(own) ?? (clauses.some(({ ofBest }) => ofBest) ? firstError(best) : undefined);
  if (error !== undefined) return { meets: false, held: [], missedBy: Number.POSITIVE_INFINITY, error };
  const measured = own as readonly MeasuredPoint[];
  const reference = best as readonly MeasuredPoint[];
  const held = clauses.map((clause) => heldOf(clause, measured, reference, memoryBytes));
  return {
    meets: held.every(({ meets }) => meets),
    held,
    missedBy: Math.max(...held.map(({ missedBy }) => missedBy)),
    error: undefined,
  };
}

function firstError(results: readonly PointResult[]): string | undefined {
  const failed = results.find(({ ok }) => !ok);
  return failed === undefined || failed.ok ? undefined : failed.error;
}

function heldOf(
  clause: Clause,
  own: readonly MeasuredPoint[],
  best: readonly MeasuredPoint[],
  memoryBytes: number,
): Held {
  const values = own.map((point) => figureOf(clause.metric, point, memoryBytes));
  const { mean } = meanBounds(values);
  const references = best.map((point) => figureOf(clause.metric, point, memoryBytes));
  const compared = meanBounds(clause.ofBest ? values.map((value, i) => value / references[i]) : values);
  const meets = isWithin(clause, clause.below ? compared.high : compared.low);
  return {
    clause,
    mean,
    compared,
    meets,
    open: !meets && isWithin(clause, compared.mean),
    missedBy: meets ? 0 : missedBy(clause, compared),
  };
}

/** Whether a value meets a clause. */
export function isWithin({ below, inclusive, bound }: Clause, value: number): boolean {
  if (value === bound) return inclusive;
  return below ? value < bound : value > bound;
}

function missedBy({ below, bound }: Clause, { low, high }: MeanBounds): number {
  return Math.max(0, below ? high / bound - 1 : 1 - low / bound);
}

/** What a clause is about, of one measured point. */
export function figureOf(metric: Metric, point: MeasuredPoint, memoryBytes: number): number {
  if (metric === 'memory') return memoryBytes;
  if (metric === 'rate') return point.ratePerS;
  if (metric === 'throughput') return (point.bytesPerS * 8) / 1e6;
  if (metric === 'stalls') return dryShare(point);
  return point.latencyUs?.[metric] ?? Number.NaN;
}
