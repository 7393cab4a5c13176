/** `inic worker`: measures points of sweeps that are made elsewhere. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { UserError } from './errors.ts';
import { integerIn } from './numbers.ts';
import { addExamples } from './plan-options.ts';
import { redisUrl } from './redis-url.ts';

const WORKERS_MAX = 256;

interface WorkerFlags {
  readonly redis?: string;
  readonly concurrency?: number;
}

export function addWorker(program: Command): void {
  const command = program
    .command('worker')
    .description('measure points for sweeps with --engine bullmq, here or on other machines')
    .option('--redis <url>', 'the Redis server of the sweeps (default: $INIC_REDIS)')
    .option(
      '--concurrency <number>',
      'points at once (default: one for each core)',
      integerIn(1, WORKERS_MAX),
    )
    .action(work);
  addExamples(command, [['inic worker --redis redis://server:6379', 'as long as one likes; Ctrl-C ends it']]);
}

async function work(flags: WorkerFlags): Promise<void> {
  const url = redisUrl(flags.redis);
  const { RedisError } = await import('../sweep/redis/connection.ts');
  const { serveSweeps } = await import('../sweep/redis/redis-worker.ts');
  const interrupt = new AbortController();
  const say = (line: string): void => {
    process.stderr.write(`inic worker: ${line}\n`);
  };
  const end = (): void => {
    say('ends when the points under way are done; once more: at once');
    interrupt.abort();
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  try {
    const { concurrency = availableParallelism() } = flags;
    await serveSweeps(url, { concurrency, signal: interrupt.signal, say });
  } catch (error) {
    if (error instanceof RedisError) throw new UserError(error.message);
    throw error;
  }
}
