/** Advice about small worlds, held against all of their points. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Advice, advise, advisePlan } from '../../src/advise/advise.ts';
import { isSize, SizeGrid, searchable } from '../../src/advise/grid.ts';
import { Points } from '../../src/advise/points.ts';
import { parseTargets } from '../../src/advise/target.ts';
import { verdictOf } from '../../src/advise/verdict.ts';
import { adviceText } from '../../src/report/advice-text.ts';
import { pointCount, readPlan, type SweepPlan } from '../../src/sweep/plan.ts';
import type { PointResult } from '../../src/sweep/point.ts';
import { testFolder } from '../cli/commands.ts';

const folder = testFolder();
const out = join(folder, 'all.jsonl');

/** Two small cards, which are quickly made. */
const card = (host: string, address: string): object => ({
  host,
  ports: { eth0: { address } },
  driver: { socketsMax: 32 },
  pools: { transmitBuffers: 64, transmitBufferBytes: 4096, receiveBuckets: 64, receiveBucketBytes: 4096 },
});
const noPlan = {
  world: {
    hosts: { left: {}, right: {} },
    cards: { left: card('left', '10.0.0.1/24'), right: card('right', '10.0.0.2/24') },
    links: { wire: { ends: ['left.eth0', 'right.eth0'], rate: '10Gbit/s', delay: '20us' } },
  },
  workload: { workload: 'TCP_RR', connections: 8, size: 2048 },
};

const PLAN: SweepPlan = readPlan({
  ...noPlan,
  workload: { ...noPlan.workload, service: '1us', spread: 'exponential' },
  costs: 'card-2005',
  vary: {
    'pools.transmitBuffers': [32, 1, 2, 4, 8, 16],
    'driver.transmitDryPolicy': ['EAGAIN', 'block'],
    'pools.receiveBuckets': [4, 8, 16, 32],
  },
  seeds: [1, 2, 3],
  operations: 100,
});

describe('a plan with two sizes and two policies', () => {
  const all = new Map<number, PointResult[]>();
  const grid = new SizeGrid(PLAN);

  beforeAll(async () => {
    const points = new Points(PLAN, { out });
    const combinations = Array.from({ length: pointCount(PLAN) / 3 }, (_, i) => i);
    (await points.resultsOf(combinations)).forEach((results, i) => {
      all.set(i, results);
    });
    await points.close();
    expect(points.measured).toBe(144);
  }, 120_000);

  /** The least memory, all cards together, of the points that meet a target; whether larger does no harm. */
  function fullGrid(target: string, question: number): { least: number; harmless: boolean } {
    const clauses = parseTargets([target]);
    const { space, combinationOf } = grid.questions[question];
    const resultsAt = (point: number): PointResult[] => all.get(combinationOf(point)) ?? [];
    const best = resultsAt(space.costs.length - 1);
    const meets = (point: number): boolean =>
      verdictOf(clauses, resultsAt(point), best, grid.cardBytes(combinationOf(point))).meets;
    const points = [...space.costs.keys()];
    const columns = space.lengths[1];
    const noLarger = (a: number, b: number): boolean =>
      Math.floor(a / columns) <= Math.floor(b / columns) && a % columns <= b % columns;
    const passing = points.filter(meets);
    const failing = points.filter((point) => !passing.includes(point));
    return {
      least: Math.min(...passing.map((point) => space.costs[point])),
      harmless: !failing.some((larger) => passing.some((point) => noLarger(point, larger))),
    };
  }

  it.each([
    'rate > 95% best',
    'rate > 60% best',
    'p99 < 2x best',
    'p50 < 1.2x best and rate > 50% best',
    'p99 < 1.5x best and memory < 620KiB',
    'mean < 3ms',
    'throughput > 100 Mbit/s',
    'rate > 10M/s',
    'p99 < 2x best and memory < 256KiB',
  ])(
    'gets the answer of the full grid from fewer points: %s',
    async (target) => {
      const advice = await advisePlan(PLAN, [target], { out, resume: true });
      expect(advice.searched).toEqual(['pools.transmitBuffers', 'pools.receiveBuckets']);
      expect(advice.gridPoints).toBe(144);
      expect(advice.points).toBeLessThan(90);
      expect(advice.drawn).toBe(true);
      advice.answers.forEach(({ smallest, nearest, binds }, question) => {
        const { least, harmless } = fullGrid(target, question);
        const bytes = smallest?.memory.reduce((sum, use) => sum + use.bytes, 0);
        if (harmless) expect(bytes ?? Number.POSITIVE_INFINITY).toBe(least);
        else expect(bytes ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(least);
        expect(smallest === undefined).toBe(nearest !== undefined);
        for (const { smaller } of binds) expect(smaller?.verdict.meets ?? false).toBe(false);
      });
      // Everything was measured before.
      expect(readFileSync(out, 'utf8').trimEnd().split('\n')).toHaveLength(145);
    },
    60_000,
  );

  it('says for each policy what binds next', async () => {
    const advice = await advisePlan(PLAN, ['rate > 95% best'], { out, resume: true });
    expect(advice.answers.map(({ others }) => others)).toEqual([
      { 'driver.transmitDryPolicy': 'EAGAIN' },
      { 'driver.transmitDryPolicy': 'block' },
    ]);
    const text = adviceText(advice);
    expect(text).toContain('With driver.transmitDryPolicy=block:');
    expect(text.match(/ binds next: with /g)).toHaveLength(2);
    for (const { smallest, best } of advice.answers) {
      expect(best.sizes).toEqual({ 'pools.transmitBuffers': 32, 'pools.receiveBuckets': 32 });
      expect(smallest?.verdict.held[0].compared.low).toBeGreaterThan(0.95);
    }
  });

  it('says what would do with more memory', async () => {
    const advice = await advisePlan(PLAN, ['p99 < 2x best', 'memory < 256KiB'], { out, resume: true });
    for (const { smallest, withMoreMemory, nearest } of advice.answers) {
      expect(smallest).toBeUndefined();
      expect(withMoreMemory?.verdict.held.map(({ meets }) => meets)).toEqual([true, false]);
      expect(nearest).toBeDefined();
      expect(withMoreMemory?.memory.map(({ card: name }) => name)).toEqual(['left', 'right']);
    }
    expect(adviceText(advice)).toMatch(
      /No sizes of the plan meet the target.\nNearest: pools.*\nWith .* MiB, .* would do./,
    );
  });
});

describe('what is searched', () => {
  it.each([
    ['pools.transmitBuffers', [1, 2], true],
    ['cards.sink.pools.inboundFrames', [64, 128], true],
    ['packetSlots', [64, 128], true],
    ['cards.left.rxRing', [16, 32], true],
    ['pools.transmitBuffers', [8], false],
    ['driver.transmitDryPolicy', ['EAGAIN', 'block'], false],
    ['workload.connections', [1, 2], false],
  ])('%s=%j: %s', (path, values, size) => {
    expect(isSize(path, values)).toBe(size);
  });

  it('are the two data pools where a plan varies no size', () => {
    const plan = searchable(
      readPlan({
        world: {
          hosts: { one: {} },
          cards: {
            nic: { host: 'one', ports: { eth0: { address: '10.0.0.1/24' } }, pools: { transmitBuffers: 24 } },
          },
        },
        workload: { workload: 'TCP_RR' },
        vary: { 'driver.transmitDryPolicy': ['EAGAIN', 'block'] },
      }),
    );
    expect(Object.keys(plan.vary)).toEqual([
      'driver.transmitDryPolicy',
      'pools.transmitBuffers',
      'pools.receiveBuckets',
    ]);
    expect(plan.vary['pools.transmitBuffers']).toEqual([2, 4, 8, 16, 24]);
    expect(plan.vary['pools.receiveBuckets']).toEqual([4, 8, 16, 32, 64, 128, 256, 512, 1024]);
    expect(searchable(PLAN)).toBe(PLAN);
  });

  it('takes the memory that the world plans for those cards whose sizes change', () => {
    const [question] = new SizeGrid(
      readPlan({ ...noPlan, vary: { 'cards.right.pools.transmitBuffers': [1, 64], packetSlots: [256] } }),
    ).questions;
    const grid = new SizeGrid(
      readPlan({ ...noPlan, vary: { 'cards.right.pools.transmitBuffers': [1, 64] } }),
    );
    expect(question.space.lengths).toEqual([2]);
    expect(grid.memoryAt(0).map(({ card }) => card)).toEqual(['right']);
    expect(grid.cardBytes(1) - grid.cardBytes(0)).toBeGreaterThanOrEqual(63 * 4096);
  });
});

describe('the library', () => {
  const plan = {
    ...noPlan,
    vary: { 'pools.transmitBuffers': [2, 16, 64] },
    operations: 100,
    seeds: [1, 2],
  };

  it('takes a plan as its file has it, and says that nothing is drawn', async () => {
    const advice: Advice = await advise(plan, 'rate > 50% best');
    expect(advice.drawn).toBe(false);
    expect(advice.answers[0].smallest?.verdict.meets).toBe(true);
    expect(adviceText(advice)).toContain('The 2 seeds change nothing');
  });

  it('refuses a plan or a target before anything runs', async () => {
    await expect(advise(plan, 'fast')).rejects.toThrow(RangeError);
    await expect(advise({ ...plan, wold: 1 }, 'rate > 50% best')).rejects.toThrow(/"wold" is not known/);
    const stream = { ...plan, workload: { workload: 'TCP_STREAM' } };
    await expect(advise(stream, 'p99 < 1ms')).rejects.toThrow(/of a workload without requests/);
    await expect(advise('nowhere.yaml', 'p99 < 1ms')).rejects.toThrow(/there is no plan "nowhere.yaml"/);
  });

  it('ends early when it is told to', async () => {
    const { signal } = { signal: AbortSignal.abort() };
    await expect(advise(plan, 'rate > 50% best', { signal })).rejects.toThrow('ended early');
  });
});
