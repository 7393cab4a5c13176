/** Targets as a command line has them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTargets } from '../../src/advise/target.ts';
import '../seeded.ts';

const parse = (...texts: string[]) => parseTargets(texts);

describe('a target', () => {
  it.each([
    ['p99 < 2x best', { metric: 'p99', below: true, inclusive: false, bound: 2, ofBest: true }],
    ['p50 < 200us', { metric: 'p50', bound: 200, ofBest: false }],
    ['p999<=1.5ms', { metric: 'p999', bound: 1500, inclusive: true }],
    ['mean < 150% of best', { metric: 'mean', bound: 1.5, ofBest: true }],
    ['max < 1 s', { metric: 'max', bound: 1e6 }],
    ['rate > 95% best', { metric: 'rate', below: false, bound: 0.95, ofBest: true }],
    ['rate > 100k/s', { metric: 'rate', bound: 1e5, ofBest: false }],
    ['rate >= 1x best', { metric: 'rate', bound: 1, inclusive: true }],
    ['throughput > 900 Mbit/s', { metric: 'throughput', bound: 900 }],
    ['throughput > 2.5Gbit/s', { metric: 'throughput', bound: 2500 }],
    ['stalls < 1%', { metric: 'stalls', below: true, bound: 0.01 }],
  ])('%s', (text, clause) => {
    expect(parse(text)).toEqual([expect.objectContaining({ text, ...clause })]);
  });

  it('may have several clauses, those about memory last', () => {
    const texts = ['memory < 64MiB and p99 < 2x best', 'rate > 5k/s'];
    expect(parseTargets(texts).map(({ text }) => text)).toEqual([
      'p99 < 2x best',
      'rate > 5k/s',
      'memory < 64MiB',
    ]);
    expect(parse('memory < 64MiB', 'p50 < 1us')[1].bound).toBe(64 << 20);
  });

  it.each([
    ['fast', /^"target" expected such as "p99 < 2x best", .* joined with "and", got "fast"$/],
    ['p98 < 2x best', /^"target" expected such as/],
    ['', /^"target" expected such as/],
    ['p99 < 2x best and', /^"target" expected such as/],
    ['p99 < -5us', /^"target" expected such as/],
    ['p99 > 5us', '"target" expected "p99 <", got "p99 > 5us"'],
    ['rate < 5/s', '"target" expected "rate >", got "rate < 5/s"'],
    ['p99 < 5', '"target" expected "ns", "us", "µs", "ms", "s" as the unit of p99, got "p99 < 5"'],
    [
      'rate > 95%',
      '"target" expected "/s", "k/s", "M/s" as the unit of rate, or "best" behind it, got "rate > 95%"',
    ],
    ['p99 < 2x', /as the unit of p99, or "best" behind it, got "p99 < 2x"$/],
    ['memory < 5%', /as the unit of memory, got "memory < 5%"$/],
    ['p99 < 5MiB', /as the unit of p99, got "p99 < 5MiB"$/],
    ['rate > 5 best', '"target" expected "x", "%" before "best", got "rate > 5 best"'],
    ['p99 < 0us', '"target" expected a bound above 0, got "p99 < 0us"'],
    ['p99 < 1x best', /expected more than 1x best, which the best itself meets/],
    ['rate > 100% best', /expected less than 100% best, which the best itself meets/],
    ['stalls < 2x best', '"target" expected a bound of its own for stalls, got "stalls < 2x best"'],
    ['memory < 5MiB', /expected more than "memory"/],
    ['rate > 5 toString', /as the unit of rate/],
  ])('%j is refused', (text, words) => {
    expect(() => parse(text)).toThrow(typeof words === 'string' ? new RangeError(words) : words);
    expect(() => parse(text)).toThrow(RangeError);
  });

  it.each([undefined, 5, [5]])('is a text or a list of them, and not %s', (texts) => {
    expect(() => parseTargets(texts as never)).toThrow(/^"target" expected such as .*, got /);
  });

  it('is refused in one line, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          expect((error as Error).message).not.toContain('\n');
        }
      }),
    );
  });
});
