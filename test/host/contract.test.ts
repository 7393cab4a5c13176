/** The socket contract on the host's own stack. */

import { openHostStack } from '../../src/world/open/host-stack.ts';
import { socketContractTests } from '../socket/contract-suite.ts';

socketContractTests('host', async () => {
  const { stack } = openHostStack({ driver: { socketsMax: 256 } });
  return { stack, close: async () => {} };
});
