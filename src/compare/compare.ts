/**
 * One workload on one wire with the same seeds, under each of the systems that are compared: only who runs
 * TCP/IP changes, and what the device beside it does. In virtual time, so that the same plan gives the same
 * numbers anywhere.
 */
import { AssertionFailure } from '../assert/assert.ts';
import { spreadOf } from '../record/statistics.ts';
import { type Counts, charge, named, serviceNs, since } from '../sweep/counts.ts';
import { measureTopology } from '../sweep/measure.ts';
import { type SweepPlan, worldOf as worldOfPoint } from '../sweep/plan.ts';
import { cardNs } from '../sweep/spending.ts';
import type { Topology } from '../world/topology/checked.ts';
import { readTopology } from '../world/topology.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';
import { type Arm, worldOf } from './arms.ts';
import { type BusUse, cardBus, hostBus, middleBus, perOperationOf } from './bus-use.ts';
import { measureHostWorld } from './measure-host.ts';
import { hostCosts, type PlainCostOptions } from './plain-costs.ts';
import { type CardUse, PARTS, servedNs, type Use, useOf } from './use.ts';

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
        return arm.onHost ? onHost(plan, topology, options, arm) : onCard(plan, topology);
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
  let before: readonly Counts[] = [];
  let counts: readonly Counts[] = [];
  const measured = measureTopology(topology, {
    operations,
    warmup,
    limitNs,
    begun: (world) => {
      before = world.snapshot();
    },
    ended: (world) => {
      counts = world.snapshot().map((now, i) => since(now, before[i]));
    },
  });
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
    bus: perOperationOf(cardBus(counts), measured.operations),
    use: useOf(topology, usesOfCards(topology, counts), servedNs(topology, operations), measured.elapsedNs),
    perProcessorS: 1e6 / (timeUs.host + timeUs.iop),
  };
}

/** @param counts of each card's driver, and after it of its processor. */
function usesOfCards({ cards, hosts }: Topology, counts: readonly Counts[]): CardUse[] {
  return cards.map((card, i) => {
    const [driver, iop] = counts.slice(2 * i, 2 * i + 2);
    return {
      counts: iop,
      hostNs: charge(driver, hosts[card.host].processor.costs),
      cardNs: cardNs(iop, card),
      bus: cardBus([driver, iop]),
    };
  });
}

function onHost(
  { operations, warmup, limitNs }: SweepPlan,
  topology: Topology,
  options: PlainCostOptions,
  arm: Arm,
): ArmFigures {
  const costsOf = (host: number): HostCosts => hostCosts(topology, host, options, arm);
  const { counts, hostNs, cardNs, latencyUs, ...measured } = measureHostWorld(topology, costsOf, {
    operations,
    warmup,
    limitNs,
  });
  const each = (...names: readonly string[]): number =>
    counts.reduce((sum, stack) => sum + named(stack, names), 0) / measured.operations;
  const hostUs = hostNs / measured.operations / 1000 + serviceNs(topology) / 1000;
  const iopUs = cardNs / measured.operations / 1000;
  return {
    ratePerS: (measured.operations * 1e9) / measured.elapsedNs,
    bytesPerS: (measured.bytes * 1e9) / measured.elapsedNs,
    p50Us: latencyUs?.p50 ?? null,
    p99Us: latencyUs?.p99 ?? null,
    hostUs,
    iopUs,
    copies: each('sendCopies', 'receiveCopies', 'cardGatherCopies', 'cardCollapseCopies'),
    dmaRequests: each(
      ...(arm.window === true
        ? ['windowFills', 'windowPlacements']
        : ['transmitFetches', 'retransmitFetches', 'deviceReceives']),
    ),
    interrupts: each('interrupts'),
    doorbells: each('ipOutRequests', 'windowCommands'),
    bus: perOperationOf(hostBus(counts), measured.operations),
    use: useOf(
      topology,
      counts.map((own, i) => {
        const { costs, cardCosts = {} } = costsOf(topology.cards[i].host);
        return {
          counts: own,
          hostNs: charge(own, costs),
          cardNs: charge(own, cardCosts),
          bus: hostBus([own]),
        };
      }),
      servedNs(topology, operations),
      measured.elapsedNs,
    ),
    perProcessorS: 1e6 / (hostUs + iopUs),
  };
}

function middle(all: readonly ArmFigures[]): ArmFigures {
  const names = (Object.keys(all[0]) as (keyof ArmFigures)[]).filter(
    (name) => name !== 'bus' && name !== 'use',
  );
  const figures = names.map((name) => {
    const values = all.flatMap((figure) => (figure[name] as number | null) ?? []);
    return [name, values.length === 0 ? null : spreadOf(values).median];
  });
  return {
    ...Object.fromEntries(figures),
    bus: middleBus(all.map(({ bus }) => bus)),
    use: Object.fromEntries(PARTS.map((part) => [part, spreadOf(all.map(({ use }) => use[part])).median])),
  } as unknown as ArmFigures;
}
