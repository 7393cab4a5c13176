/** One point of a plan, measured: the line it has in a results file, the same bytes on any machine. */
import { readTopology } from '../world/topology.ts';
import type { MixedWorld } from '../world/virtual/mixed-world.ts';
import type { VirtualWorld } from '../world/virtual/virtual-world.ts';
import { measureTopology } from './measure.ts';
import { measureMixedTopology } from './measure-mixed.ts';
import type { Measurement } from './measurement.ts';
import { type SweepPlan, settingsOf, worldOf } from './plan.ts';
import type { Settings } from './settings.ts';

export interface MeasuredPoint extends Measurement {
  readonly point: number;
  readonly settings: Settings;
  readonly ok: true;
}

export interface FailedPoint {
  readonly point: number;
  readonly settings: Settings;
  readonly ok: false;
  /** One plain line. */
  readonly error: string;
}

export type PointResult = MeasuredPoint | FailedPoint;

/**
 * Whatever goes wrong at a point is its result: the others are measured all the same.
 * @param begun told the world when its operations begin to count; it may look at it.
 */
export function measurePoint(
  plan: SweepPlan,
  point: number,
  begun?: (world: VirtualWorld | MixedWorld) => void,
): PointResult {
  const settings = settingsOf(plan, point);
  const { operations, warmup, limitNs, policy } = plan;
  const extent = { operations, warmup, limitNs };
  try {
    const topology = readTopology(worldOf(plan, settings));
    const measured =
      policy === undefined
        ? measureTopology(topology, { ...extent, begun })
        : measureMixedTopology(topology, policy, extent, begun);
    return { point, settings, ok: true, ...measured };
  } catch (error) {
    return failedPoint(plan, point, error);
  }
}

export function failedPoint(plan: SweepPlan, point: number, error: unknown): FailedPoint {
  const [words] = String(error instanceof Error ? error.message : error).split('\n');
  return { point, settings: settingsOf(plan, point), ok: false, error: words };
}
