/** One experiment run: its settings read, its claims judged. */
import { assert } from '../assert/assert.ts';
import type { Experiment, Findings, Progress } from './claims/experiment.ts';
import { type JudgedClaim, judged } from './claims/judge.ts';
import type { SettingValue, SettingValues } from './claims/settings.ts';

export interface ExperimentResult extends Findings {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  readonly settings: Readonly<Record<string, SettingValue>>;
  readonly claims: readonly JudgedClaim[];
}

/** @throws RangeError of one line for settings that cannot be together. */
export function runExperiment(
  experiment: Experiment,
  settings: SettingValues,
  progress: Progress = () => undefined,
): ExperimentResult {
  const { name, title, question } = experiment;
  const findings = experiment.run(settings, progress);
  const names = findings.claims.map((claim) => claim.name);
  assert(new Set(names).size === names.length, 'experiment: each claim has a name of its own');
  const claims = findings.claims.map(judged);
  return { ...findings, name, title, question, settings: Object.fromEntries(settings.entries()), claims };
}
