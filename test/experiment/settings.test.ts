/** What of an experiment can be set: presets, what is laid over them, and what is refused by name. */
import { describe, expect, it } from 'vitest';
import { expectedOf, readSettings, SEEDS } from '../../src/experiment/claims/settings.ts';

const SETTINGS = [
  SEEDS,
  { key: 'ring', what: 'entries of the receive ring', preset: 200, range: [8, 4096] as const },
  { key: 'share', what: 'a share', preset: 0.5, range: [0, 1] as const, fractions: true },
  { key: 'kernel', what: 'whose rules', preset: 'era', words: ['era', 'modern'] },
  { key: 'coupling', what: 'whether bursts answer bursts', preset: false },
];
const read = (...written: string[]): Record<string, unknown> =>
  Object.fromEntries(readSettings(SETTINGS, written, '--set').entries());

it('has presets, and lays over them what is set', () => {
  expect(read()).toEqual({ seeds: 5, ring: 200, share: 0.5, kernel: 'era', coupling: false });
  expect(read('ring=8', 'kernel=modern', 'coupling=true', 'share=0.25')).toEqual({
    seeds: 5,
    ring: 8,
    share: 0.25,
    kernel: 'modern',
    coupling: true,
  });
  expect(readSettings(SETTINGS, ['seeds=3'], '--set').seeds()).toEqual([1, 2, 3]);
});

it('is asked for by its kind', () => {
  const values = readSettings(SETTINGS, [], '--set');
  expect([values.number('ring'), values.word('kernel'), values.flag('coupling')]).toEqual([
    200,
    'era',
    false,
  ]);
  expect(() => values.number('kernel')).toThrow(TypeError);
});

describe('refuses', () => {
  it.each([
    ['ring', '--set expected key=value, got "ring"'],
    ['=3', '--set expected key=value, got "=3"'],
    ['rinq=3', '--set rinq: there is no such setting: did you mean ring?'],
    ['ring=7', '--set ring expected a whole number from 8 to 4096, got "7"'],
    ['ring=9.5', '--set ring expected a whole number from 8 to 4096, got "9.5"'],
    ['ring=', '--set ring expected a whole number from 8 to 4096, got ""'],
    ['ring=0x10', '--set ring expected a whole number from 8 to 4096, got "0x10"'],
    ['share=1.5', '--set share expected a number from 0 to 1, got "1.5"'],
    ['kernel=2.6', '--set kernel expected era, modern, got "2.6"'],
    ['coupling=yes', '--set coupling expected true or false, got "yes"'],
    ['seeds=0', '--set seeds expected a whole number from 1 to 100, got "0"'],
  ])('%s', (written, words) => {
    expect(() => read(written)).toThrow(new RangeError(words));
  });

  it('a key said twice', () => {
    expect(() => read('ring=8', 'ring=9')).toThrow('--set ring is said twice');
  });
});

it('says what each takes', () => {
  expect(SETTINGS.map(expectedOf)).toEqual([
    'a whole number from 1 to 100',
    'a whole number from 8 to 4096',
    'a number from 0 to 1',
    'era, modern',
    'true or false',
  ]);
});
