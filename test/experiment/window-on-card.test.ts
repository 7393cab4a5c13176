/** Four ports on one card, in a small form: what holds, and what no longer does once its cause is gone. */
import { beforeAll, describe, expect, it } from 'vitest';
import { type JudgedClaim, judged } from '../../src/experiment/claims/judge.ts';
import { readSettings } from '../../src/experiment/claims/settings.ts';
import { bondClaims } from '../../src/experiment/window-on-card/bonds.ts';
import { busBinds, claimsOf, directIn, plainWire } from '../../src/experiment/window-on-card/claims.ts';
import { conClaims } from '../../src/experiment/window-on-card/cons.ts';
import { windowOnCard } from '../../src/experiment/window-on-card/experiment.ts';
import { Runs } from '../../src/experiment/window-on-card/runs.ts';
import { baseOf, SETTINGS } from '../../src/experiment/window-on-card/settings.ts';
import type { Run } from '../../src/experiment/window-on-card/world.ts';
import { splitWindow } from '../../src/host/window-memory.ts';
import { expectFlips, type Flip } from './flips.ts';

const set = (...pairs: string[]) => readSettings(SETTINGS, ['writes=10', ...pairs], '--set');

function found(...pairs: string[]): Record<string, JudgedClaim> {
  const base = baseOf(set(...pairs));
  const losses = [1, 2].map((seed): Partial<Run> => ({ lossProbability: 0.02, seed }));
  const claims = claimsOf(new Runs(base, () => undefined), losses).map(judged);
  return Object.fromEntries(claims.map((claim) => [claim.name, claim]));
}

/** It holds with its cause, and fails without. */
function expectCaused({ name, effect, without, bound }: JudgedClaim): void {
  const keeps = (mean = Number.NaN): boolean => ('above' in bound ? mean > bound.above : mean < bound.below);
  expect(keeps(effect.mean), name).toBe(true);
  expect(keeps(without?.effect.mean), name).toBe(false);
}

const changed = (change: Partial<Run>): Runs => new Runs({ ...baseOf(set()), ...change }, () => undefined);

/** What turns each claim over. */
const FLIPS: Readonly<Record<string, Flip>> = {
  'window-copy': 'cause',
  segmentation: 'cause',
  'in-software': 'cause',
  direct: 'cause',
  // Where neither protocol nor bus takes time, what is left is the copy and its messages.
  'direct-in': { trial: () => directIn(changed({ hostSpeed: 100, busBytesPerS: 4e9 })).effect },
  storing: 'cause',
  'one-below-wire': { under: "the host's speed" },
  // What a host needs for a call decides whether its wires are full.
  'plain-below-wire': { trial: () => plainWire(changed({ systemCallNs: 100_000 })).effect },
  'window-at-wire': { under: 'the bus' },
  compromise: { under: "the card's processor" },
  retransmission: 'cause',
  'bus-binds': { trial: () => busBinds(changed({ busBytesPerS: 2e9 })).effect },
};
const BOND_FLIPS: Readonly<Record<string, Flip>> = { 'bond-by-hash': 'cause', 'link-dies': 'cause' };
const CON_FLIPS: Readonly<Record<string, Flip>> = {
  'filters-bypassed': 'cause',
  'neighbours-stale': 'cause',
  'routes-stale': 'cause',
};

describe('window-on-card', () => {
  let claims: Record<string, JudgedClaim> = {};
  beforeAll(() => {
    claims = found();
  }, 120_000);

  it('has each cause matter: without it the claim fails', () => {
    const caused = Object.values(claims).filter(({ without }) => without !== undefined);
    expect(caused.length).toBeGreaterThan(5);
    // Of what does not hold here nothing is the cause.
    const holding = caused.filter(({ name }) => !['window-at-wire', 'plain-below-wire'].includes(name));
    for (const claim of holding) expectCaused(claim);
  });

  it('has each claim turn over where what it rests on is taken away', () => {
    expectFlips(Object.values(claims), FLIPS);
  });

  it('has the bus in the way of four wires, by its requests and its messages', () => {
    const claim = claims['window-at-wire'];
    expect(claim.verdict).toMatchObject({ kind: 'depends', on: 'the bus', why: 'so with a bus of 2 GB/s' });
    expectCaused({ ...claim, effect: claim.under?.[0].effect ?? claim.effect });
    expect(claims['bus-binds'].verdict.kind).toBe('holds');
  });

  it('finds what depends on sizes, and on the machine', () => {
    expect(claims['direct'].verdict).toMatchObject({ kind: 'depends', on: 'how long a write is' });
    expect(claims['window-copy'].verdict).toMatchObject({ kind: 'depends', on: 'how dear a copy is' });
    // The host acknowledges no more than Linux does, and so has time to fill the wires.
    expect(claims['plain-below-wire'].verdict.kind).toBe('refuted');
    expect(claims['retransmission'].verdict.kind).toBe('holds');
  });

  it('names the setting that is out of its range, and card memory that holds nothing', () => {
    expect(() => set('ports=5')).toThrow('--set ports expected a whole number from 1 to 4, got "5"');
    const started: string[] = [];
    const full = set('transmitShare=99');
    expect(() => windowOnCard.run(full, (what) => void started.push(`${what}`))).toThrow(
      'all but 99 % of 8388608 bytes of card memory hold 54 packets',
    );
    expect(started).toEqual([]);
    const tiny = set('cardMemory=64', 'transmitShare=1');
    expect(() => windowOnCard.run(tiny, () => undefined)).toThrow(
      /^cardMemory=64 with transmitShare=1 and ports=4 cannot be: 1 % of 65536 bytes of card memory for what /,
    );
  });
});

describe('ports that are one, with the window on their card', () => {
  const claims = (): JudgedClaim[] => bondClaims(baseOf(set('ports=2')), [1, 2]).map(judged);

  it('carry what several links do, and lose a link, for as long as their cause is there', () => {
    const both = claims();
    expectFlips(both, BOND_FLIPS);
    const [hash, death] = both;
    for (const claim of [hash, death]) expectCaused(claim);
    expect(hash.verdict).toMatchObject({ kind: 'depends', on: 'how many streams there are' });
    expect(death.verdict.kind).toBe('holds');
  }, 60_000);
});

describe('what is held against the whole stack on a card', () => {
  it('is so, and no longer where it is mended', () => {
    const cons = conClaims(baseOf(set()), [1, 2]).map(judged);
    expectFlips(cons, CON_FLIPS);
    for (const claim of cons) {
      expectCaused(claim);
      expect(claim.verdict.kind, claim.name).toBe('holds');
    }
  }, 60_000);
});

describe('card memory for a window', () => {
  it('is shared out in whole blocks and slots, and never beyond what there is', () => {
    for (const share of [0.1, 0.5, 0.9]) {
      const { transmitBuffers, packetSlots } = splitWindow(1e6, share, 16_384, 1536, 10);
      expect(transmitBuffers * 16_384 + packetSlots * 1536).toBeLessThanOrEqual(1e6);
      expect(transmitBuffers).toBe(Math.floor((1e6 * share) / 16_384));
    }
  });

  it('is refused where the rings alone take more', () => {
    expect(() => splitWindow(1e5, 0.9, 16_384, 1536, 68)).toThrow(
      'all but 90 % of 100000 bytes of card memory hold 6 packets, and the receive rings take 68',
    );
  });
});
