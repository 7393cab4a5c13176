/** Effects with their intervals, and verdicts: each kind, with the reason that makes it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  differenceOf,
  type Effect,
  effectOf,
  exactly,
  partOf,
  ratioOf,
} from '../../src/experiment/claims/effect.ts';
import { type Claim, verdictOf, verdictText } from '../../src/experiment/claims/judge.ts';
import { readSettings, SEEDS } from '../../src/experiment/claims/settings.ts';
import { runExperiment } from '../../src/experiment/run.ts';
import { trips } from '../rules/trips.ts';

const near = (low: number, high: number): Effect => ({
  what: 'it',
  unit: '',
  mean: (low + high) / 2,
  low,
  high,
  count: 5,
});
const claim = (effect: Effect, more: Partial<Claim> = {}): Claim => ({
  name: 'a',
  statement: 'It is more than ten.',
  source: 'a test',
  effect,
  bound: { above: 10 },
  ...more,
});

describe('effects', () => {
  it('are a mean with an interval by the spread over seeds', () => {
    const { mean, low, high, count } = effectOf('it', 'ns', [9, 10, 11]);
    expect([mean, count]).toEqual([10, 3]);
    // Student's t of two degrees of freedom is 4.303, the standard error 1/sqrt(3).
    expect(high).toBeCloseTo(10 + 4.303 / Math.sqrt(3), 6);
    expect(low).toBeCloseTo(10 - 4.303 / Math.sqrt(3), 6);
  });

  it('are parts of a whole, which may be nothing or less, as the whole may not', () => {
    expect(partOf('it', [0, 1, -1], [2, 2, 2])).toMatchObject({ mean: 0, count: 3, unit: 'x' });
    expect(() => partOf('it', [1, 1], [2, 0])).toThrow('"it" expected wholes above 0, got 0');
  });

  it('of one seed say nothing of how sure they are', () => {
    expect(effectOf('it', '', [3])).toMatchObject({ low: -Infinity, high: Infinity });
    expect(exactly('it', '', 3)).toMatchObject({ low: 3, high: 3 });
  });

  it('pair their seeds', () => {
    expect(differenceOf('it', '', [11, 21, 31], [1, 11, 21])).toMatchObject({ mean: 10, low: 10, high: 10 });
    expect(() => differenceOf('it', '', [1], [])).toThrow('pairs expected the same length, got 1 and 0');
    expect(ratioOf('it', [2, 8], [1, 4])).toMatchObject({ mean: 2, low: 2, high: 2, unit: 'x' });
    expect(() => ratioOf('it', [0], [1])).toThrow('"it" expected numbers above 0, got 0');
  });

  it('of ratios lie the same way as their logarithms, whichever side is named first', () => {
    const values = fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 2, maxLength: 9 });
    fc.assert(
      fc.property(values, (ones) => {
        const others = ones.map((_, i) => 1 + i);
        const there = ratioOf('it', ones, others);
        const back = ratioOf('it', others, ones);
        expect(there.mean * back.mean).toBeCloseTo(1, 6);
        expect(there.low * back.high).toBeCloseTo(1, 6);
      }),
    );
  });
});

describe('verdicts', () => {
  it.each([
    ['holds where the whole interval keeps the bound', claim(near(11, 13)), 'holds', ''],
    ['is refuted where the whole interval breaks it', claim(near(5, 10)), 'refuted', ''],
    [
      'is not decided where the interval lies across',
      claim(near(9, 12)),
      'not decided',
      'its interval lies across the bound: more seeds tell',
    ],
    [
      'is refuted where the effect is there without the cause',
      claim(near(11, 13), { without: { cause: 'TSO', effect: near(11, 12) } }),
      'refuted',
      'it is so without TSO as well',
    ],
    [
      'holds where it goes with the cause',
      claim(near(11, 13), { without: { cause: 'TSO', effect: near(0, 1) } }),
      'holds',
      '',
    ],
    [
      'is not decided where the counter-test is not',
      claim(near(11, 13), { without: { cause: 'TSO', effect: near(0, 12) } }),
      'not decided',
      'whether it is so without TSO is not: more seeds tell',
    ],
    [
      'depends on what makes it fail elsewhere',
      claim(near(11, 13), {
        under: [
          { factor: 'the MTU', condition: 'an MTU of 9000', effect: near(0, 1) },
          { factor: 'the ring', condition: 'a ring of 8', effect: near(11, 12) },
        ],
      }),
      'depends on the MTU',
      'not so with an MTU of 9000',
    ],
    [
      'depends on what makes it hold elsewhere',
      claim(near(1, 2), {
        under: [{ factor: 'the MTU', condition: 'an MTU of 9000', effect: near(20, 21) }],
      }),
      'depends on the MTU',
      'so with an MTU of 9000',
    ],
    [
      'does not depend on what is not decided',
      claim(near(11, 13), { under: [{ factor: 'x', condition: 'y', effect: near(0, 12) }] }),
      'holds',
      '',
    ],
    ['holds below a bound', claim(near(1, 2), { bound: { below: 3 } }), 'holds', ''],
    ['is refuted at a bound from below', claim(near(3, 4), { bound: { below: 3 } }), 'refuted', ''],
  ])('%s', (_, given, text, why) => {
    const verdict = verdictOf(given);
    expect([verdictText(verdict), verdict.why]).toEqual([text, why]);
  });

  it('flip when the bound is turned over, unless they are not decided', () => {
    const bounds = fc.double({ min: -100, max: 100, noNaN: true });
    fc.assert(
      fc.property(bounds, bounds, bounds, (one, other, at) => {
        const effect = near(Math.min(one, other), Math.max(one, other));
        fc.pre(effect.low !== at && effect.high !== at);
        const above = verdictOf(claim(effect, { bound: { above: at } })).kind;
        const below = verdictOf(claim(effect, { bound: { below: at } })).kind;
        const turned = { holds: 'refuted', refuted: 'holds', undecided: 'undecided' } as Record<
          string,
          string
        >;
        expect(below).toBe(turned[above]);
      }),
    );
  });
});

describe('an experiment has no two claims of one name', () => {
  const experiment = {
    name: 'x',
    title: 'X',
    question: 'Why?',
    settings: [SEEDS],
    run: () => ({
      claims: [claim(near(1, 2)), claim(near(1, 2))],
      tables: [],
      charts: [],
      assumed: [],
      open: [],
    }),
  };
  const settings = readSettings(experiment.settings, [], '--set');
  trips('experiment: each claim has a name of its own', () => runExperiment(experiment, settings));
});
