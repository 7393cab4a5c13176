/** Requests between two hosts with a card each, whose memory management keeps the four aims or breaks one. */

import { measureTopology } from '../../sweep/measure.ts';
import type { OperationCounts } from '../../sweep/measurement.ts';
import { readPlan, type SweepPlan, settingsOf, worldOf } from '../../sweep/plan.ts';
import { readTopology } from '../../world/topology.ts';

/** What is asked of a world. */
export interface Load {
  readonly costs: string;
  readonly connections: number;
  readonly sizeBytes: number;
  readonly operations: number;
}

/** A plan varies something: this is what it is else. */
const NO_CHANGE = { 'driver.bounceBuffers': false };

/** Settings of both cards, by their paths. */
export type CardChange = Readonly<Record<string, string | number | boolean>>;

/** What a request comes to, both ways and both hosts together. */
export interface RequestFigures extends OperationCounts {
  readonly ratePerS: number;
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly hostNs: number;
  readonly iopNs: number;
}

export function measureRequests(load: Load, change: CardChange, seed: number): RequestFigures {
  const plan = planOf(load, change);
  const topology = readTopology(worldOf(plan, { ...settingsOf(plan, 0), seed }));
  const { operations } = load;
  const measured = measureTopology(topology, { operations, warmup: plan.warmup });
  const { ratePerS, latencyUs, timeUs, perOperation } = measured;
  return {
    ratePerS,
    p50Ns: (latencyUs?.p50 ?? 0) * 1000,
    p99Ns: (latencyUs?.p99 ?? 0) * 1000,
    hostNs: timeUs.host * 1000,
    iopNs: timeUs.iop * 1000,
    ...perOperation,
  };
}

function planOf({ costs, connections, sizeBytes, operations }: Load, change: CardChange): SweepPlan {
  return readPlan({
    title: 'requests',
    world: 'pair',
    workload: { workload: 'TCP_RR', connections, size: sizeBytes, service: '1us', spread: 'exponential' },
    costs,
    vary: Object.fromEntries(
      Object.entries({ ...NO_CHANGE, ...change }).map(([path, value]) => [path, [value]]),
    ),
    operations,
  });
}
