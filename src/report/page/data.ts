/**
 * What a page is given: one block of JSON, made by `html/`, read by `main.ts`. Columns instead of rows, since
 * a sweep may have ten thousand points.
 */
import type { Chart } from '../../record/chart.ts';
import type { PoolTrack } from '../../record/pool-track.ts';

export type Cell = string | number | boolean | null;

/** A value for each row, or one that all of them have. */
export type Column = readonly Cell[] | Cell;

export interface Columns {
  readonly rows: number;
  /** By names such as `latencyUs.p99`. */
  readonly byName: Readonly<Record<string, Column>>;
}

/** A setting that was varied, with its values in the order of the plan. */
export interface Axis {
  readonly path: string;
  readonly values: readonly Cell[];
}

export interface KneeMark {
  readonly path: string;
  readonly others: Readonly<Record<string, Cell>>;
  readonly value: number;
}

/** One point measured again, looked at as it ran. */
export interface PointSeries {
  readonly point: number;
  /** Why it was chosen. */
  readonly label: string;
  readonly settings: string;
  readonly everyUs: number;
  readonly pools: readonly PoolTrack[];
}

export interface SweepData {
  readonly kind: 'sweep';
  readonly title: string;
  /** The results file, as it was named. */
  readonly file: string;
  readonly operation: string;
  readonly axes: readonly Axis[];
  readonly seeds: number;
  readonly points: Columns;
  /** A row for each combination of settings: means over its seeds. */
  readonly means: Columns;
  /** Halves of their 95 % confidence intervals; no rows with one seed. */
  readonly halves: Columns;
  /** What the page has not, in a sentence; empty where it has all. */
  readonly leftOut: string;
  readonly knees: readonly KneeMark[];
  readonly series: readonly PointSeries[];
}

export interface BenchRatio {
  readonly row: string;
  readonly pair: string;
  readonly measure: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface BenchLatency {
  readonly row: string;
  readonly side: string;
  readonly p50Us: number;
  readonly p99Us: number;
}

export interface BenchData {
  readonly kind: 'bench';
  readonly title: string;
  readonly ratios: readonly BenchRatio[];
  readonly latencies: readonly BenchLatency[];
}

export interface ExperimentData {
  readonly kind: 'experiment';
  readonly title: string;
  readonly charts: readonly Chart[];
}

export interface PageData {
  readonly sections: readonly (SweepData | BenchData | ExperimentData)[];
}
