/** Pools down to one of everything, on either transport, whatever a send does that finds no buffer. */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { POLICIES, tinyStorm } from './tiny-storm.ts';

describe.each(TRANSPORTS)('a storm on the smallest pools, %s', (transport) => {
  describe.each(POLICIES)('under the policy %s', (policy) => {
    it.each([1, 2, 3, 4])('stands still nowhere (seed %i)', (seed) => {
      const tally = tinyStorm(seed, transport, policy);
      expect(tally.whole + tally.cut).toBe(tally.dialled);
      expect(tally.whole).toBeGreaterThan(tally.dialled / 2);
    });
  });
});
