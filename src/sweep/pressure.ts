/**
 * How full the pools of a world's cards were, and what its sockets waited for: exact in virtual time, and of
 * the measured operations alone.
 */
import type { PoolUse } from '../ledger/pool-meter.ts';
import type { Stall } from '../ledger/wait-meter.ts';
import type { CardStalls } from '../world/build/pools.ts';
import type { VirtualCard } from '../world/virtual/virtual-card.ts';

/** What can be waited for, in the order in which it is told. */
export const STALLS: readonly (keyof CardStalls)[] = [
  'transmitBuffer',
  'bucket',
  'frame',
  'credit',
  'window',
];

export type StallName = keyof CardStalls;

/** What a card has to give; a window is the peer's. */
const OF_POOLS: readonly StallName[] = ['transmitBuffer', 'bucket', 'frame', 'credit'];

/** By the names of card and pool: `left.transmit`. */
export type WorldPools = Readonly<Record<string, PoolUse>>;
/** Of all cards together. */
export type WorldStalls = Readonly<Record<StallName, Stall>>;

export interface Pressure {
  readonly pools: WorldPools;
  readonly stalls: WorldStalls;
}

/** A world of cards. */
interface CardWorld {
  readonly cards: readonly Pick<VirtualCard, 'name' | 'pools' | 'stalls' | 'beginPools'>[];
}

/** From now on all of it is measured anew. */
export function beginPressure({ cards }: CardWorld): void {
  for (const card of cards) card.beginPools();
}

export function pressureOf({ cards }: CardWorld): Pressure {
  const pools = cards.flatMap((card) =>
    Object.entries(card.pools()).map(([name, use]) => [`${card.name}.${name}`, roundedUse(use)] as const),
  );
  const all = cards.map((card) => card.stalls());
  const stalls = STALLS.map((name) => [name, sumOf(all.map((of) => of[name]))] as const);
  return { pools: Object.fromEntries(pools), stalls: Object.fromEntries(stalls) as WorldStalls };
}

/** Nanoseconds in which sockets waited for something of a pool, those that waited at once added up. */
export function pooledWaitNs(stalls: WorldStalls): number {
  return OF_POOLS.reduce((sum, name) => sum + stalls[name].ns, 0);
}

function roundedUse({ count, min, mean, highWater, dryEpisodes, dryNs }: PoolUse): PoolUse {
  const rounded = { mean: Math.round(mean * 1000) / 1000, dryNs: Math.round(dryNs) };
  return { count, min, mean: rounded.mean, highWater, dryEpisodes, dryNs: rounded.dryNs };
}

function sumOf(stalls: readonly Stall[]): Stall {
  const episodes = stalls.reduce((sum, stall) => sum + stall.episodes, 0);
  return { episodes, ns: Math.round(stalls.reduce((sum, { ns }) => sum + ns, 0)) };
}
