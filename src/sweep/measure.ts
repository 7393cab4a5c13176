/**
 * One described world measured in virtual time: it warms up, does so many operations, ends its programs, and
 * its books must balance. Same world, same options: same numbers, on any machine.
 */
import { shown } from '../world/config/complaint.ts';
import { Fields } from '../world/topology/fields.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import { VirtualWorld } from '../world/virtual/virtual-world.ts';
import { checkMeasurable } from './measurable.ts';
import { type Counted, type MeasureWatch, runWatched } from './measured-run.ts';
import { type Measurement, measurementOf, type Seen } from './measurement.ts';
import { beginPressure, pooledWaitNs, pressureOf } from './pressure.ts';
import { Spending } from './spending.ts';
import { type WorkloadSettings, withWorkload } from './workload.ts';
import { worldAt } from './worlds.ts';

export interface MeasureOptions {
  /** Operations that are measured; 10,000. */
  readonly operations?: number;
  /**
   * Operations before that, which are not; a tenth of them. It goes on until every connection is past the
   * burst of the start, but for no more operations than are measured.
   */
  readonly warmup?: number;
  /** Virtual time for both together, in nanoseconds; a minute. */
  readonly limitNs?: number;
  /** Told the world when its operations begin to count. It may look at it, and changes nothing. */
  readonly begun?: ((world: VirtualWorld) => void) | undefined;
  /** The same when they count no more, before its programs are ended. */
  readonly ended?: ((world: VirtualWorld) => void) | undefined;
}

export const OPERATIONS = 10_000;
export const OPERATIONS_MAX = 1e9;
export const LIMIT_NS = 60e9;

/**
 * Measures one world in virtual time: `measure('pair', { workload: 'TCP_RR', connections: 32 })`.
 * @param world a description as `readTopology` takes it, or the name of a bundled world (`pair`, `star`).
 * @param workload settings of its programs, or of a server and its clients where it has none, as a plan's
 * `workload` has them; absent: those it has.
 * @param options how much is measured, and who looks on.
 * @returns rates a second, latencies in microseconds, and what each pool, wait and part of the world came to.
 * @throws RangeError of one line for a bad description, workload or option, and for a world that cannot be
 * built; Error when the operations are not done in time, or the books do not balance.
 */
export function measure(
  world: object | string,
  workload?: WorkloadSettings,
  options: MeasureOptions = {},
): Measurement {
  checkOptions(options);
  if (workload === null || (typeof workload !== 'object' && workload !== undefined)) {
    throw new RangeError(`measure expected a map of settings as workload, got ${shown(workload)}`);
  }
  const topology = readTopology(withWorkload(worldAt(world, 'measure'), workload));
  checkMeasurable(topology);
  return measureTopology(topology, options);
}

/** @throws RangeError for an option there is not, or that is no number it can be. */
function checkOptions(options: MeasureOptions): void {
  if (options === null) throw new RangeError('options of measure expected a map of keys, got null');
  const fields = new Fields(
    options,
    '',
    ['operations', 'warmup', 'limitNs', 'begun', 'ended'],
    'options of measure',
  );
  fields.whole('operations', 1, OPERATIONS_MAX, OPERATIONS);
  fields.whole('warmup', 0, OPERATIONS_MAX, 0);
  const limitNs = fields.get('limitNs') ?? LIMIT_NS;
  if (!(typeof limitNs === 'number' && limitNs > 0 && limitNs < Number.POSITIVE_INFINITY)) {
    throw fields.refusal('limitNs', 'nanoseconds above 0');
  }
  for (const told of ['begun', 'ended']) {
    if (fields.has(told) && typeof fields.get(told) !== 'function') throw fields.refusal(told, 'a function');
  }
}

/** As `measure`, of a world that has been read. @param watch who looks on. */
export function measureTopology(
  topology: Topology,
  options: MeasureOptions = {},
  watch?: MeasureWatch,
): Measurement {
  const { operations = OPERATIONS, limitNs = LIMIT_NS } = options;
  const { warmup = Math.ceil(operations / 10) } = options;
  const world = new VirtualWorld(topology, [], false, watch);
  const begun = (): ((counted: Counted) => Seen) => {
    const spending = new Spending(world, topology);
    beginPressure(world);
    options.begun?.(world);
    return (counted) => {
      options.ended?.(world);
      const pressure = pressureOf(world);
      const waitedNs = pooledWaitNs(pressure.stalls);
      return { ...pressure, ...spending.perOperation(counted.operations, counted.meanLatencyNs, waitedNs) };
    };
  };
  const extent = { operations, warmup, limitNs };
  const { counted, seen } = runWatched(world, topology, extent, begun, watch);
  return measurementOf(counted, seen);
}
