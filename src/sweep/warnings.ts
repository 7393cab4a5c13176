/** What the start-up check finds at the points of a plan: each warning once, and at how many points. */
import { startWarnings } from '../world/topology/start-warnings.ts';
import { readTopology } from '../world/topology.ts';
import { pointCount, type SweepPlan, settingsOf, worldOf } from './plan.ts';

/**
 * @returns a line for each setting that a point has a warning of, in the words of the first such point: the
 * others may have the same of other values, and of other cards.
 */
export function planWarnings(plan: SweepPlan): string[] {
  const points = pointCount(plan);
  const found = new Map<string, { readonly text: string; points: number }>();
  for (let point = 0; point < points; point += plan.seeds.length) {
    const seen = new Set<string>();
    for (const { key, text } of startWarnings(readTopology(worldOf(plan, settingsOf(plan, point))))) {
      // What several cards have in common is said of the first.
      const setting = key.split('.').slice(2).join('.');
      if (seen.has(setting)) continue;
      seen.add(setting);
      const entry = found.get(setting) ?? { text, points: 0 };
      entry.points += plan.seeds.length;
      found.set(setting, entry);
    }
  }
  return [...found.values()].map(
    (entry) => `${entry.points} of ${points} points start with a warning such as: ${entry.text}`,
  );
}
