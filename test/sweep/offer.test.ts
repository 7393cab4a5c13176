/** What a worker is offered by Redis is read as a file is: anybody may have written it. */
import { describe, expect, it } from 'vitest';
import { parsePlan } from '../../src/sweep/plan.ts';
import { offerText, readOffer } from '../../src/sweep/redis/offer.ts';

const build = { version: '1.2.3', hash: 'c0ffee' };
const text = `
title: of a test
world: pair
workload: { workload: TCP_RR, connections: 4 }
vary: { costs: [card-2005, none], pools.transmitBuffers: [8, 16], link.delay: 10us..80us:x2 }
seeds: 1..3
limit: 1500us
`;
const plan = parsePlan(text, 'plan.yaml');
const offer = { build, plan, profiles: {}, timeoutMs: 1000 };

describe('an offer', () => {
  it('is read as it was written', () => {
    expect(readOffer(offerText(offer), build)).toEqual(offer);
    const without = { ...offer, plan: { ...plan, workload: null } };
    expect(readOffer(offerText(without), build)).toEqual(without);
  });

  it('brings the profiles that its plan names by their files', () => {
    const named = { ...plan, costs: '/no/such/mine.yaml' };
    const whole = { ...offer, plan: named, profiles: { '/no/such/mine.yaml': 'title: mine' } };
    expect(readOffer(offerText(whole), build).profiles).toEqual(whole.profiles);
  });

  it.each<[string, string | object, string]>([
    ['no JSON', 'x', 'an offer expected a map of keys, got nothing'],
    ['something else', '{"format":"x"}', 'it is no offer of a sweep'],
    [
      'another build',
      { build: { version: '1.2.3', hash: 'beef' } },
      'it is of inic 1.2.3 (beef), and this is inic 1.2.3 (c0ffee)',
    ],
    ['no build', { build: 7 }, '"build" expected a map of keys, got 7'],
    ['no plan', { plan: null }, '"plan" expected a map of keys, got null'],
    [
      'a plan with an unknown key',
      { plan: { ...plan, sneaky: 1 } },
      '"sneaky" is not known: expected title, world, workload, costs, vary, seeds, operations, warmup, limit, policy',
    ],
    ['a plan that names a world', { plan: { ...plan, world: 'pair' } }, '"plan" is not one that was read'],
    ['a range', { plan: { ...plan, seeds: '1..3' } }, '"plan" is not one that was read'],
    [
      'a limit of no time',
      { plan: { ...plan, limitNs: 'x' } },
      '"limit" expected a time with its unit, such as 5us, 20ms or 1s, got "x"',
    ],
    ['no end', { timeoutMs: 1e12 }, '"timeoutMs" expected 1 to 86400000, got 1000000000000'],
    [
      'a profile nobody named',
      { profiles: { 'x.yaml': '' } },
      '"profiles" has "x.yaml", which the plan does not name',
    ],
    [
      'a file of the worker',
      { plan: { ...plan, costs: '/etc/x.yaml' } },
      '"profiles" expected the text of "/etc/x.yaml"',
    ],
  ])('with %s is refused', (_, wrong, words) => {
    const written =
      typeof wrong === 'string' ? wrong : JSON.stringify({ format: 'inic-offer', ...offer, ...wrong });
    expect(() => readOffer(written, build)).toThrow(new RangeError(words));
  });

  it('is of at most so many points', () => {
    const values = Array.from({ length: 1000 }, (_, i) => i + 1);
    const huge = { ...plan, vary: { 'pools.transmitBuffers': values, 'pools.receiveBuckets': values } };
    expect(() => readOffer(offerText({ ...offer, plan: huge }), build)).toThrow(
      /"vary" expected at most 100000 points/,
    );
  });
});
