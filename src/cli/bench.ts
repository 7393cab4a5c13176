/** `inic bench`: measures the card and the kernel in turns, in one run on this machine. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  DEFAULT_TESTS,
  PLACEMENTS,
  type Placement,
  type StackName,
  TESTS,
  type Test,
  TRANSPORTS,
  type Transport,
} from '../record/row.ts';
import { bench, QUICK_REPORT } from './bench-action.ts';
import { APIS, CONNECTIONS_MAX, type Flags, NEIGHBOURS_MAX, REPEATS_MAX, STACKS } from './bench-options.ts';
import { bytesIn, integerIn, listOf, numberIn, oneOf, sizesIn } from './numbers.ts';
import { addExamples, collect } from './plan-options.ts';

const SIZE_MAX = 1 << 20;

export function addBench(program: Command): void {
  const command = program
    .command('bench')
    .description('measure the card beside the kernel on this machine')
    .argument(
      '[test...]',
      `which tests: ${TESTS.join(', ')} (default: ${DEFAULT_TESTS.join(', ')})`,
      collectTests,
    )
    .addOption(
      lists(
        '--stack <names>',
        "inic (the card), kernel, host (the card's stack on the host, over a plain device), " +
          'lan (the same over a card of network ports, by messages); the last two by socket calls',
        listOf(oneOf(STACKS)),
        ['inic', 'kernel'] as StackName[],
      ),
    )
    .addOption(
      lists(
        '--iop <places>',
        "where the card runs: thread (of its own), inline (in the program's), a side each",
        listOf(oneOf(PLACEMENTS)),
        [...PLACEMENTS] as Placement[],
      ),
    )
    .addOption(
      lists(
        '--transport <names>',
        "how frames travel: ring, fifo (I2O's four FIFOs); to measure MSG_ against: port, msgpack",
        listOf(oneOf(TRANSPORTS)),
        ['ring'] as Transport[],
      ),
    )
    .addOption(
      lists('--api <names>', 'net (node:net), socket (socket calls)', listOf(oneOf(APIS)), [...APIS]),
    );
  addLoadOptions(command);
  addRunOptions(command);
  command.action((tests: Test[], flags: Flags) => bench(tests, flags, saidBy(command)));
  addExamples(command, [
    ['inic bench', 'everything, on every side'],
    ['inic bench TCP_RR --connections 1,32 --size 64,1024', 'a row for each of four loads'],
    ['inic bench TCP_RR TCP_CRR --api net --neighbours 0,1,2 --pin none', 'beside busy processes'],
    ['inic bench UDP_RR -r 100,1000 --width 5', 'until the interval is 5 % wide'],
    ['inic bench TCP_STREAM --set pools.receiveBuckets=64', 'with a setting of the card'],
  ]);
}

function addLoadOptions(command: Command): void {
  command
    .option(
      '--connections <numbers>',
      `connections, or messages, at once, 1 to ${CONNECTIONS_MAX}, a row each`,
      listOf(integerIn(1, CONNECTIONS_MAX)),
    )
    .option(
      '--size <bytes>',
      `bytes of a message, request, write or datagram, to ${SIZE_MAX}, a row each`,
      listOf(bytesIn(0, SIZE_MAX)),
    )
    .option(
      '-r, --request-response <bytes>',
      'bytes of requests and of responses, such as 100,1000; wins over --size',
      sizesIn(2, 1, SIZE_MAX),
    )
    .option(
      '--neighbours <numbers>',
      `busy processes beside it, 0 to ${NEIGHBOURS_MAX}, a group of rows each (default: 0)`,
      listOf(integerIn(0, NEIGHBOURS_MAX)),
    )
    .option('--workload <file>', "a program of one's own in place of the tests: see docs/bench.md")
    .option('--seed <number>', 'of all that the card draws, 0 to 4294967295', integerIn(0, 2 ** 32 - 1))
    .option('--set <path=value>', 'a setting of the card, as --vary of sweeps has them; repeatable', collect);
}

function addRunOptions(command: Command): void {
  command
    .addOption(
      new Option('--pin <how>', 'auto: a core for each thread where there are two; none')
        .argParser(oneOf(['auto', 'none']))
        .default('auto'),
    )
    .option('--duration <seconds>', 'length of one run, 0.01 to 600 (default: 1)', numberIn(0.01, 600))
    .option(
      '--repeats <number>',
      `runs of each side, 1 to ${REPEATS_MAX}; with --width a range (default: 5; 3..30)`,
      repeats,
    )
    .option('--confidence <percent>', 'with --width: 95 or 99 (default: 95)', oneOf(['95', '99']))
    .option(
      '--width <percent>',
      "repeats until the mean's confidence interval is so wide, 0.1 to 100",
      numberIn(0.1, 100),
    )
    .option('--json <file>', 'write the results to a file, after each row')
    .option('--csv <file>', 'write a line for each side of each row, after each row')
    .option('--trace <file>', "record the card's frames; of several cards each in a file of its own")
    .option('--quick', `less than a minute: short runs; writes ${QUICK_REPORT}`);
}

/** Whether an option was written, not left to its default. */
function saidBy(command: Command): (option: string) => boolean {
  return (option) => command.getOptionValueSource(option) === 'cli';
}

function lists<T>(flags: string, description: string, parse: (text: string) => T[], all: T[]): Option {
  return new Option(flags, description).argParser(parse).default(all, all.join(','));
}

function collectTests(text: string, before: Test[] | undefined): Test[] {
  const test = TESTS.find((name) => name === text.toUpperCase());
  if (test === undefined) throw new InvalidArgumentError(`expected ${TESTS.join(', ')}, got "${text}".`);
  return before?.includes(test) ? before : [...(before ?? []), test];
}

/** `5`, or `3..30`. */
function repeats(text: string): [number, number] {
  const [least, most = least, ...more] = text.split('..').map((part) => part.trim());
  const value = integerIn(1, REPEATS_MAX);
  if (more.length > 0) throw new InvalidArgumentError(`expected such as 5 or 3..30, got "${text}".`);
  const range: [number, number] = [value(least), value(most)];
  if (range[0] > range[1]) throw new InvalidArgumentError(`expected a range that rises, got "${text}".`);
  return range;
}
