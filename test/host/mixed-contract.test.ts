/** The socket contract on a host with an offload device, whoever gets the connections. */
import { singleCard } from '../../src/world/build/short-forms.ts';
import { cardConfig } from '../../src/world/config/card-config.ts';
import { MixedWorld } from '../../src/world/virtual/mixed-world.ts';
import { LONG } from '../long.ts';
import { socketContractTests } from '../socket/contract-suite.ts';

const POLICIES = {
  'the host has all': '',
  'the card has all': 'any => offload',
  'the card has what the host opens, and no listener': '[active] any => offload',
  'the card has a listener, and nothing that is opened': '[listen] any => offload',
};

// In the short form the one in which most sockets move.
for (const [what, policy] of Object.entries(POLICIES).filter(
  ([name]) => LONG || name === 'the card has all',
)) {
  socketContractTests(`mixed, ${what}`, async () => {
    const config = cardConfig({ mtu: 65535, packetSlots: 128, driver: { socketsMax: 256 } });
    const world = new MixedWorld(singleCard(config, { name: 'card', seed: 1, modules: ['socket'] }), {
      host: 0,
      costs: { costs: {}, interruptNs: 0 },
      policy,
    });
    return { stack: world.stack, close: async () => {} };
  });
}
