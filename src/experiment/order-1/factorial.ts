/**
 * A full factorial experiment of three factors at two levels, each cell measured with the same seeds: the
 * mean effect of each factor, and of each two and all three together (Box, Hunter and Hunter, "Statistics for
 * Experimenters", chapter 5), with their intervals over seeds.
 */
import { assert } from '../../assert/assert.ts';
import { type Effect, effectOf } from '../claims/effect.ts';

/** Factors of the experiment; a cell's number has a bit for each that is at its upper level. */
export const FACTORS = 3;
const CELLS = 1 << FACTORS;

/**
 * @param names of the factors, lowest bit first. @param cells values of each cell, one of each seed.
 * @returns how much more is measured at the upper level than at the lower, for each set of factors.
 */
export function factorialEffects(
  names: readonly string[],
  unit: string,
  cells: readonly (readonly number[])[],
): Effect[] {
  assert(names.length === FACTORS && cells.length === CELLS, 'factorial: each cell has its place');
  const seeds = cells[0].length;
  const sets = Array.from({ length: CELLS - 1 }, (_, i) => i + 1).sort((a, b) => sizeOf(a) - sizeOf(b));
  return sets.map((set) => {
    const what = names.filter((_, factor) => (set & (1 << factor)) !== 0).join(' × ');
    const values = Array.from({ length: seeds }, (_, seed) => {
      const signed = cells.map((values, cell) => values[seed] * signOf(set, cell));
      return signed.reduce((sum, value) => sum + value, 0) / (CELLS / 2);
    });
    return effectOf(what, unit, values);
  });
}

/** 1 where an even number of the set's factors is at its lower level. */
function signOf(set: number, cell: number): number {
  return sizeOf(set & ~cell) % 2 === 0 ? 1 : -1;
}

function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size += 1;
  return size;
}
