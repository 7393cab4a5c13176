/**
 * How full the pools of a point were over time: it is measured again, since results have no series, and
 * looked at while it runs. That changes nothing of it.
 */
import type { PoolTrack } from '../record/pool-track.ts';
import type { MixedWorld } from '../world/virtual/mixed-world.ts';
import type { VirtualWorld } from '../world/virtual/virtual-world.ts';
import type { SweepPlan } from './plan.ts';
import { measurePoint, type PointResult } from './point.ts';

export interface PointTrack {
  readonly result: PointResult;
  readonly everyNs: number;
  readonly pools: readonly PoolTrack[];
}

/** As many as a chart can show. */
const INTERVALS = 120;
/** Looks at what is in use in each of them; means are exact without. */
const LOOKS = 20;

/** @param elapsedNs virtual time the point's operations take. */
export function trackPoint(plan: SweepPlan, point: number, elapsedNs: number): PointTrack {
  const everyNs = elapsedNs / INTERVALS;
  const tracks = new Map<string, Track>();
  const result = measurePoint(plan, point, (world) => look(world, everyNs / LOOKS, tracks));
  return { result, everyNs, pools: [...tracks].map(([name, track]) => ({ name, ...track.told() })) };
}

function look(world: VirtualWorld | MixedWorld, everyNs: number, tracks: Map<string, Track>): void {
  const beganNs = world.queue.nowNs;
  let looks = 0;
  world.queue.samples.add(beganNs, everyNs, (nowNs) => {
    looks += 1;
    for (const card of world.cards) {
      for (const [pool, use] of Object.entries(card.pools())) {
        const name = `${card.name}.${pool}`;
        const track = tracks.get(name) ?? new Track(use.count);
        tracks.set(name, track);
        track.look(use);
        if (looks % LOOKS === 0) track.end(use.mean, nowNs - beganNs);
      }
    }
    return looks < INTERVALS * LOOKS;
  });
}

interface Use {
  readonly inUse: number;
  readonly min: number;
  readonly mean: number;
  readonly highWater: number;
}

/** One pool, whose use is told since the operations began to count. */
class Track {
  private readonly count: number;
  private readonly min: number[] = [];
  private readonly mean: number[] = [];
  private readonly highWater: number[] = [];
  private least = Number.POSITIVE_INFINITY;
  private most = 0;
  private leastBefore = Number.POSITIVE_INFINITY;
  private mostBefore = 0;
  private usedNs = 0;
  private spanNs = 0;

  constructor(count: number) {
    this.count = count;
  }

  look({ inUse, min, highWater }: Use): void {
    // A new extreme came about since the last look, even where it is gone again.
    this.least = Math.min(this.least, min < this.leastBefore ? min : inUse);
    this.most = Math.max(this.most, highWater > this.mostBefore ? highWater : inUse);
    this.leastBefore = min;
    this.mostBefore = highWater;
  }

  /** Ends an interval. @param mean since the beginning. */
  end(mean: number, spanNs: number): void {
    const usedNs = mean * spanNs;
    const own = (usedNs - this.usedNs) / Math.max(1, spanNs - this.spanNs);
    const rounded = Math.round(1000 * Math.max(0, own)) / 1000;
    this.mean.push(rounded);
    // There was less than the mean at some time, and more at another, whether or not a look fell there.
    this.min.push(Math.min(this.least, Math.floor(rounded)));
    this.highWater.push(Math.max(this.most, Math.ceil(rounded)));
    this.usedNs = usedNs;
    this.spanNs = spanNs;
    this.least = Number.POSITIVE_INFINITY;
    this.most = 0;
  }

  told(): Omit<PoolTrack, 'name'> {
    const { count, min, mean, highWater } = this;
    return { count, min, mean, highWater };
  }
}
