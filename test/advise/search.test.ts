/** The search over surfaces that are made up: the same answer as the full grid has, with fewer points. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Found, Grid, type Space, search, stridesOf } from '../../src/advise/search.ts';
import { trips } from '../rules/trips.ts';
import '../seeded.ts';

const count = (lengths: readonly number[]): number => lengths.reduce((a, b) => a * b, 1);

/** A grid whose costs rise with each size, and which passes where `passes` says so. */
function spaceOf(lengths: readonly number[], weights: readonly number[]): Space {
  const strides = stridesOf(lengths);
  const costs = Float64Array.from({ length: count(lengths) }, (_, point) =>
    lengths.reduce((sum, length, i) => sum + weights[i] * 2 ** (Math.floor(point / strides[i]) % length), 0),
  );
  return { lengths, costs };
}

async function run(
  space: Space,
  passes: (point: number) => boolean,
  atOnce = 1,
): Promise<Found & { rounds: number }> {
  const seen = new Set<number>();
  let rounds = 0;
  const found = await search(
    space,
    async (points) => {
      rounds += 1;
      for (const point of points) {
        expect(seen.has(point)).toBe(false);
        seen.add(point);
      }
      return points.map(passes);
    },
    atOnce,
  );
  expect(seen.size).toBe(found.judged.size);
  return { ...found, rounds };
}

function cheapest({ costs, admitted }: Space, passes: (point: number) => boolean): number | undefined {
  const passing = [...costs.keys()].filter((point) => passes(point) && admitted?.[point] !== 0);
  return passing.length === 0 ? undefined : Math.min(...passing.map((point) => costs[point]));
}

const places = (lengths: readonly number[], point: number): number[] =>
  stridesOf(lengths).map((stride, i) => Math.floor(point / stride) % lengths[i]);
const isWithin = (lengths: readonly number[], a: number, b: number): boolean => {
  const [from, to] = [places(lengths, a), places(lengths, b)];
  return from.every((place, i) => place <= to[i]);
};

const grids = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 3 });
/** Corners: what is at least as large as any of them passes. */
const cases = grids.chain((lengths) =>
  fc.record({
    lengths: fc.constant(lengths),
    weights: fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 3, maxLength: 3 }),
    corners: fc.array(fc.nat(count(lengths) - 1), { maxLength: 4 }),
    atOnce: fc.integer({ min: 1, max: 4 }),
  }),
);

describe('where larger sizes do no harm', () => {
  it('the answer is the cheapest of the whole grid', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ lengths, weights, corners, atOnce }) => {
        const space = spaceOf(lengths, weights);
        const passes = (point: number): boolean => corners.some((corner) => isWithin(lengths, corner, point));
        const { answer, dips } = await run(space, passes, atOnce);
        expect(answer === undefined ? undefined : space.costs[answer]).toBe(cheapest(space, passes));
        expect(dips).toEqual([]);
      }),
    );
  });

  it('few points are measured', async () => {
    const lengths = [10, 9];
    const space = spaceOf(lengths, [16, 24]);
    for (let corner = 0; corner < count(lengths); corner++) {
      const { judged } = await run(space, (point) => isWithin(lengths, corner, point));
      expect(judged.size).toBeLessThanOrEqual(22);
    }
    const line = spaceOf([1000], [1]);
    line.costs.forEach((_, i) => {
      line.costs[i] = i;
    });
    for (const corner of [0, 1, 137, 500, 998, 999]) {
      const { answer, judged } = await run(line, (point) => point >= corner);
      expect(answer).toBe(corner);
      expect(judged.size).toBeLessThanOrEqual(15);
      // Two at once take fewer rounds.
      expect((await run(line, (point) => point >= corner, 2)).rounds).toBeLessThanOrEqual(11);
    }
  });

  it('what is not admitted is not the answer', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 600 }), async (surface, limit) => {
        const { lengths, weights, corners, atOnce } = surface;
        const free = spaceOf(lengths, weights);
        const space = { ...free, admitted: Uint8Array.from(free.costs, (cost) => (cost < limit ? 1 : 0)) };
        const passes = (point: number): boolean => corners.some((corner) => isWithin(lengths, corner, point));
        const { answer } = await run(space, passes, atOnce);
        expect(answer === undefined ? undefined : space.costs[answer]).toBe(cheapest(space, passes));
      }),
    );
  });
});

describe('where larger sizes may do harm', () => {
  it('the answer passes, none of its neighbours that are smaller does, and each dip is one', async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.infiniteStream(fc.boolean()), async ({ lengths, weights }, coins) => {
        const space = spaceOf(lengths, weights);
        const truth = Array.from(space.costs, () => coins.next().value === true);
        const { answer, judged, dips } = await run(space, (point) => truth[point]);
        if (answer === undefined) {
          expect(truth[truth.length - 1]).toBe(false);
          return;
        }
        expect(truth[answer]).toBe(true);
        const strides = stridesOf(lengths);
        places(lengths, answer).forEach((place, i) => {
          if (place > 0) expect(judged.get(answer - strides[i])).toBe(false);
          if (place < lengths[i] - 1) expect(judged.has(answer + strides[i])).toBe(true);
        });
        for (const dip of dips) {
          expect(truth[dip]).toBe(false);
          expect([...judged].some(([point, passed]) => passed && isWithin(lengths, point, dip))).toBe(true);
        }
      }),
    );
  });

  it('the answer is found though the largest fails', async () => {
    const space = spaceOf([10], [1]);
    const { answer, dips } = await run(space, (point) => point >= 2 && point <= 6);
    expect(answer).toBe(2);
    expect(dips).toContain(9);
  });

  it('a hole beside the answer is seen', async () => {
    const { answer, dips } = await run(spaceOf([10], [1]), (point) => point >= 3 && point !== 4);
    expect([answer, dips]).toEqual([3, [4]]);
    expect((await run(spaceOf([10], [1]), (point) => point >= 3 && point !== 5)).answer).toBe(3);
  });

  it('a smaller neighbour that passes after all is taken', async () => {
    // Of both sizes together 2 are enough, and 3 are not.
    const lengths = [6, 6];
    const passes = (point: number): boolean => {
      const [a, b] = places(lengths, point);
      return (a >= 4 && b >= 4) || (a === 3 && b >= 4);
    };
    const { answer } = await run(spaceOf(lengths, [1, 1]), passes);
    expect(answer).toBe(3 * 6 + 4);
  });
});

describe('the grid', () => {
  const nobody = async (): Promise<boolean[]> => [];
  trips('search: each point of the grid has a cost', () =>
    search({ lengths: [3], costs: new Float64Array(2) }, nobody),
  );
  trips('search: each point that is asked for is judged', () =>
    new Grid({ lengths: [1], costs: new Float64Array(1) }, nobody).learn([0], []),
  );
});
