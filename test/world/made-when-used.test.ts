/** Who makes a card's connections: a live one all of them at the start, a virtual one each that it uses. */
import { expect, it, vi } from 'vitest';
import { Engine } from '../../src/tcpip/stack/engine.ts';
import type { CardParts } from '../../src/world/build/card-parts.ts';
import { openInlineWorld } from '../../src/world/inline/inline-world.ts';
import { readTopology, type Topology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const CONNECTIONS = 5;

function described(): Topology {
  const shape = { workload: 'TCP_RR', connections: CONNECTIONS };
  return readTopology({
    hosts: { left: {}, right: {} },
    cards: {
      a: { host: 'left', driver: { socketsMax: 64 }, ports: { eth0: { address: '10.0.0.1/24' } } },
      b: { host: 'right', driver: { socketsMax: 64 }, ports: { eth0: { address: '10.0.0.2/24' } } },
    },
    links: { wire: { ends: ['a.eth0', 'b.eth0'], delay: '5us' } },
    programs: {
      server: { ...shape, role: 'server', host: 'right' },
      client: { ...shape, role: 'client', host: 'left', server: 'server', operations: 100 },
    },
  });
}

interface Inside {
  readonly tcp: { readonly tcbs: readonly { readonly index: number }[] };
}

/** Tcbs that a card has made, and how many there can be. */
function made({ stack }: CardParts): [number, number] {
  const { tcbs } = (stack as unknown as Inside).tcp;
  return [tcbs.filter(({ index }, i) => index === i).length, tcbs.length];
}

it('a virtual card makes the connections that it uses', () => {
  const world = new VirtualWorld(described());
  // The server listens from the start.
  expect(world.cards.map(({ parts }) => made(parts))).toEqual([
    [0, 128],
    [1, 128],
  ]);
  expect(world.runPrograms(1e9)).toBe(true);
  expect(world.cards.map(({ parts }) => made(parts)[0])).toEqual([CONNECTIONS, CONNECTIONS + 1]);
  expect(world.books().balanced).toBe(true);
});

it('a live card makes all of them at the start', () => {
  const makes = vi.spyOn(Engine.prototype, 'makeConnections');
  const world = openInlineWorld(described());
  expect(makes).toHaveBeenCalledTimes(world.cards.length);
  for (const stack of makes.mock.instances) {
    expect(made({ stack } as unknown as CardParts)).toEqual([128, 128]);
  }
});
