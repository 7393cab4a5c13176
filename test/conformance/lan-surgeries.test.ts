/**
 * A trace with something of every message of the LAN class breaks no rule; cut into, it breaks the rule the
 * cut is of, at the frame cut. So does a driver's, whose end says something else than its frames.
 */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { runLanTour } from '../../src/tour/lan-live.ts';
import { runLan } from '../validate/lan-world.ts';
import { cutsAreTold } from './cuts-told.ts';
import { LAN_LEDGERS, LAN_SURGERIES } from './lan-surgeries.ts';
import { judgeTape, Tape } from './trace-surgery.ts';

describe.each(TRANSPORTS)('a trace of every message of network ports, %s', (transport) => {
  const whole = new Tape();
  const failure = runLanTour(whole, { transport }, 1, 1);

  it('is of a whole tour', () => expect(failure).toBe(''));

  cutsAreTold(whole, LAN_SURGERIES, transport);
});

describe('a driver’s trace of a network port', () => {
  const whole = new Tape();
  runLan([{ sink: whole }], { operations: 30 });

  it('breaks no rule as it is', () => {
    expect(judgeTape(whole)).toEqual([]);
  });

  it.each(LAN_LEDGERS)('the ledger of the %s with one more of %s', (side, counter, rule) => {
    const tape = whole.copy();
    (tape.finish![side] as Record<string, number>)[counter] += 1;
    expect(judgeTape(tape)[0]?.rule).toBe(rule);
  });
});
