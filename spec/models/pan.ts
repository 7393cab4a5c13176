/** Runs spin's verifier over one case: spin writes it (pan.c), the C compiler builds it, it searches. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import type { ModelCase } from './cases.ts';

const run = promisify(execFile);
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
/** Steps a search may go deep: beyond every model's. */
const DEPTH_MAX = 4_000_000;

export interface Outcome {
  readonly holds: boolean;
  /** The search saw every state there is; only then does `holds` mean anything. */
  readonly complete: boolean;
  readonly states: number;
  readonly depth: number;
  readonly seconds: number;
  /** What the verifier found wrong, or ''. */
  readonly found: string;
}

/** @returns the tools that are missing, none if the models can be checked. */
export function missingTools(): string[] {
  return ['spin', 'cc'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
}

/** Reads what the verifier printed. @throws Error when it printed no result. */
export function readOutcome(output: string): Outcome {
  const errors = /depth reached (\d+), errors: (\d+)/.exec(output);
  if (errors === null) throw new Error(`the verifier gave no result:\n${output}`);
  const found = /^pan:\d+: (.*?)(?: \(at depth \d+\))?$/m.exec(output);
  return {
    holds: errors[2] === '0',
    complete: !/max search depth too small|out of memory|search was not completed/i.test(output),
    states: Number(/([\d.e+]+) states, stored/.exec(output)?.[1] ?? 0),
    depth: Number(errors[1]),
    seconds: Number(/elapsed time ([\d.]+)/.exec(output)?.[1] ?? 0),
    found: found?.[1] ?? '',
  };
}

/**
 * Checks one case. A counter-example is searched for breadth first, so that the first found is a shortest
 * one.
 * @param source path of the model. @param trail also print the counter-example. @throws Error when a tool
 *   fails.
 */
export async function check(
  entry: ModelCase,
  source: string,
  trail: boolean,
): Promise<Outcome & { trail: string }> {
  const cwd = await mkdtemp(join(tmpdir(), 'inic-model-'));
  const options = { cwd, maxBuffer: OUTPUT_BYTES_MAX };
  const defines = entry.defines.map((define) => `-D${define}`);
  try {
    await run('spin', ['-a', ...defines, source], options);
    const safety = ['-DSAFETY', '-DNOCLAIM', ...(entry.holds ? [] : ['-DBFS'])];
    const kind = entry.check === 'safety' ? safety : ['-DNFAIR=3'];
    await run('cc', [entry.holds ? '-O2' : '-O0', '-w', ...kind, '-o', 'pan', 'pan.c'], options);
    const flags = entry.check === 'safety' ? [] : ['-a', '-f'];
    const { stdout } = await run(join(cwd, 'pan'), [...flags, '-n', `-m${DEPTH_MAX}`], options);
    const outcome = readOutcome(stdout);
    if (!trail || outcome.holds) return { ...outcome, trail: '' };
    const steps = await run('spin', ['-T', '-p', '-g', '-k', traceOf(source), ...defines, source], options);
    return { ...outcome, trail: steps.stdout.replaceAll(source, basename(source)) };
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

/** Name of the file the verifier leaves its counter-example in. */
function traceOf(source: string): string {
  return `${basename(source)}.trail`;
}
