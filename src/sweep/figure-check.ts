/**
 * Whether the figures of a point's line are ones that a measurement can have. A results file is a text that
 * anybody may edit: what cannot have been measured is refused when it is read, by the name of its field.
 */
import { shown } from '../world/config/complaint.ts';

/** What is no figure: who the point is, and what it was set to. */
const NO_FIGURES: ReadonlySet<string> = new Set(['settings', 'point', 'ok', 'balanced']);
/** Figures that count something: whole numbers. */
const COUNTS: ReadonlySet<string> = new Set([
  ...['operations', 'elapsedNs', 'count', 'min', 'highWater', 'dryEpisodes', 'dryNs', 'episodes', 'ns'],
  ...['sent', 'lost'],
]);
/** What a measurement has at least one of: it would divide by it. */
const ABOVE_0: ReadonlySet<string> = new Set(['operations', 'elapsedNs']);
/** Fields beside each other, each of which is at most as large as the one after it. */
const RISING: readonly (readonly string[])[] = [
  ['p50', 'p90', 'p99', 'p999', 'max'],
  ['mean', 'max'],
  ['min', 'mean', 'highWater', 'count'],
  ['lost', 'sent'],
];

type Figures = Readonly<Record<string, unknown>>;

/** @returns what is wrong with the first figure that cannot be, and its path; undefined where all can. */
export function figureFault(measured: object): string | undefined {
  return faultIn(measured as Figures, '');
}

function faultIn(figures: Figures, place: string): string | undefined {
  for (const [name, value] of Object.entries(figures)) {
    if (NO_FIGURES.has(name) && place === '') continue;
    const path = `${place}${name}`;
    // A workload that knows no requests has no latencies.
    if (path === 'latencyUs' && value === null) continue;
    const fault =
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? faultIn(value as Figures, `${path}.`)
        : rangeFault(path, name, value);
    if (fault !== undefined) return fault;
  }
  return orderFault(figures, place);
}

function rangeFault(path: string, name: string, value: unknown): string | undefined {
  const isCount = COUNTS.has(name);
  const least = ABOVE_0.has(name) ? 1 : 0;
  const fits = isCount ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (fits && (value as number) >= least) return undefined;
  return `"${path}" expected ${isCount ? 'a whole number' : 'a number'} of ${least} or more, got ${shown(value)}`;
}

function orderFault(figures: Figures, place: string): string | undefined {
  for (const names of RISING) {
    const there = names.filter((name) => Object.hasOwn(figures, name));
    for (let i = 1; i < there.length; i++) {
      const [lower, upper] = [there[i - 1], there[i]];
      const [low, high] = [figures[lower] as number, figures[upper] as number];
      if (low > high)
        return `"${place}${lower}" expected at most "${place}${upper}", which is ${high}, got ${shown(low)}`;
    }
  }
  return undefined;
}
