/** Which pools had nothing to give, how often and for how long, as measured points say. */
import type { MeasuredPoint } from '../sweep/point.ts';

/** A pool that ran dry, in the mean over the seeds. */
export interface DryPool {
  /** Card and pool, such as `left.transmit`. */
  readonly pool: string;
  readonly episodes: number;
  /** Share of the time. */
  readonly share: number;
}

/** The largest share of the time in which any one pool had nothing for somebody who asked. */
export function dryShare(point: MeasuredPoint): number {
  return Math.max(0, ...Object.values(point.pools).map(({ dryNs }) => dryNs / point.elapsedNs));
}

/** Those that ran dry, the longest first. @param points one for each seed. */
export function dryPools(points: readonly MeasuredPoint[]): DryPool[] {
  const names = new Set(points.flatMap((point) => Object.keys(point.pools)));
  const meanOf = (value: (point: MeasuredPoint) => number): number =>
    points.reduce((sum, point) => sum + value(point), 0) / points.length;
  return [...names]
    .map((pool) => ({
      pool,
      episodes: meanOf((point) => point.pools[pool]?.dryEpisodes ?? 0),
      share: meanOf((point) => (point.pools[pool]?.dryNs ?? 0) / point.elapsedNs),
    }))
    .filter(({ episodes }) => episodes > 0)
    .sort((a, b) => b.share - a.share || b.episodes - a.episodes || (a.pool < b.pool ? -1 : 1));
}
