/**
 * One operation of a point explained. The point is measured twice, which gives the same both times: first to
 * know all its operations and choose one, then to keep all that happens from its begin to its end.
 */

import type { Arm } from '../compare/arms.ts';
import { type CompareOptions, runArm, topologyUnder } from '../compare/compare.ts';
import { HALF } from '../compare/measure-mixed.ts';
import { parsePolicy } from '../host/devices/policy/parse.ts';
import { printRule } from '../host/devices/policy/print.ts';
import { measureTopology } from '../sweep/measure.ts';
import { measureMixedTopology } from '../sweep/measure-mixed.ts';
import type { Measurement } from '../sweep/measurement.ts';
import { type SweepPlan, settingsOf, worldOf } from '../sweep/plan.ts';
import type { Settings } from '../sweep/settings.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import type { Operation } from './events.ts';
import { type Journey, journeyOf } from './journey.ts';
import type { Ground } from './legs.ts';
import { Observer } from './observer.ts';
import { type Way, wayOf } from './ways.ts';

/** Which operation: by its place in the order of latency, in percent, or by its number from 1. */
export type Choice = { readonly percentile: number } | { readonly number: number };

export const MEDIAN: Choice = { percentile: 50 };
export const SLOWEST: Choice = { percentile: 100 };

/** One of the systems that `inic compare` knows, in place of the one that a plan's points are measured on. */
export interface ExplainSystem {
  readonly arm: Arm;
  readonly options: CompareOptions;
}

/** What is said of all operations. */
type Measured = Pick<Measurement, 'ratePerS' | 'elapsedNs' | 'latencyUs'>;

export interface Explanation {
  readonly point: number;
  readonly settings: Settings;
  /** The system by its name; undefined: as the plan's points are measured. */
  readonly system: string | undefined;
  readonly measurement: Measured;
  /** Operations that were measured, and how many of them took no longer than this one. */
  readonly operations: number;
  readonly rank: number;
  readonly journey: Journey;
  /** Where its connection went at each of its ends, the one that opened it first; empty: no policy decides. */
  readonly ways: readonly Way[];
  readonly ground: Ground;
}

/** A point that has no operation to explain: one plain line says what has happened. */
export class ExplainError extends Error {}

/**
 * @param system that the point is run on; absent: as its plan says.
 * @throws ExplainError for a point that fails, or has no such operation; RangeError for a world that the
 *   system cannot have.
 */
export function explainPoint(
  plan: SweepPlan,
  point: number,
  choice: Choice,
  system?: ExplainSystem,
): Explanation {
  const settings = settingsOf(plan, point);
  const runs = pointRuns(plan, settings, system);
  const first = new Observer();
  const measurement = measured(runs, first);
  const chosen = choose(first.operations, choice);
  const { startNs, endNs, number } = chosen;
  const second = new Observer({ fromNs: startNs, toNs: endNs });
  measured(runs, second);
  const operation = second.operations[number - 1];
  const { ground, streams } = second;
  return {
    point,
    settings,
    system: system?.arm.name,
    measurement,
    operations: first.operations.length,
    rank: first.operations.filter((one) => latencyNs(one) <= latencyNs(chosen)).length,
    journey: journeyOf(ground, streams, operation),
    ways: waysOf(second, operation, policyOf(plan, system)),
    ground,
  };
}

/** What runs a point's world, with somebody who looks on. */
type Runs = (watch: Observer) => Measured;

function pointRuns(plan: SweepPlan, settings: Settings, system: ExplainSystem | undefined): Runs {
  const { operations, warmup, limitNs, policy } = plan;
  const extent = { operations, warmup, limitNs };
  if (system !== undefined) {
    const { arm, options } = system;
    const topology = topologyUnder(arm, plan, settings);
    return (watch) => {
      const { elapsedNs, latencyUs, operations: done } = runArm(arm, plan, topology, options, watch).counted;
      return { ratePerS: (done * 1e9) / elapsedNs, elapsedNs, latencyUs };
    };
  }
  const topology: Topology = readTopology(worldOf(plan, settings));
  if (policy === undefined) return (watch) => measureTopology(topology, extent, watch);
  return (watch) => measureMixedTopology(topology, policy, extent, undefined, watch);
}

/** The rules that decide of connections; undefined where none do. */
function policyOf({ policy }: SweepPlan, system: ExplainSystem | undefined): string | undefined {
  if (system === undefined) return policy;
  return system.arm.mixed === true ? (system.options.mixed ?? HALF).policy : undefined;
}

function waysOf(watch: Observer, { ends }: Operation, policy: string | undefined): Way[] {
  if (policy === undefined) return [];
  const rules = parsePolicy(policy);
  return ends
    .flatMap((end) => wayOf(watch.topology, end, watch.decisionOf(end.stream), rules, printRule) ?? [])
    .sort((a, b) => Number(b.opened) - Number(a.opened));
}

export function latencyNs({ startNs, endNs }: Operation): number {
  return endNs - startNs;
}

function measured(runs: Runs, watch: Observer): Measured {
  try {
    return runs(watch);
  } catch (error) {
    if (error instanceof RangeError) throw error;
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
