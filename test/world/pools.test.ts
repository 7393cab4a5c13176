/** What a card tells of its pools, in virtual time and live. */
import { expect, it } from 'vitest';
import { BlockingSockets } from '../../src/socket/blocking.ts';
import { openCard } from '../../src/world/open/card.ts';
import { readTopology } from '../../src/world/topology.ts';
import { VirtualWorld } from '../../src/world/virtual/virtual-world.ts';

const LOOPBACK = 0x7f000001;
const REQUESTS = 200;

/** Request and response over a link of 100 µs. */
function roundTrips(connections: number, card: object = {}, operations = REQUESTS): VirtualWorld {
  const world = new VirtualWorld(
    readTopology({
      costs: 'card-2025',
      hosts: { left: {}, right: {} },
      cards: {
        a: { host: 'left', ports: { eth0: { address: '10.0.0.1/24' } }, ...card },
        b: { host: 'right', ports: { eth0: { address: '10.0.0.2/24' } } },
      },
      links: { wire: { ends: ['a.eth0', 'b.eth0'], rate: '10Gbit/s', delay: '100us' } },
      programs: {
        server: { workload: 'TCP_RR', role: 'server', host: 'right', size: 2000 },
        client: {
          workload: 'TCP_RR',
          role: 'client',
          host: 'left',
          server: 'server',
          connections,
          size: 2000,
        },
      },
    }),
  );
  const client = world.programs.flatMap(({ body }) => ('operationsMax' in body ? [body] : []))[0];
  expect(world.run(() => client.operations >= operations, 60e9)).toBe(true);
  return world;
}

it.each(['ring', 'fifo'])('tells the use of every pool in virtual time, over the %s', (transport) => {
  const { cards } = roundTrips(1, { transport });
  const pools = cards[0].pools();
  // One request is under way at a time: a buffer until its bytes are acknowledged, which is the answer. The
  // host may hear of that after the next request has begun.
  expect(pools.transmit).toMatchObject({ count: 1024, min: 0, highWater: 2, dryEpisodes: 0, dryNs: 0 });
  expect(pools.transmit.mean).toBeGreaterThan(0.8);
  expect(pools.transmit.mean).toBeLessThan(2);
  expect(pools.slots).toMatchObject({ highWater: 0, mean: 0 });
  expect(pools.receive.highWater).toBeGreaterThan(0);
  // The host posts eight at once, and until then those it has read are not the card's.
  expect(pools.receive.mean).toBeLessThan(8);
  for (const frames of [pools.inboundFrames, pools.outboundFrames]) {
    expect(frames).toMatchObject({ min: 0, dryEpisodes: 0 });
    expect(frames.highWater).toBeGreaterThan(0);
    expect(frames.mean).toBeLessThan(0.5);
  }
  // Those that wait in the devices' receive rings are in use.
  expect(pools.packets.min).toBeGreaterThanOrEqual(0);
  expect(pools.packets.mean).toBeGreaterThan(1);
  cards[0].beginPools();
  const { count, mean, highWater } = cards[0].pools().transmit;
  expect([count, mean]).toEqual([1024, highWater]);
});

it('counts the stalls of a pool of two, and gives the same again', () => {
  const use = () => roundTrips(8, { pools: { transmitBuffers: 2 } }, 100).cards[0].pools();
  const pools = use();
  expect(pools.transmit.highWater).toBe(2);
  expect(pools.transmit.dryEpisodes).toBeGreaterThan(0);
  expect(pools.transmit.dryEpisodes).toBeLessThan(10 * REQUESTS);
  expect(pools.transmit.dryNs).toBeGreaterThan(1e6);
  expect(use()).toEqual(pools);
});

it('counts what sends waited for as episodes, with their time, and begins anew', () => {
  const { cards } = roundTrips(8, { pools: { transmitBuffers: 2 } }, 100);
  const { transmitBuffer, frame, window, bucket, credit } = cards[0].stalls();
  expect(transmitBuffer.episodes).toBeGreaterThan(0);
  // No more waits than requests and pieces of them, however often each asked.
  expect(transmitBuffer.episodes).toBeLessThan(10 * REQUESTS);
  expect(transmitBuffer.ns).toBeGreaterThan(1e5);
  expect([frame, bucket, credit].map(({ episodes }) => episodes)).toEqual([0, 0, 0]);
  expect(window.episodes).toBe(0);
  cards[0].beginPools();
  expect(cards[0].stalls().transmitBuffer.ns).toBe(0);
});

it.each(['EAGAIN', 'block'])('counts the same waits where a dry pool means %s', (transmitDryPolicy) => {
  const { cards } = roundTrips(4, { pools: { transmitBuffers: 1 }, driver: { transmitDryPolicy } }, 50);
  expect(cards[0].stalls().transmitBuffer.episodes).toBeGreaterThan(0);
  expect(cards[0].stalls().transmitBuffer.episodes).toBeLessThan(1000);
});

it('tells the use of every pool live', async () => {
  const card = await openCard({ driver: { socketsMax: 16 } });
  try {
    const blocking = new BlockingSockets(card.stack, 2000);
    const listener = blocking.listen(LOOPBACK, 7001);
    const client = blocking.connect(LOOPBACK, 7001);
    const server = blocking.accept(listener);
    const bytes = new Uint8Array(1000);
    for (let i = 0; i < 200; i++) {
      blocking.send(client, bytes);
      for (let got = 0; got < bytes.length; ) got += blocking.recv(server, bytes);
    }
    const pools = card.pools();
    for (const { count, min, mean, highWater } of Object.values(pools)) {
      expect(min).toBeGreaterThanOrEqual(0);
      expect(min).toBeLessThanOrEqual(mean);
      expect(mean).toBeLessThanOrEqual(highWater);
      expect(highWater).toBeLessThanOrEqual(count);
    }
    expect(pools.transmit.highWater).toBeGreaterThan(0);
    expect(pools.receive.highWater).toBeGreaterThan(0);
    expect(pools.packets.highWater).toBeGreaterThan(0);
    expect(Object.keys(card.stalls()).sort()).toEqual([
      'bucket',
      'credit',
      'frame',
      'transmitBuffer',
      'window',
    ]);
    expect(card.stallsOf(client).transmitBuffer).toEqual({ episodes: 0, ns: 0 });
    expect(() => card.stallsOf(-1)).toThrow("expected a socket's id below 16, got -1");
    for (const socket of [client, server, listener]) card.stack.close(socket);
    expect(card.reconcile().lines).toEqual([]);
  } finally {
    await card.close();
  }
});
