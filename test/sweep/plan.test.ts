/** Plans: the grid they make, and what is refused, with its line. */
import { describe, expect, it } from 'vitest';
import { parsePlan, pointCount, settingsOf, worldOf } from '../../src/sweep/plan.ts';
import { readValues, valuesOfText } from '../../src/sweep/values.ts';
import { readTopology } from '../../src/world/topology.ts';

const PLAN = `title: a small one
world: pair
workload: { workload: TCP_RR, connections: 4, size: 64 }
costs: card-2005
vary:
  pools.transmitBuffers: 2..8:x2
  driver.transmitDryPolicy: [EAGAIN, block]
  workload.size: [64, 4096]
  link.delay: 10us..30us:+20
seeds: 1..2
operations: 100
`;

const parsed = (text: string) => parsePlan(text, 'plan.yaml');

describe('values', () => {
  it.each([
    ['1..4', [1, 2, 3, 4]],
    ['2..1024:x4', [2, 8, 32, 128, 512]],
    ['0..64:+32', [0, 32, 64]],
    ['5us..20us:x2', ['5us', '10us', '20us']],
    ['EAGAIN', ['EAGAIN']],
    [
      [true, false],
      [true, false],
    ],
  ])('%s', (written, values) => {
    expect(readValues(written, '"vary.x"')).toEqual(values);
  });

  it('of a command line', () => {
    expect(valuesOfText('EAGAIN,block', 'x')).toEqual(['EAGAIN', 'block']);
    expect(valuesOfText('1..3,8,true', 'x')).toEqual([1, 2, 3, 8, true]);
  });

  it.each([
    [[], '"vary.x" is an empty grid: expected a list, or a range such as'],
    ['8..2', '"vary.x" is an empty grid'],
    ['1..8:y2', '"vary.x" expected a list, or a range such as 1..8, 0..64:+16 or 2..1024:x2, got "1..8:y2"'],
    ['0..8:x2', '"vary.x" expected a range that rises'],
    ['1us..8ms', '"vary.x" expected one unit at both ends of a range'],
    ['1..1000000', '"vary.x" expected at most 10000 values'],
    [[1, 1], '"vary.x" has 1 twice'],
    [[{}], '"vary.x" expected a list'],
  ])('%s is refused', (written, words) => {
    expect(() => readValues(written, '"vary.x"')).toThrow(words);
  });
});

describe('a plan', () => {
  it('has its points in the order written, the seed changing fastest', () => {
    const plan = parsed(PLAN);
    expect(pointCount(plan)).toBe(3 * 2 * 2 * 2 * 2);
    expect(plan.warmup).toBe(10);
    const first = { 'pools.transmitBuffers': 2, 'driver.transmitDryPolicy': 'EAGAIN', 'workload.size': 64 };
    expect(settingsOf(plan, 0)).toEqual({ ...first, 'link.delay': '10us', seed: 1 });
    expect(settingsOf(plan, 1)).toEqual({ ...first, 'link.delay': '10us', seed: 2 });
    expect(settingsOf(plan, 2)).toEqual({ ...first, 'link.delay': '30us', seed: 1 });
    expect(settingsOf(plan, 47)['pools.transmitBuffers']).toBe(8);
  });

  it('makes worlds of them', () => {
    const plan = parsed(PLAN);
    const world = readTopology(worldOf(plan, settingsOf(plan, 47)));
    expect(world.seed).toBe(2);
    expect(world.cards.map(({ config }) => config.pools.transmitBuffers)).toEqual([8, 8]);
    expect(world.cards[0].config.driver.transmitDryPolicy).toBe('block');
    expect(world.links[0].pipe.delayNs).toBe(30_000);
    expect(world.programs.map(({ sizeBytes, connections }) => [sizeBytes, connections])).toEqual([
      [4096, 4],
      [4096, 4],
    ]);
  });

  it.each([
    ['title:', 'titel:', 'plan.yaml:1: "titel" is not known: did you mean title?'],
    [
      'world: pair',
      'world: pear',
      'plan.yaml:2: "world" expected a world, or the name of one: pair, star, got "pear"',
    ],
    ['size: 64 }', 'syze: 64 }', 'plan.yaml:3: "workload.syze" is not known'],
    ['size: 64 }', 'size: 64, connections: 9 }', 'plan.yaml:3: Map keys must be unique'],
    ['connections: 4', 'connections: 0', 'plan.yaml:3: "workload.connections" expected a whole number'],
    ['card-2005', 'card-1998', 'plan.yaml:4: "costs": there is no cost profile "card-1998"'],
    ['2..8:x2', '0..8', 'plan.yaml:6: "vary.pools.transmitBuffers": "cards.left.pools.transmitBuffers"'],
    ['2..8:x2', '[]', 'plan.yaml:6: "vary.pools.transmitBuffers" is an empty grid'],
    [
      'DryPolicy',
      'WetPolicy',
      'plan.yaml:7: "vary.driver.transmitWetPolicy": "cards.left.driver.transmitWet',
    ],
    ['[64, 4096]', '[64, many]', 'plan.yaml:8: "vary.workload.size" expected a whole number'],
    ['10us..30us:+20', '[10, 20]', 'plan.yaml:9: "vary.link.delay": "links.wire.delay" expected a time with'],
    ['link.delay', 'lnik.delay', 'plan.yaml:9: "vary.lnik.delay" is not known: did you mean link or links?'],
    ['link.delay', 'delay', 'plan.yaml:9: "vary.delay" is not known: did you mean link.delay?'],
    ['link.delay', 'conections', '"vary.conections" is not known: did you mean workload.connections?'],
    ['link.delay', 'transmitBuffers', 'did you mean pools.transmitBuffers?'],
    ['link.delay', 'a.b', '"vary.a.b" is not known: expected a path such as pools.transmitBuffers,'],
    ['link.delay', 'seed', 'plan.yaml:9: "vary.seed" is not known: "seeds" says them'],
    ['1..2', '[a]', 'plan.yaml:10: "seeds" expected whole numbers'],
    ['operations: 100', 'operations: 1e', 'plan.yaml:11: "operations" expected a whole number'],
    ['operations: 100', 'limit: 60', 'plan.yaml:11: "limit" expected a time with its unit'],
    ['1..2', '1..9999', 'plan.yaml:5: "vary" expected at most 100000 points, got 239976'],
  ])('refuses %s -> %s, with its line', (from, to, words) => {
    expect(() => parsed(PLAN.replace(from, to))).toThrow(words);
  });

  it('refuses what is no plan at all, or has no grid', () => {
    expect(() => parsed('- 1')).toThrow('plan.yaml:1: a plan expected a map of keys, got [1]');
    expect(() => parsed('world: pair')).toThrow('plan.yaml:1: "vary" expected settings with their values');
    expect(() => parsed('world: pair\nvary: {}')).toThrow('plan.yaml:2: "vary" is an empty grid');
  });

  it('is a single point without a grid, where one is asked for', () => {
    const plan = parsePlan('world: pair\nworkload: { workload: TCP_RR }\nseeds: [3]', 'plan.yaml', {
      single: true,
    });
    expect([pointCount(plan), settingsOf(plan, 0)]).toEqual([1, { seed: 3 }]);
    const bad = 'world: pair\nworkload: { workload: TCP_RR, connections: 0 }';
    expect(() => parsePlan(bad, 'plan.yaml', { single: true })).toThrow(/^plan\.yaml:2: .*connections/);
  });
});

describe('the rules of a policy in a plan', () => {
  const withPolicy = (policy: string) => parsePlan(`${PLAN}policy: ${policy}\n`, 'plan.yaml');

  it('are a text of several lines, a list, or one rule', () => {
    expect(withPolicy('|\n  port 80 => offload\n  any => no-offload').policy).toBe(
      'port 80 => offload\nany => no-offload\n',
    );
    expect(withPolicy('\n  - port 80 => offload\n  - any => no-offload').policy).toBe(
      'port 80 => offload\nany => no-offload',
    );
    expect(withPolicy('any => offload').policy).toBe('any => offload');
    expect(parsed(PLAN)).not.toHaveProperty('policy');
  });

  it.each([
    ['|\n  # web\n  port 80 => offload\n  any =>', 'plan.yaml:15: "policy.2", column 7: expected "offload"'],
    ['\n  - any => offload\n\n  - prot 80 => offload', 'plan.yaml:15: "policy.1", column 1: expected "any"'],
    ['any => ofload', 'plan.yaml:12: "policy.0", column 8: expected "offload"'],
    ['5', 'plan.yaml:12: "policy" expected rules, one a line or one an item'],
    ['[80]', 'plan.yaml:12: "policy" expected rules, one a line or one an item'],
    ['|\n  # none', 'plan.yaml:12: "policy" expected at least one rule'],
    [
      'any => offload, device toe9',
      'plan.yaml:12: "policy": rule 1 names the device "toe9", which no host has: expected toe0',
    ],
  ])('are refused with their line: %j', (policy, words) => {
    expect(() => withPolicy(policy)).toThrow(words);
  });
});
