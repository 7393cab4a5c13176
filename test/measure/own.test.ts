/** A program of the user's own: the example of docs/bench.md runs on every side. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { MAIN, runNode, testFolder } from '../cli/commands.ts';

const folder = testFolder();

it('the example of the docs is measured on every side', async () => {
  const docs = readFileSync(new URL('../../docs/bench.md', import.meta.url), 'utf8');
  const [, example] = /```js\n([\s\S]*?)```/.exec(docs) ?? [];
  writeFileSync(join(folder, 'ping.mjs'), example);
  const args = ['bench', '--workload', 'ping.mjs', '--duration', '0.02', '--repeats', '1', '--quick'];
  const { code, stderr, stdout } = await runNode(folder, [MAIN, ...args]);
  expect(stderr + stdout).not.toContain('failed: ');
  expect(code).toBe(0);
  const { results } = JSON.parse(readFileSync(join(folder, 'inic-report.json'), 'utf8'));
  const sides = results.map((result: { stack: string; placement?: string }) => [
    result.stack,
    result.placement,
  ]);
  expect(sides).toEqual([
    ['inic', 'thread'],
    ['inic', 'inline'],
    ['kernel', undefined],
  ]);
  for (const result of results) expect(result.params.program).toBe('ping.mjs');
}, 60_000);

it('a module that is none is a failure of its sides, said in a line', async () => {
  writeFileSync(join(folder, 'none.mjs'), 'export const open = 1;');
  const args = ['bench', '--workload', 'none.mjs', '--stack', 'kernel', '--duration', '0.02'];
  const { code, stdout, stderr } = await runNode(folder, [MAIN, ...args]);
  expect(stderr).toMatch(
    /^inic: failed: none\.mjs net 64 B x1, kernel: .*expected a function exported as "open"$/m,
  );
  expect([stdout, code]).toEqual(['', 1]);
}, 60_000);
