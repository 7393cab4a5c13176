import { describe, expect, it } from 'vitest';
import { SpinPolicy } from '../../src/time/spin-policy.ts';

const US = 1000;
const MS = 1e6;

/** Polls from `fromNs`, a look a microsecond, for up to `forNs`. @returns how long it polled. */
function poll(policy: SpinPolicy, fromNs: number, forNs: number, gapsAt: readonly number[] = []): number {
  policy.begin();
  let lost = 0;
  for (let ns = 0; ns <= forNs; ns += US) {
    if (gapsAt.includes(ns)) lost += 4 * MS;
    if (!policy.worthwhile(fromNs + ns + lost, ns)) return ns;
  }
  return forNs;
}

describe('polling without work', () => {
  it('goes on for as long as configured', () => {
    expect(poll(new SpinPolicy(200 * US), 0, MS)).toBe(200 * US);
  });

  it('forgives one gap: it may have been a collection', () => {
    expect(poll(new SpinPolicy(200 * US), 0, MS, [10 * US])).toBe(200 * US);
  });

  it('stops at the second gap, and rests', () => {
    const policy = new SpinPolicy(200 * US);
    expect(poll(policy, 0, MS, [10 * US, 30 * US])).toBe(30 * US);
    expect(poll(policy, 40 * MS, MS)).toBe(0);
    expect(poll(policy, 70 * MS, MS)).toBe(200 * US);
  });

  it('rests longer each time it proves bad again', () => {
    const policy = new SpinPolicy(200 * US);
    poll(policy, 0, MS, [10 * US, 20 * US]);
    expect(poll(policy, 70 * MS, MS, [10 * US, 30 * US])).toBe(10 * US); // the gap before was not long ago
    expect(poll(policy, 150 * MS, MS)).toBe(0);
    expect(poll(policy, 190 * MS, MS)).toBe(200 * US);
  });

  it('takes no gap for one that the work done in it explains', () => {
    const policy = new SpinPolicy(200 * US);
    policy.begin();
    for (let look = 0; look < 10; look++) expect(policy.worthwhile(look * 3 * MS, 0, 60)).toBe(true);
    for (let look = 10; look < 12; look++) policy.worthwhile(look * 3 * MS, 0, 2);
    expect(policy.worthwhile(36 * MS, 0, 2)).toBe(false);
  });

  it('never rests where a second of polling or more is asked for', () => {
    const policy = new SpinPolicy(1000 * MS);
    policy.begin();
    for (let look = 0; look < 50; look++) expect(policy.worthwhile(look * 3 * MS, 0)).toBe(true);
    expect(policy.worthwhile(150 * MS, 1000 * MS)).toBe(false);
  });

  it('does not take the time between two spells of polling for a gap', () => {
    const policy = new SpinPolicy(200 * US);
    for (let spell = 0; spell < 10; spell++) expect(poll(policy, spell * 20 * MS, MS)).toBe(200 * US);
  });
});
