/** What is run, each time as a whole child process of one tree, and the turns in which both trees run it. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Form } from './baseline.ts';
import { type Figures, figuresOf } from './figures.ts';
import type { Pair } from './judge.ts';

export interface Contest {
  readonly name: string;
  /** @param root of the tree to run. @throws Error with what the child said, when it failed. */
  run(root: string): Figures;
}

/** A child that takes longer than this hangs. */
const CHILD_MS_MAX = 120_000;

/**
 * @param here root of this tree, whose `single.js` measures both. @param scratch a file the bench writes to.
 * @param stacks `inic`, or `inic,kernel` where the kernel is what this tree is compared with.
 */
export function contests(here: string, scratch: string, form: Form, stacks: string): Contest[] {
  const single: Contest = {
    name: 'one thread',
    run(root) {
      const script = join(here, 'dist/bench/gate/single.js');
      const flags = ['--expose-gc', '--max-semi-space-size=64'];
      return JSON.parse(runNode([...flags, script, join(root, 'dist')])) as Figures;
    },
  };
  const live = (name: string, ...args: string[]): Contest => ({
    name,
    run(root) {
      const fixed = [
        '--duration',
        `${form.durationSeconds}`,
        '--repeats',
        `${form.repeats}`,
        '--json',
        scratch,
      ];
      // `--quick` shortens the warm-up.
      runNode([join(root, 'dist/src/cli/main.js'), 'bench', ...args, ...fixed, '--quick']);
      return figuresOf(readFileSync(scratch, 'utf8'));
    },
  });
  const sockets = ['--api', 'socket', '--stack', stacks];
  return [
    single,
    live('TCP_RR by calls', 'TCP_RR', ...sockets, '--connections', '1,32'),
    // Two transports: with one, the bench would measure postMessage beside it.
    live('messages', 'MSG_RR', 'MSG_STREAM', '--transport', 'ring,fifo'),
    // Twice a round: what a busy machine lets one judge soonest.
    single,
    live('TCP_CRR and TCP_STREAM by calls', 'TCP_CRR', 'TCP_STREAM', ...sockets),
    live('TCP_RR by node:net', 'TCP_RR', '--api', 'net', '--stack', stacks, '--connections', '1'),
  ];
}

function runNode(args: readonly string[]): string {
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: CHILD_MS_MAX });
  if (child.error !== undefined) throw child.error;
  if (child.status === 0) return child.stdout;
  const said = `${child.stderr}\n${child.stdout}`.trim().split('\n').slice(-5).join('\n');
  throw new Error(`${args.join(' ')} ended with ${child.status ?? child.signal}: ${said}`);
}

/** What the turns need of the world: the time, and somebody to tell. */
export interface Turns {
  readonly budgetSeconds: number;
  /** Seconds since the gate's start. */
  seconds(): number;
  tell(line: string): void;
}

/**
 * Runs every contest of both trees in turns, A B and next time B A, so that a drift of the machine falls on
 * both, round after round until the time is up. A pair that would not end in time is not begun.
 * @param baseline root of the baseline's tree; undefined: this tree runs alone.
 * @throws Error when a child of this tree fails. One of the baseline's is told of and leaves its pair out.
 */
export function runTurns(
  all: readonly Contest[],
  here: string,
  baseline: string | undefined,
  turns: Turns,
): Pair[] {
  const pairs: Pair[] = [];
  const lasted = new Map<Contest, number>();
  for (let round = 0; ; round++) {
    let begun = 0;
    for (const contest of all) {
      const startSeconds = turns.seconds();
      if (startSeconds + (lasted.get(contest) ?? 0) > turns.budgetSeconds) continue;
      begun += 1;
      const pair = runPair(contest, here, baseline, round % 2 === 0, turns);
      if (pair !== undefined) pairs.push(pair);
      lasted.set(contest, turns.seconds() - startSeconds);
    }
    if (begun === 0) return pairs;
  }
}

function runPair(
  contest: Contest,
  here: string,
  baseline: string | undefined,
  baselineFirst: boolean,
  turns: Turns,
): Pair | undefined {
  if (baseline === undefined) return { here: contest.run(here) };
  const runBaseline = (): Figures | undefined => {
    try {
      return contest.run(baseline);
    } catch (error) {
      turns.tell(`${contest.name}, the baseline: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const first = baselineFirst ? runBaseline() : undefined;
  const figures = contest.run(here);
  const other = baselineFirst ? first : runBaseline();
  return other === undefined ? undefined : { here: figures, baseline: other };
}
