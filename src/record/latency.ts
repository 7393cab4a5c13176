/**
 * Latencies of one run or several, in an HDR histogram of nanoseconds with three significant digits, up to a
 * minute.
 */
import { Float64Histogram } from 'hdr-histogram-js';

export interface LatencySummary {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly mean: number;
}

const HIGHEST_NS = 60e9;
const SIGNIFICANT_DIGITS = 3;

/** Whole numbers below this are shifted as 32 bits. */
const WORD = 2 ** 32;

/**
 * The library's histogram, whose two questions of each value it answers by logarithms and powers: in which
 * bucket of doubled width it lies, and where there. Of a number of 32 bits a count of leading zeros and a
 * shift say the same in a third of the time.
 */
class LatencyHistogram extends Float64Histogram {
  override getBucketIndex(value: number): number {
    if (value >= WORD) return super.getBucketIndex(value);
    return Math.max(31 - Math.clz32(value) - this.subBucketHalfCountMagnitude - this.unitMagnitude, 0);
  }

  override getSubBucketIndex(value: number, bucketIndex: number): number {
    if (value >= WORD) return super.getSubBucketIndex(value, bucketIndex);
    return value >>> (bucketIndex + this.unitMagnitude);
  }
}

export class LatencyRecorder {
  private readonly histogram = new LatencyHistogram(1, HIGHEST_NS, SIGNIFICANT_DIGITS);

  /**
   * What the histogram takes all that was recorded to come to: for each the middle of its range, a whole
   * number, so that the sum is exact. The histogram's own mean walks over all ranges it has.
   */
  private sumNs = 0;

  /** @param ns the latency; more than a minute counts as a minute, less than a nanosecond as one. */
  record(ns: number): void {
    const value = Math.min(Math.max(Math.round(ns), 1), HIGHEST_NS);
    this.histogram.recordValue(value);
    this.sumNs += this.histogram.medianEquivalentValue(value);
  }

  get count(): number {
    return this.histogram.totalCount;
  }

  /** Of all recorded, to the histogram's three digits; 0 where there is none. */
  get meanNs(): number {
    return this.count === 0 ? 0 : this.sumNs / this.count;
  }

  add(other: LatencyRecorder): void {
    this.histogram.add(other.histogram);
    this.sumNs += other.sumNs;
  }

  reset(): void {
    this.histogram.reset();
    this.sumNs = 0;
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
