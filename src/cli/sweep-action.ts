/** What `inic sweep` does. Loading it and its pool of threads takes 70 ms, which no other verb is to pay. */
import { availableParallelism } from 'node:os';
import { sweepTable } from '../report/sweep-table.ts';
import { csvLines } from '../sweep/csv.ts';
import type { Engine, EngineName } from '../sweep/engine.ts';
import { loadPlan, type SweepPlan } from '../sweep/plan.ts';
import { TIMEOUT_MS } from '../sweep/point-threads.ts';
import { ResultsError, writeFile } from '../sweep/results.ts';
import { PointPool } from '../sweep/schedule.ts';
import { isWorkload, planOf, QUICK } from '../sweep/short-form.ts';
import { runSweep } from '../sweep/sweep.ts';
import { planWarnings } from '../sweep/warnings.ts';
import { systemErrorText, UserError } from './errors.ts';
import { type Progress, progressBar } from './progress.ts';
import { redisUrl, withoutPassword } from './redis-url.ts';

export interface SweepFlags {
  readonly vary: string[];
  readonly link?: string;
  readonly costs?: string;
  readonly seed?: string;
  readonly connections?: number;
  readonly size?: number;
  readonly operations?: number;
  readonly out?: string;
  readonly csv?: string;
  readonly resume?: boolean;
  readonly limit?: number;
  readonly workers?: number;
  readonly engine?: EngineName;
  readonly redis?: string;
  readonly timeout?: number;
}

/** What only says something where there is no plan that says it. */
const OF_SHORT_FORM = ['link', 'costs', 'seed', 'connections', 'size', 'operations'] as const;
/** A signal's exit status, as a shell shows it. */
const INTERRUPTED = 130;

export async function sweep(name: string | undefined, flags: SweepFlags): Promise<void> {
  if (flags.resume === true && flags.out === undefined) throw new UserError('--resume needs --out');
  checkEngine(flags);
  const plan = usersErrors(() => planFor(name, flags));
  for (const line of planWarnings(plan)) process.stderr.write(`inic: ${line}\n`);
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const bar = progressBar('{bar} {value} of {total} points  {eta_formatted} left', 32, tenthLines());
  const results = await runSweep(plan, {
    commandLine: ['inic', ...process.argv.slice(2).map(withoutPassword)],
    engine: (points) => engineFor(plan, flags, points, interrupt.signal, bar.say),
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    out: flags.out,
    resume: flags.resume === true,
    progress: bar.progress,
  })
    .catch(refuse)
    .finally(bar.stop);
  usersErrors(() => {
    if (flags.csv !== undefined) writeFile(flags.csv, csvLines(results));
  });
  process.stdout.write(sweepTable(results));
  if (flags.out !== undefined) process.stdout.write(`\nwritten to ${flags.out}\n`);
  if (!interrupt.signal.aborted) return;
  const kept = flags.out === undefined ? 'nothing is kept without --out' : 'go on with --resume';
  process.stderr.write(
    `inic: interrupted after ${results.points.length} of ${results.head.points} points: ${kept}\n`,
  );
  process.exitCode = INTERRUPTED;
}

/** @param say tells the user something, in a line. */
async function engineFor(
  plan: SweepPlan,
  flags: SweepFlags,
  points: number,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Engine> {
  const timeoutMs = flags.timeout === undefined ? TIMEOUT_MS : flags.timeout * 1000;
  if (flags.engine !== 'bullmq') {
    const { workers = availableParallelism() } = flags;
    return new PointPool(plan, Math.min(workers, points), signal, timeoutMs);
  }
  const { RedisEngine } = await import('../sweep/redis/redis-engine.ts');
  return RedisEngine.open(plan, redisUrl(flags.redis), { timeoutMs, signal, say });
}

/** @throws UserError for options that do not go together. */
function checkEngine({ engine, redis, workers }: SweepFlags): void {
  if (engine === 'bullmq') {
    redisUrl(redis);
    if (workers !== undefined)
      throw new UserError('--workers are of this machine: --engine bullmq has its own');
  } else if (redis !== undefined) {
    throw new UserError('--redis is for --engine bullmq');
  }
}

function planFor(name: string | undefined, flags: SweepFlags): SweepPlan {
  const form = {
    vary: flags.vary,
    link: flags.link,
    costs: flags.costs,
    seeds: flags.seed,
    connections: flags.connections,
    size: flags.size,
    operations: flags.operations,
  };
  if (name === undefined) {
    const said = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined));
    return planOf({ ...QUICK, ...said, vary: flags.vary });
  }
  if (isWorkload(name)) return planOf({ workload: name, ...form });
  const said = OF_SHORT_FORM.find((flag) => flags[flag] !== undefined);
  if (said !== undefined || flags.vary.length > 0) {
    throw new UserError(`--${said ?? 'vary'} says what the plan says: it is for a sweep without a plan`);
  }
  return loadPlan(name);
}

function usersErrors<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    return refuse(error);
  }
}

/** What the user wrote, or a file of his, is not as it must be: one line says so. */
function refuse(error: unknown): never {
  if (error instanceof ResultsError && error.cause !== undefined) {
    throw new UserError(`${error.message}: ${systemErrorText(error.cause)}`);
  }
  if (error instanceof RangeError || error instanceof ResultsError || isRedisError(error))
    throw new UserError(error.message);
  throw error;
}

/** Without loading what has to do with Redis. */
function isRedisError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'RedisError';
}

/** Elsewhere than on a terminal a line for each tenth. */
function tenthLines(): Progress {
  let tenth = 0;
  return (done, total) => {
    const now = Math.floor((10 * done) / Math.max(1, total));
    if (now === tenth || total < 10) return;
    tenth = now;
    process.stderr.write(`${String(10 * now).padStart(3)} %  ${done} of ${total} points\n`);
  };
}
