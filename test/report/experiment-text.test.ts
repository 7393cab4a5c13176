/** What an experiment has found, as text and as a page: verdicts first, figures with their units. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { exactly } from '../../src/experiment/claims/effect.ts';
import type { Experiment } from '../../src/experiment/claims/experiment.ts';
import { readSettings, SEEDS } from '../../src/experiment/claims/settings.ts';
import { runExperiment } from '../../src/experiment/run.ts';
import { machineFacts } from '../../src/record/manifest.ts';
import { experimentText } from '../../src/report/experiment-text.ts';
import { experimentHtml } from '../../src/report/html/experiment-html.ts';
import {
  intervalText,
  marginText,
  quantityText,
  together,
  valueInIntervalText,
} from '../../src/report/quantity.ts';

const SAMPLE: Experiment = {
  name: 'sample',
  title: 'Does <the> ring run dry?',
  question: 'A ring of so many entries is emptied in bursts.',
  settings: [SEEDS],
  run: () => ({
    claims: [
      {
        name: 'burst',
        statement: 'A burst empties the ring.',
        source: 'a test',
        effect: { what: 'entries left', unit: '', mean: 4, low: 3, high: 5, count: 5 },
        bound: { below: 8 },
        without: { cause: 'the burst', effect: exactly('entries left', '', 200) },
      },
      {
        name: 'cost',
        statement: 'A refill costs nothing.',
        source: 'nobody',
        effect: exactly('a refill', 'ns', 1500),
        bound: { below: 10 },
        under: [{ factor: 'time', condition: 'free time', effect: exactly('a refill', 'ns', 0) }],
      },
    ],
    tables: [
      {
        title: 'Refills',
        columns: [{ heading: 'ring' }, { heading: 'time', unit: 'ns' }, { heading: 'rate', unit: '/s' }],
        rows: [
          ['small', 1500, 1234],
          ['large', null, 5e6],
        ],
      },
    ],
    charts: [],
    excerpts: [{ title: 'The log', text: 'swapper: <nothing>' }],
    assumed: ['Memory is there.'],
    open: ['Whose memory it is.'],
  }),
};
const RESULT = runExperiment(SAMPLE, readSettings(SAMPLE.settings, [], '--set'));

it('says verdicts, figures, tables, excerpts and assumptions', () => {
  expect(experimentText(RESULT, 100, (text) => text)).toBe(`Does <the> ring run dry?
A ring of so many entries is emptied in bursts.

HOLDS: A burst empties the ring.
    (a test)
    entries left: 4 (3 to 5); it holds below 8
    without the burst: 200

DEPENDS ON TIME: A refill costs nothing.
    (nobody), so with free time
    a refill: 1.50 µs; it holds below 10 ns
    with free time: 0 ns

Refills
ring      time      rate
small  1.50 µs  1.23 k/s
large        -  5.00 M/s

The log
swapper: <nothing>

What was assumed:
- Memory is there.

What such a model cannot decide:
- Whose memory it is.
`);
});

it('breaks lines that would be too long', () => {
  const lines = experimentText(RESULT, 40, (text) => text).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(40);
});

it('is a page in which all words are text', () => {
  const html = experimentHtml(RESULT, machineFacts(['inic', 'experiment', 'sample']));
  expect(html).toContain('<h1>Does &lt;the&gt; ring run dry?</h1>');
  expect(html).toContain('<strong class="verdict depends">depends on time</strong> A refill costs nothing.');
  expect(html).toContain('swapper: &lt;nothing&gt;');
  expect(html).toContain('"kind":"experiment"');
  expect(html).toContain('inic experiment sample');
});

it.each([
  [null, 'ns', '-'],
  [Number.POSITIVE_INFINITY, '', '-'],
  [0, 'ns', '0 ns'],
  [4.5, 'ns', '4.50 ns'],
  [1500, 'ns', '1.50 µs'],
  [-1500, 'ns', '-1.50 µs'],
  [25e9, 'ns', '25.0 s'],
  [1.5, 'x', '1.50 times'],
  [12, '%', '12.0 %'],
  [-0.001, '%', '0.00 %'],
  [65000, '', '65000'],
  [2.5, '', '2.50'],
  [2.5e6, '', '2.50 M'],
  [1e9, 'B/s', '1.00 GB/s'],
  [700, 'B', '700 B'],
  [70000, 'B', '70.0 kB'],
  [3, 'copies', '3 copies'],
  [0.001, '', '0.001'],
  [3655.4, '', '3655'],
  [10_137.2, '', '10137'],
])('writes %s in %j as %j', (value, unit, text) => {
  expect(quantityText(value, unit)).toBe(text);
});

it.each([
  [1400, 1600, 'ns', '1.40 to 1.60 µs'],
  [900, 1100, 'ns', '0.90 to 1.10 µs'],
  [999.6, 1200, 'B', '1.00 to 1.20 kB'],
  [-2, 3, '%', '-2.00 to 3.00 %'],
  [3, 5, '', '3 to 5'],
])('writes from %s to %s in %j as %j', (low, high, unit, text) => {
  expect(intervalText(low, high, unit)).toBe(text);
});

it.each([
  [3655, 3529.6, 3780.4, '', '3655 (3530 to 3780)'],
  [3658, 3529.6, 3780.4, '/s', '3.66 k/s (3.53 to 3.78 k/s)'],
  [900, 700, 1100, 'ns', '0.90 µs (0.70 to 1.10 µs)'],
  [91, 71.6, 110.4, '%', '91 % (72 to 110 %)'],
  [1.0001, 0.9998, 1.0004, 'x', '1.0001 times (0.9998 to 1.0004 times)'],
  [0, -2, 2, '', '0 (-2 to 2)'],
  [4e5, 9e5, 1.2e6, 'frames', '0.40 M frames (0.90 to 1.20 M frames)'],
])('writes %s in %s to %s of %j in one form', (value, low, high, unit, text) => {
  expect(valueInIntervalText(value, low, high, unit)).toBe(text);
});

it('writes a margin in the form of its value', () => {
  expect(marginText(3_655_000, 120_000, 'ns')).toBe('3.65 ± 0.12 ms');
  expect(marginText(150_000, 1200, '')).toBe('150000 ± 1200');
});

it('never has a value and its interval in two forms, nor makes unlike ends look alike', () => {
  const units = fc.constantFrom('ns', '', '/s', 'B', 'B/s', 'x', '%', 'frames');
  const size = fc.tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -2, max: 12 }));
  fc.assert(
    fc.property(
      size,
      fc.double({ min: 0.001, max: 3, noNaN: true }),
      units,
      ([digits, power], share, unit) => {
        const value = digits * 10 ** power;
        const { texts } = together([value, value * (1 - share), value * (1 + share)], unit);
        const behind = texts.map((text) => text.split('.')[1]?.length ?? 0);
        expect(new Set(behind).size).toBe(1);
        expect(new Set(texts).size).toBe(3);
        const [middle, low, high] = texts.map(Number);
        expect(low).toBeLessThan(middle);
        expect(middle).toBeLessThan(high);
        expect((high - middle) / middle).toBeCloseTo(share, share < 0.02 ? 2 : 0);
      },
    ),
  );
});
