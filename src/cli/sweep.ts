/** `inic sweep`: points of a plan measured in virtual time, over all cores. */
import { availableParallelism } from 'node:os';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { sweepTable } from '../report/sweep-table.ts';
import { csvLines } from '../sweep/csv.ts';
import { bundledNames, loadPlan, type SweepPlan } from '../sweep/plan.ts';
import { ResultsError, writeFile } from '../sweep/results.ts';
import { isWorkload, planOf, QUICK } from '../sweep/short-form.ts';
import { runSweep } from '../sweep/sweep.ts';
import { systemErrorText, UserError } from './errors.ts';
import { integerIn } from './numbers.ts';

interface Flags {
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
}

/** What only says something where there is no plan that says it. */
const OF_SHORT_FORM = ['link', 'costs', 'seed', 'connections', 'size', 'operations'] as const;
const WORKERS_MAX = 256;
/** A signal's exit status, as a shell shows it. */
const INTERRUPTED = 130;

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description('measure a grid of settings in virtual time, over all cores')
    .argument(
      '[plan]',
      `a plan's file, a bundled plan (${bundledNames('sweeps').join(', ')}), ` +
        'or TCP_RR, TCP_CRR, TCP_STREAM between two hosts (default: a small one)',
    )
    .option('--vary <path=values>', 'without a plan: what to vary; may be given again', collect, [])
    .option('--link <rate,delay>', 'without a plan: the link between the hosts, such as 10G,100us')
    .option('--costs <name>', 'without a plan: the cost profile')
    .option('--seed <seeds>', 'without a plan: seeds, such as 1..5')
    .option('--connections <number>', 'without a plan: connections at once', integerIn(1, 65536))
    .option('--size <bytes>', 'without a plan: bytes of a request, or of a write', integerIn(1, 1 << 20))
    .option('--operations <number>', 'without a plan: operations of a point', integerIn(1, 1e9))
    .option('--out <file>', 'write the results to a file, a line each point')
    .option('--csv <file>', 'write them as comma-separated values too')
    .option('--resume', 'go on with what is in the file of --out')
    .option('--limit <points>', 'measure at most so many points this time', integerIn(1, 1e9))
    .option('--workers <number>', 'points at once (default: one for each core)', integerIn(1, WORKERS_MAX))
    .action(sweep);
}

function collect(text: string, before: string[]): string[] {
  return [...before, text];
}

async function sweep(name: string | undefined, flags: Flags): Promise<void> {
  if (flags.resume === true && flags.out === undefined) throw new UserError('--resume needs --out');
  const plan = usersErrors(() => planFor(name, flags));
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const bar = progressBar();
  const results = await runSweep(plan, {
    commandLine: ['inic', ...process.argv.slice(2)],
    workers: flags.workers ?? availableParallelism(),
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    out: flags.out,
    resume: flags.resume === true,
    signal: interrupt.signal,
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

function planFor(name: string | undefined, flags: Flags): SweepPlan {
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
  if (error instanceof RangeError || error instanceof ResultsError) throw new UserError(error.message);
  throw error;
}

/** On a terminal a bar with an estimate; elsewhere a line for each tenth, so that a log shows it too. */
function progressBar(): { progress: (done: number, total: number) => void; stop: () => void } {
  if (!process.stderr.isTTY) return progressLines();
  const bar = new SingleBar({
    format: '{bar} {value} of {total} points  {eta_formatted} left',
    barsize: 32,
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 40,
    stream: process.stderr,
  });
  let started = false;
  return {
    progress: (done, total) => {
      if (!started) bar.start(total, done);
      started = true;
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

function progressLines(): { progress: (done: number, total: number) => void; stop: () => void } {
  let tenth = 0;
  return {
    progress: (done, total) => {
      const now = Math.floor((10 * done) / Math.max(1, total));
      if (now === tenth || total < 10) return;
      tenth = now;
      process.stderr.write(`${String(10 * now).padStart(3)} %  ${done} of ${total} points\n`);
    },
    stop: () => {},
  };
}
