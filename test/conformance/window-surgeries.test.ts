/**
 * A trace with something of every message of the window class breaks no rule; cut into, it breaks the rule the
 * cut is of, at the frame cut. So does a driver's, whose end says something else than its frames.
 */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { CATALOGUE } from '../../src/spec/catalogue.gen.ts';
import { runWindowTour } from '../../src/tour/window-live.ts';
import { runLan } from '../validate/lan-world.ts';
import { cutsAreTold } from './cuts-told.ts';
import { judgeTape, Tape } from './trace-surgery.ts';
import { WINDOW_LEDGERS, WINDOW_SURGERIES } from './window-surgeries.ts';

describe.each(TRANSPORTS)('a trace of every message of the window class, %s', (transport) => {
  const whole = new Tape();
  const failure = runWindowTour(whole, { transport }, 1, 1);

  it('is of a whole tour', () => expect(failure).toBe(''));

  cutsAreTold(whole, WINDOW_SURGERIES, transport);
});

it('has a cut for every rule of the class', () => {
  const cut = new Set(WINDOW_SURGERIES.map(({ rule }) => rule));
  const rules = CATALOGUE.rules.map(({ id }) => id).filter((id) => id.startsWith('W-'));
  expect(rules.length).toBeGreaterThan(10);
  for (const rule of rules) expect(cut, rule).toContain(rule);
});

describe('a driver’s trace of a card with the TCP window', () => {
  const whole = new Tape();
  runLan([{ sink: whole }], { operations: 30, window: true });

  it('breaks no rule as it is', () => {
    expect(judgeTape(whole)).toEqual([]);
  });

  it.each(WINDOW_LEDGERS)('the ledger of the %s with one more of %s', (side, counter, rule) => {
    const tape = whole.copy();
    (tape.finish![side] as Record<string, number>)[counter] += 1;
    expect(judgeTape(tape)[0]?.rule).toBe(rule);
  });
});
