/** How a command line says a plan: a file's name, or a few words in its place. */
import type { Command } from 'commander';
import { bundledNames } from '../plans/files.ts';
import { integerIn } from './numbers.ts';

/** What of it there is without a plan's file. */
export interface PlanFlags {
  readonly vary?: string[];
  readonly link?: string;
  readonly costs?: string;
  readonly seed?: string;
  readonly connections?: number;
  readonly size?: number;
  readonly operations?: number;
}

export function addPlanOptions(command: Command): Command {
  return command
    .argument(
      '[plan]',
      `a plan's file, a bundled plan (${bundledNames('sweeps').join(', ')}), ` +
        'or TCP_RR, TCP_CRR, TCP_STREAM between two hosts (default: a small one)',
    )
    .option('--vary <path=values>', 'without a plan: what to vary; may be given again', collect)
    .option('--link <rate,delay>', 'without a plan: the link between the hosts, such as 10G,100us')
    .option('--costs <name>', 'without a plan: the cost profile')
    .option('--seed <seeds>', 'without a plan: seeds, such as 1..5')
    .option('--connections <number>', 'without a plan: connections at once', integerIn(1, 65536))
    .option('--size <bytes>', 'without a plan: bytes of a request, or of a write', integerIn(1, 1 << 20))
    .option('--operations <number>', 'without a plan: operations of a point', integerIn(1, 1e9));
}

/** What the help of a verb ends with: how it is used, each with what it does. */
export function addExamples(command: Command, examples: readonly (readonly [string, string])[]): void {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`);
  command.addHelpText('after', ['', 'Examples:', ...lines].join('\n'));
}

/** Parses an option that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}
