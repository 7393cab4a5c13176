/** The examples of docs/explain.md, as a reader would run them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';
import { breaches } from './trace-rules.ts';

const folder = testFolder();
const PAGE = readFileSync(new URL('../../docs/explain.md', import.meta.url), 'utf8');
const outputs = [...PAGE.matchAll(/<!-- (explain.*) -->\n\n```text\n([\s\S]*?)```/g)];
const refusals = /## What is refused\n\n```text\n([\s\S]*?)```/.exec(PAGE)?.[1].trim().split('\n') ?? [];

it.each(outputs.map(([, command, output]) => ({ command, output })))(
  '$command',
  async ({ command, output }) => {
    const { stdout, stderr, code } = await runNode(folder, [MAIN, ...command.split(' ')]);
    expect(stderr).toBe('');
    expect(stdout).toBe(output);
    expect(code).toBe(0);
    if (!command.includes('--trace')) return;
    expect(breaches(readFileSync(join(folder, 'slow.json'), 'utf8'))).toEqual([]);
  },
  60_000,
);

const PLAN = `
title: a few
world: pair
workload: { workload: TCP_RR, connections: 2 }
vary: { pools.transmitBuffers: [8, 16, 32, 64, 128, 256] }
seeds: 1..3
operations: 20
`;

it('refuses in one line what is not there', async () => {
  writeFileSync(join(folder, 'plan.yaml'), PLAN);
  const sweep = ['sweep', 'plan.yaml', '--out', 'results.jsonl', '--limit', '4', '--workers', '1'];
  expect((await runNode(folder, [MAIN, ...sweep])).code).toBe(0);
  const lineOf = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, code } = await runNode(folder, [MAIN, 'explain', ...args]);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    return stderr;
  };
  expect(await lineOf('results.jsonl#40')).toBe(`inic: ${refusals[0]}\n`);
  expect(await lineOf('plan.yaml')).toBe(`inic: ${refusals[1]}\n`);
  expect(await lineOf('plan.yaml#0', '--system', 'host+tso')).toBe(`inic: ${refusals[4]}\n`);
  expect(await lineOf('plan.yaml#0', '--policy', 'rules')).toBe('inic: --policy is for --system mixed\n');
  expect(await lineOf('plan.yaml#0', '--host-speed', '2')).toBe(
    'inic: --host-speed is for a system that --system names\n',
  );
  expect(await lineOf('results.jsonl', '3', '--request', '20000')).toBe(
    'inic: results.jsonl, point 3: there is no request 20000: expected 1 to 20\n',
  );
  for (const plan of ['results.jsonl#0', 'plan.yaml#0']) {
    for (const flag of ['connections', 'vary']) {
      expect(await lineOf(plan, `--${flag}`, flag === 'vary' ? 'runs=inline' : '4')).toBe(
        `inic: --${flag} says what the plan says: it is for a run without a plan\n`,
      );
    }
  }
  const { stdout, stderr } = await runNode(folder, [MAIN, 'explain', 'results.jsonl', '3', '--slowest']);
  expect(stderr).toBe('');
  expect(stdout).toMatch(
    /^a few\npoint 3: pools\.transmitBuffers=16, seed=1\nrequest \d+ of 20 .*the slowest/,
  );
  const results = readFileSync(join(folder, 'results.jsonl'), 'utf8');
  writeFileSync(join(folder, 'results.jsonl'), results.replace('"version":1', '"version":2'));
  expect(await lineOf('results.jsonl#0')).toBe(`inic: ${refusals[2]}\n`);
}, 60_000);
