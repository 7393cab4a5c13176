/** Options that say where points are measured: over the cores here, or over workers elsewhere. */
import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { ENGINE_NAMES, type Engine, type EngineName } from '../sweep/engine.ts';
import type { SweepPlan } from '../sweep/plan.ts';
import { UserError } from './errors.ts';
import { integerIn, oneOf } from './numbers.ts';
import { redisUrl } from './redis-url.ts';

export interface EngineFlags {
  readonly workers?: number;
  readonly engine?: EngineName;
  readonly redis?: string;
  readonly timeout?: number;
}

export const WORKERS_MAX = 256;

export function addEngineOptions(command: Command): Command {
  return command
    .option('--workers <number>', 'points at once (default: one for each core)', integerIn(1, WORKERS_MAX))
    .option('--timeout <seconds>', 'real time a point may take (default: 600)', integerIn(1, 86400))
    .option(
      '--engine <name>',
      'spread the points by piscina (over the cores here) or bullmq (over workers elsewhere)',
      oneOf(ENGINE_NAMES),
    )
    .option('--redis <url>', 'of bullmq: its Redis server (default: $INIC_REDIS); workers: inic worker');
}

/** @throws UserError for options that do not go together. */
export function checkEngine({ engine, redis, workers }: EngineFlags): void {
  if (engine === 'bullmq') {
    redisUrl(redis);
    if (workers !== undefined)
      throw new UserError('--workers are of this machine: --engine bullmq has its own');
  } else if (redis !== undefined) {
    throw new UserError('--redis is for --engine bullmq');
  }
}

/** What an engine is made with, beside its flags. */
export interface EngineNeeds {
  readonly plan: SweepPlan;
  /** Points that will be measured, at most: no more workers are made. */
  readonly points: number;
  readonly signal: AbortSignal;
  /** Tells the user something, in a line. */
  readonly say: (line: string) => void;
}

/** @throws RedisError when its server cannot be used. */
export async function engineFor(
  flags: EngineFlags,
  { plan, points, signal, say }: EngineNeeds,
): Promise<Engine> {
  if (flags.engine === 'bullmq') {
    const { RedisEngine } = await import('../sweep/redis/redis-engine.ts');
    const { TIMEOUT_MS } = await import('../sweep/point-threads.ts');
    const timeoutMs = flags.timeout === undefined ? TIMEOUT_MS : flags.timeout * 1000;
    return RedisEngine.open(plan, redisUrl(flags.redis), { timeoutMs, signal, say });
  }
  const { PointPool } = await import('../sweep/schedule.ts');
  const { workers = availableParallelism(), timeout } = flags;
  return new PointPool(plan, Math.min(workers, points), signal, timeout && timeout * 1000);
}
