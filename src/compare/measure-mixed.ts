/**
 * One world measured in virtual time in which a policy decides of each connection, at both of its ends,
 * whether the host's own stack carries it or the card's.
 */
import { type Counts, countingFrom, named } from '../sweep/counts.ts';
import { type Extent, type MeasureWatch, runWatched } from '../sweep/measured-run.ts';
import type { Topology } from '../world/topology/checked.ts';
import type { HostCosts } from '../world/virtual/host-world.ts';
import type { MixedHost } from '../world/virtual/mixed-host.ts';
import { type MixedOptions, MixedWorld } from '../world/virtual/mixed-world.ts';
import type { ArmRun, HostOffload } from './run.ts';
import { cardWork, hostWork, partOf, workTogether } from './work.ts';

/** Who gets which connection. */
export interface MixedSettings {
  /** Rules, as `parsePolicy` reads them. */
  readonly policy: string;
  /**
   * Connections that each card publishes as all it holds; undefined: half of those that its host's programs
   * are described with, so that half of them fall back to the host's stack.
   */
  readonly connections: number | undefined;
}

/** All that asks for a card gets one, as far as the cards go. */
export const HALF: MixedSettings = { policy: 'any => offload', connections: undefined };

/**
 * @param costsOf of each host's own stack, by its index. @param watch who looks on.
 * @throws RangeError for a host that cannot be so, or a policy that cannot be read; Error of one line when
 *   the operations are not done in time, or the books do not balance.
 */
export function measureMixedWorld(
  topology: Topology,
  costsOf: (host: number) => HostCosts,
  settings: MixedSettings,
  extent: Extent,
  watch?: MeasureWatch,
): ArmRun {
  const mixed = topology.hosts.flatMap((_, host): MixedOptions[] => {
    if (!topology.cards.some((card) => card.host === host)) return [];
    const { policy, connections = halfOf(topology, host) } = settings;
    // Of listeners it has as many as its host: there is one for each server.
    const limits = { listeners: topology.programs.length, halfOpen: connections, connections };
    return [{ host, costs: costsOf(host), policy, limits, spins: true, ...(watch && { watch }) }];
  });
  const [first, ...further] = mixed;
  const world = new MixedWorld(topology, first, ...further);
  world.introduce();
  const begun = (): (() => { counts: Counts[]; offloads: HostOffload[] }) => {
    const counts = countingFrom(() => world.snapshot());
    return () => ({
      counts: counts(),
      offloads: world.hosts.map((host) => offloadOf(topology, host)),
    });
  };
  const { counted, seen } = runWatched(world, topology, extent, begun, watch);
  const { counts, offloads } = seen;
  const works = topology.cards.map((card, i) => {
    const at = world.hosts.findIndex(({ place }) => place.host === card.host);
    const [driver, iop] = counts.slice(mixed.length + 2 * i, mixed.length + 2 * i + 2);
    const own = hostWork(counts[at], mixed[at].costs);
    const { costs } = topology.hosts[card.host].processor;
    // The host's own stack has a port at each of its cards' wires, and counts for all of them together.
    const share = 1 / world.hosts[at].place.cards.length;
    return workTogether([partOf(own, share), cardWork(driver, iop, costs, card)]);
  });
  return { counted, works, offloads };
}

/** Half of the connections that the programs of a host are described with, those that rest included. */
function halfOf({ programs }: Topology, host: number): number {
  const all = programs.reduce((sum, own) => (own.host === host ? sum + own.connections + own.idle : sum), 0);
  return Math.ceil(all / 2);
}

function offloadOf({ hosts }: Topology, { place, built, offloading }: MixedHost): HostOffload {
  const { devices } = offloading.registry;
  const refusals: Record<string, number> = {};
  for (const device of devices) {
    for (const [reason, times] of Object.entries(device.refusals)) {
      if (times > 0) refusals[reason] = (refusals[reason] ?? 0) + times;
    }
  }
  const offered = devices.reduce((sum, device) => sum + device.offeredActive + device.offeredPassive, 0);
  return {
    host: hosts[place.host].name,
    offloaded: offered - (refusals['card refused'] ?? 0),
    own: named(built.ledger.snapshot(), ['tcpActiveOpens', 'tcpPassiveOpens']),
    refusals,
  };
}
