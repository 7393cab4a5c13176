/** Unbroken runs break no rule: every storm, on one card and on two, over both transports. */

import { describe, expect, it } from 'vitest';
import { Validator } from '../../src/validate/validator.ts';
import { LONG } from '../long.ts';
import { storm } from '../world/storm-run.ts';
import { found } from './found.ts';

describe.each([
  [1, 'ring'],
  [2, 'ring'],
  [1, 'fifo'],
  [2, 'fifo'],
] as const)('a storm on %i card(s), %s', (cards, transport) => {
  it.each(Array.from({ length: LONG ? 9 : 4 }, (_, i) => i + 1))('breaks no rule (seed %i)', (seed) => {
    const validators = Array.from({ length: cards }, () => new Validator());
    const traces = validators.map((sink) => ({ sink }));
    const { world } = storm(seed, cards, transport, traces);
    for (const card of world.cards) card.endTrace();
    expect(validators.flatMap(found)).toEqual([]);
    for (const { frames, ended } of validators) {
      expect(ended).toBe(true);
      expect(frames).toBeGreaterThan(300);
    }
  });
});
