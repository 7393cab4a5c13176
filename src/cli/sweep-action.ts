/** What `inic sweep` does. Loading it and its pool of threads takes 70 ms, which no other verb is to pay. */
import { sweepTable } from '../report/sweep-table.ts';
import { CSV_START, csvLines } from '../sweep/csv.ts';
import { writeFile } from '../sweep/results.ts';
import { runSweep } from '../sweep/sweep.ts';
import { planWarnings } from '../sweep/warnings.ts';
import { checkEngine, type EngineFlags, engineFor } from './engine-flags.ts';
import { UserError } from './errors.ts';
import { checkResultsFile, INTERRUPTED, planFor, refuse, usersErrors } from './plan-argument.ts';
import type { PlanFlags } from './plan-options.ts';
import { type Progress, progressBar } from './progress.ts';
import { withoutPassword } from './redis-url.ts';
import { checkApart, checkReplaceable } from './writable.ts';

export interface SweepFlags extends PlanFlags, EngineFlags {
  readonly out?: string;
  readonly csv?: string;
  readonly resume?: boolean;
  readonly limit?: number;
}

export async function sweep(name: string | undefined, flags: SweepFlags): Promise<void> {
  if (flags.resume === true && flags.out === undefined) throw new UserError('--resume needs --out');
  checkEngine(flags);
  const plan = usersErrors(() => planFor(name, flags));
  if (flags.out !== undefined) checkResultsFile(flags.out);
  checkApart(['--csv', flags.csv], ['--out', flags.out]);
  if (flags.csv !== undefined) checkReplaceable(flags.csv, { name: 'table of a sweep', start: CSV_START });
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const bar = progressBar('{bar} {value} of {total} points  {eta_formatted} left', 32, tenthLines());
  const results = await runSweep(plan, {
    commandLine: ['inic', ...process.argv.slice(2).map(withoutPassword)],
    engine: (points) => engineFor(flags, { plan, points, signal: interrupt.signal, say: bar.say }),
    started: () => {
      for (const line of planWarnings(plan)) process.stderr.write(`inic: ${line}\n`);
    },
    limit: flags.limit ?? Number.POSITIVE_INFINITY,
    out: flags.out,
    resume: flags.resume === true,
    progress: bar.progress,
  })
    .catch(refuse)
    .finally(bar.stop);
  process.stdout.write(sweepTable(results));
  usersErrors(() => {
    if (flags.csv !== undefined) writeFile(flags.csv, csvLines(results));
  });
  if (results.failure !== undefined) refuse(results.failure);
  if (flags.out !== undefined) process.stdout.write(`\nwritten to ${flags.out}\n`);
  const failed = results.points.filter(({ ok }) => !ok).length;
  if (failed > 0 && failed === results.points.length) {
    process.stderr.write(`inic: every point failed\n`);
    process.exitCode = 1;
  }
  if (!interrupt.signal.aborted) return;
  const kept = flags.out === undefined ? 'nothing is kept without --out' : 'go on with --resume';
  process.stderr.write(
    `inic: interrupted after ${results.points.length} of ${results.head.points} points: ${kept}\n`,
  );
  process.exitCode = INTERRUPTED;
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
