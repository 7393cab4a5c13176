/** Threads that measure points: what becomes of a point whose thread dies, or does not end. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { parsePlan } from '../../src/sweep/plan.ts';
import { PointThreads } from '../../src/sweep/point-threads.ts';
import { testFolder } from '../cli/commands.ts';

const plan = parsePlan(
  '{ world: pair, workload: { workload: TCP_RR }, vary: { pools.transmitBuffers: [8] } }',
  'plan.yaml',
);
const file = pathToFileURL(join(testFolder(), 'thread.mjs'));
writeFileSync(
  file,
  `export default ({ point, plan }) => {
    if (plan.title === 'leaves') process.exit(3);
    if (plan.title === 'fills') for (const all = []; ; ) all.push(new Array(1000).fill(all.length));
    if (plan.title === 'runs on') for (;;);
    return 'measured ' + point;
  };`,
);

let threads: PointThreads | undefined;
afterEach(() => threads?.close());

const never = new AbortController().signal;
const task = (title: string) => ({ plan: { ...plan, title }, profiles: {}, point: 0 });

it.each([
  ['leaves', /^its thread ended: .*exited with code: 3$/],
  ['fills', /^its thread ended: .*out of memory$/],
  ['runs on', /^no end after 0.5 s of real time$/],
])('one whose thread %s is a failed point, and the next is measured', async (title, words) => {
  threads = new PointThreads(1, { file, heapMb: 16 });
  // In an endless loop it is over soon; the others may take what they take.
  const failed = JSON.parse(await threads.lineOf(task(title), title === 'runs on' ? 500 : 50_000, never));
  expect(failed).toMatchObject({ point: 0, settings: { seed: 1 }, ok: false });
  expect(failed.error).toMatch(words);
  expect(await threads.lineOf(task('ends'), 50_000, never)).toBe('measured 0');
});

it('gives up what is under way when it is told to end', async () => {
  threads = new PointThreads(1, { file });
  const ending = new AbortController();
  const given = threads.lineOf(task('runs on'), 50_000, ending.signal);
  ending.abort();
  await given;
  expect(await threads.lineOf(task('ends'), 50_000, never)).toBe('measured 0');
});
