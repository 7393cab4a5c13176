/**
 * One operation of a point explained. The point is measured twice, which gives the same both times: first to
 * know all its operations and choose one, then to keep all that happens from its begin to its end.
 */

import { measureTopology } from '../sweep/measure.ts';
import type { Measurement } from '../sweep/measurement.ts';
import { type SweepPlan, settingsOf, worldOf } from '../sweep/plan.ts';
import type { Settings } from '../sweep/settings.ts';
import { WORKLOADS } from '../workloads/programs.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import type { Operation } from './events.ts';
import { type Journey, journeyOf } from './journey.ts';
import type { Ground } from './legs.ts';
import { Observer } from './observer.ts';

/** Which operation: by its place in the order of latency, in percent, or by its number from 1. */
export type Choice = { readonly percentile: number } | { readonly number: number };

export const MEDIAN: Choice = { percentile: 50 };
export const SLOWEST: Choice = { percentile: 100 };

export interface Explanation {
  readonly point: number;
  readonly settings: Settings;
  readonly measurement: Measurement;
  /** Operations that were measured, and how many of them took no longer than this one. */
  readonly operations: number;
  readonly rank: number;
  readonly journey: Journey;
  readonly ground: Ground;
}

/** A point that has no operation to explain: one plain line says what has happened. */
export class ExplainError extends Error {}

/** @throws ExplainError for a point that fails, or has no such operation. */
export function explainPoint(plan: SweepPlan, point: number, choice: Choice): Explanation {
  const settings = settingsOf(plan, point);
  const topology = readTopology(worldOf(plan, settings));
  checkFollowed(topology);
  const first = new Observer();
  const measurement = measured(plan, topology, first);
  const chosen = choose(first.operations, choice);
  const { startNs, endNs, number } = chosen;
  const second = new Observer({ fromNs: startNs, toNs: endNs });
  measured(plan, topology, second);
  const operation = second.operations[number - 1];
  const ground: Ground = { topology, wires: second.wires, log: second.log };
  return {
    point,
    settings,
    measurement,
    operations: first.operations.length,
    rank: first.operations.filter((one) => latencyNs(one) <= latencyNs(chosen)).length,
    journey: journeyOf(ground, second.streams, operation),
    ground,
  };
}

/** @throws ExplainError for what travels in no connection, by whose bytes it would be followed. */
function checkFollowed({ programs }: Topology): void {
  const client = programs.find(({ role, workload }) => role === 'client' && WORKLOADS[workload].datagrams);
  if (client === undefined) return;
  throw new ExplainError(
    `"${client.name}" sends datagrams (${client.workload}), and connections are followed: expected TCP`,
  );
}

export function latencyNs({ startNs, endNs }: Operation): number {
  return endNs - startNs;
}

function measured(plan: SweepPlan, topology: Topology, watch: Observer): Measurement {
  const { operations, warmup, limitNs } = plan;
  try {
    return measureTopology(topology, { operations, warmup, limitNs }, watch);
  } catch (error) {
    throw new ExplainError(failureText(watch, error), { cause: error });
  }
}

/** What failed, and when. */
function failureText({ operations, world }: Observer, error: unknown): string {
  const [words] = String(error instanceof Error ? error.message : error).split('\n');
  const atUs = Math.round(world.queue.nowNs / 10) / 100;
  const done =
    operations.length === 0 ? 'before any operation was measured' : `after ${operations.length} operations`;
  return `it fails at ${atUs} µs of virtual time, ${done}: ${words}`;
}

/** The smallest latency that so many percent of all do not exceed. */
function choose(operations: readonly Operation[], choice: Choice): Operation {
  if (operations.length === 0) throw new ExplainError('no operation was measured');
  if ('number' in choice) {
    const { number } = choice;
    if (number <= operations.length) return operations[number - 1];
    throw new ExplainError(`there is no request ${number}: expected 1 to ${operations.length}`);
  }
  const inOrder = [...operations].sort((a, b) => latencyNs(a) - latencyNs(b) || a.number - b.number);
  const place = Math.ceil((choice.percentile / 100) * inOrder.length);
  return inOrder[Math.max(0, place - 1)];
}
