/** What a sweep found: its points without their seeds, and the knee along a setting. */
import { type MeanBounds, type MeanInterval, meanBounds, meanInterval } from '../record/statistics.ts';
import { lostPercent } from './datagrams.ts';
import type { SweepPlan } from './plan.ts';
import type { MeasuredPoint } from './point.ts';
import type { SweepResults } from './results.ts';
import type { Settings } from './settings.ts';
import type { Setting } from './values.ts';

/** All seeds of one combination of settings. */
export interface Combination {
  readonly settings: Settings;
  /** Undefined where every seed failed. */
  readonly ratePerS: MeanInterval | undefined;
  readonly bytesPerS: MeanInterval | undefined;
  readonly p50Us: MeanInterval | undefined;
  readonly p99Us: MeanInterval | undefined;
  /** Of an operation, what it waited for pools. */
  readonly waitingUs: MeanInterval | undefined;
  /** Percent of the time in which the pool of buffers that was dry longest had none for whoever asked. */
  readonly dryPercent: MeanInterval | undefined;
  /** Of datagrams: how many were sent a second, and percent of them lost. */
  readonly sentPerS: MeanInterval | undefined;
  readonly lostPercent: MeanInterval | undefined;
  readonly failed: number;
  /** The first failure. */
  readonly error: string | undefined;
}

/** The points of one combination. */
interface Group {
  readonly settings: Settings;
  readonly measured: MeasuredPoint[];
  readonly errors: string[];
}

export function combinationsOf(results: SweepResults): Combination[] {
  return groupsOf(results).map(combinationOf);
}

function groupsOf({ head, points }: SweepResults): Group[] {
  const groups = new Map<number, Group>();
  for (const result of points) {
    const key = Math.floor(result.point / head.plan.seeds.length);
    const { seed: _seed, ...settings } = result.settings;
    const group = groups.get(key) ?? { settings, measured: [], errors: [] };
    groups.set(key, group);
    if (result.ok) group.measured.push(result);
    else group.errors.push(result.error);
  }
  return [...groups.values()];
}

function combinationOf({ settings, measured, errors }: Group): Combination {
  return {
    settings,
    ratePerS: meanOf(measured.map((point) => point.ratePerS)),
    bytesPerS: meanOf(measured.map((point) => point.bytesPerS)),
    p50Us: meanOf(measured.flatMap(({ latencyUs }) => latencyUs?.p50 ?? [])),
    p99Us: meanOf(measured.flatMap(({ latencyUs }) => latencyUs?.p99 ?? [])),
    waitingUs: meanOf(measured.map(({ timeUs }) => timeUs.waiting)),
    dryPercent: meanOf(measured.map(dryPercentOf)),
    sentPerS: meanOf(measured.flatMap(({ datagrams }) => datagrams?.sentPerS ?? [])),
    lostPercent: meanOf(
      measured.flatMap(({ datagrams }) => (datagrams === undefined ? [] : [lostPercent(datagrams)])),
    ),
    failed: errors.length,
    error: errors[0],
  };
}

/** A file of an earlier version may have no pools. */
function dryPercentOf({ pools = {}, elapsedNs }: MeasuredPoint): number {
  const dry = Object.entries(pools)
    .filter(([name]) => name.endsWith('.transmit') || name.endsWith('.receive'))
    .map(([, { dryNs }]) => dryNs);
  return (100 * Math.max(0, ...dry)) / elapsedNs;
}

function meanOf(values: readonly number[]): MeanInterval | undefined {
  return values.length === 0 ? undefined : meanInterval(values);
}

/** Share of the best rate that is as good as it. */
export const KNEE_SHARE = 0.95;

/** Fewer values have no knee. */
const VALUES_MIN = 3;

export interface Knee {
  readonly path: string;
  /** The other settings along the series. */
  readonly others: Settings;
  readonly value: number;
  readonly ratePerS: number;
  readonly bestPerS: number;
  /** Whether it is the largest value tried: there may be more to gain beyond it. */
  readonly last: boolean;
  /** The first larger value that does worse again; undefined: none does. */
  readonly fallsAt: number | undefined;
  /**
   * The smallest value that may do well enough, and the smallest that is shown to: each with 95 % confidence,
   * seed by seed against the best (Student's t, one side). Both are the knee itself where nothing is drawn.
   */
  readonly between: readonly [number, number];
}

/**
 * The 95 % rule: the knee is the smallest value of a setting that reaches 95 % of the best mean rate along
 * it. There is one for each setting that is a number with at least three values, and each combination of the
 * others; none along which fewer were measured, as yet or at all, or along which any more does worse.
 *
 * A rule of curvature, such as Kneedle (Satopää et al., "Finding a 'Kneedle' in a Haystack", 2011), was not
 * taken: its knee depends on the range that was tried and on the scale of the axis, and says nothing of how
 * much rate is given up there.
 */
export function kneesOf(results: SweepResults): Knee[] {
  const groups = groupsOf(results);
  return pathsWithKnees(results.head.plan).flatMap((path) => {
    const series = new Map<string, Group[]>();
    for (const group of groups) {
      const key = JSON.stringify(othersOf(group, path));
      series.set(key, [...(series.get(key) ?? []), group]);
    }
    const tried = [...series.values()].filter((along) => along.length >= VALUES_MIN);
    return tried.flatMap((along) => kneeOf(path, along) ?? []);
  });
}

/** The settings along which there may be a knee: numbers with as many values as one takes. */
export function pathsWithKnees({ vary }: SweepPlan): string[] {
  return Object.entries(vary)
    .filter(([, values]) => values.length >= VALUES_MIN && values.every((value) => typeof value === 'number'))
    .map(([path]) => path);
}

function othersOf({ settings }: Group, path: string): Settings {
  const { [path]: _own, ...others } = settings;
  return others;
}

function kneeOf(path: string, along: readonly Group[]): Knee | undefined {
  const valueAt = ({ settings }: Group): number => Number(settings[path]);
  const sorted = [...along].sort((a, b) => valueAt(a) - valueAt(b));
  const rates = sorted.map(({ measured }) => meanOf(measured.map((point) => point.ratePerS))?.mean ?? 0);
  const bestPerS = Math.max(...rates);
  if (!(bestPerS > 0)) return undefined;
  const good = (rate: number): boolean => rate >= KNEE_SHARE * bestPerS;
  const at = rates.findIndex(good);
  // Any more does worse: it is nothing to be sized, but a load or a fault.
  if (at === 0 && rates.slice(1).every((rate) => !good(rate))) return undefined;
  const fall = rates.findIndex((rate, i) => i > at && !good(rate));
  const ratios = sorted.map((group) => ratioTo(sorted[rates.indexOf(bestPerS)], group));
  const possible = ratios.findIndex((ratio) => ratio !== undefined && ratio.high >= KNEE_SHARE);
  const shown = ratios.findIndex((ratio, i) => i >= at && ratio !== undefined && ratio.low >= KNEE_SHARE);
  return {
    path,
    others: othersOf(sorted[at], path),
    value: valueAt(sorted[at]),
    ratePerS: rates[at],
    bestPerS,
    last: at === sorted.length - 1,
    fallsAt: fall < 0 ? undefined : valueAt(sorted[fall]),
    // The mean of ratios and the ratio of means need not agree to the last digit.
    between: [
      valueAt(sorted[possible < 0 ? at : Math.min(possible, at)]),
      valueAt(sorted[shown < 0 ? at : shown]),
    ],
  };
}

/** The ratio of rates, of the seeds that both have; undefined: they have none. */
function ratioTo(best: Group, group: Group): MeanBounds | undefined {
  const seedOf = ({ settings }: MeasuredPoint): Setting => settings['seed'];
  const bases = new Map(best.measured.map((point) => [seedOf(point), point.ratePerS]));
  const ratios = group.measured.flatMap((point) => {
    const base = bases.get(seedOf(point));
    return base === undefined || base === 0 ? [] : [point.ratePerS / base];
  });
  return ratios.length === 0 ? undefined : meanBounds(ratios);
}
