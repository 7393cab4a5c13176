/** The socket contract's own tests, which ask for much that goes wrong, break no rule. */
import { expect } from 'vitest';
import { TRANSPORTS } from '../../src/i2o/queues/queues.ts';
import { Validator } from '../../src/validate/validator.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';
import { socketContractTests } from '../socket/contract-suite.ts';
import { found } from './found.ts';

for (const transport of TRANSPORTS) {
  socketContractTests(`validated card, ${transport}`, async () => {
    const validator = new Validator();
    const options = { transport, mtu: 65535, packetSlots: 128 };
    const world = new VirtualWorld({ cards: [options], traces: [{ sink: validator }] });
    const card = world.cards[0];
    return {
      stack: card.stack,
      async close() {
        card.endTrace();
        expect(found(validator)).toEqual([]);
      },
    };
  });
}
