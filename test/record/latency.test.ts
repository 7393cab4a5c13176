import { Float64Histogram } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { LatencyRecorder } from '../../src/record/latency.ts';

describe('LatencyRecorder', () => {
  it('gives percentiles in microseconds within 0.1 %', () => {
    const recorder = new LatencyRecorder();
    for (let i = 1; i <= 10_000; i++) recorder.record(i * 1000);
    const summary = recorder.summary();
    expect(summary?.p50).toBeCloseTo(5000, -1);
    expect(summary?.p90).toBeCloseTo(9000, -1);
    expect(summary?.p99).toBeCloseTo(9900, -1);
    expect(summary?.p999).toBeCloseTo(9990, -1);
    expect(summary?.max).toBeCloseTo(10_000, -1);
  });

  it('counts each value where the histogram of the library does', () => {
    const edges = Array.from({ length: 36 }, (_, power) => 2 ** power).flatMap((edge) => [
      edge - 1,
      edge,
      edge + 1,
    ]);
    const values = [...edges, 2 ** 32 - 1, 2 ** 32, 47_000_000_001].filter((ns) => ns >= 1 && ns <= 60e9);
    for (const ns of values) {
      const recorder = new LatencyRecorder();
      recorder.record(ns);
      const plain = new Float64Histogram(1, 60e9, 3);
      plain.recordValue(ns);
      expect(recorder.meanNs).toBe(plain.medianEquivalentValue(ns));
      expect(recorder.summary()?.max).toBe(Math.round(plain.getValueAtPercentile(100) / 10) / 100);
    }
  });

  it('has no summary before the first value', () => {
    expect(new LatencyRecorder().summary()).toBeUndefined();
  });

  it('keeps what lies outside its range at the edge', () => {
    const recorder = new LatencyRecorder();
    recorder.record(-5);
    recorder.record(1e15);
    expect(recorder.count).toBe(2);
    expect(recorder.summary()?.max).toBeCloseTo(60e6, -5);
  });

  it('adds another up, and forgets on reset', () => {
    const one = new LatencyRecorder();
    const two = new LatencyRecorder();
    one.record(1000);
    two.record(3000);
    one.add(two);
    two.reset();
    expect(one.count).toBe(2);
    expect(one.summary()?.max).toBe(3);
    expect(two.count).toBe(0);
  });
});
