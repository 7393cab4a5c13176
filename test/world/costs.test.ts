/** What work costs in virtual time: per host and per card, inside a call as well as between two. */
import { expect, it } from 'vitest';
import { bundledNames } from '../../src/plans/files.ts';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { READABLE } from '../../src/socket/contract.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const LOOPBACK = 0x7f000001;
const PORT = 80;
const PORT_A = { address: '10.0.0.1/24' };

function echoOnce(hostCosts: Record<string, number>): number {
  const world = new VirtualWorld({ cards: [{}], link: { delayNs: 1000 }, hostCosts });
  const { stack } = world.cards[0];
  const listener = stack.socket();
  expect(stack.bind(listener, 0, PORT) || stack.listen(listener, 1)).toBe(0);
  const startNs = world.clock.nowNs;
  const client = new BlockingSockets(stack).connect(LOOPBACK, PORT);
  while ((stack.readiness(listener) & READABLE) === 0) stack.wait(1);
  expect(stack.accept(listener)).toBeGreaterThanOrEqual(0);
  expect(client).toBeGreaterThanOrEqual(0);
  return world.clock.nowNs - startNs;
}

it('a program that waits inside a call is charged for what the call has done', () => {
  const free = echoOnce({});
  const dear = echoOnce({ inboundPosted: 100_000 });
  // A connect posts at least one frame before it waits, and the answer is not seen before that is paid for.
  expect(dear - free).toBeGreaterThanOrEqual(100_000);
});

it.each(bundledNames('profiles'))('a segment that is sent again costs what any costs (%s)', (name) => {
  const cards = { card: { host: 'one', ports: { a: PORT_A } } };
  const world = readTopology({ costs: name, hosts: { one: {} }, cards });
  const { tcpOutSegs, tcpRetransSegs } = world.cards[0].processor.costs;
  expect(tcpOutSegs).toBeGreaterThan(0);
  expect(tcpRetransSegs).toBe(tcpOutSegs);
});
