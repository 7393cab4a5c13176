/** `inic sweep`: points of a plan measured in virtual time, over all cores. */
import type { Command } from 'commander';
import { bundledNames } from '../plans/files.ts';
import { ENGINE_NAMES } from '../sweep/engine.ts';
import { integerIn, oneOf } from './numbers.ts';
import type { SweepFlags } from './sweep-action.ts';

const WORKERS_MAX = 256;

export function addSweep(program: Command): void {
  program
    .command('sweep')
    .description('measure a grid of settings in virtual time, over all cores')
    .argument(
      '[plan]',
      `a plan's file, a bundled plan (${bundledNames('sweeps').join(', ')}), ` +
        'or TCP_RR, TCP_CRR, TCP_STREAM between two hosts (default: a small one)',
    )
    .option('--vary <path=values>', 'without a plan: what to vary; may be given again', collect, [])
    .option('--link <rate,delay>', 'without a plan: the link between the hosts, such as 10G,100us')
    .option('--costs <name>', 'without a plan: the cost profile')
    .option('--seed <seeds>', 'without a plan: seeds, such as 1..5')
    .option('--connections <number>', 'without a plan: connections at once', integerIn(1, 65536))
    .option('--size <bytes>', 'without a plan: bytes of a request, or of a write', integerIn(1, 1 << 20))
    .option('--operations <number>', 'without a plan: operations of a point', integerIn(1, 1e9))
    .option('--out <file>', 'write the results to a file, a line each point')
    .option('--csv <file>', 'write them as comma-separated values too')
    .option('--resume', 'go on with what is in the file of --out')
    .option('--limit <points>', 'measure at most so many points this time', integerIn(1, 1e9))
    .option('--workers <number>', 'points at once (default: one for each core)', integerIn(1, WORKERS_MAX))
    .option('--timeout <seconds>', 'real time a point may take (default: 600)', integerIn(1, 86400))
    .option(
      '--engine <name>',
      'spread the points by piscina (over the cores here) or bullmq (over workers elsewhere)',
      oneOf(ENGINE_NAMES),
    )
    .option('--redis <url>', 'of bullmq: its Redis server (default: $INIC_REDIS); workers: inic worker')
    .action(async (name: string | undefined, flags: SweepFlags) => {
      const { sweep } = await import('./sweep-action.ts');
      await sweep(name, flags);
    });
}

function collect(text: string, before: string[]): string[] {
  return [...before, text];
}
