/**
 * What a sweep and its workers tell each other on a Redis server. Each run of a sweep has a queue of its own,
 * and an offer beside it that says what its points are of. An offer lasts as long as its sweep renews it.
 */
import { hostname } from 'node:os';
import { shown } from '../../world/config/complaint.ts';
import { readGrid, type SweepPlan } from '../plan.ts';
import { type ProfileTexts, profileFiles } from '../profile-texts.ts';
import type { Build } from './build.ts';

/** All keys begin so. */
export const PREFIX = 'inic';
/** The set of runs. */
export const RUNS = `${PREFIX}:runs`;
/** An offer that nobody has renewed for so long is of a sweep that is no more. */
export const LEASE_MS = 30_000;
/** A point whose worker has not been heard of for so long is given to another. */
export const LOCK_MS = 10_000;
export const STALLED_MS = 5000;
/** So often a point is given to another; then it fails. */
export const LOST_MAX = 2;

export const queueOf = (run: string): string => `run-${run}`;
export const offerOf = (run: string): string => `${PREFIX}:offer-${run}`;
/** Why workers do not take part, by the name of each. */
export const refusalsOf = (run: string): string => `${PREFIX}:refusals-${run}`;
/** A point's job; BullMQ takes no bare numbers. */
export const jobOf = (point: number): string => `point-${point}`;

/** How a worker is called where a sweep speaks of it. */
export const workerName = (): string => `${hostname()}:${process.pid}`;

export interface PointJob {
  readonly point: number;
}

export interface Offer {
  /** Who measures must be the very same, or the results would not be of one version. */
  readonly build: Build;
  readonly plan: SweepPlan;
  readonly profiles: ProfileTexts;
  /** Real time a point may take. */
  readonly timeoutMs: number;
}

const FORMAT = 'inic-offer';
const TIMEOUT_MS_MAX = 86_400_000;

export function offerText(offer: Offer): string {
  return JSON.stringify({ format: FORMAT, ...offer });
}

/**
 * What comes by Redis may be from anybody, so it is read as a file is. Its points are checked one by one, as
 * they are measured.
 * @throws RangeError of one line.
 */
export function readOffer(text: string, own: Build): Offer {
  const { format, build, plan, profiles, timeoutMs } = mapOf(parsed(text), 'an offer');
  if (format !== FORMAT) throw new RangeError('it is no offer of a sweep');
  const { version, hash } = mapOf(build, '"build"');
  if (version !== own.version || hash !== own.hash) {
    const theirs = `inic ${wordOf(version)} (${wordOf(hash)})`;
    throw new RangeError(`it is of ${theirs}, and this is inic ${own.version} (${own.hash})`);
  }
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= 1 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw new RangeError(`"timeoutMs" expected 1 to ${TIMEOUT_MS_MAX}, got ${shown(timeoutMs)}`);
  }
  const read = readOffered(plan);
  return { build: own, plan: read, profiles: readProfiles(profiles, read), timeoutMs };
}

function readOffered(offered: unknown): SweepPlan {
  const { limitNs, workload, ...others } = mapOf(offered, '"plan"');
  const plan = readGrid({
    ...others,
    ...(workload !== null && { workload }),
    limit: typeof limitNs === 'number' ? `${limitNs}ns` : limitNs,
  });
  // What a plan's reader would make of it otherwise: a range, a name of a world.
  if (JSON.stringify(plan) !== JSON.stringify(offered))
    throw new RangeError('"plan" is not one that was read');
  return plan;
}

/** Each file that the plan names, and no other: a worker reads no files of its own for a sweep. */
function readProfiles(value: unknown, plan: SweepPlan): ProfileTexts {
  const map = mapOf(value, '"profiles"');
  const names = profileFiles(plan);
  const other = Object.keys(map).find((name) => !names.includes(name));
  if (other !== undefined)
    throw new RangeError(`"profiles" has ${shown(other)}, which the plan does not name`);
  return Object.fromEntries(
    names.map((name) => {
      const text = map[name];
      if (typeof text !== 'string') throw new RangeError(`"profiles" expected the text of ${shown(name)}`);
      return [name, text];
    }),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function mapOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RangeError(`${what} expected a map of keys, got ${shown(value)}`);
  }
  return value as Readonly<Record<string, unknown>>;
}

const wordOf = (value: unknown): string =>
  typeof value === 'string' ? shown(value).slice(1, -1) : shown(value);
