/** The terms of a measurement. */
import { expect, it } from 'vitest';
import { rateUnit, sameSide, sideName, TESTS, usesPostMessage } from '../../src/record/row.ts';

it('every test has a unit, and only the stream counts bytes', () => {
  expect(TESTS.filter((test) => rateUnit(test) === 'B/s')).toEqual(['TCP_STREAM']);
  for (const test of TESTS) expect(rateUnit(test)).toMatch(/^[A-Za-z ]+\/s$/);
});

it('a side is named by what sets it apart', () => {
  const name = (transport: 'ring' | 'fifo' | 'port' | 'msgpack') => sideName({ stack: 'inic', transport });
  expect([name('ring'), name('fifo'), name('port'), name('msgpack')]).toEqual([
    'inic',
    'fifo',
    'postMessage',
    'msgpack',
  ]);
  expect(sideName({ stack: 'kernel', transport: null })).toBe('kernel');
});

it('sides are the same with the same stack and transport', () => {
  const ring = { stack: 'inic', transport: 'ring' } as const;
  expect(sameSide(ring, { ...ring })).toBe(true);
  expect(sameSide(ring, { stack: 'inic', transport: 'fifo' })).toBe(false);
  expect(sameSide(ring, { stack: 'kernel', transport: null })).toBe(false);
});

it('only port and msgpack travel by postMessage', () => {
  const by = (transport: 'ring' | 'fifo' | 'port' | 'msgpack' | null) =>
    usesPostMessage({ stack: 'inic', transport });
  expect([by('ring'), by('fifo'), by(null)]).toEqual([false, false, false]);
  expect([by('port'), by('msgpack')]).toEqual([true, true]);
});
