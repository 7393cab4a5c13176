/**
 * One world measured in virtual time whose hosts run TCP/IP themselves beside their cards: a policy says of
 * each connection, at both of its ends, who carries it.
 */

import { parsePolicy } from '../host/devices/policy/parse.ts';
import type { Topology } from '../world/topology/checked.ts';
import { mixedTopology, unknownDevice } from '../world/virtual/mixed-topology.ts';
import { type MixedOptions, MixedWorld } from '../world/virtual/mixed-world.ts';
import { type Counted, type Extent, type MeasureWatch, runWatched } from './measured-run.ts';
import { type Measurement, measurementOf, type Seen } from './measurement.ts';
import { cardOf, PLAIN, plainCosts } from './plain-costs.ts';
import { beginPressure, pooledWaitNs, pressureOf } from './pressure.ts';
import { Spending } from './spending.ts';

/** @throws RangeError of one line for a world whose hosts cannot be so, or have no device that a rule names. */
export function checkMixed(topology: Topology, policy: string): void {
  mixedTopology(topology, hostsOf(topology));
  const words = unknownDevice(topology, parsePolicy(policy));
  if (words !== undefined) throw new RangeError(`"policy": ${words}`);
}

/**
 * As `measureTopology`. What a host's own stack takes of its processor is in the host's time.
 * @param policy rules, as `parsePolicy` reads them. @param begun told the world when its operations begin to
 * count. @param watch who looks on.
 */
export function measureMixedTopology(
  topology: Topology,
  policy: string,
  extent: Extent,
  begun?: (world: MixedWorld) => void,
  watch?: MeasureWatch,
): Measurement {
  const options = mixedOptions(topology, policy, watch);
  const [first, ...further] = options;
  const world = new MixedWorld(topology, first, ...further);
  world.introduce();
  const watched = {
    snapshot: () => world.snapshot().slice(options.length),
    linkCounters: () => world.linkCounters(),
    ownStacks: () =>
      world.snapshot().flatMap((counts, i) => {
        return i < options.length ? [{ counts, costs: options[i].costs.costs }] : [];
      }),
  };
  const begin = (): ((counted: Counted) => Seen) => {
    const spending = new Spending(watched, topology);
    beginPressure(world);
    begun?.(world);
    return (counted) => {
      const pressure = pressureOf(world);
      const waitedNs = pooledWaitNs(pressure.stalls);
      return { ...pressure, ...spending.perOperation(counted.operations, counted.meanLatencyNs, waitedNs) };
    };
  };
  const { counted, seen } = runWatched(world, topology, extent, begin, watch);
  return measurementOf(counted, seen);
}

/**
 * Every host that has a card runs TCP/IP itself as well, at what that costs it, and has one policy.
 * @param policy rules, as `parsePolicy` reads them. @param watch who looks on.
 */
export function mixedOptions(
  topology: Topology,
  policy: string,
  watch?: MeasureWatch,
): [MixedOptions, ...MixedOptions[]] {
  const [first, ...further] = hostsOf(topology).map((host): MixedOptions => {
    const card = cardOf(topology.cards, host);
    const costs = { costs: plainCosts(topology.hosts[host], card, PLAIN), interruptNs: card.interruptNs };
    return { host, costs, policy, spins: true, ...(watch && { watch }) };
  });
  return [first, ...further];
}

function hostsOf({ hosts, cards }: Topology): number[] {
  return hosts.flatMap((_, host) => (cards.some((card) => card.host === host) ? [host] : []));
}
