/** What `inic advise` does, loaded when it is asked for. */
import { advisePlan } from '../advise/advise.ts';
import { Interrupted } from '../advise/points.ts';
import { adviceText } from '../report/advice-text.ts';
import { writeFile } from '../sweep/results.ts';
import { checkEngine, type EngineFlags, engineFor } from './engine-flags.ts';
import { UserError } from './errors.ts';
import { checkResultsFile, INTERRUPTED, planFor, refuse, usersErrors } from './plan-argument.ts';
import type { PlanFlags } from './plan-options.ts';
import { progressBar } from './progress.ts';
import { withoutPassword } from './redis-url.ts';
import { checkApart, checkReplaceable } from './writable.ts';

export interface AdviseFlags extends PlanFlags, EngineFlags {
  readonly target?: string[];
  readonly json?: string;
  readonly out?: string;
  readonly resume?: boolean;
}

const TARGETS = ['rate > 95% best'];
/** What is searched without a plan. */
const VARY = ['pools.transmitBuffers=2..1024:x2', 'pools.receiveBuckets=4..1024:x2'];
/** Elsewhere than on a terminal there is a line for so many points. */
const LINE_EVERY = 20;

export async function advise(name: string | undefined, flags: AdviseFlags): Promise<void> {
  if (flags.resume === true && flags.out === undefined) throw new UserError('--resume needs --out');
  checkEngine(flags);
  const plan = usersErrors(() => planFor(name, flags, VARY));
  const { json } = flags;
  if (flags.out !== undefined) checkResultsFile(flags.out);
  checkApart(['--json', json], ['--out', flags.out]);
  if (json !== undefined) checkReplaceable(json, { name: 'advice', start: '{\n  "plan": {' });
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const bar = progressBar('{value} points measured', 0, (measured) => {
    if (measured > 0 && measured % LINE_EVERY === 0) process.stderr.write(`${measured} points measured\n`);
  });
  let unwritten: unknown;
  const advice = await advisePlan(plan, flags.target ?? TARGETS, {
    commandLine: ['inic', ...process.argv.slice(2).map(withoutPassword)],
    engine: (searched, points) =>
      engineFor(flags, { plan: searched, points, signal: interrupt.signal, say: bar.say }),
    out: flags.out,
    resume: flags.resume === true,
    unwritten: (error) => {
      unwritten = error;
    },
    signal: interrupt.signal,
    progress: (measured) => bar.progress(measured, measured),
  })
    .catch((error: unknown) => {
      if (error instanceof Interrupted && unwritten === undefined) throw interrupted(flags.out);
      if (error instanceof Interrupted) return refuse(unwritten);
      return refuse(error);
    })
    .finally(bar.stop);
  process.stdout.write(adviceText(advice));
  if (json !== undefined) {
    usersErrors(() => writeFile(json, [JSON.stringify(advice, null, 2)]));
    process.stdout.write(`\nwritten to ${json}\n`);
  }
  if (unwritten !== undefined) refuse(unwritten);
  if (!advice.answers.every(({ smallest }) => smallest !== undefined)) process.exitCode = 1;
}

function interrupted(out: string | undefined): UserError {
  const kept = out === undefined ? 'nothing is kept without --out' : 'go on with --resume';
  return new UserError(`interrupted: ${kept}`, INTERRUPTED);
}
