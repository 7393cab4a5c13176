/**
 * Every deliberately broken driver and card is caught, by the rule it breaks; the same run unbroken breaks
 * none.
 */
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { CUTS } from '../validate/cuts/all.ts';
import { LAN_SURGERIES } from './lan-surgeries.ts';
import { type Mutant, runMutant } from './mutant.ts';
import { CARD_MUTANTS } from './mutants-card.ts';
import { DRIVER_MUTANTS } from './mutants-driver.ts';
import { FINER_MUTANTS } from './mutants-finer.ts';
import { OWNER_MUTANTS } from './mutants-owner.ts';
import { WINDOW_SURGERIES } from './window-surgeries.ts';

const MUTANTS = [...DRIVER_MUTANTS, ...OWNER_MUTANTS, ...CARD_MUTANTS, ...FINER_MUTANTS];

describe.each([
  ['driver', DRIVER_MUTANTS],
  ['driver’s books', OWNER_MUTANTS],
  ['card', CARD_MUTANTS],
  ['driver or card, in small things', FINER_MUTANTS],
] as const)('a broken %s', (_side, mutants) => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))('is caught: %s', (_name, mutant) => {
    const { violations, done } = runMutant(mutant);
    expect(done, 'it never got to do what it is for').toBe(true);
    const rules = violations.map(({ rule }) => rule);
    if (mutant.follows) expect(rules).toContain(mutant.rule);
    else expect(rules[0], violations.map(({ rule, seen }) => `${rule} ${seen}`).join('; ')).toBe(mutant.rule);
  });
});

it('an unbroken driver on an unbroken card breaks no rule', () => {
  const nothing: Mutant = { name: 'none', rule: '', patch: () => {} };
  const { violations, frames } = runMutant(nothing);
  expect(violations).toEqual([]);
  expect(frames).toBeGreaterThan(100);
});

it('every rule has one, but for the table that a driver of ours cannot fill', () => {
  const cuts = CUTS.flatMap((cut) => cut.rules);
  const rules = new Set([
    ...[...MUTANTS, ...LAN_SURGERIES, ...WINDOW_SURGERIES].map(({ rule }) => rule),
    ...cuts,
  ]);
  const without = CATALOGUE.rules.map(({ id }) => id).filter((id) => !rules.has(id));
  expect(without).toEqual(['T-08']); // test/validate/transactions.test.ts
});

it('there are enough of them, each with a name of its own', () => {
  const names = MUTANTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(40);
});
