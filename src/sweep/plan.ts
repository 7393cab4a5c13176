/**
 * A plan of a sweep: a world, what its programs do, and a grid of settings, each combination of which is a
 * point. All of it is checked before anything runs.
 *
 *     world: pair
 *     workload: { workload: TCP_RR, connections: 32, size: 64 }
 *     costs: card-2005
 *     vary: { pools.transmitBuffers: 2..1024:x2, driver.transmitDryPolicy: [EAGAIN, block] }
 *     seeds: 1..5
 *     operations: 10000
 */
import { existsSync } from 'node:fs';
import { bundledFile, bundledNames, readText } from '../plans/files.ts';
import { DEFAULT_PROFILE } from '../plans/profiles.ts';
import { WORKLOADS, type WorkloadKind } from '../workloads/programs.ts';
import { meant, shown } from '../world/config/complaint.ts';
import { Fields } from '../world/topology/fields.ts';
import { durationNs } from '../world/topology/quantities.ts';
import { readTopology } from '../world/topology.ts';
import { checkMeasurable } from './measurable.ts';
import { LIMIT_NS, OPERATIONS, OPERATIONS_MAX } from './measure.ts';
import { checkMixed } from './measure-mixed.ts';
import { readPolicy } from './plan-policy.ts';
import { checkApart, checkPath, isAbout, type Settings, withSettings } from './settings.ts';
import { readValues, type Setting } from './values.ts';
import type { WorkloadSettings } from './workload.ts';
import { worldAt } from './worlds.ts';
import { YamlLines } from './yaml-lines.ts';

export interface SweepPlan {
  readonly title: string;
  /** A description as `readTopology` takes it, perhaps without programs. */
  readonly world: object;
  readonly workload: WorkloadSettings | null;
  readonly costs: string;
  /** Values by path, in the order written: the last changes fastest. */
  readonly vary: Readonly<Record<string, readonly Setting[]>>;
  readonly seeds: readonly number[];
  readonly operations: number;
  readonly warmup: number;
  readonly limitNs: number;
  /** Which connections cards get, whose hosts run TCP/IP too: rules. Absent: hosts have cards alone. */
  readonly policy?: string;
}

const KEYS = [
  ...['title', 'world', 'workload', 'costs', 'vary', 'seeds', 'operations', 'warmup', 'limit'],
  'policy',
];
const POINTS_MAX = 100_000;

/** Says where in its file a key of the plan stands. */
type Place = (path: string) => string;

/** What whoever asks for a plan wants of it. */
export interface PlanUse {
  /** One point is asked for: a plan that varies nothing is one. */
  readonly single?: true;
}

/**
 * @param name a path, or the name of a bundled plan.
 * @throws RangeError of one line with file, line, and what was expected.
 */
export function loadPlan(name: string, use: PlanUse = {}): SweepPlan {
  const bundled = bundledNames('sweeps');
  const path = bundled.includes(name) ? bundledFile('sweeps', name) : name;
  if (!existsSync(path)) {
    const workloads = Object.keys(WORKLOADS);
    const like = meant(name, [...workloads, ...bundled]);
    const all = `expected a YAML file, a workload (${workloads.join(', ')}), or ${bundled.join(', ')}`;
    throw new RangeError(`there is no plan ${shown(name)}: ${like || all}`);
  }
  return parsePlan(readText(path), path, use);
}

/** @param file begins each complaint, with the line. */
export function parsePlan(text: string, file: string, { single }: PlanUse = {}): SweepPlan {
  const lines = new YamlLines(text, file);
  return readPlan(lines.data, (path) => `${lines.place(path)}: `, single);
}

/**
 * @param place begins each complaint. @param single as of `PlanUse`.
 * @throws RangeError for the first thing that is not as it must be.
 */
export function readPlan(data: unknown, place: Place = () => '', single = false): SweepPlan {
  let plan: SweepPlan;
  try {
    plan = readGrid(data, single);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`${place(quotedPath(error.message))}${error.message}`);
  }
  checkPoints(plan, place);
  return plan;
}

/** As `readPlan`, without a look at its points. @throws RangeError. */
export function readGrid(data: unknown, single = false): SweepPlan {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new RangeError(`a plan expected a map of keys, got ${shown(data)}`);
  }
  const fields = new Fields(data, '', KEYS);
  const world = readWorld(fields);
  const policy = readPolicy(fields);
  const operations = fields.whole('operations', 1, OPERATIONS_MAX, OPERATIONS);
  const own = (world as Readonly<Record<string, unknown>>)['costs'];
  const plan = {
    title: fields.text('title', 'a sweep'),
    world,
    workload: fields.has('workload') ? mapAt(fields, 'workload') : null,
    costs: fields.text('costs', typeof own === 'string' ? own : DEFAULT_PROFILE),
    vary: single && !fields.has('vary') ? {} : readVary(fields),
    seeds: readSeeds(fields),
    operations,
    warmup: fields.whole('warmup', 0, OPERATIONS_MAX, Math.ceil(operations / 10)),
    limitNs: durationNs(fields, 'limit', LIMIT_NS),
    ...(policy !== undefined && { policy }),
  };
  checkApart(
    world,
    Object.keys(plan.vary).map((path) => [path, `"vary.${path}"`]),
  );
  const count = pointCount(plan);
  if (count > POINTS_MAX) throw new RangeError(`"vary" expected at most ${POINTS_MAX} points, got ${count}`);
  return plan;
}

function mapAt(fields: Fields, key: string): Readonly<Record<string, unknown>> {
  const value = fields.get(key);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw fields.refusal(key, 'a map of keys');
}

function readWorld(fields: Fields): object {
  return worldAt(fields.get('world'), '"world"');
}

function readVary(fields: Fields): Record<string, Setting[]> {
  if (!fields.has('vary')) {
    throw fields.refusal('vary', 'settings with their values, such as { pools.transmitBuffers: [4, 8] }');
  }
  const vary = mapAt(fields, 'vary');
  const entries = Object.entries(vary).map(([path, values]) => {
    if (path === 'seed') throw new RangeError('"vary.seed" is not known: "seeds" says them');
    checkPath(path, `"vary.${path}"`);
    return [path, readValues(values, `"vary.${path}"`)] as const;
  });
  if (entries.length === 0)
    throw new RangeError('"vary" is an empty grid: expected settings with their values');
  return Object.fromEntries(entries);
}

function readSeeds(fields: Fields): number[] {
  const seeds = readValues(fields.get('seeds') ?? [1], '"seeds"');
  if (!seeds.every((seed): seed is number => Number.isInteger(seed) && Math.abs(Number(seed)) < 2 ** 31)) {
    throw fields.refusal('seeds', 'whole numbers, such as 1..5');
  }
  return seeds;
}

export function pointCount({ vary, seeds }: SweepPlan): number {
  return Object.values(vary).reduce((product, values) => product * values.length, seeds.length);
}

/** What differs from the plan at each point, in plan order: the seed changes fastest. */
export function settingsOf(plan: SweepPlan, point: number): Settings {
  const { vary, seeds } = plan;
  const axes: [string, readonly Setting[]][] = [...Object.entries(vary), ['seed', seeds]];
  const chosen: [string, Setting][] = [];
  let left = point;
  for (const [path, values] of axes.reverse()) {
    chosen.unshift([path, values[left % values.length]]);
    left = Math.floor(left / values.length);
  }
  return Object.fromEntries(chosen);
}

/** The world of a point, for `readTopology`. */
export function worldOf({ world, workload, costs }: SweepPlan, settings: Settings): unknown {
  return withSettings({ ...world, costs }, workload ?? undefined, settings);
}

/** What one operation of a plan's clients is; undefined where they do not all do the same. */
export function operationOf(plan: SweepPlan): WorkloadKind['operation'] | undefined {
  const { programs } = readTopology(worldOf(plan, settingsOf(plan, 0)));
  const kinds = programs.flatMap(({ role, workload }) =>
    role === 'client' ? WORKLOADS[workload].operation : [],
  );
  return new Set(kinds).size === 1 ? kinds[0] : undefined;
}

/** @throws RangeError for the first point whose world is not as it must be, or cannot be measured. */
export function checkPoints(plan: SweepPlan, place: Place = () => ''): void {
  const count = pointCount(plan);
  for (let point = 0; point < count; point += plan.seeds.length) {
    try {
      const topology = readTopology(worldOf(plan, settingsOf(plan, point)));
      checkMeasurable(topology);
      if (plan.policy !== undefined) checkMixed(topology, plan.policy);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw pointComplaint(plan, point, error.message, place);
    }
  }
}

/** A complaint of a point's world, the first there is, with the line of what made the world so. */
function pointComplaint(plan: SweepPlan, point: number, message: string, place: Place): RangeError {
  const path = quotedPath(message);
  const changed = changedAt(plan, point);
  const about = (setting: string): boolean => isAbout(path, setting);
  const axis = changed.find(about) ?? changed.at(-1) ?? Object.keys(plan.vary).find(about);
  // Whoever wrote the plan knows of no program, only of the workload that all of them have.
  const rest = message.slice(path.length + 2);
  if (axis !== undefined) {
    const words = axis.startsWith('workload.') && about(axis) ? rest : `: ${message}`;
    return new RangeError(`${place(`vary.${axis}`)}"vary.${axis}"${words}`);
  }
  const key = path.slice(path.lastIndexOf('.') + 1);
  if (path.startsWith('programs.') && plan.workload !== null && Object.hasOwn(plan.workload, key)) {
    return new RangeError(`${place(`workload.${key}`)}"workload.${key}"${rest}`);
  }
  const own = path === 'costs' || path === 'policy' ? path : `world.${path}`;
  return new RangeError(`${place(own)}${message}`);
}

/**
 * The settings by which a point differs from earlier ones, the one that changes fastest last. Where nothing
 * was wrong with those, one of these has brought it.
 */
function changedAt(plan: SweepPlan, point: number): string[] {
  const settings = settingsOf(plan, point);
  return Object.keys(plan.vary).filter((path) => settings[path] !== plan.vary[path][0]);
}

function quotedPath(message: string): string {
  return /^"([^"]*)"/.exec(message)?.[1] ?? '';
}
