/** The plan a command line says, and what is wrong with it as one line. */
import { loadPlan, type PlanUse, type SweepPlan } from '../sweep/plan.ts';
import { checkOwn, ResultsError } from '../sweep/results.ts';
import { isWorkload, planOf, QUICK } from '../sweep/short-form.ts';
import { fileErrorText, UserError } from './errors.ts';
import type { PlanFlags } from './plan-options.ts';
import { checkWritable, isDevice } from './writable.ts';

/** What only says something where there is no plan that says it. */
const OF_SHORT_FORM = [
  'link',
  'costs',
  'seed',
  'connections',
  'size',
  'requestResponse',
  'idle',
  'set',
  'operations',
] as const;
/** A signal's exit status, as a shell shows it. */
export const INTERRUPTED = 130;

/**
 * @param usual what is varied without a plan where no flag says what; undefined: as the short form has it.
 * @param use what the command wants of it.
 */
export function planFor(
  name: string | undefined,
  flags: PlanFlags,
  usual?: readonly string[],
  use: PlanUse = {},
): SweepPlan {
  const form = {
    vary: flags.vary ?? [],
    ...(usual !== undefined && { usual }),
    link: flags.link,
    costs: flags.costs,
    seeds: flags.seed,
    connections: flags.connections,
    size: flags.size,
    requestResponse: flags.requestResponse,
    idle: flags.idle,
    set: flags.set ?? [],
    operations: flags.operations,
  };
  if (name === undefined) {
    const said = Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined));
    return planOf({ ...QUICK, ...said }, use.single);
  }
  if (isWorkload(name)) return planOf({ workload: name, ...form }, use.single);
  checkPlanSaysAll(flags);
  return loadPlan(name, use);
}

/** @throws UserError for a flag that says what a plan says, where there is one. */
export function checkPlanSaysAll(flags: PlanFlags): void {
  const said = OF_SHORT_FORM.find((flag) => flags[flag] !== undefined);
  if (said === undefined && (flags.vary ?? []).length === 0) return;
  const flag = said === 'requestResponse' ? '-r' : `--${said ?? 'vary'}`;
  throw new UserError(`${flag} says what the plan says: it is for a run without a plan`);
}

/**
 * The file of a sweep's points has a journal beside it, and takes part in `--resume`: no device will do.
 * @throws UserError when it could not be written, or is something else.
 */
export function checkResultsFile(path: string): void {
  if (isDevice(path)) usersErrors(() => checkOwn(path));
  checkWritable(path);
}

export function usersErrors<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    return refuse(error);
  }
}

/** What the user wrote, or a file of his, is not as it must be: one line says so. */
export function refuse(error: unknown): never {
  if (error instanceof ResultsError && error.cause !== undefined) {
    throw new UserError(`${error.message}: ${fileErrorText(error.cause)}`);
  }
  if (error instanceof RangeError || error instanceof ResultsError || isRedisError(error)) {
    throw new UserError(error.message);
  }
  throw error;
}

/** Without loading what has to do with Redis. */
function isRedisError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'RedisError';
}
