/** Many sockets, small pools, chance: every byte arrives in order, nothing hangs, everything comes home. */

import { describe, expect, it } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { reconcile } from '../../src/ledger/reconcile.ts';
import type { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { LONG } from '../long.ts';
import { DATAGRAMS, STREAMS, storm } from './storm-run.ts';

function expectHome(world: VirtualWorld): void {
  const add = (a: Record<string, number>, b: Record<string, number>): Record<string, number> =>
    Object.fromEntries(Object.keys(b).map((name) => [name, (a[name] ?? 0) + b[name]]));
  const snapshots = world.snapshot();
  const host = snapshots.filter((_, i) => i % 2 === 0).reduce(add, {});
  const iop = snapshots.filter((_, i) => i % 2 === 1).reduce(add, {});
  expect(reconcile(host, iop, { transmitInUse: 0 }, world.wireCounters()).lines).toEqual([]);
  expect(world.books().lines).toEqual([]);
  for (const card of world.cards) {
    expect(card.host.transmit.inUse).toBe(0);
    expect(card.stack.socketsInUse).toBe(0);
    expect(card.host.receive.waiting + card.host.receive.withCard).toBe(card.host.receive.count);
    expect(card.parts.packets.available).toBe(card.parts.packets.count - card.parts.packetsInDevice);
  }
}

describe.each([
  [1, 'ring'],
  [2, 'ring'],
  [1, 'fifo'],
  [2, 'fifo'],
] as const)('a storm on %i card(s), %s', (cards, transport) => {
  it.each(Array.from({ length: LONG ? 9 : 4 }, (_, i) => i + 1))(
    'delivers and comes home (seed %i)',
    (seed) => {
      const { world, tally } = storm(seed, cards, transport);
      expect(tally.dialled).toBe(STREAMS);
      expect(tally.whole).toBeGreaterThan(STREAMS / 2);
      expectHome(world);
    },
  );
});

describe.each([
  [1, 'ring'],
  [2, 'ring'],
  [2, 'fifo'],
] as const)('a storm of streams and datagrams on %i card(s), %s', (cards, transport) => {
  it.each(Array.from({ length: LONG ? 6 : 2 }, (_, i) => i + 21))(
    'keeps them apart and comes home (seed %i)',
    (seed) => {
      const { world, tally, chat } = storm(seed, cards, transport, [], 4);
      expect(tally.whole).toBeGreaterThan(STREAMS / 2);
      expect(chat.sent).toBe(2 * 4 * DATAGRAMS);
      expect(chat.received).toBeGreaterThan(chat.sent / 4);
      expect(chat.received).toBeLessThanOrEqual(chat.sent);
      expectHome(world);
    },
  );
});

it.each(TRANSPORTS)('gives the same ledgers for the same seed, %s', (transport) => {
  const once = storm(5, 2, transport, [], 2).world.snapshot();
  expect(storm(5, 2, transport, [], 2).world.snapshot()).toEqual(once);
});
