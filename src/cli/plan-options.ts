/** How a command line says a plan: a file's name, or a few words in its place. */
import { type Command, Option } from 'commander';
import { bundledNames } from '../plans/files.ts';
import { WORKLOAD_NAMES } from '../workloads/programs.ts';
import { bytesIn, integerIn, sizesIn } from './numbers.ts';

const SIZE_MAX = 1 << 20;

/** What of it there is without a plan's file. */
export interface PlanFlags {
  readonly vary?: string[];
  readonly link?: string;
  readonly costs?: string;
  readonly seed?: string;
  readonly connections?: number;
  readonly size?: number;
  readonly requestResponse?: number[];
  readonly idle?: number;
  readonly set?: string[];
  readonly operations?: number;
}

export function addPlanOptions(command: Command): Command {
  command.argument(
    '[plan]',
    `a plan's file, a bundled plan (${bundledNames('sweeps').join(', ')}), ` +
      `or ${WORKLOAD_NAMES.join(', ')} between two hosts (default: a small one)`,
  );
  addVary(command, 'what to vary');
  return addWorldOptions(command).option('--seed <seeds>', `${WITHOUT_PLAN}seeds, such as 1..5`);
}

const WITHOUT_PLAN = 'without a plan: ';

export function addVary(command: Command, what: string): Command {
  return command.option('--vary <path=values>', `${WITHOUT_PLAN}${what}; may be given again`, collect);
}

/** What says the world where there is no plan. */
export function addWorldOptions(command: Command): Command {
  const option = (flags: string, what: string): Option => new Option(flags, `${WITHOUT_PLAN}${what}`);
  const options = [
    option('--link <rate,delay>', 'the link between the hosts, such as 10G,100us'),
    option('--costs <name>', 'the cost profile'),
    option('--connections <number>', 'connections at once').argParser(integerIn(1, 65536)),
    option('--size <bytes>', 'bytes of a request, of a write, of a datagram, or of a page').argParser(
      bytesIn(1, SIZE_MAX),
    ),
    option(
      '-r, --request-response <request,response>',
      'bytes of a request, and of its answer, such as 100,4000',
    ).argParser(sizesIn(2, 1, SIZE_MAX)),
    option('--idle <number>', 'connections beside those, which rest').argParser(integerIn(0, 65536)),
    option('--set <path=value>', 'a setting, such as workload.think=1ms; may be given again').argParser(
      collect,
    ),
    option('--operations <number>', 'operations of a point').argParser(integerIn(1, 1e9)),
  ];
  for (const one of options) command.addOption(one);
  return command;
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
