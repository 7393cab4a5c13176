/** `inic explain`: one request of a point of a sweep, as a timeline and as a trace. */
import type { Command } from 'commander';
import type { ExplainFlags } from './explain-action.ts';
import { integerIn, numberIn } from './numbers.ts';
import { addExamples, collect } from './plan-options.ts';

export function addExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('follow one request of a point from its call to its return, in virtual time')
    .argument(
      '[point]',
      'RESULTS.jsonl#17 or PLAN.yaml#17: a point of a sweep by its number, which may follow as a word of ' +
        'its own; or TCP_RR, TCP_CRR, TCP_STREAM between two hosts (default: TCP_RR)',
    )
    .argument('[number]', 'which point of it', integerIn(0, 1e9))
    .option('--request <number>', 'explain the request of this number, from 1', integerIn(1, 1e9))
    .option('--percentile <percent>', 'explain the one at this percentile of latency', numberIn(0, 100))
    .option('--slowest', 'explain the slowest one (default: the median)')
    .option('--trace <file>', 'write a trace for ui.perfetto.dev or chrome://tracing')
    .option('--vary <path=values>', 'without a plan: a setting; may be given again', collect)
    .option('--link <rate,delay>', 'without a plan: the link between the hosts, such as 10G,100us')
    .option('--costs <name>', 'without a plan: the cost profile')
    .option('--seed <seed>', 'without a plan: the seed')
    .option('--connections <number>', 'without a plan: connections at once', integerIn(1, 65536))
    .option('--size <bytes>', 'without a plan: bytes of a request, or of a write', integerIn(1, 1 << 20))
    .option('--operations <number>', 'without a plan: operations of the point', integerIn(1, 1e9))
    .action(async (point: string | undefined, number: number | undefined, flags: ExplainFlags) => {
      const { explain } = await import('./explain-action.ts');
      explain(point, number, flags);
    });
  addExamples(command, [
    ['inic explain results.jsonl#17 --percentile 99', 'a slow request of a point of a sweep'],
    ['inic explain rpc#0 --trace request.json', 'of a bundled plan; for ui.perfetto.dev too'],
    ['inic explain --vary pools.transmitBuffers=8', 'of a world of two hosts'],
  ]);
}
