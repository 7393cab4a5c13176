/** Buffers of one pool in use, over time: in each interval the least, the time-weighted mean and the most. */
export interface PoolTrack {
  /** Of card and pool: `left.transmit`. */
  readonly name: string;
  /** Buffers the pool has. */
  readonly count: number;
  readonly min: readonly number[];
  readonly mean: readonly number[];
  readonly highWater: readonly number[];
}
