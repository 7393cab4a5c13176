/**
 * Latencies of one run or several, in an HDR histogram of nanoseconds with three significant digits, up to a
 * minute.
 */
import { build, type Histogram } from 'hdr-histogram-js';

export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
}

const HIGHEST_NS = 60e9;

export class LatencyRecorder {
  private readonly histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_NS,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: 64,
  });

  /** @param ns the latency; more than a minute counts as a minute, less than a nanosecond as one. */
  record(ns: number): void {
    this.histogram.recordValue(Math.min(Math.max(Math.round(ns), 1), HIGHEST_NS));
  }

  get count(): number {
    return this.histogram.totalCount;
  }

  /** Of all recorded, to the histogram's three digits; 0 where there is none. */
  get meanNs(): number {
    return this.count === 0 ? 0 : this.histogram.mean;
  }

  add(other: LatencyRecorder): void {
    this.histogram.add(other.histogram);
  }

  reset(): void {
    this.histogram.reset();
  }

  /** @returns percentiles and mean in microseconds, to a hundredth; undefined if nothing was recorded. */
  summary(): LatencySummary | undefined {
    if (this.count === 0) return undefined;
    const at = (percentile: number): number =>
      Math.round(this.histogram.getValueAtPercentile(percentile) / 10) / 100;
    const mean = Math.round(this.meanNs / 10) / 100;
    return { p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: at(100), mean };
  }
}
