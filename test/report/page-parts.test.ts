/** What the report's page does with its data, apart from the browser. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnsOf, flattened } from '../../src/report/html/columns.ts';
import { sweepData } from '../../src/report/html/sweep-data.ts';
import { answerOf } from '../../src/report/html/sweep-words.ts';
import { allRows, cellAt, namesBelow, rowsWhere } from '../../src/report/page/columns.ts';
import { matcher } from '../../src/report/page/filter.ts';
import { alongX, firstView, intervalAround, kneesOfView, rowsOfView } from '../../src/report/page/view.ts';
import { fullNumber, shortNumber, spaced, tickFormat, timeText } from '../../src/report/page/words.ts';
import { readPlan } from '../../src/sweep/plan.ts';
import { sampleResults, TWO_WAYS } from './sweep-sample.ts';

const NAMED = { title: 'two ways', file: 'results.jsonl' };
const results = sampleResults();
const data = sweepData(NAMED, results, answerOf(results), []);

describe('an interval', () => {
  it('of what cannot be below 0 does not reach there', () => {
    expect(intervalAround(10, 3)).toEqual({ low: 7, high: 13 });
    expect(intervalAround(10, 300)).toEqual({ low: 0, high: 310 });
    expect(intervalAround(0, 0)).toEqual({ low: 0, high: 0 });
  });
});

describe('columns', () => {
  it('say for each row what it says itself, whatever some of them lack', () => {
    const cell = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.string());
    const row = fc.dictionary(fc.constantFrom('a', 'b.c', 'b.d'), cell);
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const columns = columnsOf(rows);
        expect(columns.rows).toBe(rows.length);
        rows.forEach((one, i) => {
          for (const name of ['a', 'b.c', 'b.d']) expect(cellAt(columns, name, i)).toBe(one[name] ?? null);
        });
      }),
    );
  });

  it('have a value that all rows share once', () => {
    expect(
      columnsOf([
        { a: 1, b: 1 },
        { a: 1, b: 2 },
      ]).byName,
    ).toEqual({ a: 1, b: [1, 2] });
  });

  it('are named by paths', () => {
    expect(flattened({ a: { b: { c: 1 }, d: 'x' }, e: null })).toEqual({ 'a.b.c': 1, 'a.d': 'x', e: null });
  });
});

describe('the data of a sweep', () => {
  it('has a row for each point and a mean for each combination', () => {
    expect(data.points.rows).toBe(20);
    expect(data.means.rows).toBe(10);
    const [row] = rowsWhere(data.means, { 'pools.transmitBuffers': 8, 'driver.transmitDryPolicy': 'EAGAIN' });
    expect(cellAt(data.means, 'ratePerS', row)).toBe(80_015);
    // Student's t of two seeds: 12.706 times 7.07, over the root of 2.
    expect(cellAt(data.halves, 'ratePerS', row)).toBeCloseTo(63.53, 2);
    expect(cellAt(data.means, 'pools.left.transmit.mean', row)).toBe(4);
  });

  it('has stalls of one operation', () => {
    expect(namesBelow(data.means, 'stallUs.').slice(0, 2)).toEqual(['transmitBuffer', 'bucket']);
    expect(cellAt(data.means, 'stallUs.transmitBuffer', 0)).toBe(2);
  });

  it('leaves out the means of what failed', () => {
    const some = sampleResults(TWO_WAYS, [0, 1]);
    const { means, points } = sweepData(NAMED, some, answerOf(some), []);
    expect(cellAt(means, 'ratePerS', 0)).toBe(null);
    expect(cellAt(means, 'failed', 0)).toBe(2);
    expect(cellAt(points, 'error', 0)).toMatch('do not balance');
  });

  it('of ten thousand points of many cards is still small, and says what it left out', () => {
    const seeds = Array.from({ length: 1000 }, (_, i) => i);
    const plan = readPlan({
      world: 'pair',
      workload: { workload: 'TCP_RR' },
      vary: { 'pools.transmitBuffers': '1..10' },
      seeds,
    });
    const { head, lines, points } = sampleResults(plan);
    const many = points.map((point, i) => {
      const use = { count: 8, min: i % 3, mean: i % 997, highWater: i % 11, dryEpisodes: i % 101, dryNs: i };
      const names = Array.from({ length: 12 }, (_, card) =>
        ['transmit', 'packets', 'slots'].map((pool) => `c${card}.${pool}`),
      );
      const pools = Object.fromEntries(names.flat().map((name) => [name, use]));
      return point.ok ? { ...point, pools } : point;
    });
    const large = { head, lines, points: many };
    const made = sweepData(NAMED, large, answerOf(large), []);
    expect(JSON.stringify(made).length).toBeLessThan(8e6);
    expect(made.leftOut).toMatch('Some figures of pools are left out');
    expect(namesBelow(made.means, 'pools.c0.')).toContain('transmit.mean');
    expect(data.leftOut).toBe('');
  });

  it('of files without pools and stalls is the rest', () => {
    const { head, lines, points } = sampleResults();
    const older = points.map((point) => {
      const { pools: _pools, stalls: _stalls, ...others } = point as unknown as Record<string, unknown>;
      return others as unknown as (typeof points)[number];
    });
    const { means } = sweepData(
      NAMED,
      { head, lines, points: older },
      answerOf({ head, lines, points: older }),
      [],
    );
    expect(namesBelow(means, 'stallUs.')).toEqual([]);
    expect(namesBelow(means, 'pools.')).toEqual([]);
    expect(namesBelow(means, 'timeUs.')).toContain('wire');
  });
});

describe('a view', () => {
  it('begins along the setting with a knee, with lines by the other', () => {
    const view = firstView(data);
    expect(view).toMatchObject({ x: 'pools.transmitBuffers', lines: 'driver.transmitDryPolicy' });
    expect(kneesOfView(data, view, true)).toEqual([8, 4]);
    expect(kneesOfView(data, view, false)).toEqual([8]);
    expect(rowsOfView(data, view, true)).toHaveLength(10);
    expect(rowsOfView(data, view, false)).toHaveLength(5);
  });

  it('can be turned, and its lines with it', () => {
    const turned = alongX(data, firstView(data), 'driver.transmitDryPolicy');
    expect(turned.lines).toBe('pools.transmitBuffers');
    expect(turned.fixed).toEqual({ 'pools.transmitBuffers': 1 });
    expect(rowsOfView(data, turned, false)).toHaveLength(2);
  });

  it('of words alone has an axis too', () => {
    const plan = readPlan({
      world: 'pair',
      workload: { workload: 'TCP_RR' },
      vary: { transport: ['ring', 'fifo'] },
    });
    const few = sampleResults(plan);
    const view = firstView(sweepData(NAMED, few, answerOf(few), []));
    expect(view).toEqual({ x: 'transport', lines: undefined, fixed: {} });
  });
});

describe('the filter of points', () => {
  const columns = [
    { name: 'settings.pools.transmitBuffers', label: 'pools.transmitBuffers' },
    { name: 'settings.driver.transmitDryPolicy', label: 'driver.transmitDryPolicy' },
    { name: 'latencyUs.p99', label: 'p99 µs' },
  ];
  it.each([
    ['', 20],
    ['block', 10],
    ['BLOCK', 10],
    ['transmitBuffers=8', 4],
    ['transmitBuffers >= 8 block', 4],
    ['transmitDryPolicy!=block', 10],
    ['p99 > 100', 20],
    ['p99 < 1', 0],
    ['nothing of the kind', 0],
  ])('finds by "%s" %i of 20', (text, count) => {
    expect(allRows(data.points).filter(matcher(data.points, columns, text))).toHaveLength(count);
  });
});

describe('numbers for people', () => {
  it('are short on an axis', () => {
    expect([0, 0.5, 12, 150_000, 1e6, 2_129_656].map(shortNumber)).toEqual([
      '0',
      '0.5',
      '12',
      '150 k',
      '1 M',
      '2.13 M',
    ]);
    expect([0, 0.25, 2, 250, 1500, 2e6].map(timeText)).toEqual([
      '0',
      '250 ns',
      '2 µs',
      '250 µs',
      '1.5 ms',
      '2 s',
    ]);
  });
  it.each<[(value: number) => string, number, number, number[], string[]]>([
    [shortNumber, 0, 60_000, [0, 20_000, 60_000], ['0', '20 k', '60 k']],
    [shortNumber, 50_937, 51_531, [51_000, 51_100, 51_500], ['51 k', '51.1 k', '51.5 k']],
    [shortNumber, 50_937, 50_991, [50_940, 50_960, 50_980], ['50.94 k', '50.96 k', '50.98 k']],
    [shortNumber, 0, 0.004, [0, 0.002, 0.004], ['0', '0.002', '0.004']],
    [timeText, 1237, 1237.5, [1237, 1237.2, 1237.4], ['1.237 ms', '1.2372 ms', '1.2374 ms']],
    [timeText, 7, 7, [7], ['7 µs']],
  ])('tell the ticks of an axis apart (%#)', (format, low, high, ticks, words) => {
    expect(ticks.map(tickFormat(format, low, high))).toEqual(words);
  });
  it('are whole in a table', () => {
    expect([0.1234, 12.5, 123_456.7].map(fullNumber)).toEqual(['0.123', '12.5', '123,457']);
    expect(spaced('highWater')).toBe('high water');
  });
});
