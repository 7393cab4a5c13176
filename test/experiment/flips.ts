/**
 * How each claim of an experiment turns over: a claim is only worth something if there is a world, named here,
 * in which its verdict is another. A claim that is in no table fails its test, and so does a name of none.
 */
import { expect } from 'vitest';
import type { Effect } from '../../src/experiment/claims/effect.ts';
import { type Claim, type JudgedClaim, verdictOf } from '../../src/experiment/claims/judge.ts';

export type Flip =
  /** With its alleged cause taken away, as the experiment itself has measured it. */
  | 'cause'
  /** Under one of the conditions that it names itself, by what differs there. */
  | { readonly under: string }
  /** With its cause taken away in a trial of the test's own. */
  | { readonly trial: (claim: Claim) => Effect }
  /** No world of the model turns it over, for this reason. */
  | { readonly never: string };

/** What a claim would be found to be if its effect were another. */
function kindWith({ without: _cause, under: _conditions, ...claim }: Claim, effect: Effect): string {
  return verdictOf({ ...claim, effect }).kind;
}

/** The effects that are to turn a claim over. */
function effectsOf(claim: Claim, flip: Flip): readonly Effect[] {
  if (flip === 'cause') return claim.without === undefined ? [] : [claim.without.effect];
  if ('trial' in flip) return [flip.trial(claim)];
  if ('never' in flip) return [];
  return (claim.under ?? []).filter(({ factor }) => factor === flip.under).map(({ effect }) => effect);
}

export function expectFlips(claims: readonly JudgedClaim[], flips: Readonly<Record<string, Flip>>): void {
  expect(claims.map(({ name }) => name).sort()).toEqual(Object.keys(flips).sort());
  for (const claim of claims) {
    const flip = flips[claim.name];
    const here = kindWith(claim, claim.effect);
    if (typeof flip === 'object' && 'never' in flip) {
      expect(flip.never.length, claim.name).toBeGreaterThan(20);
      expect(claim.without, `${claim.name} has a cause that can be taken away`).toBeUndefined();
      continue;
    }
    const found = effectsOf(claim, flip).map((effect) => kindWith(claim, effect));
    expect(found.length, `${claim.name} has nothing that turns it over`).toBeGreaterThan(0);
    const others = ['holds', 'refuted'].filter((kind) => kind !== here);
    expect(
      found.some((kind) => others.includes(kind)),
      `${claim.name}, which is ${here} here`,
    ).toBe(true);
  }
}
