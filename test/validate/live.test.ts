/** The live workload, which asks a card for something of everything, gets through and breaks no rule. */
import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues.ts';
import { runLive } from '../../src/lab/live.ts';
import { found } from './found.ts';

describe.each(TRANSPORTS)('a card judged as it runs, %s', (transport) => {
  it.each([1, 2, 3])('breaks no rule in virtual time (seed %i)', async (seed) => {
    const { validator, failure } = await runLive({ transport, seed, virtual: true });
    expect(failure).toBe('');
    expect(found(validator)).toEqual([]);
    const states = validator.machines.socket.states.length;
    const met = validator.coverage?.lines(states).map(({ message }) => message) ?? [];
    expect(met).toContain('SocketSendTo');
    expect(met).toContain('SocketAbort');
    expect(met).toContain('UtilEventRegister');
  });
});
