/**
 * One workload on one wire with the same seeds, under each of the systems that are compared: only who runs
 * TCP/IP changes, and what the device beside it does. In virtual time, so that the same plan gives the same
 * numbers anywhere.
 */
import { AssertionFailure } from '../assert/assert.ts';
import { spreadOf } from '../record/statistics.ts';
import { named, serviceNs } from '../sweep/counts.ts';
import { measureTopology } from '../sweep/measure.ts';
import { type SweepPlan, worldOf as worldOfPoint } from '../sweep/plan.ts';
import type { CardTopology, Topology } from '../world/topology/checked.ts';
import { readTopology } from '../world/topology.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';
import { type Arm, worldOf } from './arms.ts';
import { measureHostWorld } from './measure-host.ts';
import { type PlainCostOptions, plainCosts } from './plain-costs.ts';

/** What one system comes to, per operation where it does not say otherwise: the median over seeds. */
export interface ArmFigures {
  readonly ratePerS: number;
  /** Payload that programs were given, a second. */
  readonly bytesPerS: number;
  /** Latencies; null of a workload that knows no requests. */
  readonly p50Us: number | null;
  readonly p99Us: number | null;
  /** Processor time of all hosts, and of all cards' processors. */
  readonly hostUs: number;
  readonly iopUs: number;
  /** Times a processor moved payload, and requests that a DMA engine served. */
  readonly copies: number;
  readonly dmaRequests: number;
  readonly interrupts: number;
  readonly doorbells: number;
  /** Operations for each second of processor time, of hosts and cards together. */
  readonly perProcessorS: number;
}

export interface ArmResult {
  readonly arm: Arm;
  readonly figures: ArmFigures;
  /** Least and most of the rate, over seeds. */
  readonly rates: readonly [least: number, most: number];
}

export type CompareOptions = PlainCostOptions;

/** An arm does not come to its end: one line says which, and why. */
export class CompareError extends Error {}

/** @throws RangeError for a world that cannot be, CompareError where an arm does not come to its end. */
export function compareArms(plan: SweepPlan, arms: readonly Arm[], options: CompareOptions): ArmResult[] {
  return arms.map((arm) => {
    const all = plan.seeds.map((seed) => {
      // What a plan varies is not varied here: the world is the plan's own.
      const description = worldOf(worldOfPoint(plan, { seed }) as object, arm);
      const topology = readTopology(description);
      try {
        return arm.onHost ? onHost(plan, topology, options) : onCard(plan, topology);
      } catch (error) {
        if (error instanceof AssertionFailure) throw error;
        throw new CompareError(`${arm.name}: ${error instanceof Error ? error.message : error}`);
      }
    });
    const { min, max } = spreadOf(all.map(({ ratePerS }) => ratePerS));
    return { arm, figures: middle(all), rates: [min, max] as const };
  });
}

function onCard({ operations, warmup, limitNs }: SweepPlan, topology: Topology): ArmFigures {
  const measured = measureTopology(topology, { operations, warmup, limitNs });
  const { latencyUs, timeUs, perOperation, ratePerS, bytesPerS } = measured;
  const { copies, dmaRequests, interrupts, doorbells } = perOperation;
  return {
    ratePerS,
    bytesPerS,
    p50Us: latencyUs?.p50 ?? null,
    p99Us: latencyUs?.p99 ?? null,
    hostUs: timeUs.host,
    iopUs: timeUs.iop,
    copies,
    dmaRequests,
    interrupts,
    doorbells,
    perProcessorS: 1e6 / (timeUs.host + timeUs.iop),
  };
}

function onHost(
  { operations, limitNs }: SweepPlan,
  topology: Topology,
  options: PlainCostOptions,
): ArmFigures {
  const costsOf = (host: number): HostCosts => {
    const card = topology.cards.find((candidate) => candidate.host === host) as CardTopology;
    return { costs: plainCosts(topology.hosts[host], card, options), interruptNs: card.interruptNs };
  };
  const { counts, hostNs, latencyUs, ...measured } = measureHostWorld(topology, costsOf, {
    operations,
    limitNs,
  });
  const each = (...names: readonly string[]): number =>
    counts.reduce((sum, stack) => sum + named(stack, names), 0) / measured.operations;
  const hostUs = hostNs / measured.operations / 1000 + serviceNs(topology) / 1000;
  return {
    ratePerS: (measured.operations * 1e9) / measured.elapsedNs,
    bytesPerS: (measured.bytes * 1e9) / measured.elapsedNs,
    p50Us: latencyUs?.p50 ?? null,
    p99Us: latencyUs?.p99 ?? null,
    hostUs,
    iopUs: 0,
    copies: each('sendCopies', 'receiveCopies', 'cardGatherCopies', 'cardCollapseCopies'),
    dmaRequests: each('transmitFetches', 'retransmitFetches', 'deviceReceives'),
    interrupts: each('interrupts'),
    doorbells: each('ipOutRequests'),
    perProcessorS: 1e6 / hostUs,
  };
}

function middle(all: readonly ArmFigures[]): ArmFigures {
  const names = Object.keys(all[0]) as (keyof ArmFigures)[];
  const figures = names.map((name) => {
    const values = all.flatMap((figure) => figure[name] ?? []);
    return [name, values.length === 0 ? null : spreadOf(values).median];
  });
  return Object.fromEntries(figures) as unknown as ArmFigures;
}
