/** What the wire of a storm does to frames, which changes while the storm lasts. */
import type { Random } from '../../src/time/random.ts';

export interface Weather {
  /** Chances of each frame, 0 to 1. */
  readonly loss: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly damage: number;
  /** Every frame takes `delayUs`, and up to `jitterUs` more without a change of order. */
  readonly delayUs: number;
  readonly jitterUs: number;
  /** Packets longer than this are answered by a router (RFC 1191). */
  readonly pathMtu: number;
  readonly down: boolean;
}

export const CALM: Weather = {
  loss: 0,
  duplicate: 0,
  reorder: 0,
  damage: 0,
  delayUs: 500,
  jitterUs: 0,
  pathMtu: 65_535,
  down: false,
};

/** @returns one of several. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)];
}

/** @returns whether something of this probability happens. */
export function chance(random: Random, probability: number): boolean {
  return random.nextFloat() < probability;
}

export function drawWeather(random: Random): Weather {
  return {
    loss: pick(random, [0, 0, 0.01, 0.05, 0.2, 0.4]),
    duplicate: pick(random, [0, 0, 0.02, 0.2]),
    reorder: pick(random, [0, 0, 0.05, 0.4]),
    damage: pick(random, [0, 0, 0.02, 0.1]),
    delayUs: pick(random, [5, 200, 2000, 15_000, 80_000]),
    jitterUs: pick(random, [0, 0, 100, 5000, 50_000]),
    pathMtu: pick(random, [65_535, 65_535, 1400, 900, 600]),
    down: chance(random, 0.08),
  };
}
