/** A worker of a sweep: it is given the plan once, and then points to measure. */
import { workerData } from 'piscina';
import type { SweepPlan } from './plan.ts';
import { measurePoint } from './point.ts';

const plan = workerData as SweepPlan;

export default function linesOf(point: number): string {
  return JSON.stringify(measurePoint(plan, point));
}
