/**
 * One workload on one wire with the same seeds, under each of the systems that are compared: only who runs
 * TCP/IP changes, and what the device beside it does. In virtual time, so that the same plan gives the same
 * numbers anywhere.
 */
import { AssertionFailure } from '../assert/assert.ts';
import { spreadOf } from '../record/statistics.ts';
import { servedNs } from '../sweep/counts.ts';
import { type Datagrams, middleDatagrams } from '../sweep/datagrams.ts';
import type { MeasureWatch } from '../sweep/measured-run.ts';
import type { PlainCostOptions } from '../sweep/plain-costs.ts';
import { type SweepPlan, worldOf as worldOfPoint } from '../sweep/plan.ts';
import type { Settings } from '../sweep/settings.ts';
import type { Topology } from '../world/topology/checked.ts';
import { readTopology } from '../world/topology.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';
import { type Arm, worldOf } from './arms.ts';
import { type BusUse, busTogether, middleBus } from './bus-use.ts';
import { checkCalls } from './free-calls.ts';
import { hostCosts } from './host-costs.ts';
import { measureCardWorld } from './measure-card.ts';
import { runHostWorld } from './measure-host.ts';
import { HALF, type MixedSettings, measureMixedWorld } from './measure-mixed.ts';
import type { ArmRun, HostOffload } from './run.ts';
import { PARTS, type Use, useOf } from './use.ts';
import { workTogether } from './work.ts';

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
  /** What crosses the buses between hosts and their cards. */
  readonly bus: BusUse;
  /** How busy the busiest of each kind was. */
  readonly use: Use;
  /** Operations for each second of processor time, of hosts and cards together. */
  readonly perProcessorS: number;
  /** What became of datagrams; absent where there are none. */
  readonly datagrams?: Datagrams;
}

export interface ArmResult {
  readonly arm: Arm;
  readonly figures: ArmFigures;
  /** Least and most of the rate, over seeds. */
  readonly rates: readonly [least: number, most: number];
  /** Where connections went, of a system that decides so; medians over seeds. */
  readonly offloads: readonly HostOffload[];
  /** Links that were to go down, or to go down again, when its operations were done already, of any seed. */
  readonly unmet: readonly UnmetDown[];
}

/** The first time of a link without a carrier that a run did not come to. */
export interface UnmetDown {
  readonly link: string;
  /** Nanoseconds after the world began. */
  readonly atNs: number;
}

export interface CompareOptions extends PlainCostOptions {
  /** Of the system whose connections a policy divides; absent: half of them to each. */
  readonly mixed?: MixedSettings;
  /** Told why a system is left out that a world cannot have; absent: then that is an error. */
  readonly leftOut?: ((line: string) => void) | undefined;
}

/** An arm does not come to its end: one line says which, and why. */
export class CompareError extends Error {}

/** @throws RangeError for a world that cannot be, CompareError where an arm does not come to its end. */
export function compareArms(plan: SweepPlan, arms: readonly Arm[], options: CompareOptions): ArmResult[] {
  return arms.flatMap((arm) => armResult(plan, arm, options) ?? []);
}

/** @returns undefined for a system that is left out. */
function armResult(plan: SweepPlan, arm: Arm, options: CompareOptions): ArmResult | undefined {
  const all = [];
  for (const seed of plan.seeds) {
    // What a plan varies is not varied here: the world is the plan's own.
    const topology = topologyUnder(arm, plan, { seed });
    try {
      const run = runArm(arm, plan, topology, options);
      const unmet = unmetDowns(topology, run.counted.untilNs);
      all.push({ figures: figuresOf(topology, run), offloads: run.offloads, unmet });
    } catch (error) {
      if (error instanceof AssertionFailure) throw error;
      const line = `${arm.name}: ${error instanceof Error ? error.message : error}`;
      // A world whose cards are not for this system, which is no fault of the others.
      const unfit = error instanceof RangeError && arm.demanding === true;
      if (!unfit || options.leftOut === undefined) throw new CompareError(line);
      options.leftOut(line);
      return undefined;
    }
  }
  const { min, max } = spreadOf(all.map(({ figures }) => figures.ratePerS));
  return {
    arm,
    figures: middle(all.map(({ figures }) => figures)),
    rates: [min, max],
    offloads: middleOffloads(all.map(({ offloads }) => offloads)),
    // Those of the seed that was done first.
    unmet: all.reduce((most, { unmet }) => (unmet.length > most.length ? unmet : most), all[0].unmet),
  };
}

function unmetDowns({ links }: Topology, untilNs: number): UnmetDown[] {
  return links.flatMap(({ name: link, pipe: { downs = [] } }) => {
    const down = downs.find(({ atNs }) => atNs > untilNs);
    return down === undefined ? [] : [{ link, atNs: down.atNs }];
  });
}

/** The world of a plan as a system has it. @param settings what differs from the plan's own. */
export function topologyUnder(arm: Arm, plan: SweepPlan, settings: Settings): Topology {
  return readTopology(worldOf(worldOfPoint(plan, settings) as object, arm));
}

/**
 * Runs one system on a world that is as it has it. @param watch who looks on.
 * @throws RangeError for a world that cannot be; Error of one line where it does not come to its end.
 */
export function runArm(
  arm: Arm,
  plan: Pick<SweepPlan, 'operations' | 'warmup' | 'limitNs'>,
  topology: Topology,
  options: CompareOptions,
  watch?: MeasureWatch,
): ArmRun {
  const { operations, warmup, limitNs } = plan;
  const extent = { operations, warmup, limitNs };
  const costsOf = (host: number): HostCosts => hostCosts(topology, host, options, arm);
  // Datagrams are the host's own stack's, wherever it has one.
  if (arm.mixed === true || arm.onHost) checkCalls(topology, costsOf);
  if (arm.mixed === true) return measureMixedWorld(topology, costsOf, options.mixed ?? HALF, extent, watch);
  return arm.onHost
    ? runHostWorld(topology, costsOf, extent, watch)
    : measureCardWorld(topology, extent, watch);
}

function figuresOf(topology: Topology, { counted, works }: ArmRun): ArmFigures {
  const { operations, elapsedNs, bytes, latencyUs } = counted;
  const served = servedNs(topology, operations);
  const all = workTogether(works);
  const hostUs = (all.hostNs + served.reduce((sum, ns) => sum + ns, 0)) / operations / 1000;
  const iopUs = all.cardNs / operations / 1000;
  return {
    ratePerS: (operations * 1e9) / elapsedNs,
    bytesPerS: (bytes * 1e9) / elapsedNs,
    p50Us: latencyUs?.p50 ?? null,
    p99Us: latencyUs?.p99 ?? null,
    hostUs,
    iopUs,
    copies: all.copies / operations,
    dmaRequests: all.dmaRequests / operations,
    interrupts: all.interrupts / operations,
    doorbells: all.doorbells / operations,
    bus: busTogether([all.bus], 1 / operations),
    use: useOf(topology, works, served, elapsedNs),
    perProcessorS: 1e6 / (hostUs + iopUs),
    ...(counted.datagrams && { datagrams: counted.datagrams }),
  };
}

function middle(all: readonly ArmFigures[]): ArmFigures {
  const names = (Object.keys(all[0]) as (keyof ArmFigures)[]).filter(
    (name) => name !== 'bus' && name !== 'use' && name !== 'datagrams',
  );
  const figures = names.map((name) => {
    const values = all.flatMap((figure) => (figure[name] as number | null) ?? []);
    return [name, values.length === 0 ? null : spreadOf(values).median];
  });
  return {
    ...Object.fromEntries(figures),
    bus: middleBus(all.map(({ bus }) => bus)),
    ...middleDatagrams(all.flatMap(({ datagrams }) => datagrams ?? [])),
    use: Object.fromEntries(PARTS.map((part) => [part, spreadOf(all.map(({ use }) => use[part])).median])),
  } as unknown as ArmFigures;
}

/** The median of each count, of hosts that are the same for every seed. */
function middleOffloads(all: readonly (readonly HostOffload[])[]): HostOffload[] {
  return all[0].map(({ host }, i) => {
    const own = all.map((offloads) => offloads[i]);
    const median = (of: (offload: HostOffload) => number): number => spreadOf(own.map(of)).median;
    const reasons = [...new Set(own.flatMap(({ refusals }) => Object.keys(refusals)))];
    return {
      host,
      offloaded: median(({ offloaded }) => offloaded),
      own: median((offload) => offload.own),
      refusals: Object.fromEntries(
        reasons.map((reason) => [reason, median(({ refusals }) => refusals[reason] ?? 0)]),
      ),
    };
  });
}
