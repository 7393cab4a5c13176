/** Reads the hosts of a world, and what processors cost. */
import { REGION_BYTES_MAX } from '../../dma/plan.ts';
import { COUNTER_NAMES } from '../../ledger/counters.gen.ts';
import type { ProfilePart } from '../../plans/profiles.ts';
import type { Costs } from '../../time/cost-model.ts';
import { meant, plain, shown } from '../config/complaint.ts';
import type { HostTopology, ProcessorCosts } from './checked.ts';
import { Fields } from './fields.ts';
import { latencyNs, sizeBytes } from './quantities.ts';

/** @param profile what a host says that says nothing. */
export function readHosts(world: Fields, profile: ProfilePart): HostTopology[] {
  return world.named('hosts').map(({ name, value, path }) => {
    const host = new Fields(value, path, ['processor', 'memory']);
    const memoryBytes = sizeBytes(host, 'memory', REGION_BYTES_MAX);
    if (memoryBytes < 1 || memoryBytes > REGION_BYTES_MAX) throw host.refusal('memory', '1B to 2047MiB');
    return { name, processor: readProcessor(host, profile), memoryBytes };
  });
}

const KEYS = ['costs', 'look'];
/** A millisecond: with more for each count no card comes up within the time its driver waits for it. */
const COST_NS_MAX = 1e6;

/**
 * `processor: { costs: { inboundPosted: 120 }, look: 200ns }`: nanoseconds for each count of the ledger. A
 * count that is not named costs what the profile says.
 */
export function readProcessor(owner: Fields, profile: ProfilePart): ProcessorCosts {
  const processor = new Fields(owner.get('processor'), owner.at('processor'), KEYS);
  const base = new Fields(profile['processor'], 'processor', KEYS);
  return {
    costs: { ...readCosts(base), ...readCosts(processor) },
    lookNs: latencyNs(processor.has('look') ? processor : base, 'look'),
  };
}

function readCosts(processor: Fields): Costs {
  const path = processor.at('costs');
  const costs: Record<string, number> = {};
  const values = processor.get('costs') ?? {};
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw processor.refusal('costs', 'counters with the nanoseconds each count costs');
  }
  for (const [counter, cost] of Object.entries(values)) {
    if (!COUNTER_NAMES.includes(counter)) throw noCounter(`${path}.${plain(counter)}`, counter);
    if (typeof cost !== 'number' || !(cost >= 0 && cost <= COST_NS_MAX)) {
      throw new RangeError(
        `"${path}.${counter}" expected 0 to ${COST_NS_MAX} nanoseconds, got ${shown(cost)}`,
      );
    }
    costs[counter] = cost;
  }
  return costs;
}

/** @returns the complaint about a name that is none of the ledger's. */
export function noCounter(path: string, name: string): RangeError {
  const hint = meant(name, COUNTER_NAMES);
  return new RangeError(`"${path}" is no counter of the ledger${hint === '' ? '' : `: ${hint}`}`);
}
