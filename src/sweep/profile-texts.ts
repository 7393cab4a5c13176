/** Cost profiles that a plan names by their files: who measures its points may not have these files. */
import { readText } from '../plans/files.ts';
import type { SweepPlan } from './plan.ts';

/** What the files say, by their names. */
export type ProfileTexts = Readonly<Record<string, string>>;

/** @returns the names of the files among a plan's profiles; the others are bundled. */
export function profileFiles({ costs, vary }: SweepPlan): string[] {
  const names = [costs, ...(vary['costs'] ?? [])].map(String);
  return [...new Set(names.filter((name) => name.endsWith('.yaml')))];
}

/** @throws RangeError of one line for a file that cannot be read. */
export function profileTexts(plan: SweepPlan): ProfileTexts {
  return Object.fromEntries(profileFiles(plan).map((name) => [name, readText(name)]));
}
