/** Unbroken runs break no rule: every storm, on one card and on two. */
import { describe, expect, it } from 'vitest';
import { Validator } from '../../src/validate/validator.ts';
import { storm } from '../world/storm-run.ts';

/** What was found, for a failing test to show. */
export function found(validator: Validator): string[] {
  return validator.findings.violations.map((v) => `frame ${v.frame}: ${v.rule} ${v.seen} (${v.count})`);
}

describe.each([1, 2] as const)('a storm on %i card(s)', (cards) => {
  it.each(Array.from({ length: 9 }, (_, i) => i + 1))('breaks no rule (seed %i)', (seed) => {
    const validators = Array.from({ length: cards }, () => new Validator());
    const { world } = storm(
      seed,
      cards,
      validators.map((sink) => ({ sink })),
    );
    for (const card of world.cards) card.endTrace();
    expect(validators.flatMap(found)).toEqual([]);
    for (const { frames, ended } of validators) {
      expect(ended).toBe(true);
      expect(frames).toBeGreaterThan(300);
    }
  });
});
