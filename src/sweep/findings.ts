/** What a sweep found: its points without their seeds, and the knee along a setting. */
import { type MeanInterval, meanInterval } from '../record/statistics.ts';
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
  readonly failed: number;
  /** The first failure. */
  readonly error: string | undefined;
}

export function combinationsOf({ head, points }: SweepResults): Combination[] {
  const groups = new Map<number, { settings: Settings; measured: MeasuredPoint[]; errors: string[] }>();
  for (const result of points) {
    const key = Math.floor(result.point / head.plan.seeds.length);
    const { seed: _seed, ...settings } = result.settings;
    const group = groups.get(key) ?? { settings, measured: [], errors: [] };
    groups.set(key, group);
    if (result.ok) group.measured.push(result);
    else group.errors.push(result.error);
  }
  return [...groups.values()].map(({ settings, measured, errors }) => ({
    settings,
    ratePerS: meanOf(measured.map((point) => point.ratePerS)),
    bytesPerS: meanOf(measured.map((point) => point.bytesPerS)),
    p50Us: meanOf(measured.flatMap(({ latencyUs }) => latencyUs?.p50 ?? [])),
    p99Us: meanOf(measured.flatMap(({ latencyUs }) => latencyUs?.p99 ?? [])),
    failed: errors.length,
    error: errors[0],
  }));
}

function meanOf(values: readonly number[]): MeanInterval | undefined {
  return values.length === 0 ? undefined : meanInterval(values);
}

/** Share of the best rate that is as good as it. */
export const KNEE_SHARE = 0.95;

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
}

/**
 * The 95 % rule: the knee is the smallest value of a setting that reaches 95 % of the best mean rate along
 * it. There is one for each setting that is a number with at least three values, and each combination of the
 * others; none along which nothing was measured.
 */
export function kneesOf(results: SweepResults): Knee[] {
  const combinations = combinationsOf(results);
  const numeric = Object.entries(results.head.plan.vary)
    .filter(([, values]) => values.length >= 3 && values.every((value) => typeof value === 'number'))
    .map(([path]) => path);
  return numeric.flatMap((path) => {
    const series = new Map<string, Combination[]>();
    for (const combination of combinations) {
      const key = JSON.stringify(othersOf(combination, path));
      series.set(key, [...(series.get(key) ?? []), combination]);
    }
    return [...series.values()].flatMap((along) => kneeOf(path, along) ?? []);
  });
}

function othersOf({ settings }: Combination, path: string): Settings {
  const { [path]: _own, ...others } = settings;
  return others;
}

function kneeOf(path: string, along: readonly Combination[]): Knee | undefined {
  const settingAt = (at: Combination): Setting => at.settings[path];
  const sorted = [...along].sort((a, b) => Number(settingAt(a)) - Number(settingAt(b)));
  const rates = sorted.map(({ ratePerS }) => ratePerS?.mean ?? 0);
  const bestPerS = Math.max(...rates);
  if (!(bestPerS > 0)) return undefined;
  const good = (rate: number): boolean => rate >= KNEE_SHARE * bestPerS;
  const at = rates.findIndex(good);
  const fall = rates.findIndex((rate, i) => i > at && !good(rate));
  return {
    path,
    others: othersOf(sorted[at], path),
    value: Number(settingAt(sorted[at])),
    ratePerS: rates[at],
    bestPerS,
    last: at === sorted.length - 1,
    fallsAt: fall < 0 ? undefined : Number(settingAt(sorted[fall])),
  };
}
