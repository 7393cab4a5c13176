/**
 * The table that smoltcp has published of its netsim test, and ours over it (`netsim.ts`). Without congestion
 * control, as smoltcp has it. The long form runs each cell as far, and where much is lost with as many seeds,
 * as published; the short one an eighth of the bytes of the cells that are quick.
 */
import { describe, expect, it } from 'vitest';
import { LONG } from '../long.ts';
import { NETSIM_BYTES, NETSIM_CELLS, NETSIM_SECONDS, netsimRate } from './netsim.ts';

const SEEDS = 20;
const SHORT = 8;

describe('bytes a second over a round trip of 100 ms, where a part of all frames is lost', () => {
  it.each(NETSIM_CELLS)('a window of $buffer, $loss lost: at least $published', (cell) => {
    const isSlow = cell.loss >= 0.2;
    const seeds = isSlow && LONG ? SEEDS : 1;
    const [bytes, seconds] = LONG
      ? [NETSIM_BYTES, NETSIM_SECONDS]
      : [NETSIM_BYTES / SHORT, NETSIM_SECONDS / SHORT];
    let sum = 0;
    for (let seed = 1; seed <= seeds; seed++) sum += netsimRate(cell, seed, bytes, seconds);
    const rate = sum / seeds;
    // A short run of few seeds says less: where most is lost it only shows that bytes go through.
    const least = LONG ? 1 : isSlow ? 0.25 : 0.9;
    expect(rate).toBeGreaterThanOrEqual(cell.published * least);
  });
});
