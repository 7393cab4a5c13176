/**
 * The card under the socket contract's own tests, which state what Linux answers: in two threads, in
 * one, and in virtual time.
 */

import { expect } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { openCard } from '../../src/world/open/card.ts';
import { PLACEMENTS } from '../../src/world/open/placement.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { LONG } from '../long.ts';
import { socketContractTests } from '../socket/contract-suite.ts';

for (const transport of TRANSPORTS) {
  // The short form leaves the card in a thread to the long one: many tests wait for what must not come.
  for (const placement of PLACEMENTS.filter((place) => LONG || place === 'inline')) {
    socketContractTests(`card of placement ${placement}, ${transport}`, async () => {
      const card = await openCard({ placement, transport, driver: { socketsMax: 256 } });
      return {
        stack: card.stack,
        async close() {
          expect(card.reconcile().lines).toEqual([]);
          await card.close();
        },
      };
    });
  }

  socketContractTests(`virtual card, ${transport}`, async () => {
    const world = new VirtualWorld({ cards: [{ transport, mtu: 65535, packetSlots: 128 }] });
    return { stack: world.cards[0].stack, close: async () => {} };
  });
}
