/**
 * What pools must achieve: clauses such as `p99 < 2x best` or `rate > 95% best`. A bound is a figure of its
 * own, or so many times what the largest pools of the search do.
 */
import { shown } from '../world/config/complaint.ts';

const LATENCIES = ['p50', 'p90', 'p99', 'p999', 'max', 'mean'] as const;
const HIGHER = ['rate', 'throughput'] as const;
const METRICS = [...LATENCIES, ...HIGHER, 'stalls', 'memory'] as const;

export type Metric = (typeof METRICS)[number];

export interface Clause {
  /** As it was written. */
  readonly text: string;
  readonly metric: Metric;
  /** Whether it is to stay below the bound: latencies, stalls, memory. */
  readonly below: boolean;
  /** Whether the bound itself will do: `<=`, `>=`. */
  readonly inclusive: boolean;
  /** Of latencies microseconds, of `throughput` Mbit/s, of `stalls` a share, of `memory` bytes. */
  readonly bound: number;
  /** The bound is so many times the best. */
  readonly ofBest: boolean;
}

/** What one of each unit is in the unit of its metric. */
type Units = Readonly<Record<string, number>>;
const TIME_UNITS: Units = { ns: 1e-3, us: 1, µs: 1, ms: 1e3, s: 1e6 };
const UNITS: Readonly<Record<Metric, Units>> = {
  p50: TIME_UNITS,
  p90: TIME_UNITS,
  p99: TIME_UNITS,
  p999: TIME_UNITS,
  max: TIME_UNITS,
  mean: TIME_UNITS,
  rate: { '/s': 1, 'k/s': 1e3, 'M/s': 1e6 },
  throughput: { 'kbit/s': 1e-3, 'Mbit/s': 1, 'Gbit/s': 1e3 },
  stalls: { '%': 0.01 },
  memory: { B: 1, KiB: 1024, MiB: 1 << 20, GiB: 1 << 30 },
};
const OF_BEST: Units = { x: 1, '%': 0.01 };
const CLAUSE =
  /^([a-z]+[0-9]*)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*((?!best\b|of\b)[^\s\d]+)?\s*(?:(?:of\s+)?(best))?$/;

const EXPECTED =
  'expected such as "p99 < 2x best", "p50 < 200us", "rate > 95% best", "throughput > 900 Mbit/s", ' +
  '"stalls < 1%" or "memory < 64MiB", joined with "and"';

/**
 * @param texts each of one clause, or of several joined with `and`.
 * @returns clauses about memory last.
 * @throws RangeError of one line for the first that is none, or that all pools or none would meet.
 */
export function parseTargets(texts: readonly string[]): Clause[] {
  if (!Array.isArray(texts) || !texts.every((text) => typeof text === 'string')) {
    throw new RangeError(`"target" ${EXPECTED}, got ${shown(texts)}`);
  }
  const clauses = texts.flatMap((text) => text.split(/\s+and\s+/)).map((text) => clauseOf(text.trim()));
  if (clauses.length === 0) throw new RangeError(`"target" ${EXPECTED}`);
  if (clauses.every(({ metric }) => metric === 'memory')) {
    throw new RangeError('"target" expected more than "memory": the smallest pools of all would meet it');
  }
  // What a point does comes before what it costs.
  const ofMemory = ({ metric }: Clause): number => (metric === 'memory' ? 1 : 0);
  return clauses.sort((a, b) => ofMemory(a) - ofMemory(b));
}

function clauseOf(text: string): Clause {
  const match = CLAUSE.exec(text);
  const metric = METRICS.find((name) => name === match?.[1]);
  if (match === null || metric === undefined) {
    throw new RangeError(`"target" ${EXPECTED}, got ${shown(text)}`);
  }
  const [, , relation, amount, unit = '', best] = match;
  const below = !(HIGHER as readonly string[]).includes(metric);
  if (relation.startsWith('<') !== below) {
    throw new RangeError(`"target" expected "${metric} ${below ? '<' : '>'}", got ${shown(text)}`);
  }
  const ofBest = best !== undefined;
  const hasBest = metric !== 'stalls' && metric !== 'memory';
  if (ofBest && !hasBest) {
    throw new RangeError(`"target" expected a bound of its own for ${metric}, got ${shown(text)}`);
  }
  const units = ofBest ? OF_BEST : UNITS[metric];
  if (!Object.hasOwn(units, unit)) {
    const names = Object.keys(units).map((name) => `"${name}"`);
    const hint = hasBest && Object.hasOwn(OF_BEST, unit) ? ', or "best" behind it' : '';
    const what = ofBest ? 'before "best"' : `as the unit of ${metric}${hint}`;
    throw new RangeError(`"target" expected ${names.join(', ')} ${what}, got ${shown(text)}`);
  }
  // Twelve digits: 95 times 0.01 is to be 0.95.
  const bound = Number((Number(amount) * units[unit]).toPrecision(12));
  const inclusive = relation.endsWith('=');
  if (bound === 0) throw new RangeError(`"target" expected a bound above 0, got ${shown(text)}`);
  if (ofBest && (below ? bound < 1 : bound > 1)) throw beyondBest(below, text);
  if (ofBest && bound === 1 && !inclusive) throw beyondBest(below, text);
  return { text, metric, below, inclusive, bound, ofBest };
}

function beyondBest(below: boolean, text: string): RangeError {
  const than = below ? 'more than 1x best' : 'less than 100% best';
  return new RangeError(`"target" expected ${than}, which the best itself meets, got ${shown(text)}`);
}

/** Whether a workload without requests does not know it. */
export function isLatency({ metric }: Clause): boolean {
  return (LATENCIES as readonly string[]).includes(metric);
}
