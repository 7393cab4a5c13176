/** What a terminal can show, by the variables that say so. */
import { afterEach, expect, it, vi } from 'vitest';
import { timeLeft } from '../../src/cli/progress.ts';
import { lineWidth, movesCursor, showsColours } from '../../src/cli/terminal.ts';

const TERMINAL = { isTTY: true, columns: 83 };
afterEach(() => vi.unstubAllEnvs());

it('a terminal shows colours and a bar, and a file neither', () => {
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
  expect([showsColours(TERMINAL), movesCursor(TERMINAL)]).toEqual([true, true]);
  expect([showsColours({}), movesCursor({})]).toEqual([false, false]);
});

it('NO_COLOR takes the colours, where it is not empty, and leaves the bar', () => {
  vi.stubEnv('TERM', 'xterm');
  vi.stubEnv('NO_COLOR', '1');
  expect([showsColours(TERMINAL), movesCursor(TERMINAL)]).toEqual([false, true]);
  vi.stubEnv('NO_COLOR', '');
  expect(showsColours(TERMINAL)).toBe(true);
});

it('a dumb terminal has neither', () => {
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'dumb');
  expect([showsColours(TERMINAL), movesCursor(TERMINAL)]).toEqual([false, false]);
});

it('COLUMNS says how wide a line is, else the terminal does', () => {
  vi.stubEnv('COLUMNS', '61');
  expect(lineWidth(TERMINAL, 100)).toBe(61);
  for (const wrong of ['', '0', 'wide', '19', '1001', '60.5']) {
    vi.stubEnv('COLUMNS', wrong);
    expect([lineWidth(TERMINAL, 100), lineWidth({}, 100)]).toEqual([83, 100]);
  }
});

it('the time left is said in steps that do not flicker', () => {
  expect([timeLeft(9), timeLeft(43), timeLeft(128), timeLeft('INF')]).toEqual(['9s', '45s', '2m10s', '?']);
});
