/** Sweeps over workers elsewhere, as their users run them, with a real Redis server. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker as QueueWorker } from 'bullmq';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPlan } from '../../src/sweep/plan.ts';
import { ownBuild } from '../../src/sweep/redis/build.ts';
import { offerOf, offerText, PREFIX, queueOf, RUNS, refusalsOf } from '../../src/sweep/redis/offer.ts';
import { RedisEngine } from '../../src/sweep/redis/redis-engine.ts';
import { pause } from '../../src/time/timers.ts';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';
import { LONG } from '../long.ts';
import { endProcesses, freePort, type RedisServer, redisMissing, redisServer, Verb } from './redis-server.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);
const pointLines = (name: string): string[] => readFileSync(at(name), 'utf8').trimEnd().split('\n').slice(1);
const sweep = (plan: string, redis: RedisServer, out: string, ...more: string[]): Verb =>
  new Verb(folder, 'sweep', plan, '--engine', 'bullmq', '--redis', redis.url, '--out', out, ...more);
const worker = ({ url }: RedisServer, concurrency = 1): Verb =>
  new Verb(folder, 'worker', '--redis', url, '--concurrency', String(concurrency));
/** What is there of ours. BullMQ's note that stalled jobs were looked for runs out by itself. */
const keysOf = async ({ client }: RedisServer): Promise<string[]> =>
  (await client.keys('*')).filter((key) => !key.endsWith(':stalled-check'));

const PLAN = `title: of a test
world: pair
workload: { workload: TCP_RR, connections: 2, size: 64, think: 20us, spread: exponential }
vary: { pools.transmitBuffers: 4..16:x2, workload.size: [64, 4096] }
seeds: 1..3
operations: 200
`;

endProcesses();

describe.skipIf(redisMissing)(
  'Redis (skipped where it is not installed: apt-get install redis-server)',
  () => {
    let redis: RedisServer;

    beforeAll(async () => {
      writeFileSync(at('plan.yaml'), PLAN);
      writeFileSync(at('other.yaml'), PLAN.replace('1..4', '5..7'));
      redis = await redisServer(folder, await freePort());
      for (const plan of ['plan', 'other']) {
        const { code } = await runNode(folder, [MAIN, 'sweep', `${plan}.yaml`, '--out', `${plan}.here`]);
        expect(code).toBe(0);
      }
    }, 120_000);

    it('gives the same bytes when a worker is killed midway, and leaves nothing behind', async () => {
      const [lost, kept] = [worker(redis), worker(redis)];
      const verb = sweep('plan.yaml', redis, 'killed');
      await verb.says(/ 20 %/);
      lost.child.kill('SIGKILL');
      expect(await verb.ended).toBe(0);
      expect(pointLines('killed')).toEqual(pointLines('plan.here'));
      const [head] = readFileSync(at('killed'), 'utf8').split('\n');
      expect(JSON.parse(head).manifest).toMatchObject({ engine: 'bullmq', workers: 2 });
      await kept.says(/"of a test" is over: \d+ of its points were measured here/);
      expect(await keysOf(redis)).toEqual([]);
      kept.child.kill('SIGINT');
      expect(await kept.ended).toBe(0);
    }, 120_000);

    it.runIf(LONG)(
      'goes on when its server is begun anew and knows nothing',
      async () => {
        const port = await freePort();
        const first = await redisServer(folder, port);
        const there = worker(first);
        const verb = sweep('plan.yaml', first, 'anew');
        await verb.says(/ 20 %/);
        await first.kill();
        await verb.says(/is away: it goes on when it is back/);
        const second = await redisServer(folder, port);
        expect(await verb.ended).toBe(0);
        expect(verb.stderr).toContain(`inic: redis://127.0.0.1:${port} is back\n`);
        expect(pointLines('anew')).toEqual(pointLines('plan.here'));
        there.child.kill('SIGTERM');
        expect(await there.ended).toBe(0);
        await second.kill();
      },
      120_000,
    );

    it.runIf(LONG)(
      'keeps sweeps apart that are there at once',
      async () => {
        const there = worker(redis, 2);
        const verbs = [sweep('plan.yaml', redis, 'one'), sweep('other.yaml', redis, 'two')];
        expect(await Promise.all(verbs.map(({ ended }) => ended))).toEqual([0, 0]);
        expect(pointLines('one')).toEqual(pointLines('plan.here'));
        expect(pointLines('two')).toEqual(pointLines('other.here'));
        there.child.kill('SIGINT');
        await there.ended;
        expect(await keysOf(redis)).toEqual([]);
      },
      120_000,
    );

    it('says that it waits for a worker, and which took no part, and ends on Ctrl-C', async () => {
      const verb = sweep('plan.yaml', redis, 'waits');
      await verb.says(/inic: no worker is there: it waits for one, begun by: npx inic worker --redis redis:/);
      const [run] = await redis.client.smembers(RUNS);
      await redis.client.hset(refusalsOf(run), 'elsewhere:1', 'it is of inic 0.0.1');
      await verb.says(/inic: the worker elsewhere:1 takes no part: it is of inic 0.0.1\n/);
      verb.child.kill('SIGINT');
      expect(await verb.ended).toBe(130);
      expect(verb.stderr).toMatch(/interrupted after 0 of 18 points: go on with --resume\n$/);
      expect(await keysOf(redis)).toEqual([]);
      const resumed = await runNode(folder, [MAIN, 'sweep', 'plan.yaml', '--resume', '--out', 'waits']);
      expect(resumed.code).toBe(0);
      expect(pointLines('waits')).toEqual(pointLines('plan.here'));
    }, 120_000);

    it('refuses what is of another build or no plan, and removes what a killed sweep has left', async () => {
      const { client } = redis;
      const build = ownBuild();
      const plan = loadPlan(at('plan.yaml'));
      const offer = { build, plan, profiles: {}, timeoutMs: 1000 };
      const offers: Readonly<Record<string, string>> = {
        old: offerText({ ...offer, build: { ...build, hash: 'beef' } }),
        wrong: offerText({ ...offer, plan: { ...plan, operations: -1 } }),
      };
      for (const [run, text] of Object.entries(offers)) await client.set(offerOf(run), text);
      await client.hset(`${PREFIX}:${queueOf('gone')}:meta`, 'opts.maxLenEvents', '1');
      await client.sadd(RUNS, 'old', 'wrong', 'gone');
      const there = worker(redis);
      await there.says(
        /takes no part in a sweep: it is of inic \S+ \(beef\), and this is inic \S+ \(\w+\)\n/,
      );
      await there.says(
        /takes no part in a sweep: "operations" expected a whole number from 1 to 1000000000, got -1\n/,
      );
      expect(Object.values(await client.hgetall(refusalsOf('old')))).toEqual([
        expect.stringContaining('beef'),
      ]);
      while (await client.sismember(RUNS, 'gone')) await pause(20);
      await client.del(RUNS, ...Object.keys(offers).flatMap((run) => [offerOf(run), refusalsOf(run)]));
      expect(await keysOf(redis)).toEqual([]);
      there.child.kill('SIGINT');
      await there.ended;
    });

    it('believes no worker', async () => {
      const plan = loadPlan(at('plan.yaml'));
      const signal = new AbortController().signal;
      const engine = await RedisEngine.open(plan, redis.url, { timeoutMs: 1000, signal, say: () => {} });
      const lines = new Map<number, string>();
      const ended = engine.run([0, 1, 2, 3, 4], (point, line) => lines.set(point, line));
      while ((await redis.client.scard(RUNS)) === 0) await pause(20);
      const [run] = await redis.client.smembers(RUNS);
      const [right] = pointLines('plan.here');
      const answer = ({ data: { point } }: { data: { point: number } }): string => {
        if (point === 3) throw new Error('no room\nfor it');
        if (point === 4) throw new Error('job stalled more than allowable limit');
        return ['nonsense', right, `${right} `][point];
      };
      const liar = new QueueWorker(queueOf(run), async (job) => answer(job), {
        connection: redis.client,
        prefix: PREFIX,
      });
      await ended;
      await engine.close();
      await liar.close(true);
      const errors = [...lines].sort(([a], [b]) => a - b).map(([, line]) => JSON.parse(line).error);
      const other = 'its worker gave something else than this point';
      const lost = 'it lost its worker 3 times';
      expect(errors).toEqual([other, other, other, 'its worker failed: no room', lost]);
    });

    it.runIf(LONG)('asks for the password of its server in one line, and shows none', async () => {
      const locked = await redisServer(folder, await freePort(), '--requirepass', 'secret');
      const as = (user: string): string => locked.url.replace('//', `//${user}`);
      const asked = await runNode(folder, [MAIN, 'worker', '--redis', locked.url]);
      expect(asked.stderr).toBe(
        `inic: ${locked.url}: asks for a password, as in redis://:PASSWORD@host:6379\n`,
      );
      const wrong = await runNode(folder, [MAIN, 'worker', '--redis', as(':guess@')]);
      expect(wrong.stderr).toBe(`inic: ${locked.url}: does not take this user or password\n`);
      const url = as(':secret@');
      const verb = new Verb(
        folder,
        'sweep',
        'plan.yaml',
        '--engine',
        'bullmq',
        '--redis',
        url,
        '--out',
        'locked',
      );
      await verb.says(/no worker is there/);
      verb.child.kill('SIGINT');
      await verb.ended;
      expect(`${verb.stderr}${readFileSync(at('locked'), 'utf8')}`).not.toContain('secret');
      await locked.kill();
    });
  },
);

describe('--engine bullmq', () => {
  it.each([
    [
      ['sweep', '--engine', 'bullmq', '--redis', 'redis://127.0.0.1:1'],
      /redis:\/\/127.0.0.1:1: connection refused/,
    ],
    [['worker', '--redis', 'redis://127.0.0.1:1'], /redis:\/\/127.0.0.1:1: connection refused/],
    [['worker', '--redis', 'localhost:6379'], /"redis" expected a URL such as redis:\/\/host:6379/],
    [['worker'], /expected --redis URL, or INIC_REDIS in the environment/],
    [['sweep', '--engine', 'bullmq'], /expected --redis URL, or INIC_REDIS in the environment/],
    [['sweep', '--redis', 'redis://127.0.0.1:1'], /--redis is for --engine bullmq/],
    [['sweep', '--engine', 'bull'], /expected piscina, bullmq, got "bull"/],
    [
      ['sweep', '--engine', 'bullmq', '--redis', 'redis://h', '--workers', '2'],
      /--workers are of this machine/,
    ],
  ])('%j is refused', async (args, words) => {
    const { code, stderr } = await runNode(folder, [MAIN, ...args]);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(words);
    expect(code).toBe(1);
  });
});
