/** The sizes a plan varies, which are searched, apart from what else it varies; and the memory they take. */
import { MemoryPlan } from '../dma/plan.ts';
import { checkPoints, type SweepPlan, settingsOf, worldOf } from '../sweep/plan.ts';
import type { Settings } from '../sweep/settings.ts';
import type { Setting } from '../sweep/values.ts';
import { planCardMemory } from '../world/build/card-memory.ts';
import { readTopology, type Topology } from '../world/topology.ts';
import { type Space, stridesOf } from './search.ts';

/** Settings of a card, beside all of its `pools`, that are sizes too. */
const SIZES = ['packetSlots', 'rxRing', 'txRing'];
/** What is searched where a plan varies no size: from this many on. */
const DEFAULT_FROM = { 'pools.transmitBuffers': 2, 'pools.receiveBuckets': 4 } as const;

export function isSize(path: string, values: readonly Setting[]): boolean {
  const keys = path.split('.');
  const named = keys.at(-2) === 'pools' || SIZES.includes(keys[keys.length - 1]);
  return named && values.length > 1 && values.every((value) => typeof value === 'number');
}

/**
 * The plan as it is, or where it varies no size, with transmit buffers and receive buckets from a few up to
 * what its largest card has.
 */
export function searchable(plan: SweepPlan): SweepPlan {
  if (Object.entries(plan.vary).some(([path, values]) => isSize(path, values))) return plan;
  const { cards } = readTopology(worldOf(plan, settingsOf(plan, 0)));
  const most = {
    'pools.transmitBuffers': Math.max(...cards.map(({ config }) => config.pools.transmitBuffers)),
    'pools.receiveBuckets': Math.max(...cards.map(({ config }) => config.pools.receiveBuckets)),
  };
  const sizes = (['pools.transmitBuffers', 'pools.receiveBuckets'] as const).map(
    (path) => [path, doublingTo(DEFAULT_FROM[path], most[path])] as const,
  );
  const extended = { ...plan, vary: { ...plan.vary, ...Object.fromEntries(sizes) } };
  checkPoints(extended);
  return extended;
}

/** The last value is the end itself. */
function doublingTo(from: number, end: number): number[] {
  const values: number[] = [];
  for (let value = from; value < end; value *= 2) values.push(value);
  return [...values, end];
}

/** One question: the settings that are not searched have these values. */
export interface Question {
  readonly others: Settings;
  readonly space: Space;
  /** The number of a point in the plan's grid, without seeds. @param point of the space. */
  readonly combinationOf: (point: number) => number;
}

export interface CardMemoryUse {
  readonly card: string;
  readonly bytes: number;
}

export class SizeGrid {
  /** Paths of the settings that are searched. */
  readonly searched: readonly string[];
  readonly questions: readonly Question[];
  /** Cards whose memory the settings change; all, where they change none. */
  private readonly concerned: ReadonlySet<string>;
  private readonly plan: SweepPlan;

  constructor(plan: SweepPlan) {
    this.plan = plan;
    const axes = Object.entries(plan.vary);
    const strides = stridesOf(axes.map(([, values]) => values.length));
    const all = axes.map(([path, values], i) => ({ path, values, stride: strides[i] }));
    const searched = all.filter(({ path, values }) => isSize(path, values));
    const others = all.filter((axis) => !searched.includes(axis));
    this.searched = searched.map(({ path }) => path);
    const sizes = searched.map(({ values, stride }) => ({
      steps: values
        .map((value, i) => ({ value: Number(value), step: i * stride }))
        .sort((a, b) => a.value - b.value)
        .map(({ step }) => step),
    }));
    const offsets = combinationsOf(sizes.map(({ steps }) => steps));
    const bases = combinationsOf(others.map(({ values, stride }) => values.map((_, i) => i * stride)));
    this.concerned = this.changedCards(bases[0] + offsets[0], bases[0] + offsets[offsets.length - 1]);
    const lengths = sizes.map(({ steps }) => steps.length);
    this.questions = bases.map((base) => {
      const costs = Float64Array.from(offsets, (offset) => this.totalBytes(base + offset));
      const settings = this.settingsAt(base);
      return {
        others: Object.fromEntries(others.map(({ path }) => [path, settings[path]])),
        space: { lengths, costs },
        combinationOf: (point) => base + offsets[point],
      };
    });
  }

  /** Of a combination, without its seed. */
  settingsAt(combination: number): Settings {
    const { seed: _seed, ...settings } = settingsOf(this.plan, combination * this.plan.seeds.length);
    return settings;
  }

  topologyAt(combination: number): Topology {
    return readTopology(worldOf(this.plan, settingsOf(this.plan, combination * this.plan.seeds.length)));
  }

  /** Bytes of each card that the settings concern. */
  memoryAt(combination: number): CardMemoryUse[] {
    return memoryOf(this.topologyAt(combination)).filter(({ card }) => this.concerned.has(card));
  }

  /** Of the largest of those cards. */
  cardBytes(combination: number): number {
    return Math.max(...this.memoryAt(combination).map(({ bytes }) => bytes));
  }

  private totalBytes(combination: number): number {
    return memoryOf(this.topologyAt(combination)).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private changedCards(least: number, most: number): Set<string> {
    const small = memoryOf(this.topologyAt(least));
    const large = memoryOf(this.topologyAt(most));
    const changed = large.filter(({ bytes }, i) => bytes !== small[i].bytes);
    return new Set((changed.length > 0 ? changed : large).map(({ card }) => card));
  }
}

/** Bytes each card takes, as a world plans them. */
function memoryOf({ cards }: Topology): CardMemoryUse[] {
  return cards.map(({ name, config }) => {
    const plan = new MemoryPlan();
    const before = plan.byteLength;
    planCardMemory(plan, name, config);
    return { card: name, bytes: plan.byteLength - before };
  });
}

/** Sums of one step of each list, the last list changing fastest; of no lists it is one, of nothing. */
function combinationsOf(lists: readonly (readonly number[])[]): number[] {
  return lists.reduce<number[]>((sums, steps) => sums.flatMap((sum) => steps.map((step) => sum + step)), [0]);
}
