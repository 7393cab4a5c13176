/** The ring in C++ compiles, every frame comes through it, and the message layer runs beside it. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { comparisonLines } from '../../bench/native/compare.ts';

const program = 'dist/bench/native/main.js';
const compiler = spawnSync('g++', ['--version']).error === undefined;

test.skipIf(!compiler)('both sides move frames, in either test', { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '0.02', '2']);
  const rates = [...stdout.matchAll(/ ([\d.]+) M\/s/g)].map(([, rate]) => Number(rate));
  expect(rates).toHaveLength(8);
  expect(rates.every((rate) => rate > 0)).toBe(true);
  expect(stdout).toMatch(/^MSG_RR +inic .*^MSG_STREAM +inic /ms);
});

test('an argument that is no time is refused', () => {
  const { status, stderr } = spawnSync(process.execPath, [program, 'long'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([2, expect.stringContaining('expected [SECONDS [ROUNDS]]')]);
});

test('a side is named with its rate, its spread and its part of the native rate', () => {
  const rates = {
    inic: [1e6, 2e6, 3e6],
    payload: [1e6, 1e6, 1e6],
    native: [4e6, 4e6, 4e6],
    hints: [2e6, 2e6, 2e6],
  };
  expect(comparisonLines('MSG_RR', rates)).toEqual([
    'MSG_RR     inic                  2.00 M/s (1.00..3.00), 500 ns each',
    '           inic, 64 bytes        1.00 M/s (1.00..1.00), 1000 ns each  0.25 (0.25..0.25) of native',
    '           native                4.00 M/s (4.00..4.00), 250 ns each  inic is 0.50 (0.25..0.75) of it',
    '           native with hints     2.00 M/s (2.00..2.00), 500 ns each  inic is 1.00 (0.50..1.50) of it',
  ]);
});
