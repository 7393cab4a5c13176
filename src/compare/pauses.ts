/**
 * Pauses between a connection's requests, drawn: connections that never pause fall into step, so that all of
 * them wait at the same time and what they share rests meanwhile.
 */
import type { SweepPlan } from '../sweep/plan.ts';

/** @param thinkUs the mean of each pause; 0 or undefined: the plan as it is. */
export function pausing(plan: SweepPlan, thinkUs: number | undefined): SweepPlan {
  if (thinkUs === undefined || thinkUs === 0) return plan;
  const workload = { ...plan.workload, think: `${thinkUs}us`, spread: 'exponential' };
  return { ...plan, workload, title: `${plan.title}${pauseText(thinkUs)}` };
}

export function pauseText(thinkUs: number): string {
  return thinkUs === 0 ? '' : `, pauses of ${thinkUs} µs`;
}
