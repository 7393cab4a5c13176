/** The old host's panic: lives of its queue with each alleged cause taken away, and what they say. */
import { Random } from '../../time/random.ts';
import { type Effect, effectOf } from '../claims/effect.ts';
import type { Excerpt, FindingsTable } from '../claims/experiment.ts';
import type { Claim } from '../claims/judge.ts';
import { type OldHost, OOPS, oldStorm } from './old-queue.ts';
import type { OldHostLives, OldHostName, Runs } from './runs.ts';

const GUILTY: OldHost = { tso: true, collapse: true, staleCounts: true, mode: 'panic' };
const SOURCE = 'derived from the assertion of net/ipv4/tcp_output.c';

export const OLD_HOSTS: Readonly<Record<OldHostName, OldHost>> = {
  all: GUILTY,
  noOffload: { ...GUILTY, tso: false },
  noCollapse: { ...GUILTY, collapse: false },
  counted: { ...GUILTY, staleCounts: false },
  warn: { ...GUILTY, mode: 'warn' },
  check: { ...GUILTY, mode: 'check' },
};

/** @param lives of a connection. @returns what a thousand of them come to. */
export function liveOldHost(host: OldHost, lives: number, seed: number): OldHostLives {
  const random = new Random(seed);
  const sum = { panics: 0, warnings: 0, recounts: 0, merges: 0 };
  for (let life = 0; life < lives; life++) {
    const { panicked, warnings, recounts, merges } = oldStorm(host, random.fork());
    sum.panics += panicked ? 1 : 0;
    sum.warnings += warnings;
    sum.recounts += recounts;
    sum.merges += merges;
  }
  const perThousand = (count: number): number => (count * 1000) / lives;
  return {
    panics: perThousand(sum.panics),
    warnings: perThousand(sum.warnings),
    recounts: perThousand(sum.recounts),
    merges: perThousand(sum.merges),
  };
}

export function panicClaims({ oldHost, engine }: Runs): Claim[] {
  const panics = (name: OldHostName): Effect =>
    effectOf(
      'panics in a thousand lives of a connection',
      '',
      oldHost[name].map((lives) => lives.panics),
    );
  const needs = (name: string, cause: string, statement: string, without: OldHostName): Claim => ({
    name,
    statement,
    source: SOURCE,
    effect: panics('all'),
    bound: { above: 0 },
    without: { cause, effect: panics(without) },
  });
  return [
    needs('panic-offload', 'segmentation offload', 'The panic needs TCP segmentation offload.', 'noOffload'),
    needs(
      'panic-collapse',
      'collapse',
      'It needs short packets to be merged when they are sent again.',
      'noCollapse',
    ),
    needs('panic-stale', 'the stale count', 'It needs counts that an MSS change leaves stale.', 'counted'),
    {
      name: 'panic-ours',
      statement: 'Our own engine gets into such a state.',
      source: 'a question of ours',
      effect: effectOf(
        'segments counted wrongly in a storm of MSS changes and losses',
        '',
        engine.map(({ miscounted }) => miscounted),
      ),
      bound: { above: 0 },
    },
  ];
}

const NAMES: Readonly<Record<OldHostName, string>> = {
  all: 'offload, collapse, stale counts',
  noOffload: 'without offload',
  noCollapse: 'without collapse',
  counted: 'counted again at each MSS change',
  warn: 'all three, and the assertion only warns',
  check: 'all three, and the assertion counts again',
};

export function panicTables({ oldHost, engine }: Runs): FindingsTable[] {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return [
    {
      title: 'The old host, in a thousand lives of a connection',
      columns: ['host', 'panics', 'warnings', 'counted again', 'merged'].map((heading) => ({ heading })),
      rows: (Object.keys(NAMES) as OldHostName[]).map((name) => [
        NAMES[name],
        ...(['panics', 'warnings', 'recounts', 'merges'] as const).map((of) =>
          mean(oldHost[name].map((lives) => lives[of])),
        ),
      ]),
    },
    {
      title: 'Our engine in the same weather, for each seed',
      columns: ['MSS changes', 'sent again', 'segments counted', 'counted wrongly'].map((heading) => ({
        heading,
      })),
      rows: engine.map(({ changes, again, counted, miscounted }) => [changes, again, counted, miscounted]),
    },
  ];
}

/** Where no life ended in one, there is nothing to show. */
export function panicExcerpts({ oldHost }: Runs): Excerpt[] {
  if (oldHost.all.every(({ panics }) => panics === 0)) return [];
  return [{ title: 'What the old host left on its console, addresses left out', text: OOPS }];
}
