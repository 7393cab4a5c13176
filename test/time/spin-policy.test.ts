import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SpinPolicy } from '../../src/time/spin-policy.ts';

const US = 1000;
const MS = 1e6;
const SPIN_NS = 200 * US;

/**
 * A spell of polling, a look a microsecond. @param cameNs after how long work comes; absent: never.
 * @returns how long it lasted.
 */
function poll(policy: SpinPolicy, fromNs: number, cameNs = Number.POSITIVE_INFINITY, gapNs = -1): number {
  policy.rested(fromNs);
  let lost = 0;
  for (let ns = 0; ; ns += US) {
    if (ns === gapNs) lost = 4 * MS;
    if (ns >= cameNs) {
      policy.found();
      return ns;
    }
    if (!policy.goesOn(fromNs + ns + lost)) return ns;
  }
}

/** Spells in vain until polling stops. @returns their sum. */
function unlearn(policy: SpinPolicy, fromNs: number): number {
  let sum = 0;
  for (let spell = 0; spell < 20; spell++) sum += poll(policy, fromNs + spell * US);
  return sum;
}

describe('polling without work', () => {
  it('lasts as long as configured at first', () => {
    expect(poll(new SpinPolicy(SPIN_NS), 0)).toBe(SPIN_NS);
  });

  it('stays so while work comes in time', () => {
    const policy = new SpinPolicy(SPIN_NS);
    for (let spell = 0; spell < 50; spell++) expect(poll(policy, spell * MS, 150 * US)).toBe(150 * US);
    expect(poll(policy, 60 * MS)).toBe(SPIN_NS);
  });

  it('is halved when nothing comes, and ends after twice as long in all', () => {
    const policy = new SpinPolicy(SPIN_NS);
    expect([0, 1, 2].map((spell) => poll(policy, spell * MS))).toEqual([SPIN_NS, SPIN_NS / 2, SPIN_NS / 4]);
    expect(unlearn(new SpinPolicy(SPIN_NS), 0)).toBeLessThan(2 * SPIN_NS);
  });

  it('is four times as long when work comes', () => {
    const policy = new SpinPolicy(SPIN_NS);
    for (let spell = 0; spell < 3; spell++) poll(policy, spell * US);
    poll(policy, 10 * US, 10 * US);
    expect(poll(policy, 100 * US)).toBe(100 * US);
  });

  it('is tried again later, and each time later still', () => {
    const policy = new SpinPolicy(SPIN_NS);
    unlearn(policy, 0);
    const tries: number[] = [];
    for (let ns = MS / 10; ns < 1000 * MS; ns += MS / 10) if (poll(policy, ns) > 0) tries.push(ns);
    expect(tries.length).toBeGreaterThan(8);
    expect(tries.length).toBeLessThan(20);
    expect((tries[2] ?? 0) - (tries[1] ?? 0)).toBeLessThan((tries[4] ?? 0) - (tries[3] ?? 0));
  });

  it('comes back when a try succeeds', () => {
    const policy = new SpinPolicy(SPIN_NS);
    unlearn(policy, 0);
    poll(policy, 10 * MS, 20 * US);
    poll(policy, 11 * MS, 20 * US);
    expect(poll(policy, 12 * MS)).toBe(SPIN_NS);
  });

  it('forgives a gap: it may have been a collection', () => {
    const policy = new SpinPolicy(SPIN_NS);
    for (let spell = 0; spell < 20; spell++) {
      poll(policy, spell * 40 * MS, undefined, 10 * US);
      poll(policy, spell * 40 * MS + 20 * MS, 5 * US);
    }
    expect(poll(policy, 1000 * MS)).toBe(SPIN_NS);
  });

  it('ends at the second of two gaps that take much of the time', () => {
    const policy = new SpinPolicy(SPIN_NS);
    const ns = twoGaps(policy, 0);
    expect(poll(policy, ns + 100 * US)).toBe(0);
    expect(poll(policy, ns + 2 * MS)).toBe(100 * US);
  });

  it('stops for longer each time that it is as bad again', () => {
    const policy = new SpinPolicy(SPIN_NS);
    let ns = 0;
    const pauses = [0, 1, 2, 3].map(() => {
      const stopped = twoGaps(policy, ns);
      ns = stopped;
      do ns += 100 * US;
      while (!isTried(policy, ns));
      return Math.round((ns - stopped) / MS);
    });
    // From the second time on both gaps come soon after one before them.
    expect(pauses).toEqual([1, 4, 16, 64]);
  });

  it('takes no gap for one that the work done in it explains', () => {
    const policy = new SpinPolicy(SPIN_NS);
    for (let look = 0; look < 10; look++) policy.worked(look * 3 * MS, 60);
    expect(poll(policy, 30 * MS)).toBe(SPIN_NS);
    policy.worked(40 * MS, 2);
    policy.worked(50 * MS, 2);
    expect(poll(policy, 50 * MS)).toBe(0);
  });

  it('never rests where a second of polling or more is asked for', () => {
    const policy = new SpinPolicy(1000 * MS);
    for (let look = 0; look < 50; look++) expect(policy.goesOn(look * 3 * MS)).toBe(true);
    expect(policy.goesOn(1000 * MS)).toBe(false);
  });

  it('does not take the time between two spells of polling for a gap', () => {
    const policy = new SpinPolicy(SPIN_NS);
    for (let spell = 0; spell < 10; spell++) poll(policy, spell * 20 * MS, 10 * US);
    expect(poll(policy, 250 * MS)).toBe(SPIN_NS);
  });

  it('takes no gap for one in which the thread did something else', () => {
    const policy = new SpinPolicy(SPIN_NS);
    policy.goesOn(0);
    policy.elsewhere(5 * MS);
    poll(policy, 6 * MS, 10 * US);
    expect(poll(policy, 7 * MS)).toBe(SPIN_NS);
  });

  it('polls never where none is configured', () => {
    const policy = new SpinPolicy(0);
    expect([0, 5, 100].map((ms) => poll(policy, ms * MS))).toEqual([0, 0, 0]);
  });

  it('whatever comes when: in vain never for longer than twice what came, what is tried, and a start', () => {
    const waits = fc.array(fc.record({ afterUs: fc.integer({ min: 1, max: 5000 }), restUs: fc.nat(2000) }));
    fc.assert(
      fc.property(waits, fc.integer({ min: 5, max: 1000 }), (spells, spinUs) => {
        const policy = new SpinPolicy(spinUs * US);
        let [ns, vain, came] = [0, 0, 0];
        for (const { afterUs, restUs } of spells) {
          const lasted = poll(policy, ns, afterUs * US);
          expect(lasted).toBeLessThanOrEqual(spinUs * US);
          if (lasted === afterUs * US) came += 1;
          else vain += lasted;
          ns += Math.max(afterUs, lasted / US) * US + restUs * US;
        }
        // What a success adds is then lost in halves; tries are at least a millisecond apart.
        const tries = Math.min(spells.length, 2 + ns / MS);
        expect(vain / US).toBeLessThanOrEqual(2 * spinUs * (1 + came) + tries * 100);
      }),
    );
  });
});

/** Work with two gaps of 4 ms in it, a little after each other. @returns when the second is over. */
function twoGaps(policy: SpinPolicy, fromNs: number): number {
  policy.rested(fromNs);
  for (const ms of [4, 4.5, 8.5]) policy.worked(fromNs + ms * MS, 1);
  return fromNs + 8.5 * MS;
}

/** Whether a spell would be tried at a time, at the cost of one look. */
function isTried(policy: SpinPolicy, ns: number): boolean {
  policy.rested(ns);
  return policy.goesOn(ns);
}
