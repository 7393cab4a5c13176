/** Order-1 in a small form: each claim holds or falls with its cause. */
import { describe, expect, it } from 'vitest';
import { type Claim, verdictOf, verdictText } from '../../src/experiment/claims/judge.ts';
import { readSettings } from '../../src/experiment/claims/settings.ts';
import { AckBacklog, BACKLOG_SLOTS } from '../../src/experiment/order-1/ack-backlog.ts';
import { AS_IT_WAS, CURES } from '../../src/experiment/order-1/arms.ts';
import {
  cureClaims,
  defaultClaim,
  fragmentationClaim,
  jumboClaims,
  peerClaim,
  poolClaims,
  reserveClaim,
  tsoClaim,
} from '../../src/experiment/order-1/claims.ts';
import { factorialEffects } from '../../src/experiment/order-1/factorial.ts';
import { chartsOf, excerptsOf, tablesOf } from '../../src/experiment/order-1/findings.ts';
import { Laboratory } from '../../src/experiment/order-1/laboratory.ts';
import { ORDER_1, sceneOf } from '../../src/experiment/order-1/order-1.ts';
import { runScene } from '../../src/experiment/order-1/scene.ts';
import type { ReceiveAllocator } from '../../src/host/memory/receive-allocator.ts';
import { DEVICE_TSO_SEGMENTS } from '../../src/ledger/counters.gen.ts';
import { Clock } from '../../src/time/clock.ts';
import { trips } from '../rules/trips.ts';

/** A smaller host, until the reader has paused once: what decides is the same. */
const SHORT = { seeds: 3, lowmem: 2 << 20, duration: 40 };

function bench(set: object = {}) {
  const written = Object.entries({ ...SHORT, ...set }).map(([key, value]) => `${key}=${value}`);
  const settings = readSettings(ORDER_1.settings, written, '--set');
  const scene = sceneOf(settings);
  return { scene, laboratory: new Laboratory(scene, settings.seeds()) };
}

const verdicts = (...claims: readonly Claim[]): string[] =>
  claims.map((claim) => verdictText(verdictOf(claim)));

describe('the claims of order-1', () => {
  const asItWas = bench();
  const apart = bench({ fragmentation: 30 });

  it('TSO is guilty of nothing, unless acknowledgements wait in receive buffers', () => {
    expect(verdicts(tsoClaim(asItWas.laboratory, asItWas.scene))).toEqual(['refuted']);
    const coupled = bench({ coupling: true });
    expect(verdicts(tsoClaim(coupled.laboratory, coupled.scene))[0]).toMatch(/^depends on whether acknowl/);
  });

  it('11495 kB is what this host has by itself, and a larger one has more', () => {
    const of = (lowmem: number): string[] => verdicts(defaultClaim(bench({ lowmem }).scene));
    expect([of(8_259_000), of(16_000_000)]).toEqual([['refuted'], ['holds']]);
  });

  it('a larger reserve is a cure that depends on fragmentation', () => {
    const whole = { lowmem: 8_259_000, seeds: 5, duration: 40 };
    expect(verdicts(reserveClaim(bench(whole).laboratory))).toEqual(['depends on fragmentation']);
    expect(verdicts(reserveClaim(apart.laboratory))).toEqual(['refuted']);
  });

  it('buffers are of order 1 without jumbo frames, unless slabs are single pages', () => {
    const [needed] = verdicts(...jumboClaims(asItWas.laboratory));
    expect(needed).toBe('refuted');
    expect(verdicts(...jumboClaims(bench({ slabOrder: 0 }).laboratory))).toEqual(['holds', 'holds']);
    // Where nothing fails they make nothing worse.
    expect(verdicts(...jumboClaims(apart.laboratory))[1]).toBe('refuted');
  });

  it('fragmentation decides, unless reclaim goes on until pages lie side by side', () => {
    expect(verdicts(fragmentationClaim(asItWas.laboratory))).toEqual(['holds']);
    expect(verdicts(fragmentationClaim(bench({ reclaim: 'order' }).laboratory))).toEqual(['refuted']);
    expect(verdicts(fragmentationClaim(apart.laboratory))).toEqual(['refuted']);
  });

  it('single pages, reclaim and a pool cure it, TSO off and a larger ring do not', () => {
    const names = cureClaims(asItWas.laboratory).map(({ name }) => name);
    expect(names).toEqual(['tso-off', 'order-0', 'ring', 'ring-hides', 'reclaim']);
    expect(verdicts(...cureClaims(asItWas.laboratory))).toEqual([
      'refuted',
      'holds',
      'refuted',
      'holds',
      'holds',
    ]);
    // Where nothing ails, nothing is cured.
    expect(verdicts(...cureClaims(apart.laboratory))).toEqual(names.map(() => 'refuted'));
  });

  it('a pool never fails, and loses frames once it is dry', () => {
    const [never, lossless] = verdicts(...poolClaims(asItWas.laboratory));
    expect([never, lossless.slice(0, 27)]).toEqual(['holds', 'depends on how many buffers']);
    expect(verdicts(...poolClaims(bench({ pool: 1024 }).laboratory))[1]).toBe('refuted');
  });

  it('the peer pays for it, and does not where pages lie side by side', () => {
    expect(verdicts(peerClaim(asItWas.laboratory))).toEqual(['holds']);
    expect(verdicts(peerClaim(apart.laboratory))).toEqual(['refuted']);
  });

  it('are told with tables, pictures and the words of the kernel', () => {
    const { laboratory } = bench({ seeds: 1, duration: 25 });
    const [cures, cells, effects] = tablesOf(laboratory);
    expect(cures.rows.map(([name]) => name)).toEqual(CURES.map(({ name }) => name));
    expect(cells.rows.map(([, reserve]) => reserve)).toEqual([
      '5792',
      '5792',
      '65536',
      '65536',
      '5792',
      '5792',
      '65536',
      '65536',
    ]);
    expect(effects.rows).toHaveLength(7);
    for (const { series } of chartsOf(laboratory)) {
      for (const { points } of series) expect(points.every(({ y }) => y >= 0)).toBe(true);
    }
    const [failure, info] = excerptsOf(asItWas.laboratory);
    expect(failure.text).toMatch(/^swapper: page allocation failure\. order:1, mode:0x4020\nCall Trace:/);
    const calls = ['__alloc_pages', 'new_slab', '__netdev_alloc_skb', 'tg3_alloc_rx_skb', 'tg3_poll'];
    const at = calls.map((name) => failure.text.indexOf(` [${name}]\n`));
    expect(at.every((place, i) => place > (at[i - 1] ?? 0))).toBe(true);
    expect(info.text.split('\n')).toHaveLength(2);
  });
});

describe('a run of the case', () => {
  it('is the same again with its seed, and another with another', () => {
    const { scene } = bench();
    const [first, again, other] = [1, 1, 2].map((seed) => runScene(scene, seed));
    expect(again).toEqual(first);
    expect(other.failures).not.toBe(first.failures);
    expect(first.failures).toBeGreaterThan(100);
    expect(first.failures).toBe(first.unfilled);
    expect(first.discards).toBeGreaterThan(0);
  });

  it('drains a ring of whatever length, the longer the later', () => {
    const lost = [50, 200, 1000].map((ring) => runScene({ ...bench().scene, ring }, 1).discards);
    expect(lost[0]).toBeGreaterThan(lost[1]);
    expect(lost[1]).toBeGreaterThan(lost[2]);
    expect(lost[2]).toBe(0);
  });
});

describe('a factorial experiment', () => {
  const names = ['a', 'b', 'c'];
  const cells = (value: (a: number, b: number, c: number) => number): number[][] =>
    Array.from({ length: 8 }, (_, cell) => [value(cell & 1, (cell >> 1) & 1, cell >> 2)]);
  const means = (value: (a: number, b: number, c: number) => number): Record<string, number> =>
    Object.fromEntries(factorialEffects(names, '', cells(value)).map(({ what, mean }) => [what, mean]));

  it('finds the effect of each factor, and what two do together', () => {
    const none = { a: 0, b: 0, c: 0, 'a × b': 0, 'a × c': 0, 'b × c': 0, 'a × b × c': 0 };
    expect(means((a) => 10 + 4 * a)).toEqual({ ...none, a: 4 });
    expect(means((_, b, c) => 3 * b - c)).toEqual({ ...none, b: 3, c: -1 });
    expect(means((a, b) => 8 * a * b)).toEqual({ ...none, a: 4, b: 4, 'a × b': 4 });
  });

  trips('factorial: each cell has its place', () => factorialEffects(names, '', [[1]]));
});

describe('acknowledgements that wait', () => {
  it('take a buffer for two segments that the device cut, for 30 ms', () => {
    const taken = new Set<number>();
    const buffers = {
      take: (slot: number) => taken.size < 5 && taken.add(slot).size > 0,
      give: (slot: number) => taken.delete(slot),
    } as unknown as ReceiveAllocator;
    const counters = new Float64Array(DEVICE_TSO_SEGMENTS + 1);
    const clock = new Clock();
    const at = (ms: number): number => {
      clock.set(ms * 1e6);
      backlog.poll();
      return taken.size;
    };
    const backlog = new AckBacklog(buffers, 100, counters, clock);
    counters[DEVICE_TSO_SEGMENTS] = 7;
    expect(at(1)).toBe(3);
    counters[DEVICE_TSO_SEGMENTS] = 40;
    expect([at(2), at(30.9), at(31.1), at(33)]).toEqual([5, 5, 2, 0]);
    expect([...taken].every((slot) => slot >= 100 && slot < 100 + BACKLOG_SLOTS)).toBe(true);
  });
});

it('what has been measured once is not measured again', () => {
  const { laboratory } = bench();
  expect(laboratory.outcomes(AS_IT_WAS)).toBe(laboratory.outcomes({ name: 'by another name', change: {} }));
});
