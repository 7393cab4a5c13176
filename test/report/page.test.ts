/** The report as a file: its words, its policy, and that nothing of a results file becomes markup. */
import { describe, expect, it } from 'vitest';
import { benchData } from '../../src/report/html/bench-html.ts';
import { joinedModules } from '../../src/report/html/bundle.ts';
import type { Input } from '../../src/report/html/inputs.ts';
import { dataText } from '../../src/report/html/page.ts';
import { reportHtml } from '../../src/report/html/report.ts';
import { answerOf } from '../../src/report/html/sweep-words.ts';
import { readPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import { PLACED } from './placed-sample.ts';
import { SAMPLE } from './sample.ts';
import { measuredPoint, resultsOf, sampleResults, TWO_WAYS } from './sweep-sample.ts';

const sweepInput = (plan?: SweepPlan, fails?: readonly number[]): Input => ({
  kind: 'sweep',
  file: 'results.jsonl',
  results: sampleResults(plan, fails),
});
const planWith = (changes: object): SweepPlan =>
  readPlan({
    world: 'pair',
    workload: { workload: 'TCP_RR' },
    vary: { 'pools.transmitBuffers': [1, 2, 8] },
    ...changes,
  });

describe('the answer', () => {
  it('names the knee, with what it does', () => {
    const { question, short, details } = answerOf(sampleResults(planWith({})));
    expect(question).toBe('How many transmit buffers does it take?');
    expect(short).toBe(
      '8 transmit buffers reach 100 % of the best rate: 80.0 k requests/s, with a p99 of 5.00 ms.',
    );
    expect(details[0]).toBe(
      'The smallest value tried, 1, reaches 13 % of it: 10.0 k requests/s and a p99 of 40.0 ms. ' +
        'It is the largest value tried: a larger one may do better. ' +
        'The knee is the smallest value that reaches 95 % of the best.',
    );
  });

  it('of a stream has its bytes', () => {
    const { head, points } = sampleResults(planWith({ workload: { workload: 'TCP_STREAM' } }));
    const streams = points.map((point) => (point.ok ? { ...point, latencyUs: null } : point));
    expect(answerOf(resultsOf(head.plan, streams)).short).toBe(
      '8 transmit buffers reach 100 % of the best rate: 80.0 k writes/s, 10.2 MB/s.',
    );
  });

  it('of several knees is their range, with a row for each', () => {
    const { short, kneeRows } = answerOf(sampleResults());
    expect(short).toBe(
      '4 to 8 transmit buffers, depending on driver.transmitDryPolicy, reach at least 95 % of the best rate.',
    );
    expect(kneeRows.map(([, others, knee]) => [others, knee])).toEqual([
      ['driver.transmitDryPolicy=EAGAIN', '8'],
      ['driver.transmitDryPolicy=block', '4'],
    ]);
  });

  it('says how sure a knee is, where the seeds do not agree', () => {
    const plan = planWith({ seeds: [1, 2, 3], vary: { 'pools.transmitBuffers': [1, 2, 8, 16] } });
    const { head, points } = sampleResults(plan);
    const rates: Readonly<Record<number, readonly number[]>> = { 2: [70_000, 80_000, 78_000] };
    const noisy = points.map((point) => {
      const rate =
        rates[Number(point.settings['pools.transmitBuffers'])]?.[Number(point.settings['seed']) - 1];
      return point.ok && rate !== undefined ? { ...point, ratePerS: rate } : point;
    });
    expect(answerOf(resultsOf(head.plan, noisy)).details[0]).toContain(
      'By the seeds it may be as small as 2 or as large as 8, each with 95 % confidence.',
    );
  });

  it('without a knee is the best there is', () => {
    const { question, short, knees } = answerOf(
      sampleResults(planWith({ vary: { 'workload.size': [1, 2] } })),
    );
    expect(question).toBe('How large should a request be?');
    expect(short).toMatch(/^The best rate is 40\.0 k requests\/s, with workload\.size=1\.$/);
    expect(knees).toEqual([]);
  });

  it('of several knees says how many lie at the largest value tried', () => {
    const both = { 'driver.transmitDryPolicy': ['EAGAIN', 'block'] };
    const some = answerOf(sampleResults(planWith({ vary: { 'pools.transmitBuffers': [1, 4, 8], ...both } })));
    expect(some.details[0]).toContain(' 1 of 2 is the largest value tried: a larger one may do better.');
    const all = answerOf(sampleResults(planWith({ vary: { 'pools.transmitBuffers': [1, 2, 4], ...both } })));
    expect(all.details[0]).toContain(' Each is the largest value tried: a larger one may do better.');
    const none = answerOf(
      sampleResults(planWith({ vary: { 'pools.transmitBuffers': [4, 8, 16], ...both } })),
    );
    expect(none.details[0]).not.toContain('the largest value tried');
  });

  it('says why there is no knee', () => {
    const flat = answerOf(sampleResults(planWith({ vary: { 'workload.size': [1, 2] } })));
    expect(flat.details[0]).toBe(
      'No setting is a number with three values or more, so no knee can be found along it.',
    );
    const part = answerOf(resultsOf(TWO_WAYS, [measuredPoint(TWO_WAYS, 0)]));
    expect(part.details[0]).toContain('There is no knee along pools.transmitBuffers: ');
  });

  it('says what it does not rest on', () => {
    const { details } = answerOf(sampleResults(TWO_WAYS, [3]));
    expect(details).toContain('1 of 20 points failed; they are listed below.');
    const part = answerOf(resultsOf(TWO_WAYS, [measuredPoint(TWO_WAYS, 0)]));
    expect(part.details).toContain('Only 1 of 20 points were measured: the sweep did not end.');
    const none = answerOf(sampleResults(planWith({ seeds: [1] }), [0, 1, 2]));
    expect(none.short).toBe('Nothing was measured: every point failed.');
  });
});

describe('the page', () => {
  it('is the same bytes for the same results', () => {
    expect(reportHtml([sweepInput()])).toBe(reportHtml([sweepInput()]));
  });

  it('can load nothing, and runs only its own scripts', () => {
    const html = reportHtml([sweepInput()]);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; script-src ('sha256-[\w+/]+=' ?){3}; style-src 'unsafe-inline'; /,
    );
    expect(html.match(/<script>/g)).toHaveLength(3);
    expect(html.replace(/<script>[\s\S]*?<\/script>/g, '')).not.toMatch(/\b(src|href)="(?!#)/);
  });

  it('takes whatever a file says for text', () => {
    const evil = '</script><script>alert(1)</script><img src=x onerror=alert(2)>';
    const input = sweepInput(planWith({ title: evil }), [1]);
    const html = reportHtml([{ ...input, file: evil }]);
    const plain = reportHtml([sweepInput(planWith({ title: 'plain' }), [1])]);
    const count = (text: string, tag: RegExp): number => text.match(tag)?.length ?? 0;
    for (const tag of [/<script/g, /<img/g, /<b>/g]) expect(count(html, tag)).toBe(count(plain, tag));
    expect(html).toContain('&lt;/script&gt;&lt;script&gt;alert(1)');
  });

  it('shows failures with their errors', () => {
    const html = reportHtml([sweepInput(TWO_WAYS, [3, 4])]);
    expect(html).toContain('2 of 20 points failed');
    expect(html).toContain('the books do not balance: 1 &lt;b&gt;byte&lt;/b&gt;');
  });

  it('compares several files, each with its answer at the top', () => {
    const html = reportHtml([sweepInput(), { kind: 'bench', file: 'bench.json', report: SAMPLE }]);
    expect(html).toContain('<h1>2 results side by side</h1>');
    expect(html).toContain(
      '<a href="#part-1">bench: card and kernel</a>: inic is faster than kernel in 1 of 1 row.',
    );
    expect(html).toContain('send failed with ENOBUFS');
    expect(html).toContain('one thing could not be measured');
  });

  it('names each row of a bench by its load and neighbours, each side by its place, and all its time', () => {
    const beside = { ...PLACED.results[0].params, neighbours: 2 };
    const report = {
      ...PLACED,
      results: [...PLACED.results, { ...PLACED.results[0], params: beside }],
      comparisons: [...PLACED.comparisons, { ...PLACED.comparisons[0], params: beside }],
    };
    const html = reportHtml([{ kind: 'bench', file: 'bench.json', report }]);
    expect(html).toContain(
      'thread is faster than kernel in 2 of 2 rows; inline is faster than kernel in 1 of 1 row; ' +
        'inline is faster than thread in 0 of 1 row.',
    );
    expect(html).toContain('TCP_RR net 64 B x32 beside 2 busy processes: thread at 1.80×');
    expect(html).toContain('TCP_RR net 64 B x32: inline at 1.50×');
    expect(html).toContain('7.10 µs');
    const { ratios } = benchData('bench', report);
    expect(new Set(ratios.map(({ measure }) => measure))).toEqual(
      new Set(['rates', 'processor time of all threads']),
    );
    expect(new Set(ratios.map(({ row }) => row)).size).toBe(2);
  });

  it('has data that ends no element and is read as it was', () => {
    const data = { a: '</script><!--', b: ['\u2028', '<'] };
    expect(dataText(data)).not.toMatch(/[<\u2028]/);
    expect(JSON.parse(dataText(data))).toEqual(data);
  });
});

describe('modules joined to one script', () => {
  const run = (files: Record<string, string>): unknown => {
    const read = ({ pathname }: URL): string => files[pathname] ?? '';
    const found: unknown[] = [];
    new Function('told', joinedModules(new URL('file:///a/main.js'), read))((value: unknown) =>
      found.push(value),
    );
    return found;
  };

  it('run once each, in the order of their imports, with names of their own', () => {
    const files = {
      '/a/main.js':
        "import { one } from './b/one.js';\nimport {\n  two as second,\n} from './two.js';\n" +
        'told(one + second());\n',
      '/a/b/one.js':
        "import { two } from '../two.js';\nconst local = 1;\nexport const one = local + two();\n",
      '/a/two.js':
        "told('two');\nconst local = 10;\nexport function two() { return local; }\n//# sourceMappingURL=x\n",
    };
    expect(run(files)).toEqual(['two', 21]);
  });

  it('cannot import what the page has not', () => {
    expect(() => run({ '/a/main.js': "import { readFileSync } from 'node:fs';\n" })).toThrow(
      'the page has no { readFileSync } of node:fs',
    );
  });
});
