/** `inic explain`: one request of a point of a sweep, as a timeline and as a trace. */
import type { Command } from 'commander';
import { ARMS } from '../compare/arms.ts';
import type { ExplainFlags } from './explain-action.ts';
import { integerIn, numberIn } from './numbers.ts';
import { addExamples, addVary, addWorldOptions } from './plan-options.ts';

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('follow one request of a point from its call to its return, in virtual time')
    .argument(
      '[point]',
      'RESULTS.jsonl#17 or PLAN.yaml#17: a point of a sweep by its number, which may follow as a word of ' +
        'its own; or a workload between two hosts, such as TCP_RR (the default)',
    )
    .argument('[number]', 'which point of it', integerIn(0, 1e9))
    .option('--request <number>', 'explain the request of this number, from 1', integerIn(1, 1e9))
    .option('--percentile <percent>', 'explain the one at this percentile of latency', numberIn(0, 100))
    .option('--slowest', 'explain the slowest one (default: the median)')
    .option('--trace <file>', 'write a trace for ui.perfetto.dev or chrome://tracing');
  addVary(command, 'a setting');
  addWorldOptions(command)
    .option('--seed <seed>', 'without a plan: the seed')
    .option(
      '--system <name>',
      `one of those that inic compare knows: ${ARMS.map(({ name }) => name).join(', ')} (default: inic; ` +
        'of a plan with a policy, its cards beside the stacks of their hosts)',
    )
    .option('--host-speed <times>', 'of a system: as in inic compare', numberIn(0.01, 100))
    .option('--system-call <ns>', 'of a system: as in inic compare', numberIn(0, 1e6))
    .option('--policy <file>', 'rules that say which connections of "mixed" are offloaded')
    .option(
      '--card-connections <number>',
      'connections that each card of "mixed" takes at most',
      integerIn(0, 65536),
    )
    .action(async (point: string | undefined, number: number | undefined, flags: ExplainFlags) => {
      const { explain } = await import('./explain-action.ts');
      explain(point, number, flags);
    });
  addExamples(command, [
    ['inic explain results.jsonl#17 --percentile 99', 'a slow request of a point of a sweep'],
    ['inic explain rpc#0 --trace request.json', 'of a bundled plan; for ui.perfetto.dev too'],
    ['inic explain --vary pools.transmitBuffers=8', 'of a world of two hosts'],
    ['inic explain UDP_RR --system host+TSO', "a datagram's way through the stack of a host"],
  ]);
}
