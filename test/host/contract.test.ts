/** The socket contract on the host's own stack. */

import { openHostStack, openLanStack, openWindowStack } from '../../src/world/open/host-stack.ts';
import { socketContractTests } from '../socket/contract-suite.ts';

socketContractTests('host', async () => {
  const { stack } = openHostStack({ driver: { socketsMax: 256 } });
  return { stack, close: async () => {} };
});

socketContractTests('host over LAN messages', async () => {
  const { stack } = openLanStack({ driver: { socketsMax: 256 } });
  return { stack, close: async () => {} };
});

socketContractTests('host with its window on the card', async () => {
  const { stack } = openWindowStack({ driver: { socketsMax: 256 }, mtu: 1500, packetSlots: 512 });
  return { stack, close: async () => {} };
});
