/** Where offload pays, and what binds: the figures follow from what is set, and turn over where it does. */
import { describe, expect, it } from 'vitest';
import { ARMS } from '../../src/compare/arms.ts';
import { breakEvenMap, breakEvenSpeed, MAP_SPEEDS, type MapCell } from '../../src/compare/break-even.ts';
import { compareArms } from '../../src/compare/compare.ts';
import { binding, type Use } from '../../src/compare/use.ts';
import { breakEvenChart, breakEvenText, mapRows } from '../../src/report/break-even-text.ts';
import { planOf } from '../../src/sweep/short-form.ts';

const cell = (hostSpeed: number, ratio: number): MapCell => ({
  sizeBytes: 64,
  life: 'for ever',
  hostSpeed,
  ratio,
  hostBinds: 'host',
  cardBinds: undefined,
});

describe('where both are even', () => {
  it('lies between the speeds at which one and the other wins', () => {
    expect(breakEvenSpeed([cell(1, 2), cell(2, 1.5), cell(4, 0.5)])).toBe(3);
    expect(breakEvenSpeed([cell(1, 0.5), cell(2, 1.5)])).toBe(1.5);
  });

  it('is nowhere where one side always wins', () => {
    expect(breakEvenSpeed([cell(1, 2), cell(2, 1)])).toBeUndefined();
    expect(breakEvenSpeed([cell(1, 0.9), cell(2, 0.8)])).toBeUndefined();
  });
});

describe('what binds', () => {
  const use: Use = { host: 0.2, card: 0.9, bus: 0.5, wire: 0.1 };
  it('is the busiest part, if it is busy nearly all the time', () => {
    expect(binding(use)).toBe('card');
    expect(binding({ ...use, wire: 0.99 })).toBe('wire');
    expect(binding({ ...use, card: 0.6 })).toBeUndefined();
  });

  const usesOf = (workload: string, more: object): Record<string, Use> => {
    const plan = planOf({ vary: [], workload, connections: 8, operations: 300, link: '10G,20us', ...more });
    const arms = ARMS.filter(({ name }) => !['host+checksum', 'host+GSO'].includes(name));
    const results = compareArms(plan, arms, { hostSpeed: 1, systemCallNs: 200 });
    return Object.fromEntries(results.map(({ arm, figures }) => [arm.name, figures.use]));
  };

  it('is the wire for a stream, whoever runs TCP/IP, and no more so on a faster one', () => {
    const slow = usesOf('TCP_STREAM', { connections: 1, size: 65_536 });
    for (const [name, own] of Object.entries(slow)) {
      expect(binding(own), name).toBe('wire');
      expect(own.wire, name).toBeLessThan(1.01);
    }
    const fast = usesOf('TCP_STREAM', { connections: 1, size: 65_536, link: '400G,1us' });
    expect(binding(fast['host'])).toBe('host');
  });

  it('is the processor that sets connections up, the host or the card', () => {
    const uses = usesOf('TCP_CRR', { connections: 32, size: 128, link: '100G,2us' });
    expect([binding(uses['host']), binding(uses['inic'])]).toEqual(['host', 'card']);
  });
});

it('draws the map, and says the same again', () => {
  const options = {
    costs: 'card-2002',
    connections: 4,
    link: '1G,20us',
    operations: 30,
    seeds: [1],
    thinkUs: 0,
  };
  const steps: number[] = [];
  const cells = breakEvenMap(options, 200, (done, total) => steps.push(done / total));
  expect(steps.at(-1)).toBe(1);
  expect(steps).toHaveLength(6 * (MAP_SPEEDS.length + 1));
  expect(cells).toHaveLength(6 * MAP_SPEEDS.length);
  // A host can only gain by being faster: the card's rate over its own falls, but for what chance moves.
  for (const { cells: row } of mapRows(cells)) expect(row[0].ratio).toBeGreaterThan(row[5].ratio - 0.05);
  const text = breakEvenText('a map', cells, (word) => word);
  expect(text.split('\n').filter((line) => line.startsWith('one request'))).toHaveLength(3);
  expect(breakEvenChart(cells).series).toHaveLength(6);
  expect(breakEvenMap(options, 200, () => undefined)).toEqual(cells);
});
