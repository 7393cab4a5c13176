/** The points that a report measures again, and when it does not. */
import { describe, expect, it } from 'vitest';
import { measuredSeries } from '../../src/cli/report-series.ts';
import { packageVersion } from '../../src/record/manifest.ts';
import type { Input } from '../../src/report/html/inputs.ts';
import { reportHtml } from '../../src/report/html/report.ts';
import { chosenPoints } from '../../src/report/html/series.ts';
import { answerOf } from '../../src/report/html/sweep-words.ts';
import { readPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import { measurePoint, type PointResult } from '../../src/sweep/point.ts';
import { resultsOf, sampleResults, TWO_WAYS } from './sweep-sample.ts';

const PLAN: SweepPlan = readPlan({
  world: 'pair',
  workload: { workload: 'TCP_RR', connections: 4, size: 512 },
  vary: { 'pools.transmitBuffers': [1, 2, 8, 16] },
  operations: 100,
});
const POINTS: readonly PointResult[] = [0, 1, 2, 3].map((point) => measurePoint(PLAN, point));

/** @param change of a point, as of another build. */
function inputOf(version: string, change: Partial<PointResult> = {}): Input {
  const { head, lines, points } = resultsOf(PLAN, [
    { ...POINTS[0], ...change } as PointResult,
    ...POINTS.slice(1),
  ]);
  const { manifest } = head;
  const own = { ...manifest, versions: { ...manifest.versions, inic: version } };
  return {
    kind: 'sweep',
    file: 'results.jsonl',
    results: { head: { ...head, manifest: own }, lines, points },
  };
}

const chosenOf = (plan: SweepPlan, fails: readonly number[] = []) => {
  const results = sampleResults(plan, fails);
  return chosenPoints(results, answerOf(results));
};

describe('the points of a series', () => {
  it('are the knee, the smallest value and the largest', () => {
    expect(chosenOf(TWO_WAYS)).toEqual([
      { point: 0, why: 'the smallest value' },
      { point: 12, why: 'the knee' },
      { point: 16, why: 'the largest value' },
    ]);
  });

  it('are none that failed, and each once', () => {
    expect(chosenOf(TWO_WAYS, [0, 16]).map(({ point }) => point)).toEqual([1, 12, 17]);
    const flat = readPlan({
      world: 'pair',
      workload: { workload: 'TCP_RR' },
      vary: { 'workload.size': [1, 2, 3] },
    });
    expect(chosenOf(flat).map(({ why }) => why)).toEqual(['the knee', 'the largest value']);
  });

  it('without a knee are the first and the last', () => {
    const words = readPlan({
      world: 'pair',
      workload: { workload: 'TCP_RR' },
      vary: { transport: ['ring', 'fifo'] },
    });
    expect(chosenOf(words).map(({ why }) => why)).toEqual(['the first point', 'the last point']);
  });
});

describe('measured again', () => {
  it('a point of this version has its pools over time', () => {
    const input = inputOf(packageVersion());
    const [{ series, note }] = measuredSeries([input], [2]);
    expect(note).toBe('');
    expect(series.map(({ label, settings }) => [label, settings])).toEqual([
      ['Point 2', 'pools.transmitBuffers=8, seed=1'],
    ]);
    expect(series[0].pools.find(({ name }) => name === 'left.transmit')).toMatchObject({ count: 8 });
    expect(reportHtml([input], () => ({ series, note }))).toContain('"label":"Point 2"');
  });

  it('one that another version measured has none, and the page says why', () => {
    const input = inputOf('0.0.1');
    const [made] = measuredSeries([input], undefined);
    expect(made.series).toEqual([]);
    expect(made.note).toMatch(
      /^No pools over time: these points were measured by inic 0\.0\.1, and this is /,
    );
    expect(reportHtml([input], () => made)).toContain('these points were measured by inic 0.0.1');
  });

  it('one that comes out otherwise has none, and the page says why', () => {
    const [{ series, note }] = measuredSeries([inputOf(packageVersion(), { operations: 101 })], [0]);
    expect(series).toEqual([]);
    expect(note).toMatch('point 0 measured again is not what the file says');
  });

  it('one that no file has is refused', () => {
    expect(() => measuredSeries([inputOf(packageVersion())], [4])).toThrow(
      '--series 4: no sweep here has measured such a point',
    );
  });
});
