/** What `inic explain` does. Only who asks for it loads it. */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { ARMS, type Arm } from '../compare/arms.ts';
import { chromeTrace } from '../explain/chrome-trace.ts';
import {
  type Choice,
  ExplainError,
  type ExplainSystem,
  type Explanation,
  explainPoint,
} from '../explain/explain.ts';
import { bundledNames } from '../plans/files.ts';
import { journeyText } from '../report/journey-text.ts';
import { PLAIN } from '../sweep/plain-costs.ts';
import { pointCount, type SweepPlan } from '../sweep/plan.ts';
import type { PointResult } from '../sweep/point.ts';
import { readResults, writeFile } from '../sweep/results.ts';
import { isWorkload } from '../sweep/short-form.ts';
import { WORKLOAD_NAMES } from '../workloads/programs.ts';
import { meant, plain as plainName, shown } from '../world/config/complaint.ts';
import { UserError } from './errors.ts';
import { mixedSettings } from './mixed-flags.ts';
import { checkPlanSaysAll, planFor, usersErrors } from './plan-argument.ts';
import type { PlanFlags } from './plan-options.ts';
import { checkReplaceable } from './writable.ts';

export interface ExplainFlags extends PlanFlags {
  readonly request?: number;
  readonly percentile?: number;
  readonly slowest?: boolean;
  readonly trace?: string;
  readonly system?: string;
  readonly hostSpeed?: number;
  readonly systemCall?: number;
  readonly policy?: string;
  readonly cardConnections?: number;
}

/** A plan, and of it the point that is asked for. */
interface Target {
  readonly plan: SweepPlan;
  /** How the user names its points. */
  readonly name: string;
  /** What a results file says of its points. */
  readonly points: readonly PointResult[];
}

export function explain(argument: string | undefined, word: number | undefined, flags: ExplainFlags): void {
  const { choice, words } = choiceOf(flags);
  const { trace } = flags;
  if (trace !== undefined) {
    checkReplaceable(trace, { name: 'trace of a request', start: '{"displayTimeUnit"' });
  }
  const [name, behind] = splitPoint(argument);
  if (behind !== undefined && word !== undefined) {
    throw new UserError(`the point is said twice: "${argument}" and ${word}`);
  }
  const arm = armFor(flags);
  const target = usersErrors(() => targetOf(name, flags));
  const system = systemFor(arm, target.plan, flags);
  const point = pointOf(target, behind ?? word);
  const explanation = explained(target, point, choice, system);
  const stored = target.points.find((result) => result.point === point);
  if (system === undefined && stored !== undefined && differs(stored, explanation)) {
    process.stderr.write(`inic: ${target.name} was made otherwise: point ${point} gives other numbers now\n`);
  }
  process.stdout.write(journeyText(target.plan.title, words, explanation));
  if (trace === undefined) return;
  usersErrors(() => writeFile(trace, [JSON.stringify(chromeTrace(explanation))]));
  process.stdout.write(`\nwritten to ${trace}: open it in ui.perfetto.dev or chrome://tracing\n`);
}

function choiceOf({ request, percentile, slowest }: ExplainFlags): { choice: Choice; words: string } {
  const said = [request, percentile, slowest].filter((flag) => flag !== undefined).length;
  if (said > 1)
    throw new UserError('--request, --percentile and --slowest are three ways to say which: expected one');
  if (request !== undefined) return { choice: { number: request }, words: 'as asked for' };
  if (slowest === true) return { choice: { percentile: 100 }, words: 'the slowest' };
  if (percentile === undefined) return { choice: { percentile: 50 }, words: 'the median' };
  return { choice: { percentile }, words: `at percentile ${percentile}` };
}

/** `results.jsonl#17`: the file, and the point. */
function splitPoint(argument: string | undefined): [string | undefined, number | undefined] {
  const match = argument === undefined ? null : /^(.+)#(\d+)$/.exec(argument);
  return match === null ? [argument, undefined] : [match[1], Number(match[2])];
}

function targetOf(name: string | undefined, flags: ExplainFlags): Target {
  if (name !== undefined && isJson(name)) {
    checkPlanSaysAll(flags);
    const { head, points } = readResults(name);
    return { plan: head.plan, name, points };
  }
  if (name !== undefined && !isWorkload(name)) {
    checkThere(name);
    return { plan: planFor(name, flags, undefined, { single: true }), name, points: [] };
  }
  const { seed = '1' } = flags;
  const workload = name ?? 'TCP_RR';
  // Without a setting that varies there is one point.
  const plan = planFor(workload, { ...flags, seed }, undefined, { single: true });
  return { plan, name: workload, points: [] };
}

/** @throws UserError when a name is of no file and of no plan. */
function checkThere(name: string): void {
  const bundled = bundledNames('sweeps');
  if (bundled.includes(name) || existsSync(name)) return;
  const [file, ...behind] = name.split('#');
  if (behind.length > 0 && (bundled.includes(file) || existsSync(file))) {
    const said = shown(behind.join('#'));
    throw new UserError(`${file}: expected a point's number behind "#", such as ${file}#0, got ${said}`);
  }
  const plans = [...bundled, ...WORKLOAD_NAMES].join(', ');
  throw new UserError(`there is no ${shown(name)}: expected a file of results or of a plan, or ${plans}`);
}

/** Whether a file is JSON, as results are, and not YAML that a person wrote. What cannot be read is not. */
function isJson(path: string): boolean {
  try {
    const file = openSync(path, 'r');
    try {
      const first = Buffer.alloc(1);
      return readSync(file, first, 0, 1, 0) === 1 && first.toString('latin1') === '{';
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

function pointOf({ plan, name }: Target, asked: number | undefined): number {
  const count = pointCount(plan);
  const last = count - 1;
  if (asked === undefined) {
    if (count === 1) return 0;
    throw new UserError(`${name} has ${count} points: say which, from ${name}#0 to ${name}#${last}`);
  }
  if (asked > last) throw new UserError(`${name} has no point ${asked}: expected 0 to ${last}`);
  return asked;
}

/** @throws UserError for a system that there is not. */
function armFor({ system }: ExplainFlags): Arm | undefined {
  if (system === undefined) return undefined;
  const names = ARMS.map(({ name }) => name);
  const arm = ARMS.find(({ name }) => name === system);
  if (arm !== undefined) return arm;
  throw new UserError(
    `--system ${plainName(system)}: no such system; ${meant(system, names) || `there are ${names.join(', ')}`}`,
  );
}

/**
 * @returns the system that a point is run on; undefined: as its plan says.
 * @throws UserError for what is said of a system that it is not run on.
 */
function systemFor(arm: Arm | undefined, plan: SweepPlan, flags: ExplainFlags): ExplainSystem | undefined {
  const { hostSpeed = PLAIN.hostSpeed, systemCall: systemCallNs = PLAIN.systemCallNs } = flags;
  const mixed = arm?.mixed === true;
  const of = { '--policy': flags.policy, '--card-connections': flags.cardConnections };
  for (const [flag, value] of Object.entries(of)) {
    if (value !== undefined && !mixed) throw new UserError(`${flag} is for --system mixed`);
  }
  if (arm === undefined) {
    const speed = flags.hostSpeed === undefined ? '--system-call' : '--host-speed';
    if ((flags.hostSpeed ?? flags.systemCall) === undefined) return undefined;
    throw new UserError(`${speed} is for a system that --system names`);
  }
  return { arm, options: { hostSpeed, systemCallNs, ...(mixed && { mixed: mixedSettings(plan, flags) }) } };
}

function explained(
  { plan, name }: Target,
  point: number,
  choice: Choice,
  system: ExplainSystem | undefined,
): Explanation {
  try {
    return usersErrors(() => explainPoint(plan, point, choice, system));
  } catch (error) {
    if (error instanceof ExplainError) throw new UserError(`${name}, point ${point}: ${error.message}`);
    throw error;
  }
}

function differs(stored: PointResult, { measurement }: Explanation): boolean {
  return !stored.ok || stored.ratePerS !== measurement.ratePerS || stored.elapsedNs !== measurement.elapsedNs;
}
