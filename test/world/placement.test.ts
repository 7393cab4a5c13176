/** Where a card runs: the rule of `auto`, and what is refused. */
import { describe, expect, it } from 'vitest';
import { openCard, openEcho } from '../../src/world/open/card.ts';
import { placeBy, placeCard, SPARE_CORES } from '../../src/world/open/placement.ts';

const machine = (cores: number, load: number) => () => ({ cores, load });

describe('auto', () => {
  it.each([
    [1, 0, 'inline'],
    [2, 0, 'inline'],
    [SPARE_CORES, 0, 'thread'],
    [SPARE_CORES, 0.1, 'inline'],
    [8, 5, 'thread'],
    [8, 5.1, 'inline'],
    [64, 200, 'inline'],
  ])('of %i cores at a load of %d is %s', (cores, load, placement) => {
    expect(placeCard('auto', 'placement', machine(cores, load)).placement).toBe(placement);
  });

  it('says why', () => {
    expect(placeBy({ cores: 2, load: 0.44 }).why).toBe(
      'auto: 2 cores at a load of 0.4, and a thread of its own wants 3 cores idle',
    );
  });
});

describe('a placement that is asked for', () => {
  it.each(['thread', 'inline'])('is taken as it is: %s', (placement) => {
    const never = () => {
      throw new Error('the machine was looked at');
    };
    expect(placeCard(placement, 'placement', never)).toEqual({ placement, why: 'as asked' });
  });

  it.each([openCard, openEcho])('is refused by its name where it is none', async (open) => {
    const wrong = { placement: 'both' as 'thread' };
    await expect(open(wrong)).rejects.toThrow('"placement" expected thread, inline or auto, got "both"');
  });

  it('is what the card tells', async () => {
    const card = await openCard({ placement: 'auto', driver: { socketsMax: 8 } });
    expect(card.placed.placement).toBe(card.placement);
    expect(card.placed.why).toMatch(/^auto: /);
    await card.close();
  });
});
