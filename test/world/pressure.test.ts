/** Who goes on while a card's buffers are all in use, and how that is watched over time. */
import { expect, it } from 'vitest';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { EAGAIN } from '../../src/socket/errno.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const RIGHT = 0x0a000002;
const PORT = 7001;
const BYTES = new Uint8Array(2000).fill(7);

function worldOf(left: object, right: object, more: object = {}): VirtualWorld {
  return new VirtualWorld(
    readTopology({
      costs: 'card-2025',
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...left },
        b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } }, ...right },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '10us' } },
      ...more,
    }),
    [],
    false,
  );
}

/** A listener on the right, and connections to it. */
class Connections {
  readonly caller: BlockingSockets;
  readonly server: BlockingSockets;
  private readonly listener: number;

  constructor({ cards }: VirtualWorld) {
    this.caller = new BlockingSockets(cards[0].stack, 1000);
    this.server = new BlockingSockets(cards[1].stack, 1000);
    this.listener = this.server.listen(0, PORT);
  }

  open(): [client: number, server: number] {
    const client = this.caller.connect(RIGHT, PORT);
    return [client, this.server.accept(this.listener)];
  }
}

function receiveAll(sockets: BlockingSockets, socketId: number, bytes: number): void {
  const into = new Uint8Array(bytes);
  for (let got = 0; got < bytes; ) got += sockets.recv(socketId, into.subarray(0, bytes - got));
}

it.each([1, 4])('a host that has none of its %i buffers acknowledges all the same', (transmitBuffers) => {
  const world = worldOf({}, { pools: { transmitBuffers } });
  const connections = new Connections(world);
  const { caller, server } = connections;
  const [client, accepted] = connections.open();
  const [left, right] = world.cards;
  while (right.host.transmit.take(true) >= 0);
  while (right.host.transmit.takeSlot(true) >= 0);
  const beganNs = world.queue.nowNs;
  for (let i = 0; i < 500; i++) {
    caller.send(client, BYTES);
    receiveAll(server, accepted, BYTES.length);
  }
  expect(right.pools().transmit).toMatchObject({ inUse: transmitBuffers, count: transmitBuffers });
  expect(right.pools().slots.inUse).toBe(right.pools().slots.count);
  world.run(() => left.host.transmit.inUse === 0, 1e9);
  // Every byte is acknowledged, and no more than the last waited for a timer.
  expect(left.host.transmit.inUse).toBe(0);
  expect(world.queue.nowNs - beganNs).toBeLessThan(500 * 40e3 + 100e6);
});

it.each([4, 16, 64])(
  'a socket whose peer never reads leaves others their share of %i buffers',
  (transmitBuffers) => {
    const timeOf = (greedy: boolean): number => {
      const world = worldOf({ pools: { transmitBuffers } }, {});
      const connections = new Connections(world);
      const { caller, server } = connections;
      const { stack } = world.cards[0];
      const [taker] = connections.open();
      const [client, accepted] = connections.open();
      for (let tries = 0; greedy && tries < 200; tries++) {
        const sent = stack.send(taker, BYTES, 0, BYTES.length);
        if (sent < 0) expect(sent).toBe(-EAGAIN);
        world.run(() => false, 50e3);
      }
      const beganNs = world.queue.nowNs;
      for (let i = 0; i < 100; i++) {
        caller.send(client, BYTES);
        receiveAll(server, accepted, BYTES.length);
        server.send(accepted, BYTES);
        receiveAll(caller, client, BYTES.length);
      }
      const pools = world.cards[0].pools();
      if (greedy) expect(pools.transmit.inUse).toBeGreaterThan(0);
      expect(pools.transmit.highWater).toBeLessThanOrEqual(transmitBuffers);
      return world.queue.nowNs - beganNs;
    };
    expect(timeOf(true)).toBeLessThan(1.5 * timeOf(false));
  },
);

it('a sample reads what is in use now, and the mean over time agrees', () => {
  const programs = {
    server: { workload: 'TCP_RR', role: 'server', host: 'right', size: 2000 },
    client: {
      ...{ workload: 'TCP_RR', role: 'client', host: 'left', server: 'server' },
      ...{ connections: 16, size: 2000 },
    },
  };
  const pools = { pools: { transmitBuffers: 8 } };
  const run = (everyNs: number) => {
    const world = worldOf(pools, {}, { programs });
    const [card] = world.cards;
    const series: number[] = [];
    if (everyNs > 0) {
      world.sample(everyNs, () => {
        series.push(card.pools().transmit.inUse);
        return true;
      });
    }
    world.run(() => false, 20e6);
    return { series, pools: card.pools(), stalls: card.stalls() };
  };
  const watched = run(5000);
  const { series } = watched;
  const { transmit } = watched.pools;
  expect(series.length).toBeGreaterThan(1000);
  expect(Math.max(...series)).toBe(transmit.highWater);
  const mean = series.reduce((sum, inUse) => sum + inUse, 0) / series.length;
  expect(Math.abs(mean - transmit.mean)).toBeLessThan(0.3);
  const { pools: unwatched, stalls } = run(0);
  expect([watched.pools, watched.stalls]).toEqual([unwatched, stalls]);
});
