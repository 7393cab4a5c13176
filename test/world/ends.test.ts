/**
 * Storms of ends, the short form (`npm run ends` is the long one): sends, rests, half-closes, closes and
 * resets by chance, over links of every kind, on tiny pools. Each end sees what Linux's rules allow, and all
 * comes home.
 */
import { describe, expect, it } from 'vitest';
import { endsStorm } from './ends-storm.ts';

describe('a storm of ends', () => {
  it.each(Array.from({ length: 8 }, (_, i) => i + 1))('keeps the rules (seed %i)', (seed) => {
    const { connections, ends, resets, bytes } = endsStorm(seed, 20);
    expect(connections).toBe(20);
    expect(ends).toBeGreaterThan(0);
    expect(resets).toBeGreaterThan(0);
    expect(bytes).toBeGreaterThan(1000);
  });

  it('is the same again for the same seed', () => {
    expect(endsStorm(12, 10)).toEqual(endsStorm(12, 10));
  });
});
