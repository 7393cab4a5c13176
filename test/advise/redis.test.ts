/** Advice from points that workers elsewhere have measured, with a real Redis server. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';
import { endProcesses, freePort, redisMissing, redisServer, Verb } from '../sweep/redis-server.ts';

const folder = testFolder();
const at = (name: string): string => join(folder, name);
const lines = (name: string): string[] => readFileSync(at(name), 'utf8').trimEnd().split('\n');

const PLAN = `title: of a test
world: pair
workload: { workload: TCP_RR, connections: 4, size: 3000, think: 20us, spread: exponential }
vary: { pools.transmitBuffers: [2, 4, 16], pools.receiveBuckets: [4, 16] }
seeds: 1..2
operations: 100
`;

endProcesses();
writeFileSync(at('plan.yaml'), PLAN);

describe.skipIf(redisMissing)(
  'Redis (skipped where it is not installed: apt-get install redis-server)',
  () => {
    it('gives the same advice, round after round, from the same points', async () => {
      const redis = await redisServer(folder, await freePort());
      const here = await runNode(folder, [MAIN, 'advise', 'plan.yaml', '--out', 'here']);
      const worker = new Verb(folder, 'worker', '--redis', redis.url);
      const engine = ['--engine', 'bullmq', '--redis', redis.url];
      const there = await runNode(folder, [MAIN, 'advise', 'plan.yaml', '--out', 'there', ...engine]);
      expect(there.stdout).toBe(here.stdout);
      expect(there.code).toBe(here.code);
      expect(lines('there').slice(1)).toEqual(lines('here').slice(1));
      expect(JSON.parse(lines('there')[0]).manifest).toMatchObject({ engine: 'bullmq', workers: 1 });
      expect(JSON.parse(lines('here')[0]).manifest).toMatchObject({ engine: 'piscina' });
      await worker.says(/"of a test" is over: \d+ of its points were measured here/);
      expect((await redis.client.keys('*')).filter((key) => !key.endsWith(':stalled-check'))).toEqual([]);
      worker.child.kill('SIGINT');
      await worker.ended;
      await redis.kill();
    }, 240_000);
  },
);

describe('options of an engine', () => {
  it.each([
    [['--redis', 'redis://127.0.0.1:1'], 'inic: --redis is for --engine bullmq\n'],
    [
      ['--engine', 'bullmq', '--redis', 'redis://127.0.0.1:1', '--workers', '2'],
      'inic: --workers are of this machine: --engine bullmq has its own\n',
    ],
  ])('%s are refused', async (more, words) => {
    const { stderr, code } = await runNode(folder, [MAIN, 'advise', 'plan.yaml', ...more]);
    expect(stderr).toBe(words);
    expect(code).toBe(1);
  });
});
