/** Ctrl-C ends a bench early and loses no row that is done. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { MAIN, testFolder } from './commands.ts';

const folder = testFolder();
const LOOK_MS = 20;

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s prints and writes the rows that are done', async (signal, code) => {
  const [json, csv] = [`${signal}.json`, `${signal}.csv`];
  const shape = ['--stack', 'kernel', '--api', 'net', '--connections', '1,2,3', '--repeats', '1'];
  const child = spawn(
    process.execPath,
    [MAIN, 'bench', 'TCP_RR', ...shape, '--duration', '1', '--json', json, '--csv', csv],
    { cwd: folder },
  );
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const closed = new Promise((resolve) => child.on('close', resolve));
  // Each file is written as a whole after a row, so that one which is there tells of the first.
  while (!existsSync(join(folder, csv)) && child.exitCode === null) await pause(LOOK_MS);
  child.kill(signal);
  expect(await closed).toBe(code);
  const report = JSON.parse(readFileSync(join(folder, json), 'utf8'));
  expect(report.rows.planned).toBe(3);
  expect([1, 2]).toContain(report.rows.done);
  expect(report.results).toHaveLength(report.rows.done);
  expect(stdout.match(/^TCP_RR net +64 B x\d/gm)).toHaveLength(report.rows.done);
  expect(stdout).toContain(`interrupted: ${report.rows.done} of 3 rows are done`);
  const lines = readFileSync(join(folder, csv), 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(1 + report.rows.done);
});
