/** `inic bench`: measures the card and the kernel in turns, in one run on this machine. */

import { resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { runBench } from '../measure/bench.ts';
import { isMessageTest } from '../measure/plan.ts';
import {
  type BenchOptions,
  type StackName,
  TESTS,
  type Test,
  TRANSPORTS,
  type Transport,
} from '../record/row.ts';
import { writeReport } from '../report/json.ts';
import { COLOURED, PLAIN, reportTable } from '../report/table.ts';
import { UserError } from './errors.ts';
import { integerIn, listOf, numberIn, oneOf } from './numbers.ts';
import { type Progress, progressBar } from './progress.ts';
import { checkWritable } from './writable.ts';

const STACKS: readonly StackName[] = ['inic', 'kernel'];
const APIS = ['net', 'socket'] as const;

const QUICK_REPORT = 'inic-report.json';
/** What `--quick` uses unless options say otherwise: about half a minute for all tests. */
const QUICK = { durationSeconds: 0.1, warmupSeconds: 1, repeats: 5 };
const THOROUGH = { durationSeconds: 1, warmupSeconds: 3, repeats: 5 };

interface Flags {
  readonly stack: StackName[];
  readonly transport: Transport[];
  readonly api: (typeof APIS)[number][];
  readonly connections?: number[];
  readonly size?: number[];
  readonly duration?: number;
  readonly repeats?: number;
  readonly json?: string;
  readonly trace?: string;
  readonly quick?: boolean;
}

export function addBench(program: Command): void {
  program
    .command('bench')
    .description('measure the card beside the kernel on this machine')
    .argument('[test...]', `which tests: ${TESTS.join(', ')} (default: all)`, collectTests)
    .addOption(lists('--stack <names>', 'inic, kernel', listOf(oneOf(STACKS)), [...STACKS]))
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
    )
    .option('--connections <numbers>', 'connections at once, 1 to 256, a row each', listOf(integerIn(1, 256)))
    .option(
      '--size <bytes>',
      'bytes of a request or write, 1 to 1048576, a row each',
      listOf(integerIn(1, 1 << 20)),
    )
    .option('--duration <seconds>', 'length of one run, 0.01 to 600 (default: 1)', numberIn(0.01, 600))
    .option('--repeats <number>', 'runs of each side, 1 to 100 (default: 5)', integerIn(1, 100))
    .option('--json <file>', 'write the results to a file')
    .option('--trace <file>', "record the card's frames; of several cards each in a file of its own")
    .option('--quick', `about half a minute: short runs; writes ${QUICK_REPORT}`)
    .action(bench);
}

function lists<T>(flags: string, description: string, parse: (text: string) => T[], all: T[]): Option {
  return new Option(flags, description).argParser(parse).default(all, all.join(','));
}

function collectTests(text: string, before: Test[] | undefined): Test[] {
  const test = TESTS.find((name) => name === text.toUpperCase());
  if (test === undefined) throw new InvalidArgumentError(`expected ${TESTS.join(', ')}, got "${text}".`);
  return before?.includes(test) ? before : [...(before ?? []), test];
}

async function bench(tests: Test[], flags: Flags): Promise<void> {
  const options = benchOptions(tests, flags);
  const path = flags.json ?? (flags.quick === true ? QUICK_REPORT : undefined);
  if (path !== undefined) checkWritable(path);
  if (flags.trace !== undefined) checkWritable(flags.trace);
  const bar = progressBar('{bar} {percentage}%  {eta_formatted} left  {label}', 24, testLines());
  const report = await runBench(options, ['inic', ...process.argv.slice(2)], bar.progress).finally(bar.stop);
  if (report.results.length === 0 && report.failures.length === 0) {
    throw new UserError(report.notes[0] ?? 'nothing to measure: these tests need another --stack or --api');
  }
  process.stdout.write(reportTable(report, useColours() ? COLOURED : PLAIN));
  if (path !== undefined) {
    writeReport(path, report);
    process.stdout.write(`\nwritten to ${path}\n`);
  }
  const unbalanced = report.results.some((result) => result.ledger?.balanced === false);
  if (report.failures.length > 0 || unbalanced) process.exitCode = 1;
}

function benchOptions(tests: Test[], flags: Flags): BenchOptions {
  const defaults = flags.quick === true ? QUICK : THOROUGH;
  const chosen = tests.length === 0 ? TESTS : tests;
  if (tests.length > 0 && tests.every(isMessageTest) && !flags.stack.includes('inic')) {
    throw new UserError(`${tests.join(' and ')} measure the card's message layer: --stack must name inic`);
  }
  if (tests.length > 0 && tests.every((test) => test === 'HTTP') && !flags.api.includes('net')) {
    throw new UserError('HTTP is measured with --api net only');
  }
  const foreign = flags.transport.filter((transport) => transport === 'port' || transport === 'msgpack');
  const socketTest = chosen.find((test) => !isMessageTest(test));
  if (foreign.length > 0 && socketTest !== undefined) {
    throw new UserError(
      `--transport ${foreign.join(' and ')} carry no sockets, only MSG_RR and MSG_STREAM: ` +
        'name those tests alone',
    );
  }
  if (
    flags.trace !== undefined &&
    (!flags.stack.includes('inic') || foreign.length === flags.transport.length)
  ) {
    throw new UserError("--trace records a card's frames: measure inic, over the ring or the fifo");
  }
  const durationSeconds = flags.duration ?? defaults.durationSeconds;
  return {
    tests: chosen,
    stacks: flags.stack,
    transports: flags.transport,
    apis: flags.api,
    connections: flags.connections,
    sizes: flags.size,
    durationSeconds,
    warmupSeconds: defaults.warmupSeconds,
    repeats: flags.repeats ?? defaults.repeats,
    ...(flags.trace === undefined ? {} : { trace: resolve(flags.trace) }),
  };
}

/** Elsewhere than on a terminal a line for each test. */
function testLines(): Progress {
  let last = '';
  return (done, total, label = '') => {
    const name = label.split(',', 1)[0];
    if (name === last) return;
    last = name;
    process.stderr.write(`${String(Math.floor((100 * done) / total)).padStart(3)} %  ${name}\n`);
  };
}

function useColours(): boolean {
  return process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
}
