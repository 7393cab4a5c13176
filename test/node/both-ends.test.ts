/** What is kept of ends that were reset: for as long as a connect may wait for its listener, and no longer. */
import { describe, expect, it } from 'vitest';
import { ClosedEnds, endNumber } from '../../src/node/both-ends.ts';

describe('ends that were reset', () => {
  const [client, server] = [endNumber(50_000, 80, false), endNumber(50_000, 80, true)];

  it('are known to the other end for at least eight turns, and are then forgotten', () => {
    const ends = new ClosedEnds();
    ends.noteReset(0);
    expect(ends.isReset(0)).toBe(false);
    ends.noteReset(server);
    for (let turn = 0; turn < 8; turn++) {
      expect([ends.isReset(client), ends.isReset(server)]).toEqual([true, false]);
      ends.nextTurn();
    }
    for (let turn = 0; turn < 8; turn++) ends.nextTurn();
    expect(ends.isReset(client)).toBe(false);
  });

  it('keep none of those that come later from being known as long', () => {
    const ends = new ClosedEnds();
    ends.noteReset(server);
    for (let turn = 0; turn < 7; turn++) ends.nextTurn();
    const [later, peer] = [endNumber(50_001, 80, true), endNumber(50_001, 80, false)];
    ends.noteReset(later);
    for (let turn = 0; turn < 8; turn++) ends.nextTurn();
    expect(ends.isReset(peer)).toBe(true);
  });
});
