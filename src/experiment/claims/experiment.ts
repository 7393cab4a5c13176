/** What an experiment is: a question, what of it can be set, and what it finds. */
import type { Chart } from '../../record/chart.ts';
import type { Claim } from './judge.ts';
import type { ExperimentSetting, SettingValues } from './settings.ts';

/** A column of a table. Numbers are written with its unit, as those of effects. */
export interface FindingsColumn {
  readonly heading: string;
  readonly unit?: string;
}

export interface FindingsTable {
  readonly title: string;
  /** How to read it, where the headings do not say. */
  readonly caption?: string;
  readonly columns: readonly FindingsColumn[];
  /** A dash stands for null. */
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** Text as a machine printed it: a kernel's log. */
export interface Excerpt {
  readonly title: string;
  readonly text: string;
}

export interface Findings {
  readonly claims: readonly Claim[];
  readonly tables: readonly FindingsTable[];
  readonly charts: readonly Chart[];
  readonly excerpts?: readonly Excerpt[];
  /** What was assumed, a sentence each. */
  readonly assumed: readonly string[];
  /** What such a model cannot decide, a sentence each. */
  readonly open: readonly string[];
}

/** Told how far an experiment is: so many of so many steps. */
export type Progress = (done: number, total: number) => void;

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What it answers, in a sentence or two. */
  readonly question: string;
  readonly settings: readonly ExperimentSetting[];
  /**
   * Runs it, in virtual time: the same settings find the same.
   * @throws RangeError of one line for settings that cannot be together.
   */
  run(settings: SettingValues, progress: Progress): Findings;
}
