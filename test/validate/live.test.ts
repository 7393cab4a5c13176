/** The live workload, which asks a card for something of everything, gets through and breaks no rule. */

import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { runLive } from '../../src/tour/live.ts';
import type { CardOverrides } from '../../src/world/config/settings.ts';
import { found } from './found.ts';

const SETTINGS: readonly CardOverrides[] = [
  { driver: { replyMode: 'batch' } },
  { driver: { replyMode: 'immediate' } },
  { driver: { replyMode: 'onError' } },
  { driver: { replyMode: 'never' } },
  { driver: { batchSends: true } },
  { driver: { batchSends: true, replyMode: 'immediate' } },
  { driver: { batchSends: true, replyMode: 'never' } },
  { driver: { immediateBytesMax: 0 } },
  { driver: { classVersion: 1 } },
  { classVersion: 1 },
  { driver: { classVersion: 2 } },
  { classVersion: 2 },
];

describe.each(TRANSPORTS)('a card judged as it runs, %s: reply modes, batches, versions', (transport) => {
  it.each(SETTINGS.map((card) => [JSON.stringify(card), card] as const))('%s', async (_name, card) => {
    const { validator, failure } = await runLive({ transport, seed: 3, virtual: true, card });
    expect(failure).toBe('');
    expect(found(validator)).toEqual([]);
  });
});

describe.each(TRANSPORTS)('a card judged as it runs, %s', (transport) => {
  it.each([1, 2, 3])('breaks no rule in virtual time (seed %i)', async (seed) => {
    const { validator, failure } = await runLive({ transport, seed, virtual: true });
    expect(failure).toBe('');
    expect(found(validator)).toEqual([]);
    const met = validator.coverage?.lines().map(({ message }) => message) ?? [];
    expect(met).toContain('SocketSendTo');
    expect(met).toContain('SocketAbort');
    expect(met).toContain('UtilEventRegister');
  });
});
