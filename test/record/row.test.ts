/** The terms of a measurement. */
import { expect, it } from 'vitest';
import {
  baselineOf,
  rateUnit,
  rowKey,
  type Side,
  sameSide,
  sideName,
  TESTS,
  usesPostMessage,
} from '../../src/record/row.ts';

it('every test has a unit, and only streams count bytes', () => {
  expect(TESTS.filter((test) => rateUnit(test) === 'B/s')).toEqual([
    'TCP_STREAM',
    'TCP_MAERTS',
    'UDP_STREAM',
  ]);
  for (const test of TESTS) expect(rateUnit(test)).toMatch(/^[A-Za-z ]+\/s$/);
});

it('a side is named by what sets it apart', () => {
  const name = (transport: 'ring' | 'fifo' | 'port' | 'msgpack') => sideName({ stack: 'inic', transport });
  expect([name('ring'), name('fifo'), name('port'), name('msgpack')]).toEqual([
    'inic',
    'fifo',
    'port',
    'msgpack',
  ]);
  expect(sideName({ stack: 'kernel', transport: null })).toBe('kernel');
  expect(sideName({ stack: 'inic', transport: 'ring', placement: 'inline' })).toBe('inline');
  expect(sideName({ stack: 'inic', transport: 'fifo', placement: 'inline' })).toBe('fifo inline');
});

it('the baseline of a row is the kernel, else what is without a card, else the card as it always was', () => {
  const of = (...sides: Side[]) => sideName(baselineOf(sides) ?? { stack: 'kernel', transport: null });
  const ring = { stack: 'inic', transport: 'ring', placement: 'thread' } as const;
  const inline = { ...ring, placement: 'inline' } as const;
  const fifo = { ...ring, transport: 'fifo' } as const;
  const port = { stack: 'inic', transport: 'port' } as const;
  expect(of(ring, inline, { stack: 'kernel', transport: null })).toBe('kernel');
  expect([of(ring, fifo, port), of(ring, fifo), of(inline, ring), of(inline)]).toEqual([
    'port',
    'fifo',
    'thread',
    'inline',
  ]);
  expect(baselineOf([])).toBeUndefined();
});

it('rows differ by every part of their load', () => {
  const row = { test: 'TCP_RR', api: 'net' } as const;
  const load = { connections: 1, size: 64 };
  const others = [{ response: 65 }, { neighbours: 1 }, { resting: 1 }, { program: 'a.js' }, { size: 65 }];
  const keys = [load, ...others.map((other) => ({ ...load, ...other }))].map((one) => rowKey(row, one));
  expect(new Set(keys).size).toBe(keys.length);
  expect(rowKey(row, { ...load, response: 64, neighbours: 0 })).toBe(rowKey(row, load));
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
